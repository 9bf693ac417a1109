"""What has been announced so far, and how a rule is made that asks about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar, cast

from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.mmu import ShadowPageCreated
from memslot_spec.model.dirty_log import SlotKey
from memslot_spec.model.operations import Operation

E = TypeVar("E")

OnMap = tuple[int, int, int | None, int, int, int]
"""An spte's place and the reverse map that it was taken off."""


@dataclass(slots=True)
class CallSoFar:
    """What a thread announced in the call that it is in, or was in last.

    `serial` is the last spte's when it began, `made` are the bitmaps that it made, by
    slot, and `cleared` the pages whose bits it cleared, None where it told of none.
    """

    serial: int = 0
    made: dict[SlotKey, int] = field(default_factory=dict[SlotKey, int])
    cleared: set[int] | None = None
    counted: int | None = None


@dataclass(slots=True)
class SaidSoFar:
    """What the target has announced since the VM was made.

    `slots` are those that any published table had, `bitmaps` whose each live bitmap
    is, `pages` how each shadow page was created, `written` the tables to which slots
    were written, and `off` the places taken off a reverse map and not put on again.
    `seen` are the kinds told of that others presuppose, and `needs` what kinds there
    must have been by now, with why.
    """

    calls: dict[int, CallSoFar] = field(default_factory=dict[int, CallSoFar])
    slots: set[SlotKey] = field(default_factory=set[SlotKey])
    bitmaps: dict[int, SlotKey] = field(default_factory=dict[int, SlotKey])
    pages: dict[int, ShadowPageCreated] = field(
        default_factory=dict[int, ShadowPageCreated]
    )
    written: set[int] = field(default_factory=set[int])
    off: set[OnMap] = field(default_factory=set[OnMap])
    seen: set[type] = field(default_factory=set[type])
    needs: dict[type, str] = field(default_factory=dict[type, str])
    manual: bool = False

    def of(self, thread: int) -> CallSoFar:
        """What the thread announced in its call."""
        return self.calls.setdefault(thread, CallSoFar())

    def need(self, kind: type, why: str) -> None:
        """Something happened that does not come about without this kind."""
        if kind not in self.seen:
            self.needs.setdefault(kind, why)


class Untrue(NamedTuple):
    """What cannot be true of points of this kind, in words."""

    kind: type
    words: str


Rule = Callable[[SaidSoFar, Facts, object], str | Untrue | None]
"""Why an event cannot be true, in words; None where it may be. It also remembers it.

The words are about its own kind; what is about another names that.
"""

Rules = tuple[tuple[type, Rule], ...]


def on(
    kind: type[E], says: Callable[[SaidSoFar, Facts, E], str | Untrue | None]
) -> tuple[type, Rule]:
    """The rule for events of this kind."""
    return kind, cast("Rule", says)


def operation_of(facts: Facts, thread: int) -> Operation | None:
    """What the thread was asked for, if a call of it is under way."""
    call = facts.calls.get(thread)
    return None if call is None else call.operation
