"""Large pages: where a fault maps one, and what it takes the place of."""

from __future__ import annotations

import pytest

from memslot_spec.history.points.mmu import RmapIndexed, RmapUse, ShadowPageZapped
from memslot_spec.model.profile import V2_6_34
from memslot_spec.model.replies import Accessed
from memslot_spec.model.values import LOG_DIRTY_PAGES, MemoryRegion
from recorded_faults import MIB, kvm_with_a_slot, read, write


@pytest.mark.parametrize(
    ("base", "npages", "hva", "flags", "gfn", "level"),
    [
        pytest.param(0, 512, 2 * MIB, 0, 511, 2, id="the whole large page"),
        pytest.param(256, 1024, 3 * MIB, 0, 600, 2, id="inside an unaligned slot"),
        pytest.param(256, 1024, 3 * MIB, 0, 300, 1, id="its first half page"),
        pytest.param(256, 1024, 3 * MIB, 0, 1100, 1, id="its last half page"),
        pytest.param(0, 512, 3 * MIB, 0, 5, 1, id="a host address that differs"),
        pytest.param(0, 512, 2 * MIB, LOG_DIRTY_PAGES, 5, 1, id="a logging slot"),
        pytest.param(0, 511, 2 * MIB, 0, 5, 1, id="one page short"),
    ],
)
def test_a_large_page_is_mapped_where_the_slot_holds_all_of_it(
    base: int, npages: int, hva: int, flags: int, gfn: int, level: int
) -> None:
    kvm, _ = kvm_with_a_slot(V2_6_34, base, npages, hva, flags)

    assert read(kvm, gfn) == Accessed(hva + ((gfn - base) << 12))
    assert [spte.level for spte in kvm.observe().sptes or ()] == [level]


def test_only_a_direct_fault_maps_a_large_page() -> None:
    kvm, _ = kvm_with_a_slot(base=0, npages=512, hva=2 * MIB)

    read(kvm, 5, direct=False)

    assert [spte.level for spte in kvm.observe().sptes or ()] == [1]


def test_the_large_index_counts_from_the_large_page_the_slot_begins_in() -> None:
    kvm, hook = kvm_with_a_slot(base=256, npages=1024, hva=3 * MIB)

    read(kvm, 600)

    added = [e for e in hook.events if isinstance(e, RmapIndexed)]
    assert added == [RmapIndexed(0, RmapUse.ADD, 2, 256, 2, 512, 1)]


def test_a_large_mapping_takes_the_place_of_small_ones() -> None:
    kvm, hook = kvm_with_a_slot(base=0, npages=512, hva=2 * MIB)
    logged = MemoryRegion(2, 0, 2 * MIB, 2 * MIB, LOG_DIRTY_PAGES)
    plain = MemoryRegion(2, 0, 2 * MIB, 2 * MIB)
    kvm.set_region(logged)
    read(kvm, 5)
    kvm.set_region(plain)
    hook.forget()

    write(kvm, 6)

    assert ShadowPageZapped(0, 1) in hook.events
    assert [(s.level, s.gfn) for s in kvm.observe().sptes or ()] == [(2, 0)]


def test_a_small_mapping_takes_the_place_of_a_large_one() -> None:
    kvm, _ = kvm_with_a_slot(base=0, npages=512, hva=2 * MIB)
    table = kvm.memslots
    slot = table.slots[2]
    read(kvm, 5)

    kvm.map(table, slot, kvm.translate(slot, 5, 1, write=True), direct=True, root=0)

    assert [(s.level, s.gfn) for s in kvm.observe().sptes or ()] == [(1, 5)]
