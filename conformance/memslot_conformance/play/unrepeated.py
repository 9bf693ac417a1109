"""Drawing schedules of one race without drawing a partial order twice.

What was played is kept as a graph: a node is what threads have done so far, as a
partial order, and an edge is who goes on. A node is *over* once every way on from it
was played to its end. A drawn choice that would lead into such a node is changed to
one that does not, and a play that comes to one all the same is given up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from memslot_conformance.play.orders import Footprints, PartialOrder, ends_in_wait
from memslot_conformance.play.played import Played
from memslot_conformance.play.reduction import LeftOutError
from memslot_conformance.play.scheduler import Chooser
from memslot_spec.history.events import Event


@dataclass(slots=True)
class _Node:
    """Where plays have been: where each choice led, where that is known."""

    runnable: tuple[int, ...]
    led: dict[int, _Node] = field(default_factory=dict[int, "_Node"])
    is_over: bool = False

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
        self.footprints = Footprints()
        self._nodes: dict[int, _Node] = {}
        self._rng = rng

    @property
    def is_over(self) -> bool:
        """Every partial order was drawn."""
        node = self._nodes.get(0)
        return node is not None and node.is_over

    def node(self, key: int, runnable: tuple[int, ...]) -> _Node:
        """The node of a partial order."""
        return self._nodes.setdefault(key, _Node(runnable))

    def pick(self, node: _Node, thread: int) -> int:
        """The thread, or another that leads to what was not played."""
        if node.leads_on(thread):
            return thread
        return self._rng.choice([t for t in node.runnable if node.leads_on(t)])


class DrawnWalk:
    """A chooser that goes where another sends it, if that is new.

    `decisions` counts where it could have preempted.
    """

    def __init__(self, choose: Chooser, drawn: Unrepeated) -> None:
        self.decisions = 0
        self._choose = choose
        self._drawn = drawn
        self._order = PartialOrder(drawn.footprints)
        self._heard = 0
        self._path: list[tuple[_Node, int]] = []

    def choose(
        self, runnable: tuple[int, ...], current: int | None, events: Sequence[Event]
    ) -> int:
        """Go on where something is new. Errors: `LeftOutError` where nothing is."""
        node = self._come(runnable, current, events)
        node.end()
        if node.is_over:
            self._end()
            raise LeftOutError
        self.decisions += current is not None and len(runnable) > 1
        thread = self._drawn.pick(node, self._choose(runnable, current, events))
        self._path.append((node, thread))
        return thread

    def finish(self, played: Played) -> None:
        """The play has come to its end, which is not to come again."""
        if self._path and played.error is None:
            thread = self._path[-1][1]
            rest = played.events[self._heard :]
            self._come((), None, [e for e in rest if e.thread == thread], whole=True)
            self._end()

    def _come(
        self,
        runnable: tuple[int, ...],
        current: int | None,
        events: Sequence[Event],
        *,
        whole: bool = False,
    ) -> _Node:
        if self._path:
            thread = self._path[-1][1]
            piece = events if whole else events[self._heard :]
            waits = ends_in_wait(thread, piece, can_go_on=current is not None)
            self._order.add(thread, piece, waits=waits)
        self._heard = len(events)
        node = self._drawn.node(self._order.key, runnable)
        node.runnable = runnable
        if self._path:
            before, thread = self._path[-1]
            before.led[thread] = node
        return node

    def _end(self) -> None:
        if self._path:
            before, thread = self._path[-1]
            node = before.led.get(thread)
            if node is not None:
                node.end()
        for node, _ in reversed(self._path):
            node.end()
