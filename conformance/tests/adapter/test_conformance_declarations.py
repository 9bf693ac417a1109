"""What a target declares wrongly is refused by name, and never left out in silence."""

from __future__ import annotations

from typing import Any, cast

import pytest

from memslot_conformance.adapter.answers import TargetError
from memslot_conformance.adapter.capabilities import capabilities_of
from memslot_conformance.adapter.declarations import (
    announces_of,
    domain_of,
    limits_of,
)
from memslot_spec.history.header import DirtyTracking, Domain
from memslot_spec.model.profile import LINUX, V2_6_34, HostHole, Limits
from memslot_spec.model.values import Hva

LIMITS = cast("Any", Limits)
DOMAIN = cast("Any", Domain)
"""The classes as Python has them, which takes any argument."""


class Declares:
    """A target with these attributes."""

    def __init__(self, **declared: object) -> None:
        self.__dict__.update(declared)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"user_slots": 2}, "limits gave {'user_slots': 2}, which is no Limits"),
        (Limits, "limits gave <class"),
        (Domain(), "which is no Limits"),
        (LIMITS(user_slots=1.5), "limits.user_slots gave 1.5, which is no int"),
        (LIMITS(user_slots=True), "limits.user_slots gave True, which is no int"),
        (LIMITS(user_slots="2"), "limits.user_slots gave '2', which is no int"),
        (Limits(user_slots=-1), "limits.user_slots gave -1, which is less than 1"),
        (Limits(user_slots=0), "limits.user_slots gave 0, which is less than 1"),
        (Limits(address_spaces=0), "limits.address_spaces gave 0, which is less than"),
        (Limits(largest_gfn=-1), "limits.largest_gfn gave -1, which is less than 0"),
        (Limits(largest_gfn=1 << 52), f"which is more than {(1 << 52) - 1}"),
        (Limits(hva_end=Hva(-4096)), "limits.hva_end gave -4096, which is less than"),
        (Limits(enough_pages=-1), "limits.enough_pages gave -1, which is less than 0"),
        (LIMITS(enough_pages="all"), "limits.enough_pages gave 'all', which is no int"),
        (LIMITS(holes=HostHole(0, 1)), "which is no tuple"),
        (LIMITS(holes=((0, 1),)), "limits.holes[0] gave (0, 1), which is no HostHole"),
        (Limits(holes=(HostHole(0, 1), HostHole(5, 5))), "limits.holes[1].end gave 5"),
        (Limits(holes=(HostHole(-1, 5),)), "limits.holes[0].start gave -1, which is l"),
    ],
)
def test_limits_that_cannot_be_are_refused(limits: object, said: str) -> None:
    with pytest.raises(TargetError) as refusal:
        limits_of(Declares(limits=limits), LINUX)
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("domain", "said"),
    [
        ({}, "domain gave {}, which is no Domain"),
        (Domain(slots=0), "domain.slots gave 0, which is less than 1"),
        (DOMAIN(slots=4.0), "domain.slots gave 4.0, which is no int"),
        (Domain(largest_gfn=-1), "domain.largest_gfn gave -1, which is less than 0"),
        (Domain(private_slots=-1), "domain.private_slots gave -1, which is less"),
        (Domain(page_granule=0), "domain.page_granule gave 0, which is less than 1"),
        (
            Domain(page_granule=512, largest_gfn=99),
            "domain.page_granule gave 512, which is more than the 100 pages up to",
        ),
        (DOMAIN(failures="PREPARE"), "domain.failures gave 'PREPARE', which is no tu"),
        (DOMAIN(failures=(1,)), "domain.failures gave 1, which is no failure."),
        (Domain(largest_slot=0), "domain.largest_slot gave 0, which is less than 1"),
        (
            Domain(page_granule=4, largest_slot=3),
            "domain.largest_slot gave 3, which is less than 4",
        ),
        (
            Domain(largest_gfn=9, largest_slot=11),
            "domain.largest_slot gave 11, which is more than 10",
        ),
        (Domain(failures=("PREPAR",)), "Did you mean 'PREPARE'?"),
        (DOMAIN(exact_dirty_log=1), "domain.exact_dirty_log gave 1, which is no bool"),
        (DOMAIN(overlaps_private=0), "domain.overlaps_private gave 0, which is no bo"),
        (DOMAIN(dirty_tracking="pml"), "domain.dirty_tracking gave 'pml', which is no"),
        (DOMAIN(origins="KVM"), "domain.origins gave 'KVM', which is no tuple"),
        (Domain(origins=("EMULATE",)), "Did you mean 'EMULATOR'?"),
        (Domain(origins=("PAGE_FAULT",)), "which is no origin of software"),
    ],
)
def test_a_domain_that_cannot_be_is_refused(domain: object, said: str) -> None:
    with pytest.raises(TargetError) as refusal:
        domain_of(Declares(domain=domain))
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("announces", "said"),
    [
        ("TableLoaded", "announces gave 'TableLoaded', which is no tuple"),
        (None, "announces gave None, which is no tuple"),
        (("TableLoaded", 5), "announces gave 5, which is no kind of point."),
        (("TableLoadd",), "Did you mean 'TableLoaded'?"),
        (("Call",), "announces gave 'Call', which is no kind of point."),
    ],
)
def test_points_that_do_not_exist_are_refused(announces: object, said: str) -> None:
    with pytest.raises(TargetError) as refusal:
        announces_of(Declares(announces=announces))
    assert said in str(refusal.value)
    with pytest.raises(TargetError):
        capabilities_of(cast("Any", Declares(announces=announces)))


def test_what_is_not_declared_has_its_default() -> None:
    for profile in (LINUX, V2_6_34):
        assert limits_of(Declares(), profile).user_slots == profile.default_user_slots
    assert domain_of(Declares()) == Domain()
    assert announces_of(Declares()) == ()


def test_the_edges_of_what_can_be_declared_are_taken() -> None:
    last = (1 << 52) - 1
    holes = (HostHole(0, 1), HostHole(4096, 1 << 64))
    limits = Limits(last, 0xFFFF, Hva(1 << 64), 0xFFFF, 0, holes)
    assert limits_of(Declares(limits=limits), LINUX) == limits
    domain = Domain(largest_gfn=0, slots=1, failures=("PREPARE", "ALLOCATE"))
    assert domain_of(Declares(domain=domain)) == domain
    domain = Domain(
        origins=("EMULATOR", "TABLE_WALK", "KVM"),
        overlaps_private=True,
        dirty_tracking=DirtyTracking.DIRTY_BIT,
    )
    assert domain_of(Declares(domain=domain)) == domain
