"""Drawing schedules of one race without drawing a partial order twice.

What was played is kept as a graph: a node is what threads have done so far, as a
partial order, and an edge is who goes on. A node is *over* once every way on from it
was played to its end. A drawn choice that would lead into such a node is changed to
one that does not, and a play that comes to one all the same is given up.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from memslot_conformance.adapter.stepped import Plan
from memslot_conformance.play.ahead import STAYING, foresight_of, going_on
from memslot_conformance.play.orders import PartialOrder, has_ended
from memslot_conformance.play.played import Played
from memslot_conformance.play.reduction import LeftOutError
from memslot_conformance.play.scheduler import Chooser
from memslot_spec.history.events import Event

TURNED = 3
"""So many choices of a play are changed: what retries for ever would always be new."""


class _Node:
    """Where plays have been: where each choice led, where that is known."""

    __slots__ = ("is_over", "led", "runnable")

    def __init__(self, runnable: tuple[int, ...]) -> None:
        self.runnable = runnable
        self.led: dict[int, _Node] = {}
        self.is_over = False

    def leads_on(self, thread: int) -> bool:
        """The choice may lead to what was not played."""
        node = self.led.get(thread)
        return node is None or not node.is_over

    def end(self) -> None:
        """Note whether it is over."""
        self.is_over = not any(map(self.leads_on, self.runnable))


class Unrepeated:
    """What of a race was drawn so far."""

    def __init__(self, rng: Random) -> None:
        self.nodes: dict[tuple[int, tuple[int, ...]], _Node] = {}
        self.first: _Node | None = None
        self._ends: set[int] = set()
        self._rng = rng

    @property
    def is_over(self) -> bool:
        """Every partial order was drawn."""
        return self.first is not None and self.first.is_over

    def is_new(self, order: int) -> bool:
        """No play has come to this partial order before; one has now."""
        known = len(self._ends)
        self._ends.add(order)
        return len(self._ends) > known

    def other(self, node: _Node) -> int | None:
        """A thread that leads to what was not played, if there is one."""
        others = [other for other in node.runnable if node.leads_on(other)]
        return self._rng.choice(others) if others and not node.is_over else None


class DrawnWalk:
    """A chooser that goes where another sends it, if that is new.

    `decisions` counts where it could have preempted. Once a thread is alone what comes
    is known: it is heard at the end, to tell whether another play came to the same.
    """

    def __init__(self, choose: Chooser, drawn: Unrepeated) -> None:
        self.decisions = 0
        self._choose = choose
        self._foresee = foresight_of(choose)
        self._drawn = drawn
        self._order = PartialOrder()
        self._heard = self._turned = self._alive = 0
        self._path: list[tuple[_Node, int]] = []
        self._stops: list[int] = []

    def choose(
        self, runnable: tuple[int, ...], current: int | None, events: Sequence[Event]
    ) -> int:
        """Go on where something is new. Errors: `LeftOutError` where nothing is."""
        if self._alive == 1:
            self._stops.append(len(events))
            return runnable[0]
        path = self._path
        if path:
            self._hear(events[self._heard :], can_go_on=current is not None)
        else:
            self._alive = len(runnable)
        self._heard = len(events)
        node = self._come(runnable)
        if len(runnable) == 1:
            thread = runnable[0]
        else:
            self.decisions += current is not None
            thread = self._choose(runnable, current, events)
        led = node.led.get(thread)
        if node.is_over or (led is not None and led.is_over):
            thread = self._turn(node)
        path.append((node, thread))
        return thread

    def ahead(self) -> Plan:
        """What the other foresees, up to where it is known to lead to nothing new."""
        if self._alive == 1:
            return STAYING
        plan = self._foresee()
        node, thread = self._path[-1]
        for turns in range(sum(stretch.turns for stretch in plan.stretches)):
            led = node.led.get(thread)
            if led is None:
                break
            if led.is_over or not led.leads_on(thread):
                return going_on(thread, turns)
            node = led
        return plan

    def finish(self, played: Played) -> bool:
        """The play has come to its end, which is not to come again; it is new."""
        path = self._path
        if not path or played.error is not None:
            return True
        if self._alive == 1:
            node, thread = path.pop()
            self._hear_alone(thread, played.events)
        else:
            # The others wait for ever. Thread 0 looks when the race is over.
            rest, thread = played.events[self._heard :], path[-1][1]
            mine = [event for event in rest if event.thread == thread]
            self._hear(mine, can_go_on=False)
            node = self._come(())
        is_new = self._drawn.is_new(self._order.key)
        node.is_over = True
        self._end()
        return is_new

    def _hear_alone(self, thread: int, events: Sequence[Event]) -> None:
        """Hear what it did by itself, up to the look, which is thread 0's."""
        begin = self._heard
        for stop in (*self._stops, len(events)):
            piece = [event for event in events[begin:stop] if event.thread == thread]
            if piece:
                self._order.add(thread, piece, waits=False)
            begin = stop

    def _hear(self, piece: Sequence[Event], *, can_go_on: bool) -> None:
        """Hear what the thread did that was chosen last."""
        thread = self._path[-1][1]
        ended = not can_go_on and has_ended(thread, piece)
        self._alive -= ended
        if piece:
            self._order.add(thread, piece, waits=False)

    def _come(self, runnable: tuple[int, ...]) -> _Node:
        """Where the play has come to."""
        nodes, key = self._drawn.nodes, (self._order.key, runnable)
        node = nodes.get(key)
        if node is None:
            node = nodes[key] = _Node(runnable)
        if self._path:
            before, thread = self._path[-1]
            before.led[thread] = node
        else:
            self._drawn.first = node
        return node

    def _turn(self, node: _Node) -> int:
        """A thread that leads to what is new, which the one that was drawn does not."""
        thread = self._drawn.other(node)
        if thread is None:
            node.is_over = True
            self._end()
            raise LeftOutError
        self._turned += 1
        if self._turned > TURNED:
            raise LeftOutError
        return thread

    def _end(self) -> None:
        """Note what is over now of where the play came by."""
        for node, _ in reversed(self._path):
            node.end()
            if not node.is_over:
                return
