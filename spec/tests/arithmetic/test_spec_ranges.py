"""Page ranges and host walks, each held to a brute-force answer."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from memslot_spec.arithmetic.ranges import (
    PAGE_SHIFT,
    PAGE_SIZE,
    U64,
    covers,
    covers_hva,
    gfn_of_hva,
    hva_walk,
    is_page_aligned,
    overlaps,
    page_hva,
    rmap_index,
    slot_at,
    wraps,
)

u64s = st.integers(0, U64 - 1)
# Small enough that ranges meet, touch and contain each other in most examples.
gfns = st.integers(0, 12)
sizes = st.integers(0, 6)
pairs = st.tuples(gfns, sizes)
# Host bytes around page boundaries, where rounding can go wrong.
host_bytes = st.sampled_from(
    [
        page * PAGE_SIZE + offset
        for page in range(10)
        for offset in (0, 1, PAGE_SIZE // 2, PAGE_SIZE - 1)
    ]
)


def test_page_size_is_two_to_the_shift() -> None:
    assert 1 << PAGE_SHIFT == PAGE_SIZE


@given(u64s)
@example(0)
@example(U64 - PAGE_SIZE)
def test_aligned_addresses_have_no_low_bits(address: int) -> None:
    assert is_page_aligned(address) == (address & (PAGE_SIZE - 1) == 0)


@pytest.mark.parametrize(
    ("start", "size", "verdict"),
    [
        (0, 0, False),
        (U64 - 1, 0, False),
        (0, U64 - 1, False),
        (U64 - PAGE_SIZE, PAGE_SIZE - 1, False),
        (U64 - PAGE_SIZE, PAGE_SIZE, True),
        (U64 - 1, 1, True),
        (1, U64 - 1, True),
        (U64 - 1, U64 - 1, True),
    ],
)
def test_wraps_at_the_edge(start: int, size: int, *, verdict: bool) -> None:
    assert wraps(start, size) == verdict


@given(u64s, u64s)
def test_wraps_as_the_kernels_unsigned_sum_does(start: int, size: int) -> None:
    assert wraps(start, size) == ((start + size) & (U64 - 1) < start)


@given(gfns, sizes, gfns)
def test_covers_the_listed_gfns(base: int, npages: int, gfn: int) -> None:
    assert covers(base, npages, gfn) == (gfn in range(base, base + npages))


@given(pairs, pairs)
def test_overlaps_when_a_gfn_is_shared(a: tuple[int, int], b: tuple[int, int]) -> None:
    shared = set(range(a[0], sum(a))) & set(range(b[0], sum(b)))
    assert overlaps(*a, *b) == bool(shared)


@pytest.mark.parametrize(
    ("a", "b", "verdict"),
    [
        ((0, 4), (4, 4), False),
        ((4, 4), (0, 4), False),
        ((0, 5), (4, 4), True),
        ((0, 8), (2, 2), True),
        ((0, 8), (4, 0), False),
        ((4, 0), (4, 0), False),
    ],
)
def test_overlaps_at_the_edge(
    a: tuple[int, int], b: tuple[int, int], *, verdict: bool
) -> None:
    assert overlaps(*a, *b) == verdict


@given(st.integers(0, 2**47), gfns, sizes)
def test_page_hva_and_gfn_of_hva_are_inverse(hva: int, base: int, page: int) -> None:
    address = page_hva(hva, base, base + page)
    assert address == hva + sum([PAGE_SIZE] * page)
    assert gfn_of_hva(hva, base, address) == base + page
    assert gfn_of_hva(hva, base, address + PAGE_SIZE - 1) == base + page


@given(st.lists(pairs, max_size=5), gfns)
def test_slot_at_is_the_first_that_covers(
    ranges: list[tuple[int, int]], gfn: int
) -> None:
    matches = [i for i, (base, n) in enumerate(ranges) if gfn in range(base, base + n)]
    assert slot_at(ranges, gfn) == (matches[0] if matches else -1)
    assert slot_at(tuple(ranges), gfn) == slot_at(ranges, gfn)


@given(st.integers(0, 60), st.integers(0, 60), st.sampled_from((1, 8, 512)))
def test_rmap_index_counts_large_page_boundaries(
    base: int, offset: int, pages_per_page: int
) -> None:
    gfn = base + offset
    boundaries = [g for g in range(base + 1, gfn + 1) if g % pages_per_page == 0]
    assert rmap_index(gfn, base, pages_per_page) == len(boundaries)


def test_rmap_index_of_a_slot_that_starts_inside_a_large_page() -> None:
    # The form without the base's own quotient answers 0 for both.
    assert rmap_index(511, 256, 512) == 0
    assert rmap_index(512, 256, 512) == 1


@given(host_bytes, st.integers(0, 3), host_bytes)
def test_covers_hva_the_listed_bytes(slot_hva: int, npages: int, hva: int) -> None:
    listed = range(slot_hva, slot_hva + npages * PAGE_SIZE)
    assert covers_hva(slot_hva, npages, hva) == (hva in listed)


def test_covers_hva_zero() -> None:
    assert covers_hva(0, 1, 0)


def pages_touched(
    slot_hva: int, base: int, npages: int, start: int, end: int
) -> list[int]:
    """The gfns of which some byte lies in the host range, page by page."""
    touched: list[int] = []
    for page in range(npages):
        first = slot_hva + page * PAGE_SIZE
        if max(first, start) < min(first + PAGE_SIZE, end):
            touched.append(base + page)
    return touched


@given(host_bytes, gfns, st.integers(0, 5), host_bytes, host_bytes)
def test_hva_walk_visits_the_pages_touched(
    slot_hva: int, base: int, npages: int, start: int, end: int
) -> None:
    first, after = hva_walk(slot_hva, base, npages, start, end)
    touched = pages_touched(slot_hva, base, npages, start, end)
    assert list(range(first, after)) == touched
    assert touched or (first, after) == (base, base)


@pytest.mark.parametrize(
    ("start", "end", "gfns_touched"),
    [
        (0x4000, 0x6000, (100, 102)),
        (0x4FFF, 0x5001, (100, 102)),
        (0x5000, 0x5001, (101, 102)),
        (0x0000, 0x9000, (100, 103)),
        (0x0000, 0x4000, (100, 100)),
        (0x7000, 0x9000, (100, 100)),
        (0x5000, 0x5000, (100, 100)),
        (0x6000, 0x5000, (100, 100)),
    ],
)
def test_hva_walk_clips_and_rounds_outward(
    start: int, end: int, gfns_touched: tuple[int, int]
) -> None:
    assert hva_walk(0x4000, 100, 3, start, end) == gfns_touched


def test_hva_walk_reaches_the_last_page_of_the_address_space() -> None:
    # Rounding the end up instead would leave 64 bits here.
    last_page = U64 - PAGE_SIZE
    assert hva_walk(last_page, 7, 1, last_page, U64) == (7, 8)
