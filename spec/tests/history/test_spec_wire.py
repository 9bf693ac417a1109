"""What is written is read back, and whatever else is read is refused by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import is_dataclass, replace
from enum import Enum
from types import NoneType, UnionType
from typing import NewType, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memslot_spec.history.events import Call, Event, Return
from memslot_spec.history.header import Capabilities, Header, History
from memslot_spec.history.points.tables import TableLoaded, TablePublished
from memslot_spec.history.wire import (
    BITS,
    REQUESTS,
    TAGS,
    HistoryError,
    HistoryRead,
    event_from_json,
    event_to_json,
    header_from_json,
    header_to_json,
    history_to_json,
    operation_from_json,
    operation_to_json,
    read_history,
    reply_from_json,
    reply_to_json,
    write_history,
)
from memslot_spec.model.operations import GfnToHva, Operation, SetRegion
from memslot_spec.model.profile import Limits
from memslot_spec.model.replies import Done, Reply
from memslot_spec.model.values import EMPTY, MemoryRegion


def built(hint: object, bits: int | None = None) -> st.SearchStrategy[object]:
    """Values of a type, from nothing but its hint."""
    if isinstance(hint, NewType):
        return built(hint.__supertype__, bits)
    if get_origin(hint) in (Union, UnionType):
        return st.one_of([built(arg, bits) for arg in get_args(hint)])
    if get_origin(hint) is tuple:
        return st.lists(built(get_args(hint)[0], bits), max_size=3).map(tuple)
    if hint is int:
        return st.integers() if bits is None else st.integers(0, 2**bits - 1)
    if isinstance(hint, type):
        return built_class(hint)
    raise NotImplementedError(hint)


def built_class(kind: type[object]) -> st.SearchStrategy[object]:
    if kind is NoneType:
        return st.none()
    if issubclass(kind, Enum):
        return st.sampled_from(kind)
    if not is_dataclass(kind):
        return st.from_type(kind)
    bits = 64 if kind in REQUESTS else None
    hints = get_type_hints(kind).items()
    return st.builds(
        kind, **{name: built(h, BITS.get((kind, name), bits)) for name, h in hints}
    )


EVENTS = [built_class(kind) for kind in get_args(Event)]
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["e", "op", "thread", "table", "operation"]), inner
        )
    ),
    max_leaves=8,
)
HEADER = Header(
    target="t",
    profile="linux",
    limits=Limits(),
    capabilities=Capabilities(operations=("GfnToHva",)),
)
HISTORY = History(HEADER, (Call(0, GfnToHva(3)), Return(0, Done()), TableLoaded(1, 3)))
TEXT = history_to_json(HISTORY)


def through_text(obj: object) -> object:
    parsed: object = json.loads(json.dumps(obj))
    return parsed


def event(obj: object) -> str:
    """What is said of an event that is refused."""
    with pytest.raises(HistoryError) as caught:
        event_from_json(obj, "race.ndjson:4")
    return str(caught.value)


@given(st.one_of(EVENTS))
def test_every_event_comes_back(value: object) -> None:
    assert isinstance(value, Event)
    assert event_from_json(through_text(event_to_json(value)), "here") == value


@given(st.one_of([built_class(kind) for kind in get_args(Operation)]))
def test_every_operation_comes_back(value: object) -> None:
    assert isinstance(value, Operation)
    assert operation_from_json(through_text(operation_to_json(value)), "") == value


@given(st.one_of([built_class(kind) for kind in get_args(Reply)]))
def test_every_reply_comes_back(value: object) -> None:
    assert isinstance(value, Reply)
    assert reply_from_json(through_text(reply_to_json(value)), "here") == value


@given(built_class(Header))
def test_every_header_comes_back(value: object) -> None:
    assert isinstance(value, Header)
    assert header_from_json(through_text(header_to_json(value)), "here") == value


@given(built_class(Header), st.lists(st.one_of(EVENTS), max_size=5))
def test_every_history_comes_back(header: object, events: list[object]) -> None:
    assert isinstance(header, Header)
    history = History(header, tuple(e for e in events if isinstance(e, Event)))
    lines = list(write_history(history))
    assert read_history(lines, "h") == history
    assert read_history([line.rstrip("\n") for line in lines], "h") == history
    assert history_to_json(history) == "".join(lines)


@given(ANY_JSON)
def test_refuses_what_is_no_event_and_nothing_worse(obj: object) -> None:
    try:
        value = event_from_json(obj, "here")
    except HistoryError:
        return
    assert isinstance(value, Event)


@given(st.data())
def test_a_cut_leaves_the_whole_events_before_it(data: st.DataObject) -> None:
    header_size = TEXT.index("\n") + 1
    size = data.draw(st.integers(header_size, len(TEXT)), label="size")
    found = read_history(
        TEXT[:size].splitlines(keepends=True), "h", allow_truncated=True
    )
    whole = TEXT[:size].count("\n") - 1
    assert found.history.events[:whole] == HISTORY.events[:whole]
    line_ends_here = size == len(TEXT) or TEXT[size] == "\n" or TEXT[size - 1] == "\n"
    assert found.complete == line_ends_here


def test_a_tag_is_never_a_field_beside_it() -> None:
    for kinds, tag in TAGS.items():
        assert all(tag not in get_type_hints(kind) for kind in kinds)


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


LINES = TEXT.splitlines(keepends=True)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "h: expected a header line, got an empty file"),
        (["\n"], "h: expected a header line, got an empty file"),
        (LINES[1:], "h:1: expected a header with the key 'memslots_history', got "),
        ([LINES[0][:9]], "h:1: the file ends in the middle of its header"),
        (
            [*LINES[:3], LINES[3][:-4]],
            "h:4: the file ends in the middle of a line, after 2 whole events",
        ),
        (
            [*LINES[:3], LINES[3][:-4] + "\n"],
            "h:4: expected JSON, got Expecting value at column 55",
        ),
        (
            [LINES[0], "not JSON\n", *LINES[1:]],
            "h:2: expected JSON, got Expecting value at column 1",
        ),
        ([LINES[0], "[" * 10**6], "h:2: expected JSON that can be held, got "),
        ([LINES[0], "9" * 5000], "h:2: expected JSON that can be held, got "),
        (
            [LINES[0], '{"e": "Slept", "thread": 1, "thread": 2}'],
            "h:2: expected each key once in an object, got e, thread, thread",
        ),
        (
            ['{"memslots_history": 2}'],
            "h:1: field memslots_history: expected at most 1 (a newer memslots ",
        ),
        (
            ['{"memslots_history": true}'],
            "h:1: field memslots_history: expected a version from 1 on, got true",
        ),
        (
            ['{"memslots_history": 1}'],
            "h:1: field target: is missing (Header has target, profile, limits, ",
        ),
    ],
)
def test_refuses_a_file(lines: list[str], said: str) -> None:
    with pytest.raises(HistoryError) as caught:
        read_history(lines, "h")
    assert str(caught.value).startswith(said)


def test_refuses_what_is_no_text() -> None:
    def lines() -> Iterator[str]:
        yield LINES[0]
        yield b"\xff".decode()

    with pytest.raises(HistoryError, match="h: expected text in UTF-8"):
        read_history(lines(), "h")


def test_refuses_a_cut_in_the_header_even_where_a_cut_is_allowed() -> None:
    with pytest.raises(HistoryError, match="in the middle of its header"):
        read_history([LINES[0][:9]], "h", allow_truncated=True)


def test_what_is_whole_is_offered_where_a_cut_is_allowed() -> None:
    found = read_history([*LINES[:3], LINES[3][:-4]], "h", allow_truncated=True)
    whole = History(HEADER, HISTORY.events[:2])
    assert found == HistoryRead(whole, complete=False)
    assert read_history(LINES, "h", allow_truncated=True) == HistoryRead(
        HISTORY, complete=True
    )


def test_lines_that_are_blank_count_and_say_nothing() -> None:
    assert read_history([LINES[0], "\n", *LINES[1:]], "h") == HISTORY
    with pytest.raises(HistoryError, match="h:3: "):
        read_history([LINES[0], "\n", "{}\n"], "h")
