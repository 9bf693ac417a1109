"""Generations and caches of the reference: what each holds, and until when."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.mmio_caches import GENERATION_BITS
from memslot_reference.reference import linux_limits, reference_linux
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE, U64
from memslot_spec.history.hook import Silent
from memslot_spec.model.hva_caches import HvaRange, init_replies, use_replies
from memslot_spec.model.operations import InitHvaCache, UseHvaCache
from memslot_spec.model.profile import LINUX, Limits
from memslot_spec.model.readers import gfn_to_memslot
from memslot_spec.model.replies import Accessed, Done, Mmio, Refused, Reply, Translated
from memslot_spec.model.values import (
    BIT_1,
    LOG_DIRTY_PAGES,
    Errno,
    Failure,
    Gfn,
    MemoryRegion,
)

SMM = 1 << 16
EFAULT, EINVAL = Refused(Errno.EFAULT), Refused(Errno.EINVAL)


@pytest.fixture
def kvm() -> LinuxKvm:
    return reference_linux(Silent(), LINUX)


def put(
    kvm: LinuxKvm, slot: int, gfn: int, npages: int, host_page: int, flags: int = 0
) -> Reply:
    region = MemoryRegion(slot, gfn << 12, npages << 12, host_page << 12, flags)
    return kvm.set_region(region)


def delete(kvm: LinuxKvm, slot: int, failure: Failure | None = None) -> Reply:
    return kvm.set_region(MemoryRegion(slot, 0, 0, 0), failure=failure)


def read(kvm: LinuxKvm, gfn: int, as_id: int = 0) -> Reply:
    return kvm.access(Gfn(gfn), write=False, direct=True, root=0, as_id=as_id)


def use(kvm: LinuxKvm, offset: int, length: int, *, write: bool = False) -> Reply:
    return kvm.use_hva_cache(0, offset, length, write=write)


def generation(kvm: LinuxKvm, as_id: int = 0) -> int:
    assert not kvm.active[as_id].in_progress
    return kvm.active[as_id].generation


def test_each_space_has_every_second_number(kvm: LinuxKvm) -> None:
    assert (generation(kvm), generation(kvm, 1)) == (0, 1)
    put(kvm, 0, 16, 4, 0x1000)
    put(kvm, SMM, 16, 4, 0x1000)
    assert (generation(kvm), generation(kvm, 1)) == (2, 3)
    put(kvm, 0, 16, 4, 0x1000)
    assert generation(kvm) == 2, "nothing was asked for"
    delete(kvm, 0)
    assert generation(kvm) == 6, "two tables were published"


def test_a_failed_request_leaves_numbers_behind(kvm: LinuxKvm) -> None:
    put(kvm, 0, 16, 4, 0x1000)
    assert delete(kvm, 0, Failure.PREPARE) == Refused(Errno.ENOMEM)
    assert generation(kvm) == 6
    assert kvm.gfn_to_hva(Gfn(17)) == 0x1001 << 12


def test_an_access_to_nothing_leaves_two_notes(kvm: LinuxKvm) -> None:
    assert read(kvm, 17) == Mmio()
    assert kvm.mmio_sptes == {(0, 17): (0, False)}
    assert kvm.vcpu_mmio is not None
    assert kvm.vcpu_mmio.gfn == 17


class CountsSearches(LinuxKvm):
    """Counts how often a table is searched by halves."""

    searches = 0

    def search_sorted(self, table: Memslots, gfn: int) -> MemorySlot | None:
        self.searches += 1
        return super().search_sorted(table, gfn)


@pytest.fixture
def counting() -> CountsSearches:
    return CountsSearches(Silent(), LINUX, linux_limits(LINUX))


def searches(kvm: CountsSearches, gfn: int, as_id: int = 0) -> int:
    """How many searches an access to a frame of no slot takes."""
    before = kvm.searches
    assert read(kvm, gfn, as_id) == Mmio()
    return kvm.searches - before


def test_a_note_saves_the_search(counting: CountsSearches) -> None:
    assert searches(counting, 17) == 1
    assert searches(counting, 17) == 0, "cached with the vCPU"
    assert searches(counting, 40) == 1
    assert searches(counting, 17) == 0, "cached in the spte"
    counting.mmio_sptes.clear()
    assert searches(counting, 17) == 0, "the vCPU cached what the spte had"
    assert searches(counting, 17, 1) == 1, "another address space"


def test_a_note_is_good_for_one_generation(counting: CountsSearches) -> None:
    searches(counting, 17)
    put(counting, 0, 32, 4, 0x1000)
    assert searches(counting, 17) == 1
    put(counting, 1, 16, 4, 0x2000)
    assert read(counting, 17) == Accessed(0x2001 << 12)


@pytest.mark.parametrize("as_id", [0, 1])
def test_a_wrap_drops_every_note_in_an_spte(kvm: LinuxKvm, as_id: int) -> None:
    read(kvm, 17, as_id)
    read(kvm, 17, 1 - as_id)
    for number in range((1 << GENERATION_BITS) // 2 - 1):
        put(kvm, as_id << 16 | number, 0x600 + 8 * number, 4, 0x2000)
        assert set(kvm.mmio_sptes) == {(0, 17), (1, 17)}
    put(kvm, as_id << 16 | 9, 16, 4, 0x1000)
    assert kvm.mmio_sptes == {}
    assert read(kvm, 17, as_id) == Accessed(0x1001 << 12)


def test_few_bits_come_again_and_no_note_with_them(kvm: LinuxKvm) -> None:
    """Cached MMIO, eight generations under which none is cached, and a slot there."""
    limits = Limits(largest_gfn=kvm.limits.largest_gfn, user_slots=32)
    one_space = reference_linux(Silent(), LINUX, limits)
    assert read(one_space, 17) == Mmio()
    for number in range((1 << GENERATION_BITS) - 1):
        put(one_space, number, 0x600 + 8 * number, 4, 0x2000)
    put(one_space, 9, 16, 4, 0x1000)
    assert generation(one_space) == 1 << GENERATION_BITS
    assert read(one_space, 17) == Accessed(0x1001 << 12)


def test_no_note_hits_while_an_update_is_open(kvm: LinuxKvm) -> None:
    read(kvm, 17)
    table = kvm.active[0]
    table.in_progress = True
    spte = kvm.mmio_spte_of(table)
    assert not kvm.check_mmio_spte(spte, table)
    assert not kvm.vcpu_may_remember(table)
    table.in_progress = False
    assert not kvm.check_mmio_spte(spte, table)


def test_a_vcpus_hint_leaves_the_sets_alone(kvm: LinuxKvm) -> None:
    put(kvm, 0, 16, 4, 0x1000)
    put(kvm, 1, 32, 4, 0x2000)
    kvm.gfn_to_memslot(Gfn(17))
    kvm.vcpu_gfn_to_memslot(0, Gfn(33))
    assert kvm.last_used[kvm.active[0].handle].id == 0
    hint = kvm.vcpu_hints[0].slot
    assert hint is not None
    assert hint.id == 1


def test_lookups_by_hint_and_by_halves_are_scans(kvm: LinuxKvm) -> None:
    rng = Random(7)
    for _ in range(60):
        if rng.random() < 0.4:
            delete(kvm, rng.randrange(4))
        else:
            put(kvm, rng.randrange(4), rng.randrange(24), rng.choice((1, 4)), 0x1000)
        table = kvm.whole_table()
        for _ in range(12):
            gfn = Gfn(rng.randrange(30))
            expected = gfn_to_memslot(table, gfn)
            assert kvm.gfn_to_memslot(gfn) == expected
            assert kvm.vcpu_gfn_to_memslot(rng.randrange(2), gfn) == expected


def test_a_sorted_search_has_no_edge_in_it(kvm: LinuxKvm) -> None:
    for number, gfn in enumerate((0, 4, 9, 20)):
        put(kvm, number, gfn, 4, 0x1000)
    table = kvm.active[0]
    slots = kvm.sorted_slots(table)
    assert all(a.base_gfn < b.base_gfn for a, b in pairwise(slots))
    assert [kvm.search_sorted(table, gfn) for gfn in (8, 13, 19, 24, 1 << 40)] == (
        [None] * 5
    )
    found = [kvm.search_sorted(table, gfn) for gfn in (0, 3, 4, 7, 9, 12, 20, 23)]
    assert [slot and slot.id for slot in found] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert kvm.nearest_below([], 0) is None


def test_a_range_is_resolved_as_a_whole(kvm: LinuxKvm) -> None:
    put(kvm, 0, 16, 4, 0x1000)
    assert kvm.init_hva_cache(0, 18 << PAGE_SHIFT, 3 * PAGE_SIZE) == EFAULT
    assert use(kvm, 0, 8) == EINVAL, "it has no length yet"
    put(kvm, 1, 20, 4, 0x2000)
    assert kvm.init_hva_cache(0, 18 << PAGE_SHIFT, 3 * PAGE_SIZE) == Done()
    assert use(kvm, 0, 8) == Translated((0x1002 << 12,))
    delete(kvm, 1)
    assert use(kvm, 0, 8) == EFAULT
    put(kvm, 1, 20, 4, 0x3000)
    assert use(kvm, 2 * PAGE_SIZE - 4, 8) == Translated(
        ((0x1004 << 12) - 4, 0x3000 << 12)
    )


def test_a_range_that_wraps_leaves_the_cache_unusable(kvm: LinuxKvm) -> None:
    put(kvm, 0, 16, 4, 0x1000)
    assert kvm.init_hva_cache(0, 16 << PAGE_SHIFT, 16) == Done()
    assert kvm.init_hva_cache(0, U64 - 8, 16) == EINVAL
    assert use(kvm, 0, 8) == EFAULT


def test_a_slot_for_reading_is_not_cached(kvm: LinuxKvm) -> None:
    put(kvm, 0, 16, 4, 0x1000, BIT_1)
    assert kvm.init_hva_cache(0, 16 << PAGE_SHIFT, 16) == EFAULT


def test_a_write_through_a_cache_is_logged(kvm: LinuxKvm) -> None:
    put(kvm, 0, 16, 4, 0x1000, LOG_DIRTY_PAGES)
    kvm.init_hva_cache(0, 17 << PAGE_SHIFT, 16)
    use(kvm, 0, 8)
    bitmap = kvm.active[0].slots[0].dirty_bitmap
    assert bitmap is not None
    assert tuple(bitmap.pages()) == ()
    use(kvm, 0, 8, write=True)
    assert tuple(bitmap.pages()) == (1,)
    kvm.init_hva_cache(0, 18 << PAGE_SHIFT, 2 * PAGE_SIZE)
    use(kvm, PAGE_SIZE - 4, 8, write=True)
    assert tuple(bitmap.pages()) == (1, 2, 3)


def test_a_cached_use_is_an_uncached_one(kvm: LinuxKvm) -> None:
    rng = Random(11)
    for _ in range(80):
        if rng.random() < 0.3:
            delete(kvm, rng.randrange(3))
        else:
            put(kvm, rng.randrange(3), rng.randrange(8), 2, 0x1000)
        gpa, length = rng.randrange(9 << PAGE_SHIFT), rng.choice((8, 5000, 9000))
        init = InitHvaCache(0, gpa, length)
        assert (kvm.init_hva_cache(0, gpa, length),) == init_replies(
            kvm.whole_table(), init
        )
        cached = kvm.hva_caches[0]
        if cached.hva is None:
            continue
        put(kvm, 3, rng.randrange(8), 2, 0x2000)
        delete(kvm, rng.randrange(4))
        part = UseHvaCache(0, rng.randrange(length), 1)
        reply = kvm.use_hva_cache(0, part.offset, part.length, write=False)
        assert (reply,) == use_replies(kvm.whole_table(), HvaRange(gpa, length), part)
