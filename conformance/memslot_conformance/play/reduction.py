"""Where a play of a bounded search need not go on.

Most preemptions change nothing: what was preempted and what ran instead had nothing to
do with each other. A *reduced* search leaves such schedules out, in two ways.

- A thread that was preempted is *asleep* until something was done that its next piece
  depends on. If it were chosen before that, the preemption might as well have come one
  piece later, for no more preemptions.
- A *node* is what was done so far, as a partial order, and who ran last. What goes on
  from a node is left out where a play came to it before with no more preemptions and
  no more threads asleep.

Then of each partial order with a schedule of at most so many preemptions one is played.
By induction on what is left of such a schedule at a node: if its first piece is that
of no sleeping thread, nor could one of theirs be moved to the front, the search takes
that piece, and the rest is shorter; or the thread that was preempted could be moved to
the front, and by that piece first the schedule costs no more. What is played before a
cut, and which node was met first, does not matter to it.
Source: Coons, Musuvathi and McKinley, "Bounded Partial-Order Reduction", OOPSLA 2013,
for what a bound does to sleep sets: here only the preempted thread is put to sleep.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from memslot_conformance.adapter.stepped import AS_LONG_AS_IT_CAN, Plan, Stretch
from memslot_conformance.play.ahead import following
from memslot_conformance.play.dependence import Footprint, depend
from memslot_conformance.play.orders import (
    PartialOrder,
    Piece,
    has_ended,
)
from memslot_conformance.play.played import Played
from memslot_spec.history.events import Event

PATIENCE = 50
"""How often a play passes sleepers over: others may wait for them, again and again."""


class NotRepeatableError(Exception):
    """The same choices led elsewhere: the target is not deterministic."""


class LeftOutError(Exception):
    """All that may come of the play from here on was played, or will be."""


Asleep = Mapping[int, Footprint]
"""Threads that need not be chosen, each with what its next piece touches."""

_NOBODY: Asleep = {}


class _Way(NamedTuple):
    """How a play came to a partial order: who ran last, and at which price."""

    current: int | None
    level: int
    asleep: frozenset[int]

    def serves(self, other: _Way) -> bool:
        """What the other may go on to, this one does, by no more preemptions."""
        is_switch = self.current is not None and self.current != other.current
        return self.level + is_switch <= other.level and self.asleep <= other.asleep


class SearchNodes:
    """The nodes that a reduced search has met, and the partial orders it ended in."""

    def __init__(self) -> None:
        self._met: dict[int, tuple[_Way, ...]] = {}
        self._ways: dict[_Way, _Way] = {}
        self._ended: set[int] = set()

    def leads_on(self, key: int, way: _Way) -> bool:
        """Something may come of the node that was not met yet; it is met now."""
        before = self._met.get(key)
        if before is None:
            self._met[key] = (way,)
            return True
        for one in before:
            if one.serves(way):
                return False
        self._met[key] = (*before, way)
        return True

    def way(self, current: int | None, level: int, asleep: Asleep) -> _Way:
        """There are few ways, and many nodes."""
        way = _Way(current, level, frozenset(asleep))
        return self._ways.setdefault(way, way)

    def ends(self, key: int) -> bool:
        """A play ended in this partial order; one before it did."""
        has_ended = key in self._ended
        self._ended.add(key)
        return has_ended

    def forget_nodes(self) -> None:
        """The search has come to its end."""
        self._met.clear()


class Option(NamedTuple):
    """Who could go on, who ran last if it could, and who was asleep."""

    runnable: tuple[int, ...]
    current: int | None
    asleep: Asleep


class SearchWalk:
    """A chooser that follows an opening, then stays, and notes its options.

    `is_whole` says that whoever ran last has run until it could not go on; `pieces`
    are what was done at each choice, where that is kept.
    """

    def __init__(self, opening: bytes) -> None:
        self.is_whole = True
        self.pieces: list[Piece] = []
        self.choices = bytearray()
        self.options: list[Option] = []
        self._opening = opening

    def choose(
        self,
        runnable: tuple[int, ...],
        current: int | None,
        events: Sequence[Event],  # noqa: ARG002 - of a `Chooser`
    ) -> int:
        """Go on as the opening says, and then with whoever ran."""
        if len(self.choices) < len(self._opening):
            thread = self._opened(runnable)
        else:
            self.options.append(Option(runnable, current, _NOBODY))
            thread = runnable[0] if current is None else current
        self.choices.append(thread)
        return thread

    def ahead(self) -> Plan:
        """The rest of the opening, and then it stays."""
        return following(self._opening[len(self.choices) :])

    def repeats(self, played: Played) -> bool:
        """A play before it was the same partial order."""
        del played
        return False

    def _opened(self, runnable: tuple[int, ...]) -> int:
        decision = len(self.choices)
        thread = self._opening[decision]
        if thread not in runnable:
            message = (
                f"at decision {decision} of the same schedule thread {thread} "
                f"could run before, and now only {runnable} can"
            )
            raise NotRepeatableError(message)
        return thread


class OrderedWalk(SearchWalk):
    """A walk that knows what it does as a partial order.

    `pieces` are those of its opening but the last. With `asleep`, those at the end of
    its opening, it leaves out what `known` has. Once a thread is alone there is nothing
    to choose: its choices are noted only if it `notes_all`.
    """

    def __init__(
        self,
        opening: bytes,
        level: int,
        known: SearchNodes,
        pieces: Sequence[Piece],
        asleep: Asleep | None,
        *,
        notes_all: bool,
    ) -> None:
        super().__init__(opening)
        self._level = level
        self._known = known
        self._is_reduced = asleep is not None
        self._asleep: Asleep = asleep or _NOBODY
        self._order = PartialOrder()
        self._order.repeat(pieces)
        self._repeated = len(pieces)
        self._heard = self._alive = self._passed = 0
        self._notes_all = notes_all
        self._stops: list[int] = []
        # As long as nobody wakes up.
        self._ways: dict[int | None, _Way] = {}
        self.pieces = list(pieces)

    def choose(
        self, runnable: tuple[int, ...], current: int | None, events: Sequence[Event]
    ) -> int:
        """Go on as the opening says, and then with whoever ran and is awake.

        Errors: `LeftOutError` where nothing new comes of it.
        """
        choices = self.choices
        decision = len(choices)
        if 0 < decision < self._repeated:
            if current is None and has_ended(choices[-1], events):
                self._alive -= 1
            thread = self._opened(runnable)
            choices.append(thread)
            return thread
        if decision > self._repeated:
            if self._alive == 1:
                return self._alone(runnable, current, events)
            self._hear(events[self._heard :], can_go_on=current is not None)
        elif not decision:
            self._alive = len(runnable)
        elif current is None and has_ended(choices[-1], events):
            self._alive -= 1
        self._heard = len(events)
        if decision < len(self._opening):
            thread = self._opened(runnable)
        else:
            if self._is_reduced:
                self._meet(current)
            thread = self._default(runnable, current, self._asleep)
            self.options.append(Option(runnable, current, self._asleep))
        choices.append(thread)
        return thread

    def _alone(
        self, runnable: tuple[int, ...], current: int | None, events: Sequence[Event]
    ) -> int:
        """Go on with the only thread that there is."""
        if self._notes_all:
            self._hear(events[self._heard :], can_go_on=True)
            self._heard = len(events)
            self.options.append(Option(runnable, current, _NOBODY))
            self.choices.append(runnable[0])
        else:
            self._stops.append(len(events))
        return runnable[0]

    def ahead(self) -> Plan:
        """The rest of the opening; who is asleep is passed over where one ends."""
        left = self._opening[len(self.choices) :]
        if not self._asleep:
            return following(left)
        last = left[-1] if left else self.choices[-1]
        return following(left, stays=False).then(Stretch(last, AS_LONG_AS_IT_CAN))

    def repeats(self, played: Played) -> bool:
        """A play before it was the same partial order."""
        if played.error is not None:
            return False
        for stop in self._stops:
            self._hear(played.events[self._heard : stop], can_go_on=True)
            self._heard = stop
        if self.choices:
            # Thread 0 looks when the race is over.
            rest, thread = played.events[self._heard :], self.choices[-1]
            mine = [event for event in rest if event.thread == thread]
            self._hear(mine, can_go_on=False)
        return self._known.ends(self._order.key)

    def _hear(self, events: Sequence[Event], *, can_go_on: bool) -> None:
        """Hear what was done since the last choice."""
        thread = self.choices[-1]
        ended = not can_go_on and has_ended(thread, events)
        self._alive -= ended
        piece = self._order.add(thread, events, waits=not (can_go_on or ended))
        self.pieces.append(piece)
        if self._asleep:
            touches = piece.footprint
            kept = {t: p for t, p in self._asleep.items() if not depend(p, touches)}
            if len(kept) < len(self._asleep):
                self._asleep = kept
                self._ways.clear()

    def _meet(self, current: int | None) -> None:
        way = self._ways.get(current)
        if way is None:
            way = self._known.way(current, self._level, self._asleep)
            self._ways[current] = way
        if not self._known.leads_on(self._order.key, way):
            self.is_whole = current is None
            raise LeftOutError

    def _default(
        self, runnable: tuple[int, ...], current: int | None, asleep: Asleep
    ) -> int:
        if current is not None:
            return current
        for thread in runnable:
            if thread not in asleep:
                self._passed += thread != runnable[0]
                if self._passed > PATIENCE:
                    break
                return thread
        raise LeftOutError
