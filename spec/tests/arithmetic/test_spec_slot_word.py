"""The slot word, tied to the kernel's bitwise form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memslot_spec.arithmetic.slot_word import SLOT_IDS, as_id_of, id_of, pack

halves = st.integers(0, SLOT_IDS - 1)
words = st.integers(0, 2**32 - 1)


@given(halves, halves)
def test_pack_is_the_bitwise_or_of_the_halves(as_id: int, slot_id: int) -> None:
    assert pack(as_id, slot_id) == as_id << 16 | slot_id


@given(words)
def test_parts_are_the_shifted_and_the_masked_word(word: int) -> None:
    assert as_id_of(word) == word >> 16
    assert id_of(word) == word & 0xFFFF


@given(words)
def test_pack_restores_the_word(word: int) -> None:
    assert pack(as_id_of(word), id_of(word)) == word


@pytest.mark.parametrize(
    ("word", "as_id", "slot_id"),
    [
        (0, 0, 0),
        (0xFFFF, 0, 0xFFFF),
        (0x10000, 1, 0),
        (0xFFFFFFFF, 0xFFFF, 0xFFFF),
    ],
)
def test_parts_at_the_edge(word: int, as_id: int, slot_id: int) -> None:
    assert (as_id_of(word), id_of(word)) == (as_id, slot_id)
