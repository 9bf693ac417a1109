"""Ranges of guest bytes, by example: the proofs take long, these do not."""

from __future__ import annotations

import pytest

from memslot_spec.arithmetic.byte_ranges import frames_of, offset_in, range_wraps
from memslot_spec.arithmetic.ranges import PAGE_SIZE, U64


@pytest.mark.parametrize(
    ("gpa", "length", "verdict"),
    [
        (0, 0, False),
        (U64 - 8, 8, False),
        (U64 - 8, 9, True),
        (U64 - 1, 0, False),
        (8, U64 - 8, False),
        (8, U64 - 7, True),
    ],
)
def test_a_range_may_end_with_the_very_last_byte(
    gpa: int, length: int, *, verdict: bool
) -> None:
    assert range_wraps(gpa, length) is verdict


@pytest.mark.parametrize(
    ("gpa", "length", "frames"),
    [
        (0, 0, (0, 0)),
        (2 * PAGE_SIZE + 8, 0, (2, 0)),
        (2 * PAGE_SIZE + 8, 1, (2, 1)),
        (2 * PAGE_SIZE, PAGE_SIZE, (2, 1)),
        (2 * PAGE_SIZE, PAGE_SIZE + 1, (2, 2)),
        (2 * PAGE_SIZE - 1, 2, (1, 2)),
        (2 * PAGE_SIZE - 1, PAGE_SIZE + 2, (1, 3)),
        (U64 - 1, 1, (U64 // PAGE_SIZE - 1, 1)),
    ],
)
def test_pages_touched_in_part_count(
    gpa: int, length: int, frames: tuple[int, int]
) -> None:
    assert frames_of(gpa, length) == frames


def test_only_the_first_page_is_met_beyond_its_first_byte() -> None:
    assert [offset_in(PAGE_SIZE + 8, gfn) for gfn in (1, 2, 3)] == [8, 0, 0]
    assert offset_in(PAGE_SIZE, 1) == 0
