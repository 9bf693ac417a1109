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
from dataclasses import dataclass

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


@dataclass(slots=True)
class _Touched:
    """How a thing was touched last.

    `before` stands for all that happened to it before that, `together` for those that
    touched it in the same way since, in any order.
    """

    how: str
    before: int = 0
    together: int = 0


class PartialOrder:
    """What threads have done so far; `key` tells it from other partial orders.

    Keys are of one process: they hash words, which differ from one to the next.
    """

    def __init__(self) -> None:
        self.key = 0
        self._things: dict[Thing, _Touched] = {}
        self._last: dict[int, int] = {}
        self._operations: dict[int, Operation] = {}

    def add(self, thread: int, events: Sequence[Event], *, waits: bool) -> Footprint:
        """The thread has gone on, by these events, and `waits` now; what it touched."""
        touches = footprint(events, self._operations.get(thread))
        if waits:
            thing, how = WAITING
            touches[thing] = both(touches.get(thing), how)
        for event in events:
            if isinstance(event, Call):
                self._operations[thread] = event.operation
        piece = hash(
            (
                thread,
                self._last.get(thread),
                waits,
                _told(events),
                # Of sets, for the order of a footprint is that of its events.
                frozenset(
                    (thing, self._turn(thing, how)) for thing, how in touches.items()
                ),
            )
        )
        for thing in touches:
            self._things[thing].together += piece
        self._last[thread] = piece
        self.key = (self.key + piece) & _WORD
        return touches

    def _turn(self, thing: Thing, how: str) -> int:
        """What has happened to the thing before it is touched this way."""
        last = self._things.get(thing)
        if last is None:
            self._things[thing] = _Touched(how)
            return 0
        if last.how != how or how == ALONE:
            last.before = hash((last.before, last.how, last.together))
            last.how, last.together = how, 0
        return last.before


def _told(events: Sequence[Event]) -> int:
    """What the events say: the same thread in the same past should say the same."""
    try:
        return hash((*map(type, events), *events))
    except TypeError:
        # Of a target that announces what cannot be hashed.
        return hash(repr(events))


def ends_in_wait(thread: int, events: Sequence[Event], *, can_go_on: bool) -> bool:
    """A thread that did this last waits, if it cannot go on and has not ended.

    `events` are those of its last piece.
    """
    if can_go_on:
        return False
    return not events or events[-1].thread != thread or type(events[-1]) is not Return
