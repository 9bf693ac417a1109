"""Which guest pages and host bytes a slot covers, for every reader of a table.

Gfns and page counts are in frames of 4 KiB; guest physical and host virtual
addresses are in bytes; all are unsigned 64-bit numbers.  A range is a pair
`(base, npages)` and holds the gfns from `base` up to, not including,
`base + npages`.

A docstring's `pre:` lines say for which arguments a function is defined and its
`post:` lines say what the answer, `_`, then satisfies; CrossHair proves each of
them (`spec/tests/test_spec_contracts.py`).  Nothing is checked at run time.
"""

from collections.abc import Sequence

PAGE_SHIFT = 12
"""Binary logarithm of the page size: `PAGE_SHIFT` of x86."""

PAGE_SIZE = 4096
"""Bytes in one page."""

U64 = 2**64
"""The first number that an unsigned 64-bit field cannot hold."""


def is_page_aligned(address: int) -> bool:
    """Whether the byte address is the first byte of a page.

    Source: `__kvm_set_memory_region`, the tests on `memory_size`,
    `guest_phys_addr` and `userspace_addr`.

    pre: 0 <= address < U64
    post: _ == (address // PAGE_SIZE * PAGE_SIZE == address)
    post: _ == (address & (PAGE_SIZE - 1) == 0)
    """
    return address % PAGE_SIZE == 0


def wraps(start: int, size: int) -> bool:
    """Whether the end of a byte range cannot be written in 64 bits.

    A sum of exactly 2**64 wraps, since the end then reads as 0; a range of no
    bytes never does.

    Source: `__kvm_set_memory_region`, the test that `gpa + size < gpa`.

    pre: 0 <= start < U64
    pre: 0 <= size < U64
    post: _ == ((start + size) % U64 < start)
    post: not (size == 0 and _)
    """
    return size > 0 and start + size >= U64


def covers(base: int, npages: int, gfn: int) -> bool:
    """Whether the gfn lies in the range.

    Source: `gfn_to_memslot_unaliased` (v2.6.34), `try_get_memslot` (linux); the
    latter's single unsigned comparison is the second fact below.

    pre: 0 <= base
    pre: 0 <= npages
    pre: base + npages <= U64
    pre: 0 <= gfn < U64
    post: _ == (0 <= gfn - base < npages)
    post: _ == ((gfn - base) % U64 < npages)
    """
    return base <= gfn < base + npages


def overlaps(base_a: int, npages_a: int, base_b: int, npages_b: int) -> bool:
    """Whether some gfn lies in both ranges; an empty range overlaps nothing.

    Ranges that only touch do not overlap.

    Source: `__kvm_set_memory_region`, the "Check for overlaps" loop (v2.6.34);
    `kvm_check_memslot_overlap` (linux).

    pre: 0 <= base_a < U64 and 0 <= npages_a < U64
    pre: 0 <= base_b < U64 and 0 <= npages_b < U64
    post: not ((npages_a == 0 or npages_b == 0) and _)
    post: not (base_a + npages_a <= base_b and _)
    post: not (base_b + npages_b <= base_a and _)
    post: not (npages_a > 0 and base_b <= base_a < base_b + npages_b) or _
    post: not (npages_b > 0 and base_a <= base_b < base_a + npages_a) or _
    """
    first = max(base_a, base_b)
    return first < min(base_a + npages_a, base_b + npages_b)


def page_hva(hva: int, base: int, gfn: int) -> int:
    """Host address of the page that backs the gfn, for a slot mapped at `hva`.

    Only meaningful for a gfn which the slot covers.

    Source: `gfn_to_hva` (v2.6.34), `__gfn_to_hva_memslot` (linux).

    pre: 0 <= hva < U64
    pre: 0 <= base <= gfn < U64
    post: _ >= hva
    post: (_ - hva) // PAGE_SIZE == gfn - base
    post: _ % PAGE_SIZE == hva % PAGE_SIZE
    """
    return hva + (gfn - base) * PAGE_SIZE


def slot_at(ranges: Sequence[tuple[int, int]], gfn: int) -> int:
    """Index of the first of the ranges that covers the gfn, or -1.

    The ranges need not be sorted or disjoint: v2.6.34 scans slots in the order
    of their ids, so among overlapping ones the lowest id answers.

    Source: `gfn_to_memslot_unaliased` (v2.6.34), `search_memslots` (linux).

    pre: len(ranges) <= 3
    pre: all(0 <= base and 0 <= npages for base, npages in ranges)
    pre: all(base + npages <= U64 for base, npages in ranges)
    pre: 0 <= gfn < U64
    post: -1 <= _ < len(ranges)
    post: _ == -1 or covers(*ranges[_], gfn)
    post: _ != -1 or not any(covers(*pair, gfn) for pair in ranges)
    post: not any(covers(*pair, gfn) for pair in ranges[:max(_, 0)])
    """
    for index, (base, npages) in enumerate(ranges):
        if covers(base, npages, gfn):
            return index
    return -1


