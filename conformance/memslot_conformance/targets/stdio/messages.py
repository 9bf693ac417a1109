"""What a program and the suite say to each other, a line of JSON each.

Operations, replies and views have the form that they have in a history; here their
numbers have to be those of the C types, so that none is negative.

    {"memslots_lines": 2, "profile": null}                       both greet
    {"memslots_lines": 2, "name": "mine", "capabilities": {...}}
    {"n": 1, "do": "New", "vm": 1}                               it is asked
    {"n": 1}                                                     and it answers
    {"n": 2, "do": "CarryOut", "vm": 1, "operation": {"op": "GfnToHva", "gfn": 3}}
    {"n": 2, "reply": {"reply": "FoundHva", "hva": 12288}}

A program that is stepped says what its threads did in each turn, a line each, before it
answers:

    {"n": 3, "do": "Start", "vm": 1, "threads": [[...], [...]], "stops": [...]}
    {"n": 3}
    {"n": 4, "do": "Advance", "vm": 1, "runs": [{"thread": 1, "turns": 2}], ...}
    {"n": 4, "turn": {"thread": 1, "points": [...]}}
    {"n": 4, "turn": {"thread": 1, "reply": {"reply": "FoundHva", "hva": null}}}
    {"n": 4}
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from memslot_conformance.adapter.stepped import Stretch
from memslot_spec.history.dialect import CAME_LATER, TAGS, bits_of
from memslot_spec.history.events import Point
from memslot_spec.history.header import Capabilities, Domain
from memslot_spec.history.json_form import Dialect, JsonForm
from memslot_spec.history.json_schema import Schema, schema_of_lines
from memslot_spec.history.points.tables import Attached
from memslot_spec.history.views import ShadowPage, ShadowPte, View
from memslot_spec.model.operations import Operation
from memslot_spec.model.profile import Limits
from memslot_spec.model.replies import Reply
from memslot_spec.model.values import Slot

VERSION_KEY = "memslots_lines"
"""The first key of a greeting; its value is the version of what is spoken."""

VERSION = 2
"""What the suite speaks. The second knows points, waits and turns, and the first does
not: a program that greets by 1 is asked nothing that is not of it."""

FIRST, STEPPED_SINCE = 1, 2

SECONDS = 5.0
"""How long an answer may take, where a program does not say."""


@dataclass(frozen=True, slots=True)
class Opening:
    """The suite greets: the profile that was asked for, if one was."""

    profile: str | None = None


@dataclass(frozen=True, slots=True)
class Greeting:
    """The program greets: what an adapter declares, and what it has methods for.

    `seconds` is how long an answer may take.
    """

    name: str
    capabilities: Capabilities
    profile: str | None = None
    limits: Limits | None = None
    domain: Domain | None = None
    seconds: float = SECONDS


@dataclass(frozen=True, slots=True)
class New:
    """Make a VM without slots, and call it by this number."""

    n: int
    vm: int


@dataclass(frozen=True, slots=True)
class CarryOut:
    """Carry out an operation on a VM; the answer has its `reply`."""

    n: int
    vm: int
    operation: Operation


@dataclass(frozen=True, slots=True)
class Observe:
    """Show what stands now; the answer has the `view`."""

    n: int
    vm: int


@dataclass(frozen=True, slots=True)
class Close:
    """Give a VM back; its number is not used again."""

    n: int
    vm: int


OperationRow = tuple[Operation, ...]
"""What one thread of a race carries out, one after the other."""


@dataclass(frozen=True, slots=True)
class Start:
    """Have threads 1, 2, ... ready to carry these out; none of them runs yet.

    A point of a kind in `stops` ends the turn of the thread that announces it.
    """

    n: int
    vm: int
    threads: tuple[OperationRow, ...]
    stops: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Advance:
    """Give threads their turns, and tell of each before the answer.

    First these `runs`; where a thread cannot take its turn, or after as many as `most`
    turns, the answer comes. After the last of them, if it `stays`, whoever ran goes on
    as long as it can, then the thread of the lowest number that can, until none can.
    """

    n: int
    vm: int
    runs: tuple[Stretch, ...]
    stays: bool
    most: int


LineRequest = New | CarryOut | Observe | Close | Start | Advance
"""What the suite asks, numbered from 1; the answers come in the same order."""


@dataclass(frozen=True, slots=True)
class LineTurn:
    """What a thread did in one turn.

    Its points in their order; then it has stopped at the last of them, or it has
    carried out its operation, with the `reply`, or it `waits` for what this label says,
    or there was an `error`. Of the threads that wait, `ready` are those that could go
    on now.
    """

    thread: int
    points: tuple[Point, ...] = ()
    reply: Reply | None = None
    waits: str | None = None
    ready: tuple[int, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class LineAnswer:
    """What the program answers to the request of this number.

    `error` says in words why it cannot: that is an error of the target. `points` were
    announced meanwhile. It `waits`, in the place of a reply, for what nobody will do. A
    line with a `turn` is not the answer yet.
    """

    n: int
    reply: Reply | None = None
    view: View | None = None
    error: str | None = None
    points: tuple[Point, ...] = ()
    waits: str | None = None
    turn: LineTurn | None = None


UNSIGNED: frozenset[type] = frozenset(
    (
        *(*get_args(Reply), *get_args(LineRequest), *get_args(Point)),
        *(LineAnswer, LineTurn, Stretch, Slot, ShadowPte, ShadowPage, Attached),
    )
)
"""The records whose numbers are no more than 64 bits, and never negative."""


def _bits(kind: type, name: str) -> int | None:
    return 64 if kind in UNSIGNED else bits_of(kind, name)


TAGS_OF_LINES = {**TAGS, get_args(Point): "e", get_args(LineRequest): "do"}
DIALECT = Dialect(TAGS_OF_LINES, _bits, CAME_LATER)

OPENING: JsonForm[Opening] = JsonForm(Opening, DIALECT)
GREETING: JsonForm[Greeting] = JsonForm(Greeting, DIALECT)
REQUEST: JsonForm[LineRequest] = JsonForm(LineRequest, DIALECT)
ANSWER: JsonForm[LineAnswer] = JsonForm(LineAnswer, DIALECT)
OPERATION: JsonForm[Operation] = JsonForm(Operation, DIALECT)


def requests_schema() -> Schema:
    """The JSON Schema of what a program reads."""
    head = (OPENING.form, {VERSION_KEY: VERSION})
    return schema_of_lines("What a program is asked", [head], REQUEST.form)


def answers_schema() -> Schema:
    """The JSON Schema of what a program writes."""
    head = (GREETING.form, {VERSION_KEY: VERSION})
    return schema_of_lines("What a program answers", [head], ANSWER.form)
