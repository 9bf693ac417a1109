"""Two tables in words: what one has where the other has something else."""

from __future__ import annotations

from dataclasses import replace

from memslot_spec.history.words.tables import describe_difference
from memslot_spec.model.values import EMPTY, Gfn, Hva, Slot, table_of

SLOT = Slot(0, Gfn(0x10), 4, Hva(0x1000000))
OTHER = Slot(1, Gfn(0x20), 1, Hva(0x2000000))


def test_a_slot_that_is_missing_is_named_in_hex() -> None:
    words = "slot 0: gfn 0x10 +4 pages at hva 0x1000000 instead of no slot"
    assert describe_difference(table_of(SLOT), EMPTY) == words


def test_a_slot_too_many_is_named() -> None:
    words = "no slot instead of slot 1: gfn 0x20 +1 page at hva 0x2000000"
    assert describe_difference(table_of(SLOT), table_of(SLOT, OTHER)) == words


def test_a_changed_slot_is_named_as_it_is_and_as_it_should_be() -> None:
    words = describe_difference(table_of(SLOT), table_of(SLOT.as_invalid()))
    slot = "slot 0: gfn 0x10 +4 pages at hva 0x1000000"
    assert words == f"{slot} instead of {slot}, INVALID"


def test_slots_of_the_same_id_in_two_address_spaces_are_kept_apart() -> None:
    second = replace(SLOT, as_id=1)
    words = describe_difference(table_of(SLOT, second), table_of(SLOT))
    assert words.startswith("slot 0 (as_id 1): ")
    assert ";" not in words


def test_every_slot_that_differs_is_named() -> None:
    words = describe_difference(table_of(SLOT), table_of(OTHER))
    assert words.count(" instead of ") == 2


def test_equal_tables_do_not_differ() -> None:
    assert describe_difference(table_of(SLOT), table_of(SLOT)) == "no difference"
