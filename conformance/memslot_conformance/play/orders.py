"""The partial order of what threads have done, as a number that tells it from others.

A play is a sequence of pieces: what one thread did until it stopped at a switching
point, a wait or its end. Two plays in which the same pieces of different threads that
depend on each other come in the same order have the same number, whatever the order of
the others. It is a hash of the happens-before relation, as CHESS keeps one of the
states it has seen.
Source: Musuvathi and Qadeer, "Partial-order reduction for context-bounded state
exploration", MSR-TR-2007-12.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from memslot_conformance.play.dependence import (
    ALONE,
    WAITING,
    Footprint,
    both,
    footprint,
)
from memslot_spec.history.events import Call, Event, Return
from memslot_spec.model.operations import Operation

_WORD = (1 << 64) - 1


class _Known(NamedTuple):
    """What events say that a thread went on by: met again in the next play.

    `touches` has the things of their footprint by a number, and `operation` what the
    thread is in now; `within` is a number for that.
    """

    footprint: Footprint
    touches: tuple[tuple[int, str], ...]
    operation: Operation | None
    within: int


class Piece(NamedTuple):
    """What a thread did in one go.

    `key` stands for the piece together with all that came before it and that it
    depends on.
    """

    thread: int
    known: _Known
    key: int

    @property
    def footprint(self) -> Footprint:
        """What it touches."""
        return self.known.footprint


_KNOWN: dict[tuple[int, int, bool], _Known] = {}
"""The same in every search: by what events say, the operation, and if it waits."""

_MOST_KNOWN = 20_000


def _learn(
    events: Sequence[Event], operation: Operation | None, within: int, *, waits: bool
) -> _Known:
    """What events touch that are new here."""
    touches = footprint(events, operation)
    if waits:
        thing, how = WAITING
        touches[thing] = both(touches.get(thing), how)
    by_number = sorted((hash(thing), how) for thing, how in touches.items())
    for event in events:
        if isinstance(event, Call):
            operation = event.operation
            within = hash((type(operation), operation))
    return _Known(touches, tuple(by_number), operation, within)


def _told(events: Sequence[Event]) -> int:
    """What the events say, as a number."""
    # The hash of a dataclass is that of its fields, whatever the class.
    try:
        if events and type(event := events[0]) is Call:
            return hash((type(event.operation), *map(type, events), *events))
        return hash((*map(type, events), *events))
    except TypeError:
        # Of a target that announces what cannot be hashed.
        return hash(repr(events))


class _State:
    """How a thing was touched last, and what stands for what happened to it.

    `before` that, and for those that have touched it in that way `since`, in any order.
    """

    __slots__ = ("before", "how", "since")

    def __init__(self, how: str) -> None:
        self.how = how
        self.before = self.since = 0


class PartialOrder:
    """What threads have done so far; `key` tells it from other partial orders.

    Keys are of one search: they hash words, which differ from one process to the next.
    """

    __slots__ = ("_last", "_things", "key")

    def __init__(self) -> None:
        self.key = 0
        self._things: dict[int, _State] = {}
        self._last: dict[int, Piece] = {}

    def add(self, thread: int, events: Sequence[Event], *, waits: bool) -> Piece:
        """The thread has gone on, by these events, and `waits` now."""
        last = self._last.get(thread)
        operation: Operation | None = None
        past = within = 0
        if last is not None:
            _, (_, _, operation, within), past = last
        told = _told(events)
        by = told, within, waits
        known = _KNOWN.get(by)
        if known is None:
            if len(_KNOWN) >= _MOST_KNOWN:
                _KNOWN.clear()
            known = _KNOWN[by] = _learn(events, operation, within, waits=waits)
        states = self._turn(known[1])
        key = hash((thread, past, told, waits, *[one.before for one in states])) & _WORD
        for state in states:
            state.since += key
        self.key = (self.key + key) & _WORD
        piece = self._last[thread] = Piece(thread, known, key)
        return piece

    def repeat(self, pieces: Sequence[Piece]) -> None:
        """The same was done in an earlier play."""
        total = self.key
        for piece in pieces:
            thread, known, key = piece
            for state in self._turn(known[1]):
                state.since += key
            self._last[thread] = piece
            total += key
        self.key = total & _WORD

    def _turn(self, touches: tuple[tuple[int, str], ...]) -> list[_State]:
        """The things as they are where they are about to be touched so."""
        things = self._things
        states: list[_State] = []
        for thing, how in touches:
            state = things.get(thing)
            if state is None:
                state = things[thing] = _State(how)
            elif state.how != how or how == ALONE:
                state.before = hash((state.before, state.how, state.since))
                state.since = 0
                state.how = how
            states.append(state)
        return states


def has_ended(thread: int, events: Sequence[Event]) -> bool:
    """A thread that did this last, and cannot go on, does not wait: it has ended."""
    return bool(events) and events[-1].thread == thread and type(events[-1]) is Return
