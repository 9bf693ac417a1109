"""The shadow MMU: what a fault maps, where, and what stands at rest."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memslot_reference.kvm import Kvm
from memslot_reference.memslots import INVALID
from memslot_reference.reference import reference
from memslot_spec.history.hook import Silent
from memslot_spec.history.points.host import HostPageFound
from memslot_spec.history.points.mmu import (
    MmuLocked,
    MmuUnlocked,
    RmapAdded,
    RmapIndexed,
    RmapRemoved,
    RmapUse,
    RootGranted,
    ShadowPageCreated,
    SlotBitSet,
    SpteMapped,
    SpteRemoved,
)
from memslot_spec.history.points.srcu import (
    GuestEntered,
    SectionEntered,
    SectionEntering,
    SectionLeft,
)
from memslot_spec.history.points.tables import TableLoaded, TableRead
from memslot_spec.model.profile import LINUX, PROFILES, V2_6_34, Profile
from memslot_spec.model.replies import Accessed, Mmio, Reply, Retry
from memslot_spec.model.values import BIT_1, LOG_DIRTY_PAGES, Gfn, Hva, MemoryRegion
from recorded_faults import MIB, kvm_with_a_slot, read, write


def test_a_fault_maps_under_the_lock_inside_its_section() -> None:
    kvm, hook = kvm_with_a_slot()

    assert read(kvm, 17) == Accessed(0x601000)

    assert [e for e in hook.events if not isinstance(e, TableRead)] == [
        GuestEntered(0),
        SectionEntering(0, 1),
        SectionEntered(0, 1),
        TableLoaded(0, 1),
        HostPageFound(0, 0x601000, 1),
        MmuLocked(0),
        ShadowPageCreated(0, 1, 0, direct=True, capacity=36, slot_ids=()),
        SlotBitSet(0, 1, 2),
        SpteMapped(0, 1, 17, 17, 1, writable=True, hva=0x601000, table=1),
        RmapIndexed(0, RmapUse.ADD, 2, 16, 1, 17, 1),
        RmapAdded(0, 1, 17, 2, 1, 1),
        MmuUnlocked(0),
        SectionLeft(0, 1),
    ]


def test_an_access_through_a_present_spte_loads_no_table() -> None:
    kvm, hook = kvm_with_a_slot()
    read(kvm, 17)
    hook.forget()

    assert write(kvm, 17) == Accessed(0x601000)
    assert hook.kinds() == [GuestEntered]


@pytest.mark.parametrize(
    ("profile", "reply"), [(V2_6_34, Mmio()), (LINUX, Retry())], ids=["2010", "today"]
)
def test_an_access_to_an_invalid_slot_maps_nothing(
    profile: Profile, reply: Reply
) -> None:
    kvm, hook = kvm_with_a_slot(profile)
    kvm.memslots.slots[2].flags |= INVALID

    assert read(kvm, 17) == reply
    assert hook.kinds()[-1] is SectionLeft
    assert kvm.observe().sptes == ()


def test_an_access_outside_every_slot_is_mmio() -> None:
    kvm, hook = kvm_with_a_slot()

    assert write(kvm, 20) == Mmio()
    assert MmuLocked not in hook.kinds()


def test_a_readonly_slot_is_read_but_not_written() -> None:
    kvm, hook = kvm_with_a_slot(LINUX, flags=BIT_1)

    assert read(kvm, 17) == Accessed(0x601000)
    assert [e.writable for e in hook.events if isinstance(e, SpteMapped)] == [False]
    assert write(kvm, 17) == Mmio()


def test_a_page_of_a_logging_slot_is_writable_only_once_written() -> None:
    kvm, hook = kvm_with_a_slot(flags=LOG_DIRTY_PAGES)

    assert read(kvm, 17) == write(kvm, 17) == Accessed(0x601000)

    kinds = (SpteMapped, SpteRemoved, RmapAdded, RmapRemoved)
    assert [e for e in hook.events if isinstance(e, kinds)] == [
        SpteMapped(0, 1, 17, 17, 1, writable=False, hva=0x601000, table=1),
        RmapAdded(0, 1, 17, 2, 1, 1),
        RmapRemoved(0, 1, 17, 2, 1, 1),
        SpteRemoved(0, 1, 17),
        SpteMapped(0, 1, 17, 17, 1, writable=True, hva=0x601000, table=1),
        RmapAdded(0, 1, 17, 2, 1, 1),
    ]


def test_two_frames_that_share_a_place_take_turns() -> None:
    kvm, _ = kvm_with_a_slot(base=0, npages=1024, hva=0)

    read(kvm, 5, direct=False, root=7)
    assert read(kvm, 517, direct=False, root=7) == Accessed(517 << 12)

    assert [s.gfn for s in kvm.observe().sptes or ()] == [517]
    assert kvm.count_rmaps() == 1


def test_a_fault_that_an_unmap_came_between_is_taken_again() -> None:
    kvm, hook = kvm_with_a_slot()
    hook.plan = (TableLoaded, lambda: kvm.unmap_hva(Hva(0x601000)))

    assert read(kvm, 17) == Accessed(0x601000)

    kinds = hook.kinds()
    assert kinds.count(GuestEntered) == 1
    assert kinds.count(SpteMapped) == 1
    assert kinds.count(SectionEntered) == kinds.count(SectionLeft) == 3


def test_a_private_slot_has_a_bit_too() -> None:
    kvm, hook = kvm_with_a_slot()
    kvm.set_private_region(MemoryRegion(35, 0x100000, 0x1000, 0))

    read(kvm, 0x100)

    assert SlotBitSet(0, 1, 35) in hook.events
    capacities = [e.capacity for e in hook.events if isinstance(e, ShadowPageCreated)]
    assert capacities == [36]


def test_write_protection_goes_by_the_slot_bitmap() -> None:
    kvm, _ = kvm_with_a_slot()
    kvm.set_region(MemoryRegion(3, 0x400000, 0x1000, 0))
    write(kvm, 17)
    write(kvm, 0x400)

    kvm.slot_remove_write_access(2)

    sptes = kvm.observe().sptes or ()
    assert [(spte.gfn, spte.writable) for spte in sptes] == [(17, False), (0x400, True)]


def test_a_root_is_granted_for_a_visible_frame() -> None:
    kvm, hook = kvm_with_a_slot()

    assert kvm.allocate_root(Gfn(17))

    assert RootGranted(0, 17, 1) in hook.events
    assert [(p.gfn, p.direct) for p in kvm.observe().pages or ()] == [(17, False)]


@pytest.mark.parametrize("gfn", [15, 20, 0x100])
def test_refuses_a_root_for_a_frame_that_is_not_visible(gfn: int) -> None:
    kvm, hook = kvm_with_a_slot()
    kvm.set_private_region(MemoryRegion(35, 0x100000, 0x1000, 0))
    hook.forget()

    assert not kvm.allocate_root(Gfn(gfn))
    assert {RootGranted, MmuLocked}.isdisjoint(hook.kinds())


Step = tuple[str, int, int, bool]
STEPS = st.tuples(
    st.sampled_from(["access", "root", "create", "delete", "move", "log", "unmap"]),
    st.sampled_from([0, 1, 2, 5, 256, 511, 512, 700, 1024]),
    st.integers(0, 2),
    st.booleans(),
)


def perform(kvm: Kvm, step: Step) -> None:
    """Do what a step of a random run says."""
    what, gfn, number, flag = step
    slot = kvm.memslots.slots.get(number)
    if what == "access":
        kvm.access(Gfn(gfn), write=flag, direct=number > 0, root=number)
    elif what == "root":
        kvm.allocate_root(Gfn(gfn))
    elif what == "unmap":
        kvm.unmap_hva(Hva(gfn << 12))
    elif what == "create":
        npages = 512 if flag else 1024
        kvm.set_region(MemoryRegion(number, gfn << 12, npages << 12, 2 * MIB))
    elif slot is not None:
        size = 0 if what == "delete" else slot.npages << 12
        base = gfn if what == "move" else slot.base_gfn
        flags = LOG_DIRTY_PAGES if what == "log" and flag else 0
        kvm.set_region(MemoryRegion(number, base << 12, size, 2 * MIB, flags))


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
@given(steps=st.lists(STEPS, max_size=30))
def test_at_rest_every_spte_is_on_the_one_reverse_map_it_belongs_on(
    profile: Profile, steps: list[Step]
) -> None:
    kvm = reference(Silent(), profile)
    for step in steps:
        perform(kvm, step)

        listed = Counter(
            (page.handle, index)
            for slot in kvm.memslots.slots.values()
            for level, heads in slot.rmaps.items()
            for place, head in heads.items()
            for page, index in head
            if place == kvm.rmap_index(slot, page.sptes[index].gfn, level)
            and slot.hva_of(page.sptes[index].gfn) == page.sptes[index].hva
            and slot.id in page.slot_bitmap
        )
        present = kvm.observe().sptes or ()
        assert listed == Counter((s.page, s.index) for s in present)
        assert kvm.count_rmaps() == len(present)
