"""What is written is read back: every event, operation, reply, header and history."""

from __future__ import annotations

import json
from dataclasses import is_dataclass, replace
from enum import Enum
from types import NoneType, UnionType
from typing import NewType, Union, cast, get_args, get_origin

from hypothesis import given
from hypothesis import strategies as st

from memslot_spec.history.dialect import BITS, REQUESTS
from memslot_spec.history.events import Event
from memslot_spec.history.header import Header, History
from memslot_spec.history.wire import (
    HistoryError,
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
from memslot_spec.model.operations import Operation
from memslot_spec.model.profile import PROFILES
from memslot_spec.model.replies import Reply
from memslot_spec.source import hints_of


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
    hints = hints_of(kind).items()
    return st.builds(
        kind, **{name: built(h, BITS.get((kind, name), bits)) for name, h in hints}
    )


EVENTS = [built_class(kind) for kind in get_args(Event)]
PROFILE_NAMES = st.sampled_from([profile.name for profile in PROFILES])
HEADERS = st.tuples(built_class(Header), PROFILE_NAMES).map(
    lambda drawn: replace(cast("Header", drawn[0]), profile=drawn[1])
)
"""Headers of the profiles there are; others cannot be read."""

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


def through_text(obj: object) -> object:
    parsed: object = json.loads(json.dumps(obj))
    return parsed


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


@given(HEADERS)
def test_every_header_comes_back(value: object) -> None:
    assert isinstance(value, Header)
    assert header_from_json(through_text(header_to_json(value)), "here") == value


@given(HEADERS, st.lists(st.one_of(EVENTS), max_size=5))
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
