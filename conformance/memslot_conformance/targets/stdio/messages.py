"""What a program and the suite say to each other, a line of JSON each.

Operations, replies and views have the form that they have in a history; here their
numbers have to be those of the C types, so that none is negative.

    {"memslots_lines": 1, "profile": null}                       both greet
    {"memslots_lines": 1, "name": "mine", "capabilities": {...}}
    {"n": 1, "do": "New", "vm": 1}                               it is asked
    {"n": 1}                                                     and it answers
    {"n": 2, "do": "CarryOut", "vm": 1, "operation": {"op": "GfnToHva", "gfn": 3}}
    {"n": 2, "reply": {"reply": "FoundHva", "hva": 12288}}
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from memslot_spec.history.dialect import CAME_LATER, TAGS, bits_of
from memslot_spec.history.header import Capabilities, Domain
from memslot_spec.history.json_form import Dialect, JsonForm
from memslot_spec.history.json_schema import Schema, schema_of_lines
from memslot_spec.history.views import ShadowPage, ShadowPte, View
from memslot_spec.model.operations import Operation
from memslot_spec.model.profile import Limits
from memslot_spec.model.replies import Reply
from memslot_spec.model.values import Slot

VERSION_KEY = "memslots_lines"
"""The first key of a greeting; its value is the version of what is spoken."""

VERSION = 1

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


LineRequest = New | CarryOut | Observe | Close
"""What the suite asks, numbered from 1; the answers come in the same order."""


@dataclass(frozen=True, slots=True)
class LineAnswer:
    """What the program answers to the request of this number.

    `error` says in words why it cannot: that is an error of the target.
    """

    n: int
    reply: Reply | None = None
    view: View | None = None
    error: str | None = None


UNSIGNED: frozenset[type] = frozenset(
    (*get_args(Reply), *get_args(LineRequest), LineAnswer, Slot, ShadowPte, ShadowPage)
)
"""The records whose numbers are no more than 64 bits, and never negative."""


def _bits(kind: type, name: str) -> int | None:
    return 64 if kind in UNSIGNED else bits_of(kind, name)


DIALECT = Dialect({**TAGS, get_args(LineRequest): "do"}, _bits, CAME_LATER)

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