def rmap_index(gfn: int, base: int, pages_per_page: int) -> int:
    """Place of the gfn in a slot's array of reverse maps at one page size.

    `pages_per_page` is how many 4 KiB pages one mapping spans: 1, 512 or 2**18.
    Entry 0 belongs to the large page in which the slot begins, even where the
    slot begins in the middle of it; so this is not `(gfn - base) // H`.

    Source: `gfn_to_rmap`; commit 6e3e243c3b6e repaired the other form.

    pre: 0 <= base <= gfn < U64
    pre: pages_per_page in (1, 512, 262144)
    post: _ >= 0
    post: (_ == 0) == (gfn < (base // pages_per_page + 1) * pages_per_page)
    post: _ - (gfn - base) // pages_per_page in (0, 1)
    """
    return gfn // pages_per_page - base // pages_per_page


def covers_hva(slot_hva: int, npages: int, hva: int) -> bool:
    """Whether the host byte backs some guest page of the slot.

    Host address 0 is an address like any other.

    Source: `kvm_handle_hva`; the patch dropped its `if (!start) continue`.

    pre: 0 <= slot_hva < U64
    pre: 0 <= npages
    pre: slot_hva + npages * PAGE_SIZE <= U64
    pre: 0 <= hva < U64
    post: _ == (hva >= slot_hva and (hva - slot_hva) // PAGE_SIZE < npages)
    """
    return slot_hva <= hva < slot_hva + npages * PAGE_SIZE


def gfn_of_hva(slot_hva: int, base: int, hva: int) -> int:
    """The gfn that the host byte backs, for a slot mapped at `slot_hva`.

    Only meaningful for a byte which the slot covers.

    Source: `hva_to_gfn_memslot`.

    pre: 0 <= slot_hva <= hva < U64
    pre: 0 <= base < U64
    post: _ >= base
    post: 0 <= hva - page_hva(slot_hva, base, _) < PAGE_SIZE
    """
    return base + (hva - slot_hva) // PAGE_SIZE


def hva_walk(
    slot_hva: int, base: int, npages: int, start: int, end: int
) -> tuple[int, int]:
    """The gfns of one slot that the host bytes `start` to before `end` touch.

    Answers a pair: the first gfn touched and the one after the last.  A page
    touched in part counts.  Where nothing of the slot is touched, or `end` is
    not after `start`, the answer is `(base, base)`.

    Source: `kvm_handle_hva_range`, which clips to the slot first.

    pre: 0 <= slot_hva < U64
    pre: 0 <= base and 0 <= npages
    pre: base + npages < U64
    pre: slot_hva + npages * PAGE_SIZE <= U64
    pre: 0 <= start < U64
    pre: 0 <= end <= U64
    post: base <= _[0] <= _[1] <= base + npages
    post: _[0] < _[1] or _ == (base, base)
    post: _[0] == _[1] or max(start, slot_hva) < end
    post: _[0] == _[1] or start < slot_hva + npages * PAGE_SIZE
    post: not covers_hva(slot_hva, npages, start) or start >= end or _[0] < _[1]
    post: not start <= slot_hva < end or npages == 0 or _[0] < _[1]
    post: _[0] == _[1] or start < page_hva(slot_hva, base, _[0] + 1)
    post: _[0] == base or page_hva(slot_hva, base, _[0]) <= start
    post: _[0] == _[1] or page_hva(slot_hva, base, _[1] - 1) < end
    post: _[1] in (base, base + npages) or end <= page_hva(slot_hva, base, _[1])
    """
    first = max(start, slot_hva)
    after = min(end, slot_hva + npages * PAGE_SIZE)
    if first >= after:
        return (base, base)
    # The kernel rounds `after` up to a page instead, which for a slot at the very
    # top of the address space leaves 64 bits; the last byte touched never does.
    return (
        gfn_of_hva(slot_hva, base, first),
        gfn_of_hva(slot_hva, base, after - 1) + 1,
    )


def touches(slot_hva: int, npages: int, start: int, end: int) -> bool:
    """Whether some host byte from `start` to before `end` backs one of the pages.

    The pages lie at `slot_hva`, one after the other; a page touched in part is
    touched.  A range that ends where it starts touches nothing.

    Source: `__kvm_handle_hva_range`, `mmu_invalidate_retry_hva`.

    pre: 0 <= slot_hva < U64
    pre: 0 <= npages < U64
    pre: slot_hva + npages * PAGE_SIZE <= U64
    pre: 0 <= start < U64
    pre: 0 <= end <= U64
    post: _ == (hva_walk(slot_hva, 0, npages, start, end) != (0, 0))
    post: not (end <= start and _)
    post: not (start < end and covers_hva(slot_hva, npages, start)) or _
    """
    return max(start, slot_hva) < min(end, slot_hva + npages * PAGE_SIZE)
