"""Bits, words and pages of a dirty bitmap, where a bitmap has several words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memslot_spec.arithmetic.bitmaps import bitmap_of, may_clear, set_bits, words_for


@pytest.mark.parametrize(
    ("npages", "words"), [(0, 0), (1, 1), (64, 1), (65, 2), (128, 2), (129, 3)]
)
def test_the_last_word_may_be_ragged(npages: int, words: int) -> None:
    assert words_for(npages) == words
    assert bitmap_of((), npages) == (0,) * words


def test_bits_are_counted_on_from_word_to_word() -> None:
    assert set_bits((1, 1 << 3, 1 << 63)) == (0, 67, 191)
    assert bitmap_of((0, 67, 191), 192) == (1, 1 << 3, 1 << 63)


@given(st.frozensets(st.integers(0, 199)))
def test_a_bitmap_holds_the_pages_put_in(pages: frozenset[int]) -> None:
    assert set_bits(bitmap_of(pages, 200)) == tuple(sorted(pages))


def test_refuses_a_page_that_no_word_holds() -> None:
    with pytest.raises(IndexError):
        bitmap_of((64,), 64)


@pytest.mark.parametrize(
    ("first", "count", "verdict"),
    [
        (0, 100, True),
        (0, 64, True),
        (64, 36, True),
        (0, 0, True),
        (0, 63, False),
        (0, 128, False),
        (64, 64, False),
        (32, 68, False),
        (128, 0, False),
    ],
)
def test_a_range_of_words_inside_a_slot_of_100_pages(
    first: int, count: int, *, verdict: bool
) -> None:
    assert may_clear(first, count, 100) is verdict


def test_nothing_may_be_cleared_at_the_end_of_a_slot_of_whole_words() -> None:
    assert may_clear(128, 0, 128)
    assert not may_clear(192, 0, 128)
