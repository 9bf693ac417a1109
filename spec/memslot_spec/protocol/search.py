"""Through every reachable state, breadth first, judging transitions.

A node of the search is a state of the protocol together with folded facts: what
the judge knows on the way there. Two ways to one state that left the judge with
different facts lead to two nodes. Without reduction every clause is asked about every
transition of every way; with it, of ways that make no difference one is gone.

A node from which no end can be reached has a thread that waits for ever. It is
put to the judge as such, and the clause on progress speaks.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from memslot_spec.clause import AnyClause
from memslot_spec.history.events import Event, Finished
from memslot_spec.history.header import Header
from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.protocol.folded_judge import FoldedJudge
from memslot_spec.protocol.graph import Arc, Graph
from memslot_spec.protocol.programs import Protocol
from memslot_spec.protocol.reduction import Reduction
from memslot_spec.protocol.state import State
from memslot_spec.protocol.walk import Race, start

NOWHERE = -1
"""Where the first node is met from."""

FACTS = 32
"""Bits of a node that number its facts; those above number its state."""


@dataclass(frozen=True, slots=True)
class Searched:
    """What a finished search says.

    `states` are all of the protocol that can be reached (up to what breaks a clause,
    where the search is not reduced), `nodes` those with the facts of different ways
    told apart, `ends` the nodes at which everything is done, and `stuck` those from
    which no end can be reached. The same events are judged once after facts of which
    they read the same; `judged` counts how often that was, and `reached` for each
    clause how often its premise held then. `broken` gives for each broken clause
    a shortest way to where it breaks. A `reduced` search has the nodes and
    transitions that the reduction left it.
    """

    race: Race
    states: int
    nodes: int
    transitions: int
    judged: int
    depth: int
    ends: int
    stuck: int
    reached: dict[str, int]
    broken: dict[str, tuple[Event, ...]]
    reduced: bool


def search(
    protocol: Protocol,
    race: Race,
    header: Header,
    clauses: Sequence[AnyClause],
    *,
    fine: bool = False,
    reduced: bool = True,
) -> Searched:
    """Every reachable node, each transition held to these clauses.

    Where it is `reduced`, of the orders that make no difference one is gone through.
    If a clause breaks in it or a thread waits for ever, the search is made again with
    all of them, so every clause is named that can break, and a shortest way to it.
    """
    found = search_once(protocol, race, header, clauses, fine=fine, reduced=reduced)
    if reduced and (found.broken or found.stuck):
        return search_once(protocol, race, header, clauses, fine=fine, reduced=False)
    return found


def search_once(
    protocol: Protocol,
    race: Race,
    header: Header,
    clauses: Sequence[AnyClause],
    *,
    fine: bool,
    reduced: bool,
) -> Searched:
    """One search: where it is reduced, what breaks may not be all that can."""
    prefix, first = start(protocol, race)
    graph = Graph(protocol, first, fine=fine)
    reduction = Reduction(graph) if reduced else None
    applicable = ApplicableClauses(header, clauses)
    return _Search(race, applicable, graph, prefix, reduction).run()


class _Search:
    """One search: the nodes met, in the order in which they were met.

    A node is the number of a state and the number of its facts, as one number.
    """

    def __init__(
        self,
        race: Race,
        applicable: ApplicableClauses,
        graph: Graph,
        prefix: tuple[Event, ...],
        reduction: Reduction | None = None,
    ) -> None:
        self._race = race
        self._graph = graph
        self._reduction = reduction
        self._prefix = graph.events.number(prefix)
        self._judge = FoldedJudge(
            applicable, graph.events, graph.threads, graph.touched
        )
        self._nodes = array("Q")
        self._numbers: dict[int, int] = {}
        self._levels = array("L")
        # How each node was met first: from which, and what was announced.
        self._from = array("q")
        self._by = array("L")
        # The nodes that the transitions of all nodes lead to, and for each node
        # where its own begin.
        self._to = array("L")
        self._first = array("L")
        self._broken: dict[str, tuple[Event, ...]] = {}
        self._cut: set[int] = set()

    def run(self) -> Searched:
        """Search to the end, then look for nodes that lead to none."""
        self._arrive(NOWHERE, self._judge.at_the_start, self._prefix, 0)
        transitions = self._go_everywhere()
        ends = [n for n in range(len(self._nodes)) if self._state(n).is_over]
        for end in ends:
            self._finish(end)
        stuck = self._stuck({*ends, *self._cut})
        for number in stuck:
            # The first at which an update is under way: progress is about those.
            if self._finish(number):
                break
        return Searched(
            race=self._race,
            states=self._states(),
            nodes=len(self._nodes),
            transitions=transitions,
            judged=self._judge.judged,
            depth=max(self._levels, default=0),
            ends=len(ends),
            stuck=len(stuck),
            reached=self._judge.reached,
            broken=self._broken,
            reduced=self._reduction is not None,
        )

    def _states(self) -> int:
        if self._reduction is not None:
            return len(self._graph)
        return len({node >> FACTS for node in self._nodes})

    def _state(self, number: int) -> State:
        return self._graph[self._nodes[number] >> FACTS]

    def _go_everywhere(self) -> int:
        """Go on from each node; the answer is how many transitions there are."""
        transitions = number = 0
        edges: Callable[[int], tuple[Arc, ...]] = self._graph.edges
        if self._reduction is not None:
            edges = self._reduction.followed
        nodes, mask = self._nodes, (1 << FACTS) - 1
        while number < len(nodes):
            node = nodes[number]
            facts = node & mask
            self._first.append(len(self._to))
            for _, events, after in edges(node >> FACTS):
                transitions += 1
                self._arrive(number, facts, events, after)
            number += 1
        self._first.append(len(self._to))
        return transitions

    def _arrive(self, before: int, facts: int, events: int, state: int) -> None:
        """Judge what was announced; go on from here later, if nothing is broken."""
        verdict = self._judge.see(facts, events)
        if isinstance(verdict, int):
            node = state << FACTS | verdict
            number = self._numbers.setdefault(node, len(self._nodes))
            if number == len(self._nodes):
                self._nodes.append(node)
                self._levels.append(0 if before < 0 else self._levels[before] + 1)
                self._from.append(before)
                self._by.append(events)
            if before >= 0:
                self._to.append(number)
            return
        announced = self._graph.events[events]
        for clause in verdict:
            self._broken.setdefault(clause, (*self._way_to(before), *announced))
        if before >= 0:
            self._cut.add(before)

    def _finish(self, number: int) -> bool:
        """Nobody can go on, or will ever be done: whether that breaks a clause."""
        facts = self._nodes[number] & ((1 << FACTS) - 1)
        finished = (Finished(0, self._state(number).unfinished),)
        verdict = self._judge.see(facts, self._graph.events.number(finished))
        if not isinstance(verdict, tuple):
            return False
        for clause in verdict:
            self._broken.setdefault(clause, (*self._way_to(number), *finished))
        return True

    def _way_to(self, number: int) -> tuple[Event, ...]:
        parts: list[tuple[Event, ...]] = []
        while number >= 0:
            parts.append(self._graph.events[self._by[number]])
            number = self._from[number]
        return tuple(event for events in reversed(parts) for event in events)

    def _stuck(self, ends: set[int]) -> list[int]:
        """The nodes from which none of these can be reached."""
        alive = bytearray(len(self._nodes))
        for end in ends:
            alive[end] = 1
        to, first, more = self._to, self._first, True
        # Most transitions lead to a node that was met later.
        while more:
            more = False
            for number in range(len(self._nodes) - 1, -1, -1):
                if alive[number]:
                    continue
                if any(alive[n] for n in to[first[number] : first[number + 1]]):
                    alive[number] = more = True
        return [n for n in range(len(self._nodes)) if not alive[n]]
