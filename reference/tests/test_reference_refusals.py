"""Requests that are refused: for what, with which errno, under which profile."""

from __future__ import annotations

import pytest

from memslot_spec.model.profile import LINUX, PROFILES, V2_6_34, Profile
from memslot_spec.model.replies import Done, Refused
from memslot_spec.model.values import BIT_1, MemoryRegion
from recorded_updates import EEXIST, EINVAL, kvm_with_a_slot


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
@pytest.mark.parametrize(
    ("region", "reply"),
    [
        pytest.param(MemoryRegion(1, 0, 0x1001, 0), EINVAL, id="size"),
        pytest.param(MemoryRegion(1, 8, 0x1000, 0), EINVAL, id="guest address"),
        pytest.param(MemoryRegion(1, 0, 0x1000, 8), EINVAL, id="host address"),
        pytest.param(MemoryRegion(0, 8, 0, 0), EINVAL, id="a delete, misaligned"),
        pytest.param(MemoryRegion(1, 2**64 - 4096, 4096, 0), EINVAL, id="wrap"),
        pytest.param(MemoryRegion(32, 0, 0x1000, 0), EINVAL, id="a private id"),
        pytest.param(MemoryRegion(1 << 16, 0, 0x1000, 0), EINVAL, id="space 1"),
        pytest.param(MemoryRegion(1, 0, 0x1000, 0, 1 << 2), EINVAL, id="a flag"),
        pytest.param(MemoryRegion(1, 0, 0x1000, 0, 1 << 16), EINVAL, id="INVALID"),
        pytest.param(MemoryRegion(0, 0x10000, 0x5000, 0x600000), EINVAL, id="size"),
        pytest.param(MemoryRegion(0, 0x10000, 0x4000, 0x700000), EINVAL, id="hva"),
        pytest.param(MemoryRegion(0, 0, 0x5000, 0x600000), EINVAL, id="both"),
        pytest.param(MemoryRegion(1, 0x13000, 0x1000, 0), EEXIST, id="overlap"),
        pytest.param(MemoryRegion(1, 0, 0x100000, 0), EEXIST, id="around"),
        pytest.param(MemoryRegion(1, 0x13008, 0x1000, 0), EINVAL, id="EINVAL first"),
        pytest.param(MemoryRegion(1, 0x14000, 0x1000, 0), Done(), id="touching"),
    ],
)
def test_requests_are_refused_alike(
    profile: Profile, region: MemoryRegion, reply: Done | Refused
) -> None:
    kvm, hook = kvm_with_a_slot(profile)

    assert kvm.set_region(region) == reply
    assert bool(hook.published()) is (reply == Done())


@pytest.mark.parametrize(
    ("region", "in_2010", "today"),
    [
        pytest.param(MemoryRegion(1, 0, 0, 0), Done(), EINVAL, id="delete nothing"),
        pytest.param(
            MemoryRegion(1, 0x11000, 0, 0), EEXIST, EINVAL, id="inside another slot"
        ),
        pytest.param(MemoryRegion(1, 0, 0x1000, 0, BIT_1), EINVAL, Done(), id="bit 1"),
        pytest.param(
            MemoryRegion(1, 0, 0x1000, 1 << 63), Done(), EINVAL, id="a kernel address"
        ),
        pytest.param(
            MemoryRegion(1, 1 << 40, 1 << 43, 0), Done(), EINVAL, id="2^31 pages"
        ),
        pytest.param(
            MemoryRegion(1, 1 << 63, 0x1000, 0), Done(), EINVAL, id="beyond the guest"
        ),
    ],
)
def test_requests_are_refused_by_profile(
    region: MemoryRegion, in_2010: Done | Refused, today: Done | Refused
) -> None:
    assert kvm_with_a_slot(V2_6_34)[0].set_region(region) == in_2010
    assert kvm_with_a_slot(LINUX)[0].set_region(region) == today


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_refuses_what_meets_a_private_slot_and_the_other_way_round(
    profile: Profile,
) -> None:
    kvm, _ = kvm_with_a_slot(profile)

    assert kvm.set_private_region(MemoryRegion(33, 0x11000, 0x1000, 0)) == EEXIST
    assert kvm.set_private_region(MemoryRegion(33, 0x20000, 0x1000, 0)) == Done()
    assert kvm.set_region(MemoryRegion(1, 0x20000, 0x1000, 0)) == EEXIST
    assert kvm.set_private_region(MemoryRegion(31, 0x30000, 0x1000, 0)) == EINVAL


def test_refuses_a_change_of_readonly() -> None:
    kvm, _ = kvm_with_a_slot(LINUX)

    assert kvm.set_region(MemoryRegion(0, 0x10000, 0x4000, 0x600000, BIT_1)) == EINVAL
