"""The codec: from hints to JSON and back, what it refuses, and the schema of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, NewType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memslot_spec.history import wire
from memslot_spec.history.json_form import (
    Dialect,
    JsonForm,
    form_of,
    parsed,
    version_in,
)
from memslot_spec.history.json_kinds import MisfitError, NotJsonError
from memslot_spec.history.json_schema import schema_of_lines
from memslot_spec.history.wire import history_to_json, read_history
from schema_check import complaints

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.ndjson"))

Frame = NewType("Frame", int)


class Color(Enum):
    """An enum."""

    RED = "red"
    GREEN = "green"


@dataclass(frozen=True, slots=True)
class Square:
    """A member of a union, whose number may be any."""

    side: int


@dataclass(frozen=True, slots=True)
class Circle:
    """The other member, whose number has eight bits."""

    center: Frame
    color: Color = Color.RED


Shape = Square | Circle


@dataclass(frozen=True, slots=True)
class Drawing:
    """Every kind of field."""

    name: str
    scale: float
    is_old: bool
    first: Shape
    others: tuple[Shape, ...]
    above: Shape | None = None
    grid: tuple[tuple[int, ...], ...] = ()
    counts: dict[str, int] = field(default_factory=dict[str, int])


def bits(kind: type, name: str) -> int | None:
    return 8 if (kind, name) == (Circle, "center") else None


DIALECT = Dialect({(Square, Circle): "shape"}, bits)
DRAWING: JsonForm[Drawing] = JsonForm(Drawing, DIALECT)

SHAPES = st.builds(Square, st.integers()) | st.builds(
    Circle, st.integers(0, 255).map(Frame), st.sampled_from(Color)
)
DRAWINGS = st.builds(
    Drawing,
    st.text(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    SHAPES,
    st.lists(SHAPES, max_size=2).map(tuple),
    st.none() | SHAPES,
    st.lists(st.lists(st.integers(), max_size=2).map(tuple), max_size=2).map(tuple),
    st.dictionaries(st.text(), st.integers(), max_size=2),
)
ONE = Drawing("a", 1.5, is_old=False, first=Square(3), others=(Circle(Frame(7)),))
ONE_AS_JSON = {
    "name": "a",
    "scale": 1.5,
    "is_old": False,
    "first": {"shape": "Square", "side": 3},
    "others": [{"shape": "Circle", "center": 7, "color": "red"}],
    "above": None,
    "grid": [],
    "counts": {},
}


def test_a_value_is_written_as_its_hints_say() -> None:
    assert DRAWING.write(ONE) == ONE_AS_JSON


@given(DRAWINGS)
def test_every_value_comes_back(drawing: Drawing) -> None:
    assert DRAWING.from_text(DRAWING.to_text(drawing)) == drawing


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": 1}, "field name: expected a string, got 1"),
        ({"scale": True}, "field scale: expected a number, got true"),
        ({"is_old": 0}, "field is_old: expected true or false, got 0"),
        ({"first": None}, "field first: expected an object with the key 'shape', got"),
        (
            {"first": {"shape": "Sqare", "side": 1}},
            'field first.shape: expected one of Square, Circle, got "Sqare"',
        ),
        (
            {"others": [{"shape": "Square"}]},
            "field others[0].side: is missing (Square has side)",
        ),
        (
            {"above": {"shape": "Circle", "center": 256}},
            "field above.center: expected 0..2**8-1, got 256",
        ),
        (
            {"above": {"shape": "Circle", "center": 1, "color": "blue"}},
            'field above.color: expected one of red, green, got "blue"',
        ),
        ({"grid": [[1], [2, "3"]]}, 'field grid[1][1]: expected an integer, got "3"'),
        ({"counts": {"a": 1.0}}, "field counts.a: expected an integer, got 1.0"),
        ({"counts": []}, "field counts: expected an object, got []"),
        ({"extra": 1}, "field extra: is unknown (Drawing has name, scale, "),
    ],
)
def test_a_misfit_is_refused_with_place_value_and_limit(
    change: dict[str, object], said: str
) -> None:
    with pytest.raises(MisfitError) as caught:
        DRAWING.read({**ONE_AS_JSON, **change})
    assert str(caught.value).startswith(said)


MAKERS: dict[type, Callable[..., Any]] = {kind: kind for kind in (Circle, Drawing)}
"""Constructors that take values of other types than the hints say."""

COLORED = MAKERS[Circle](1, "red")


@pytest.mark.parametrize(
    ("field_name", "value", "said"),
    [
        ("name", 1, "field name: expected a string, got 1"),
        ("first", None, "field first: expected one of Square, Circle, got null"),
        ("others", [], "field others: expected a tuple, got []"),
        ("others", (COLORED,), "field others[0].color: expected one"),
        ("counts", (), "field counts: expected a dict, got []"),
        ("grid", ((True,),), "field grid[0][0]: expected an integer, got true"),
    ],
)
def test_what_is_of_another_type_is_not_written(
    field_name: str, value: object, said: str
) -> None:
    wrong = MAKERS[Drawing](**{**vars_of(ONE), field_name: value})
    with pytest.raises(MisfitError) as caught:
        DRAWING.write(wrong)
    assert str(caught.value).startswith(said)


def vars_of(drawing: Drawing) -> dict[str, object]:
    return {name: getattr(drawing, name) for name in Drawing.__dataclass_fields__}


@pytest.mark.parametrize(
    "hint", [object, list[int], tuple[int, int], dict[int, int], int | str, Shape]
)
def test_a_hint_without_a_form_is_refused_at_once(hint: object) -> None:
    with pytest.raises(TypeError):
        form_of(hint, Dialect())


def test_a_form_at_the_top_is_an_object() -> None:
    with pytest.raises(TypeError, match="is no object in JSON"):
        JsonForm(int)


def test_only_what_is_not_json_may_have_been_cut() -> None:
    with pytest.raises(NotJsonError, match="expected JSON, got"):
        parsed('{"a": 1')
    with pytest.raises(MisfitError, match="each key once in an object, got a, a") as it:
        parsed('{"a": 1, "a": 2}')
    assert not isinstance(it.value, NotJsonError)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "expected a head with the key 'v', got []"),
        ({}, "expected a head with the key 'v', got {}"),
        ({"v": 0}, "field v: expected a version from 1 on, got 0"),
        ({"v": True}, "field v: expected a version from 1 on, got true"),
        ({"v": 4}, "field v: expected at most 3 (a newer memslots wrote this), got 4"),
    ],
)
def test_a_version_that_cannot_be_read_is_refused(value: object, said: str) -> None:
    with pytest.raises(MisfitError) as caught:
        version_in(value, "v", 3, "a head")
    assert str(caught.value) == said
    assert version_in({"v": 2}, "v", 3, "a head") == 2


SCHEMA = schema_of_lines("Drawings", [(DRAWING.form, {"v": 2})], DRAWING.form)


@given(DRAWINGS, DRAWINGS)
def test_what_is_written_fits_the_schema(first: Drawing, second: Drawing) -> None:
    lines = [{"v": 2, **DRAWING.write(first)}, DRAWING.write(second)]
    assert not complaints(json.loads(json.dumps(lines)), SCHEMA)


WRONG: list[tuple[str, Callable[[dict[str, object]], object]]] = [
    ("another type", lambda line: line | {"name": 1}),
    ("an unknown key", lambda line: line | {"extra": 1}),
    ("a missing key", lambda line: {k: v for k, v in line.items() if k != "scale"}),
    ("another tag", lambda line: line | {"first": {"shape": "Oval", "side": 1}}),
    (
        "a wide number",
        lambda line: line | {"above": {"shape": "Circle", "center": 256}},
    ),
    ("an enum's stranger", lambda line: line | {"others": [color("blue")]}),
    ("another map", lambda line: line | {"counts": {"a": "1"}}),
    ("no object", list),
]


def color(name: str) -> dict[str, object]:
    return {"shape": "Circle", "center": 1, "color": name}


@pytest.mark.parametrize(
    "change", [c for _, c in WRONG], ids=[name for name, _ in WRONG]
)
def test_schema_and_reader_refuse_the_same(
    change: Callable[[dict[str, object]], object],
) -> None:
    head = {"v": 2, **ONE_AS_JSON}
    assert not complaints([head, ONE_AS_JSON], SCHEMA)
    wrong = change(dict(ONE_AS_JSON))
    assert complaints([head, wrong], SCHEMA)
    with pytest.raises(MisfitError):
        DRAWING.read(wrong)
    assert complaints([head | {"v": 1}, ONE_AS_JSON], SCHEMA)
    assert complaints([], SCHEMA)


@pytest.mark.parametrize("path", GOLDEN, ids=[path.stem for path in GOLDEN])
def test_the_golden_histories_fit_the_schema(path: Path) -> None:
    text = path.read_text("utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    written = history_to_json(read_history(text.splitlines(), path.name)).splitlines()
    assert not complaints([json.loads(line) for line in written], wire.schema())
    assert not complaints(lines, wire.schema())
    for event in range(1, len(lines)):
        lines[event]["thread"] = "0"
    assert complaints(lines, wire.schema())


def test_the_schema_of_a_history_says_how_wide_a_request_is() -> None:
    defs: Any = wire.schema()["$defs"]
    region = defs["MemoryRegion"]["properties"]
    assert region["slot"]["maximum"] == 2**32 - 1
    assert region["memory_size"]["maximum"] == 2**64 - 1
