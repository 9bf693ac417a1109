"""Ranges in order find what a scan of them finds."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from memslot_spec.arithmetic.range_order import RangeOrder
from memslot_spec.arithmetic.ranges import overlaps
from memslot_spec.model.values import SCANNED, Gfn, Hva, Slot, SlotTable, table_of

RANGES = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 6)), max_size=8)
ONE = st.tuples(st.integers(0, 50), st.integers(0, 9))


@given(RANGES, ONE)
@example([(0, 4), (4, 4), (9, 1)], (3, 2))
def test_ranges_that_meet_are_those_of_a_scan(
    ranges: list[tuple[int, int]], asked: tuple[int, int]
) -> None:
    scanned = [at for at, one in enumerate(ranges) if overlaps(*one, *asked)]
    assert RangeOrder(ranges).meeting(*asked) == scanned


@given(RANGES)
def test_disjoint_are_those_of_which_no_two_meet(ranges: list[tuple[int, int]]) -> None:
    pairs = [
        (one, other)
        for at, one in enumerate(ranges)
        for other in ranges[at + 1 :]
        if overlaps(*one, *other)
    ]
    assert RangeOrder(ranges).disjoint is not bool(pairs)


def slots_over_each_other() -> SlotTable:
    """More slots than are scanned; in the second space each meets the next."""
    return table_of(
        *(
            Slot(number, Gfn(number * 4), 4 + as_id, Hva(number << 20), as_id=as_id)
            for as_id in (0, 1)
            for number in range(SCANNED + 4)
        )
    )


def test_a_large_table_answers_as_a_scan_of_it_would() -> None:
    table = slots_over_each_other()
    for as_id in (0, 1, 2):
        for gfn in range((SCANNED + 6) * 4):
            covering = [s for s in table if s.as_id == as_id and s.covers(gfn)]
            assert table.at(gfn, as_id) == (covering[0] if covering else None)
            assert table.meeting(gfn, 1, as_id) == tuple(covering)
        for number in range(SCANNED + 6):
            named = [s for s in table if (s.as_id, s.id) == (as_id, number)]
            assert table.find(as_id, number) == (named[0] if named else None)


def test_what_a_table_remembers_is_no_part_of_its_value() -> None:
    asked, fresh = slots_over_each_other(), slots_over_each_other()
    asked.at(3, 0)
    asked.find(0, 1)
    assert asked == fresh
    assert hash(asked) == hash(fresh)
    assert repr(asked) == repr(fresh)
