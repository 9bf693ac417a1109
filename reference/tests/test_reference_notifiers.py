"""The host's side: unmapping, ageing, release, sleep, and the end of a VM."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, get_args

import pytest

from memslot_reference.kvm import Kvm
from memslot_reference.memslots import INVALID
from memslot_reference.reference import reference
from memslot_reference.vm import NOT_HERE
from memslot_spec.history.events import Point
from memslot_spec.history.header import Domain, Interleaving
from memslot_spec.history.hook import P, Silent
from memslot_spec.history.points.dirty import DirtyBitsCleared
from memslot_spec.history.points.host import MetadataFreed
from memslot_spec.history.points.mmu import MmuLocked, RmapIndexed, RmapUse, SpteRemoved
from memslot_spec.history.points.srcu import (
    DomainDestroyed,
    SectionEntered,
    SectionEntering,
    SectionLeft,
    Slept,
)
from memslot_spec.history.points.tables import TableLoaded, TableReclaimed
from memslot_spec.history.views import View
from memslot_spec.model.profile import LINUX, PROFILES, V2_6_34, Limits, Profile
from memslot_spec.model.replies import Accessed
from memslot_spec.model.values import EMPTY, LOG_DIRTY_PAGES, Gfn, Hva, MemoryRegion

MIB = 1 << 20


class Recorder(Silent):
    """A hook that keeps what is announced, on the one thread 0."""

    def __init__(self) -> None:
        self.events: list[Point] = []

    def point(
        self,
        kind: Callable[Concatenate[int, P], Point],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        self.events.append(kind(0, *args, **kwargs))

    def kinds(self) -> list[type[Point]]:
        """The kinds announced since the last time, in order."""
        kinds = [type(event) for event in self.events]
        self.events.clear()
        return kinds


def kvm_with_two_slots_at(hva: int) -> tuple[Kvm, Recorder]:
    """A VM with one host page behind gfn 16 and gfn 32, both of them mapped."""
    hook = Recorder()
    kvm = reference(hook, V2_6_34)
    for slot, gfn in ((0, 16), (1, 32)):
        kvm.set_region(MemoryRegion(slot, gfn << 12, 0x2000, hva))
        kvm.access(Gfn(gfn), write=True, direct=True, root=0)
    hook.events.clear()
    return kvm, hook


@pytest.mark.parametrize("hva", [0, 0x600000])
@pytest.mark.parametrize("flags", [0, INVALID])
def test_an_unmap_reaches_every_slot_of_the_page(hva: int, flags: int) -> None:
    kvm, hook = kvm_with_two_slots_at(hva)
    kvm.memslots.slots[0].flags |= flags

    kvm.unmap_hva(Hva(hva + 0xFFF))

    walked = [
        (e.slot_id, e.level, e.gfn)
        for e in hook.events
        if isinstance(e, RmapIndexed) and e.use is RmapUse.HVA_WALK
    ]
    assert walked == [(0, 1, 16), (0, 2, 16), (1, 1, 32), (1, 2, 32)]
    assert kvm.observe().sptes == ()


@pytest.mark.parametrize("hva", [0x601000, 0x5FF000, 0x602000])
def test_an_unmap_leaves_other_pages_alone(hva: int) -> None:
    kvm, hook = kvm_with_two_slots_at(0x600000)

    kvm.unmap_hva(Hva(hva))

    assert SpteRemoved not in hook.kinds()


def test_an_unmap_loads_the_table_under_the_lock() -> None:
    kvm, hook = kvm_with_two_slots_at(0)

    kvm.unmap_hva(Hva(0))

    first = [SectionEntering, SectionEntered, MmuLocked, TableLoaded]
    assert hook.kinds()[:4] == first


def test_an_unmap_reaches_a_large_mapping_of_an_unaligned_slot() -> None:
    kvm = reference(Silent(), V2_6_34)
    kvm.set_region(MemoryRegion(0, MIB, 4 * MIB, 3 * MIB))
    kvm.access(Gfn(600), write=False, direct=True, root=0)

    kvm.unmap_hva(Hva(4 * MIB))

    assert kvm.observe().sptes == ()


def test_a_page_is_young_until_it_is_asked() -> None:
    kvm, _ = kvm_with_two_slots_at(0)

    assert kvm.age_hva(Hva(0))
    assert not kvm.age_hva(Hva(0))
    kvm.access(Gfn(32), write=False, direct=True, root=0)
    assert kvm.age_hva(Hva(0))
    assert not kvm.age_hva(Hva(0x1000))


def test_a_release_drops_every_spte_inside_a_section() -> None:
    kvm, hook = kvm_with_two_slots_at(0)

    kvm.release_notifier()

    kinds = hook.kinds()
    assert kinds[1] is SectionEntered
    assert kinds.count(SpteRemoved) == 2
    assert kinds[-1] is SectionLeft
    assert kvm.observe().pages == ()


def test_a_vcpu_sleeps_outside_its_section() -> None:
    hook = Recorder()

    reference(hook, V2_6_34).halt()

    section = [SectionEntering, SectionEntered, SectionLeft]
    assert hook.kinds() == [*section, Slept, *section]


def test_the_domain_outlives_the_vcpus() -> None:
    kvm, hook = kvm_with_two_slots_at(0)

    kvm.destroy()

    kinds = hook.kinds()
    freed = kinds.index(SectionLeft) + 1
    assert SectionLeft not in kinds[freed:]
    assert kinds[-2:] == [TableReclaimed, DomainDestroyed]
    assert kinds[freed:].count(MetadataFreed) == len(kvm.whole_table().slots)
    assert kvm.observe().sptes == ()


def test_a_vm_begins_with_nothing() -> None:
    hook = Recorder()

    assert reference(hook, V2_6_34).observe() == View(EMPTY, (), ())
    assert hook.events == []


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_a_vm_declares_what_it_can_be_asked(profile: Profile) -> None:
    kvm = reference(Silent(), profile, Limits(largest_gfn=0xFFF, user_slots=2))

    assert kvm.profile == profile.name
    assert kvm.interleaving is Interleaving.POINTS
    assert kvm.domain == Domain(
        largest_gfn=0xFFF,
        slots=2,
        private_slots=profile.private_slots,
        failures=("PREPARE", "ALLOCATE"),
        exact_dirty_log=True,
        tracks_accesses=True,
        names_host_pages=True,
        origins=("EMULATOR", "TABLE_WALK", "KVM"),
    )


@pytest.mark.parametrize("profile", [V2_6_34, LINUX], ids=lambda p: p.name)
def test_every_kind_that_is_declared_is_announced(profile: Profile) -> None:
    hook = Recorder()
    kvm = reference(hook, profile)
    region = MemoryRegion(0, 0, 0x4000, 0)
    logged = MemoryRegion(0, 0, 0x4000, 0, LOG_DIRTY_PAGES)

    kvm.set_region(region)
    assert kvm.access(Gfn(1), write=True, direct=True, root=0) == Accessed(0x1000)
    assert kvm.allocate_root(Gfn(2))
    assert kvm.count_rmaps() == 1
    kvm.set_region(logged)
    assert kvm.access(Gfn(1), write=True, direct=True, root=0) == Accessed(0x1000)
    kvm.invalidate_range(Hva(0), Hva(1))
    kvm.set_region(MemoryRegion(0, 0, 0, 0))
    kvm.halt()
    kvm.destroy()

    kinds = set(hook.kinds())
    # v2.6.34 clears no bits: the log gets another bitmap.
    assert set(kvm.announces) - {kind.__name__ for kind in kinds} == {
        "DirtyBitsCleared"
    }
    assert kinds | {DirtyBitsCleared} == set(get_args(Point)) - NOT_HERE
