"""Caches of the reference at their edges: what they save, and what they forget."""

from __future__ import annotations

import pytest

from memslot_reference.dirty_bitmap import DirtyBitmap
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import INVALID, MemorySlot, Memslots
from memslot_reference.reference import linux_limits
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE
from memslot_spec.history.hook import Silent
from memslot_spec.model.profile import LINUX
from memslot_spec.model.replies import Done, Refused, Reply, Translated
from memslot_spec.model.values import BIT_1, LOG_DIRTY_PAGES, Errno, Gfn, MemoryRegion

EFAULT, EINVAL = Refused(Errno.EFAULT), Refused(Errno.EINVAL)
HOST = 0x1000 << PAGE_SHIFT
OTHER_HOST = 0x2000 << PAGE_SHIFT


class CountsSearches(LinuxKvm):
    """Counts the lookups in a table, and those that no hint answered."""

    lookups = 0
    searches = 0

    def search_memslots(self, table: Memslots, gfn: int) -> MemorySlot | None:
        self.lookups += 1
        return super().search_memslots(table, gfn)

    def search_sorted(self, table: Memslots, gfn: int) -> MemorySlot | None:
        self.searches += 1
        return super().search_sorted(table, gfn)


@pytest.fixture
def kvm() -> CountsSearches:
    """A VM with two adjacent logged slots: gfns 16 to 19, and 20 to 23."""
    kvm = CountsSearches(Silent(), LINUX, linux_limits(LINUX))
    put(kvm, 0, 16, HOST)
    put(kvm, 1, 20, OTHER_HOST)
    return kvm


def put(
    kvm: LinuxKvm, slot: int, gfn: int, hva: int, flags: int = LOG_DIRTY_PAGES
) -> None:
    region = MemoryRegion(slot, gfn << PAGE_SHIFT, 4 << PAGE_SHIFT, hva, flags)
    assert kvm.set_region(region) == Done()


def use(kvm: LinuxKvm, offset: int, length: int, *, write: bool = False) -> Reply:
    return kvm.use_hva_cache(0, offset, length, write=write)


def dirty(kvm: LinuxKvm, slot: int) -> tuple[int, ...]:
    bitmap = kvm.active[0].slots[slot].dirty_bitmap
    assert bitmap is not None
    return bitmap.pages()


def test_the_set_answers_from_what_it_found_last(kvm: CountsSearches) -> None:
    assert kvm.gfn_to_memslot(Gfn(17)) == kvm.gfn_to_memslot(Gfn(19))
    assert kvm.searches == 1
    kvm.gfn_to_memslot(Gfn(20))
    assert kvm.searches == 2


def test_a_vcpu_answers_from_what_it_found_itself(kvm: CountsSearches) -> None:
    kvm.vcpu_gfn_to_memslot(0, Gfn(17))
    kvm.vcpu_gfn_to_memslot(1, Gfn(21))
    assert kvm.searches == 2
    kvm.vcpu_gfn_to_memslot(0, Gfn(18))
    kvm.vcpu_gfn_to_memslot(1, Gfn(22))
    assert kvm.searches == 2
    put(kvm, 2, 40, HOST)
    kvm.vcpu_gfn_to_memslot(0, Gfn(18))
    assert kvm.searches == 3, "another generation"
    kvm.vcpu_gfn_to_memslot(0, Gfn(16))
    assert kvm.searches == 3


def test_a_vcpu_that_finds_nothing_keeps_what_it_knew(kvm: CountsSearches) -> None:
    kvm.vcpu_gfn_to_memslot(0, Gfn(17))
    assert kvm.vcpu_gfn_to_memslot(0, Gfn(50)) is None
    before = kvm.searches
    kvm.vcpu_gfn_to_memslot(0, Gfn(17))
    assert kvm.searches == before


def test_a_range_of_one_page_is_looked_up_once(kvm: CountsSearches) -> None:
    assert kvm.init_hva_cache(0, (17 << PAGE_SHIFT) + 8, PAGE_SIZE - 8) == Done()
    before = kvm.lookups
    assert use(kvm, 8, 8) == Translated((HOST + PAGE_SIZE + 16,))
    assert kvm.lookups == before
    assert kvm.hva_caches[0].hva == HOST + PAGE_SIZE + 8
    put(kvm, 2, 40, HOST)
    assert use(kvm, 8, 8) == Translated((HOST + PAGE_SIZE + 16,))
    assert kvm.lookups == before + 1, "another generation"


