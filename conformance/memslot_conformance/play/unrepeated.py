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

TURNED = 3
"""So many choices of a play are changed: what retries for ever would always be new."""


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
        node = self._nodes.get(key)
        if node is None:
            node = self._nodes[key] = _Node(runnable)
        return node

    def pick(self, node: _Node, thread: int) -> int:
        """The thread, or another that leads to what was not played.

        Errors: `LeftOutError` where none does.
        """
        if node.leads_on(thread):
            return thread
        others = [other for other in node.runnable if node.leads_on(other)]
        if not others:
            raise LeftOutError
        return self._rng.choice(others)


class DrawnWalk:
    """A chooser that goes where another sends it, if that is new.

    `decisions` counts where it could have preempted.
    """

    def __init__(self, choose: Chooser, drawn: Unrepeated) -> None:
        self.decisions = 0
        self._choose = choose
        self._drawn = drawn
        self._order = PartialOrder(drawn.footprints)
        self._heard = self._turned = 0
        self._path: list[tuple[_Node, int]] = []

    def choose(
        self, runnable: tuple[int, ...], current: int | None, events: Sequence[Event]
    ) -> int:
        """Go on where something is new. Errors: `LeftOutError` where nothing is."""
        node = self._come(runnable, current, events)
        node.runnable = runnable
        self.decisions += current is not None and len(runnable) > 1
        drawn = self._choose(runnable, current, events)
        try:
            thread = self._drawn.pick(node, drawn)
        except LeftOutError:
            node.is_over = True
            self._end()
            raise
        self._turned += thread != drawn
        if self._turned > TURNED:
            raise LeftOutError
        self._path.append((node, thread))
        return thread

    def finish(self, played: Played) -> bool:
        """The play has come to its end, which is not to come again; it is new."""
        if not self._path or played.error is not None:
            return True
        thread = self._path[-1][1]
        rest = played.events[self._heard :]
        mine = [event for event in rest if event.thread == thread]
        node = self._come((), None, mine, whole=True)
        is_new = not node.is_over
        node.is_over = True
        self._end()
        return is_new

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
        if self._path:
            before, thread = self._path[-1]
            before.led[thread] = node
        return node

    def _end(self) -> None:
        for node, _ in reversed(self._path):
            node.end()
            if not node.is_over:
                return
