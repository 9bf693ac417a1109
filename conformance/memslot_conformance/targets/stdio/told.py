"""What the threads of a program's race have done, held against what they can have done.

Each turn is checked as it is told: the thread had its turn, it could go on, its points
are its own, and it ends where a turn ends.
"""

from __future__ import annotations

from memslot_conformance.adapter.stepped import Stretch, Went
from memslot_conformance.targets.stdio.asking import LABEL, check_reply
from memslot_conformance.targets.stdio.checks import printable
from memslot_conformance.targets.stdio.messages import LineTurn, OperationRow
from memslot_spec.history.events import Call, Event, Return
from memslot_spec.history.json_kinds import refuse

MOST_CHECKED = 1 << 12

Checked = tuple[LineTurn, Went | None]
"""A turn that is in order by itself, and what went on in it where that is all."""


class Told:
    """What the threads of a race have done so far, by what the program told."""

    def __init__(
        self,
        threads: tuple[OperationRow, ...],
        stops: frozenset[str],
        checked: dict[int, Checked],
    ) -> None:
        self._rows = dict(enumerate(threads, 1))
        self._stops = stops
        self._begun = dict.fromkeys(self._rows, 0)
        self._returned = dict.fromkeys(self._rows, 0)
        self._waiting: set[int] = set()
        self._ready: frozenset[int] = frozenset()
        self._checked = checked

    @property
    def runnable(self) -> tuple[int, ...]:
        """Who can go on, in ascending order."""
        return tuple(filter(self.can_go_on, self._rows))

    def can_go_on(self, thread: int) -> bool:
        """It has something to do, and does not wait."""
        waits = thread in self._waiting and thread not in self._ready
        return self._is_alive(thread) and not waits

    def _is_alive(self, thread: int) -> bool:
        return self._returned.get(thread, 0) < len(self._rows.get(thread, ()))

    def take(self, turn: LineTurn) -> Went:
        """What a turn says, in events. Errors: `MisfitError` where it cannot be."""
        known = self._checked.get(id(turn))
        if known is None or known[0] is not turn:
            known = self._checked_now(turn)
        thread = turn.thread
        done = self._returned[thread]
        is_new = self._begun[thread] == done
        if not (is_new or self._waiting) and known[1] is not None:
            return known[1]
        row = self._rows[thread]
        operation = row[done]
        events: tuple[Event, ...] = turn.points
        if is_new:
            self._begun[thread] += 1
            events = (Call(thread, operation), *events)
        if self._waiting:
            self._waiting.discard(thread)
        reply = turn.reply
        if reply is not None:
            check_reply(operation, reply, "turn.reply")
            self._returned[thread] = done = done + 1
            events = (*events, Return(thread, reply))
        waits = turn.waits
        if waits is not None:
            waits = printable(waits, LABEL)
            self._waiting.add(thread)
        if turn.ready or self._ready:
            self._ready = frozenset(turn.ready)
            if not self._ready <= self._waiting:
                refuse("threads that wait", turn.ready, "turn.ready")
        return Went(thread, events, waits, done == len(row), turn.ready)

    def _checked_now(self, turn: LineTurn) -> Checked:
        """The turn, if it is in order by itself. Errors: `MisfitError`."""
        self._check(turn)
        if len(self._checked) >= MOST_CHECKED:
            self._checked.clear()
        ends = turn.reply, turn.waits, turn.error
        is_plain = ends == (None, None, None) and not turn.ready
        went = Went(turn.thread, turn.points, None, is_over=False, ready=())
        known = turn, went if is_plain else None
        self._checked[id(turn)] = known
        return known

    def _check(self, turn: LineTurn) -> None:
        for at, point in enumerate(turn.points):
            if point.thread != turn.thread:
                path = f"turn.points[{at}].thread"
                refuse(f"thread {turn.thread}", point.thread, path)
        self._check_end(turn)

    def _check_end(self, turn: LineTurn) -> None:
        """A turn ends for one reason, and not before it."""
        ends = [turn.reply, turn.waits, turn.error]
        others = sum(end is not None for end in ends)
        if others > 1:
            refuse("one of reply, waits and error", "more than one", "turn")
        stops = [type(point).__name__ in self._stops for point in turn.points]
        if not others and not any(stops[-1:]):
            expected = "a reply, or a wait, or a last point that ends a turn"
            last = type(turn.points[-1]).__name__ if turn.points else None
            refuse(expected, last, "turn")
        if any(stops[: -1 if not others else None]):
            name = type(turn.points[stops.index(True)]).__name__
            refuse("a turn that ends at each of its stops", name, "turn.points")


class Order:
    """Who is to take the turns that were asked for, one after the other."""

    def __init__(self, runs: tuple[Stretch, ...], *, stays: bool) -> None:
        self._runs = list(reversed(runs))
        self._left = 0
        self._current = 0
        self._stays = stays

    def check(self, thread: int, told: Told) -> None:
        """Errors: `MisfitError` where this is not the thread whose turn it is."""
        expected = self._next(told)
        if expected is None:
            refuse("the answer, for nobody has a turn", thread, "turn.thread")
        if thread != expected:
            refuse(f"thread {expected}, whose turn it is", thread, "turn.thread")

    def _next(self, told: Told) -> int | None:
        while not self._left and self._runs:
            run = self._runs.pop()
            self._current, self._left = run.thread, run.turns
        if self._left:
            self._left -= 1
            return self._current if told.can_go_on(self._current) else None
        if not self._stays:
            return None
        if not told.can_go_on(self._current):
            runnable = told.runnable
            if not runnable:
                return None
            self._current = runnable[0]
        return self._current