def test_a_range_of_two_pages_is_looked_up_at_each_use(kvm: CountsSearches) -> None:
    assert kvm.init_hva_cache(0, 17 << PAGE_SHIFT, PAGE_SIZE + 1) == Done()
    before = kvm.lookups
    assert use(kvm, PAGE_SIZE - 4, 5) == Translated(
        (HOST + 2 * PAGE_SIZE - 4, HOST + 2 * PAGE_SIZE)
    )
    assert kvm.lookups == before + 2
    assert kvm.hva_caches[0].slot is None


def test_the_last_byte_of_a_range_counts(kvm: CountsSearches) -> None:
    assert kvm.init_hva_cache(0, 23 << PAGE_SHIFT, PAGE_SIZE) == Done()
    assert kvm.init_hva_cache(0, 23 << PAGE_SHIFT, PAGE_SIZE + 1) == EFAULT


def test_a_use_up_to_the_end_of_its_page_is_of_that_page(kvm: CountsSearches) -> None:
    kvm.init_hva_cache(0, 17 << PAGE_SHIFT, PAGE_SIZE)
    last = PAGE_SIZE - 1
    assert use(kvm, last, 1, write=True) == Translated((HOST + PAGE_SIZE + last,))
    assert dirty(kvm, 0) == (1,)
    assert use(kvm, 0, PAGE_SIZE, write=True) == Translated((HOST + PAGE_SIZE,))
    assert dirty(kvm, 0) == (1,)


def test_the_first_byte_of_a_page_is_logged(kvm: CountsSearches) -> None:
    kvm.init_hva_cache(0, 17 << PAGE_SHIFT, PAGE_SIZE)
    assert use(kvm, 0, 1, write=True) == Translated((HOST + PAGE_SIZE,))
    assert dirty(kvm, 0) == (1,)


def test_a_walk_up_to_the_end_of_a_page_stops_there(kvm: CountsSearches) -> None:
    kvm.init_hva_cache(0, 19 << PAGE_SHIFT, 2 * PAGE_SIZE)
    expected = Translated((HOST + 3 * PAGE_SIZE,))
    assert use(kvm, 0, PAGE_SIZE, write=True) == expected
    assert (dirty(kvm, 0), dirty(kvm, 1)) == ((3,), ())


def test_a_use_of_no_bytes_meets_no_page(kvm: CountsSearches) -> None:
    kvm.init_hva_cache(0, 17 << PAGE_SHIFT, PAGE_SIZE)
    assert use(kvm, 8, 0, write=True) == Translated(())
    assert dirty(kvm, 0) == ()


def test_a_cache_never_resolved_is_of_no_bytes(kvm: CountsSearches) -> None:
    assert use(kvm, 0, 8) == EINVAL


def test_a_walk_meets_what_became_of_a_slot(kvm: CountsSearches) -> None:
    """An update may come between two pages of a walk."""
    at = 17 << PAGE_SHIFT
    slots = kvm.active[0].slots
    slot = slots[0]
    slots[0] = slot.with_flags(BIT_1)
    kvm.last_used.clear()
    here = Translated((HOST + PAGE_SIZE,))
    assert kvm.walk_pages(at, 8, write=False) == here
    assert kvm.walk_pages(at, 8, write=True) == EFAULT
    slots[0] = kvm.active[0].slots[0].with_flags(INVALID)
    kvm.last_used.clear()
    assert slots[0].invalid
    assert kvm.walk_pages(at, 8, write=False) == EFAULT
    assert kvm.walk_pages(40 << PAGE_SHIFT, 8, write=False) == EFAULT


@pytest.mark.parametrize("all_set", [False, True])
def test_a_bit_is_what_was_last_done_to_it(*, all_set: bool) -> None:
    bitmap = DirtyBitmap(1, 3, all_set=all_set)
    bitmap.clear(1)
    assert not bitmap.is_dirty(1)
    bitmap.mark(1)
    assert bitmap.is_dirty(1)
    assert bitmap.pages() == ((0, 1, 2) if all_set else (1,))
    bitmap.clear(1)
    assert bitmap.dirty_among((2, 1, 0)) == ((2, 0) if all_set else ())
    for page in range(3):
        assert not bitmap.is_clean() or not all_set
        bitmap.clear(page)
    assert bitmap.is_clean()
    assert bitmap.words() == (0,)
