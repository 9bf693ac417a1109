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
    Thing,
    both,
    footprint,
)
from memslot_spec.history.events import Call, Event, Return
from memslot_spec.model.operations import Operation

_WORD = (1 << 64) - 1


class Piece(NamedTuple):
    """What a thread did in one go, in the operation that it was left in.

    `touches` has the things of its footprint by number. `key` stands for the piece
    together with all that came before it and that it depends on.
    """

    thread: int
    footprint: Footprint
    touches: tuple[tuple[int, str], ...]
    operation: Operation | None
    key: int


class Footprints:
    """The footprints of one search: most pieces are met again in the next play."""

    def __init__(self) -> None:
        self._numbers: dict[Thing, int] = {}
        self._of: dict[
            tuple[int, Operation | None, bool],
            tuple[Footprint, tuple[tuple[int, str], ...]],
        ] = {}

    def of(
        self, events: Sequence[Event], operation: Operation | None, *, waits: bool
    ) -> tuple[int, Footprint, tuple[tuple[int, str], ...]]:
        """What the events say, as a number, and what they touch."""
        told = _told(events)
        known = self._of.get((told, operation, waits))
        if known is None:
            touches = footprint(events, operation)
            if waits:
                thing, how = WAITING
                touches[thing] = both(touches.get(thing), how)
            number = self._numbers
            by_number = sorted(
                (number.setdefault(thing, len(number)), how)
                for thing, how in touches.items()
            )
            known = touches, tuple(by_number)
            self._of[told, operation, waits] = known
        return told, *known


class PartialOrder:
    """What threads have done so far; `key` tells it from other partial orders.

    Keys are of one search: they hash words, which differ from one process to the next.
    """

    def __init__(self, footprints: Footprints) -> None:
        self.key = 0
        self._footprints = footprints
        # How each thing was touched last, what stands for all that happened to it
        # before, and for those that have touched it in that way since, in any order.
        self._how: dict[int, str] = {}
        self._before: dict[int, int] = {}
        self._together: dict[int, int] = {}
        self._last: dict[int, Piece] = {}

    def add(self, thread: int, events: Sequence[Event], *, waits: bool) -> Piece:
        """The thread has gone on, by these events, and `waits` now."""
        last = self._last.get(thread)
        operation, past = (None, 0) if last is None else (last.operation, last.key)
        told, footprint_of, touches = self._footprints.of(
            events, operation, waits=waits
        )
        before = self._turn(touches)
        key = hash((thread, past, told, waits, *before)) & _WORD
        for event in events:
            if type(event) is Call:
                operation = event.operation
        piece = Piece(thread, footprint_of, touches, operation, key)
        self._note(piece)
        return piece

    def repeat(self, pieces: Sequence[Piece]) -> None:
        """The same was done in an earlier play."""
        for piece in pieces:
            self._turn(piece.touches)
            self._note(piece)

    def _turn(self, touches: tuple[tuple[int, str], ...]) -> list[int]:
        """What has happened to each thing before it is touched this way."""
        hows, befores, together = self._how, self._before, self._together
        found: list[int] = []
        for thing, how in touches:
            last = hows.get(thing)
            if last is None:
                befores[thing] = together[thing] = 0
                hows[thing] = how
            elif last != how or how == ALONE:
                befores[thing] = hash((befores[thing], last, together[thing]))
                together[thing] = 0
                hows[thing] = how
            found.append(befores[thing])
        return found

    def _note(self, piece: Piece) -> None:
        key, together = piece.key, self._together
        for thing, _ in piece.touches:
            together[thing] += key
        self._last[piece.thread] = piece
        self.key = (self.key + key) & _WORD


def _told(events: Sequence[Event]) -> int:
    """What the events say: the same thread in the same past should say the same."""
    # The hash of a dataclass is that of its fields, whatever the class.
    calls = [type(event.operation) for event in events if isinstance(event, Call)]
    try:
        return hash((*map(type, events), *calls, *events))
    except TypeError:
        # Of a target that announces what cannot be hashed.
        return hash(repr(events))


def ends_in_wait(thread: int, events: Sequence[Event], *, can_go_on: bool) -> bool:
    """A thread that did this last waits, if it cannot go on and has not ended."""
    if can_go_on:
        return False
    return not events or events[-1].thread != thread or type(events[-1]) is not Return
