"""What is no event is refused: by kind, by field, by value, with the way to it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from memslot_spec.history.dialect import TAGS
from memslot_spec.history.events import Call
from memslot_spec.history.points.tables import TablePublished
from memslot_spec.history.wire import (
    HistoryError,
    event_from_json,
    event_to_json,
    operation_from_json,
    reply_from_json,
)
from memslot_spec.model.operations import SetRegion
from memslot_spec.model.values import EMPTY, MemoryRegion
from memslot_spec.source import hints_of


def event(obj: object) -> str:
    """What is said of an event that is refused."""
    with pytest.raises(HistoryError) as caught:
        event_from_json(obj, "race.ndjson:4")
    return str(caught.value)


def test_a_tag_is_never_a_field_beside_it() -> None:
    for kinds, tag in TAGS.items():
        assert all(tag not in hints_of(kind) for kind in kinds)


def test_a_field_with_a_default_may_be_left_out() -> None:
    region = {"slot": 1, "guest_phys_addr": 0, "memory_size": 0, "userspace_addr": 0}
    found = operation_from_json({"op": "SetRegion", "region": region}, "here")
    assert found == SetRegion(MemoryRegion(1, 0, 0, 0))


def test_refuses_an_unknown_kind_and_names_the_nearest() -> None:
    said = event({"e": "TableLoad", "thread": 1})
    assert said.startswith("race.ndjson:4: field e: expected one of TableLoaded, ")
    assert said.endswith('got "TableLoad"')


def test_refuses_an_unknown_kind_of_reply_and_lists_all() -> None:
    with pytest.raises(HistoryError, match=r"one of Done, Refused, .*, got 7"):
        reply_from_json({"reply": 7}, "here")


def test_refuses_a_missing_field() -> None:
    assert event({"e": "TableLoaded", "thread": 1}) == (
        "race.ndjson:4: field table: is missing (TableLoaded has thread, table, as_id)"
    )


def test_refuses_an_unknown_field() -> None:
    assert event({"e": "TableLoaded", "thread": 1, "table": 3, "tabel": 4}) == (
        "race.ndjson:4: field tabel: is unknown "
        "(TableLoaded has thread, table, as_id), got 4"
    )


@pytest.mark.parametrize("value", [True, 1.0, "1", None, [1]])
def test_refuses_what_is_no_integer(value: object) -> None:
    said = event({"e": "TableLoaded", "thread": 1, "table": value})
    assert said == (
        f"race.ndjson:4: field table: expected an integer, got {json.dumps(value)}"
    )


def test_refuses_a_wrong_type_and_names_the_way_to_it() -> None:
    slot = {"id": 0, "base": 0, "npages": 1, "hva": 0, "invalid": 1}
    table = {"slots": [slot]}
    said = event({"e": "TablePublished", "thread": 0, "table": 1, "slots": table})
    assert said == (
        "race.ndjson:4: field slots.slots[0].invalid: expected true or false, got 1"
    )


def test_refuses_an_unknown_enum_value() -> None:
    said = event(
        {"e": "Return", "thread": 0, "reply": {"reply": "Refused", "errno": 22}}
    )
    assert "field reply.errno: expected one of EAGAIN, EEXIST, " in said
    assert said.endswith("got 22")


@pytest.mark.parametrize(
    ("field", "value", "limit"),
    [
        ("memory_size", 2**64, "0..2**64-1"),
        ("userspace_addr", -1, "0..2**64-1"),
        ("slot", 2**32, "0..2**32-1"),
        ("flags", 2**32, "0..2**32-1"),
    ],
)
def test_refuses_a_number_that_a_request_cannot_hold(
    field: str, value: int, limit: str
) -> None:
    request = replace(MemoryRegion(0, 0, 0, 0), **{field: value})
    said = event(event_to_json(Call(0, SetRegion(request))))
    where = f"race.ndjson:4: field operation.region.{field}"
    assert said == f"{where}: expected {limit}, got {value}"


def test_a_number_outside_a_request_may_be_any() -> None:
    value = TablePublished(0, -(2**70), EMPTY)
    assert event_from_json(event_to_json(value), "here") == value


def test_a_long_value_is_shown_in_part() -> None:
    said = event({"e": "TableLoaded", "thread": "x" * 1000, "table": 0})
    assert said.endswith("xxx...")
    assert len(said) < 150
