"""Cached ranges of host addresses: what a table lets them answer."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cached_ranges import AT_17, EDGE, EFAULT, EINVAL, INSTEAD, ONE, TWO, A, B, at
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE, U64
from memslot_spec.model.hva_caches import (
    HvaRange,
    backs,
    init_replies,
    slots_under,
    use_explained,
    use_replies,
)
from memslot_spec.model.operations import InitHvaCache, UseHvaCache
from memslot_spec.model.readers import gfn_to_hva
from memslot_spec.model.replies import Done, Reply, Translated
from memslot_spec.model.values import EMPTY, Gfn, Hva, Slot, SlotTable, table_of

TABLES = st.sampled_from(
    (
        EMPTY,
        ONE,
        TWO,
        INSTEAD,
        table_of(B),
        table_of(A.as_invalid(), B),
        table_of(A, Slot(1, Gfn(20), 4, Hva(0x20_0000), readonly=True)),
        table_of(A, Slot(1, Gfn(21), 2, Hva(0x20_0000))),
    )
)
STARTS = st.integers(15 << PAGE_SHIFT, 25 << PAGE_SHIFT)
LENGTHS = st.integers(1, 5 * PAGE_SIZE)


def page_by_page(table: SlotTable, start: int, length: int) -> list[int | None]:
    """The host bytes met, from a lookup of each page of the range."""
    met: list[int | None] = []
    at = start
    while at < start + length:
        hva = gfn_to_hva(table, at >> PAGE_SHIFT)
        met.append(None if hva is None else hva + at % PAGE_SIZE)
        at = (at >> PAGE_SHIFT) + 1 << PAGE_SHIFT
    return met


@settings(deadline=None)
@given(TABLES, STARTS, st.integers(1, 2 * PAGE_SIZE), st.data())
def test_a_use_is_an_uncached_walk(
    table: SlotTable, gpa: int, length: int, data: st.DataObject
) -> None:
    cached = HvaRange(gpa, length)
    offset = data.draw(st.integers(0, length - 1), label="offset")
    used = data.draw(st.integers(1, length - offset), label="length")
    whole = page_by_page(table, gpa, length)
    part = page_by_page(table, gpa + offset, used)
    expected = (
        EFAULT
        if None in whole
        else Translated(tuple(hva for hva in part if hva is not None))
    )
    assert use_replies(table, cached, UseHvaCache(0, offset, used)) == (expected,)


@settings(deadline=None)
@given(TABLES, STARTS, LENGTHS)
def test_a_range_is_backed_if_each_of_its_pages_is(
    table: SlotTable, gpa: int, length: int
) -> None:
    first, last = gpa >> PAGE_SHIFT, (gpa + length - 1) >> PAGE_SHIFT
    frames = range(first, last + 1)
    expected = all(gfn_to_hva(table, gfn) is not None for gfn in frames)
    assert backs(table, HvaRange(gpa, length)) is expected


def test_the_slots_of_a_range_come_in_the_order_of_its_pages() -> None:
    assert slots_under(TWO, EDGE) == (A, B)
    assert slots_under(TWO, AT_17) == (A,)
    assert slots_under(ONE, EDGE) is None


def test_a_use_beyond_its_range_is_refused_in_either_way() -> None:
    beyond = UseHvaCache(0, 12, 8)
    assert use_replies(ONE, AT_17, beyond) == (EINVAL,)
    assert set(use_replies(EMPTY, AT_17, beyond)) == {EINVAL, EFAULT}


@pytest.mark.parametrize(
    ("gpa", "length", "reply"),
    [
        (17 << PAGE_SHIFT, 16, Done()),
        ((20 << PAGE_SHIFT) - 8, 16, EFAULT),
        (U64 - 8, 16, EINVAL),
        (U64 - 8, 8, EFAULT),
        (U64 - PAGE_SIZE, 2 * PAGE_SIZE, EINVAL),
    ],
)
def test_resolving_a_range(gpa: int, *, length: int, reply: Reply) -> None:
    assert init_replies(ONE, InitHvaCache(0, gpa, length)) == (reply,)


def test_a_range_of_no_bytes_may_be_resolved_or_not() -> None:
    assert init_replies(ONE, InitHvaCache(0, 0, 0)) is None


def test_pages_of_one_use_may_come_from_several_tables() -> None:
    moved = table_of(A, Slot(1, Gfn(20), 4, Hva(0x40_0000)))
    torn = Translated((0x10_4000 - 8, 0x40_0000))
    other = Translated((0x10_4000 - 8, 0x50_0000))
    use = UseHvaCache(0, 0, 16)
    assert use_explained((TWO, moved), EDGE, use, torn)
    assert not use_explained((TWO,), EDGE, use, torn)
    assert not use_explained((TWO, moved), EDGE, use, other)
    # One page has one address, and comes from one table.
    assert not use_explained((ONE,), AT_17, UseHvaCache(0, 0, 8), other)


def test_no_page_by_page_answer_to_what_is_refused() -> None:
    whole = UseHvaCache(0, 0, 16)
    assert not use_explained((TWO,), EDGE, whole, EINVAL)
    assert not use_explained((TWO,), EDGE, UseHvaCache(0, 8, 16), at(0x20_0000))
    assert not use_explained((ONE,), EDGE, whole, at(0x10_4000 - 8, 1))
    assert not use_explained((ONE,), EDGE, whole, at(0x10_4000 - 8, -1))
    assert not use_explained((TWO,), EDGE, whole, at(0x10_4000 - 8))
    wrapping = HvaRange(U64 - 8, 2 * PAGE_SIZE)
    top = table_of(Slot(0, Gfn((1 << 52) - 1), 1, Hva(0)))
    assert not use_explained((top,), wrapping, UseHvaCache(0, 0, 8), at(PAGE_SIZE - 8))


def test_nothing_is_known_of_a_cache_without_a_range() -> None:
    assert use_explained((ONE,), None, UseHvaCache(0, 0, 8), Translated((1,)))
