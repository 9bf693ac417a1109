"""Which threads need not be followed from a state, as what they do can come later.

From a state it is enough to follow *some* threads, where nothing that the others can
ever do before one of these goes on makes a difference to what these do next (a
persistent set). Of every order of transitions that the search leaves out it then
follows another in which only such transitions have changed places that make none: the
same clauses are asked about the same, and the threads end, or wait, in the same state.

Nothing about the steps is taken on trust. All states are walked to first, judging
nothing, and whether two transitions may change places is seen in the states: both
orders are there, announce the same, and end in one state. What the judge knows is not
in the states; for that the events have to touch different facts (`dependence`).

On a cycle of states what is put off could be put off for ever, so all threads are
followed wherever one can be come to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from memslot_spec.protocol.graph import Arc, Graph

Some = tuple[int, ...]
"""Threads."""


class Reduction:
    """For each state of a graph the transitions that are followed."""

    def __init__(self, graph: Graph) -> None:
        """The graph is walked to its end."""
        graph.walk()
        self._graph = graph
        self._meets: dict[tuple[int, int], bool] = {}
        self._of = [_by_thread(graph, state) for state in range(len(graph))]
        self._before: list[list[tuple[int, int]]] = [[] for _ in self._of]
        for state in range(len(graph)):
            for edge in graph.edges(state):
                self._before[edge.after].append((edge.thread, state))
        self._followed = [graph.edges(state) for state in range(len(graph))]
        self._choose()

    def followed(self, state: int) -> tuple[Arc, ...]:
        """The transitions that are followed from a state."""
        return self._followed[state]

    def _choose(self) -> None:
        """In each state take the threads that leave the fewest transitions."""
        disturbed = [self._disturbed(state) for state in range(len(self._of))]
        straight = self._straight()
        for some in _subsets(self._graph.threads):
            lost = self._lost(some, disturbed)
            for state in straight:
                if lost[state]:
                    continue
                edges = [edge for n in some for edge in self._of[state][n]]
                if 0 < len(edges) < len(self._followed[state]):
                    self._followed[state] = tuple(edges)

    def _disturbed(self, state: int) -> int:
        """Pairs of threads, as bits: what the second does next matters to the first."""
        of, pairs = self._of[state], 0
        for edge, place in _placed(of):
            for one in range(len(of)):
                if one != edge.thread and self._matters(of, one, edge, place):
                    pairs |= 1 << self._pair(one, edge.thread)
        return pairs

    def _pair(self, one: int, other: int) -> int:
        return one * self._graph.threads + other

    def _matters(
        self,
        of: Sequence[tuple[Arc, ...]],
        one: int,
        other: Arc,
        place: int,
    ) -> bool:
        """After this transition of another the thread does not just do the same."""
        now, then = of[one], self._of[other.after][one]
        if len(now) != len(then):
            return True
        for mine, mine_then in zip(now, then, strict=True):
            if mine.events != mine_then.events or self._meet(mine, other):
                return True
            theirs_then = self._of[mine.after][other.thread]
            if place >= len(theirs_then):
                return True
            changed_places = theirs_then[place]
            if changed_places != (other.thread, other.events, mine_then.after):
                return True
        return False

    def _meet(self, one: Arc, other: Arc) -> bool:
        """Their events touch the same facts."""
        events = one.events, other.events
        met = self._meets.get(events)
        if met is None:
            touched = self._graph.touched
            met = touched[one.events].meets(touched[other.events])
            self._meets[events] = met
        return met

    def _lost(self, some: Some, disturbed: Sequence[int]) -> bytearray:
        """Where the others can come to something that matters to these threads."""
        others = set(range(self._graph.threads)).difference(some)
        pairs = sum(1 << self._pair(one, other) for one in some for other in others)
        lost = bytearray([bool(pairs & there) for there in disturbed])
        waiting = [state for state, is_lost in enumerate(lost) if is_lost]
        while waiting:
            for thread, state in self._before[waiting.pop()]:
                if thread in others and not lost[state]:
                    lost[state] = 1
                    waiting.append(state)
        return lost

    def _straight(self) -> list[int]:
        """The states from which the threads come to no cycle."""
        left = [len(self._graph.edges(state)) for state in range(len(self._of))]
        waiting = [state for state, count in enumerate(left) if not count]
        straight: list[int] = []
        while waiting:
            straight.append(waiting.pop())
            for _, state in self._before[straight[-1]]:
                left[state] -= 1
                if not left[state]:
                    waiting.append(state)
        return straight


def _by_thread(graph: Graph, state: int) -> tuple[tuple[Arc, ...], ...]:
    edges: list[list[Arc]] = [[] for _ in range(graph.threads)]
    for edge in graph.edges(state):
        edges[edge.thread].append(edge)
    return tuple([tuple(of) for of in edges])


def _placed(of: Sequence[tuple[Arc, ...]]) -> Iterator[tuple[Arc, int]]:
    """Each transition, and which of its thread's it is."""
    for edges in of:
        for place, edge in enumerate(edges):
            yield edge, place


def _subsets(threads: int) -> Iterator[Some]:
    """Some of the threads, fewer before more; never the first, which waits for all."""
    for size in range(1, threads):
        yield from combinations(range(1, threads), size)
