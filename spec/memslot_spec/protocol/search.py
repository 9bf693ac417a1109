"""Through every reachable state, breadth first, judging every transition.

A node of the search is a state of the protocol together with folded facts: what
the judge knows on the way there. Two ways to one state that left the judge with
different facts lead to two nodes, so every clause is asked about every transition
of every way.

A node from which no end can be reached has a thread that waits for ever. It is
put to the judge as such, and the clause on progress speaks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from memslot_spec.clause import AnyClause
from memslot_spec.history.events import Event, Finished
from memslot_spec.history.header import Header
from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.protocol.folded_judge import FoldedJudge
from memslot_spec.protocol.programs import Protocol
from memslot_spec.protocol.state import State
from memslot_spec.protocol.walk import Race, start, transitions

NOWHERE = -1
"""Where the first node is met from."""


@dataclass(frozen=True, slots=True)
class Searched:
    """What a finished search says.

    `states` are those of the protocol, `nodes` those with the facts of different
    ways told apart, `ends` the nodes at which everything is done, and `stuck`
    those from which no end can be reached. The same events after the same facts
    are judged once; `judged` counts how often that was, and `reached` for each
    clause how often its premise held then. `broken` gives for each broken clause
    a shortest way to where it breaks.
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


def search(
    protocol: Protocol,
    race: Race,
    header: Header,
    clauses: Sequence[AnyClause],
    *,
    fine: bool = False,
) -> Searched:
    """Every reachable node, each transition held to these clauses."""
    return _Search(protocol, race, ApplicableClauses(header, clauses), fine=fine).run()


Node = tuple[State, int]
"""A state, and the number of the facts that go with it."""


class _Search:
    """One search: the nodes met, in the order in which they were met."""

    def __init__(
        self,
        protocol: Protocol,
        race: Race,
        applicable: ApplicableClauses,
        *,
        fine: bool,
    ) -> None:
        self._protocol = protocol
        self._race = race
        self._fine = fine
        self._judge = FoldedJudge(applicable)
        self._nodes: list[Node] = []
        self._numbers: dict[Node, int] = {}
        self._levels: list[int] = []
        # How each node was met first: from which, and what was announced.
        self._met_from: list[tuple[int, tuple[Event, ...]]] = []
        # For each node those with a transition to it.
        self._before: list[list[int]] = []
        self._transitions = 0
        self._broken: dict[str, tuple[Event, ...]] = {}
        self._cut: list[int] = []

    def run(self) -> Searched:
        """Search to the end, then look for nodes that lead to none."""
        prefix, first = start(self._protocol, self._race)
        self._arrive(NOWHERE, self._judge.at_the_start, prefix, first)
        number = 0
        while number < len(self._nodes):
            self._go_on_from(number)
            number += 1
        ends = [n for n, (state, _) in enumerate(self._nodes) if state.is_over]
        for end in ends:
            self._finish(end)
        stuck = self._stuck([*ends, *self._cut])
        for number in stuck:
            # The first at which an update is under way: progress is about those.
            if self._finish(number):
                break
        return Searched(
            race=self._race,
            states=len({state for state, _ in self._nodes}),
            nodes=len(self._nodes),
            transitions=self._transitions,
            judged=self._judge.judged,
            depth=max(self._levels, default=0),
            ends=len(ends),
            stuck=len(stuck),
            reached=self._judge.reached,
            broken=self._broken,
        )

    def _go_on_from(self, number: int) -> None:
        state, facts = self._nodes[number]
        for me in range(len(state.threads)):
            for events, after in transitions(
                self._protocol, state, me, fine=self._fine
            ):
                self._transitions += 1
                self._arrive(number, facts, events, after)

    def _arrive(
        self, before: int, facts: int, events: tuple[Event, ...], state: State
    ) -> None:
        """Judge what was announced; go on from here later, if nothing is broken."""
        verdict = self._judge.see(facts, events)
        if isinstance(verdict, int):
            self._meet((state, verdict), before, events)
            return
        for clause in verdict:
            self._broken.setdefault(clause, (*self._way_to(before), *events))
        if before >= 0:
            self._cut.append(before)

    def _meet(self, node: Node, before: int, events: tuple[Event, ...]) -> None:
        number = self._numbers.setdefault(node, len(self._nodes))
        if number == len(self._nodes):
            self._nodes.append(node)
            self._levels.append(0 if before < 0 else self._levels[before] + 1)
            self._met_from.append((before, events))
            self._before.append([])
        if before >= 0:
            self._before[number].append(before)

    def _finish(self, number: int) -> bool:
        """Nobody can go on, or will ever be done: whether that breaks a clause."""
        state, facts = self._nodes[number]
        finished = (Finished(0, state.unfinished),)
        verdict = self._judge.see(facts, finished)
        if not isinstance(verdict, tuple):
            return False
        for clause in verdict:
            self._broken.setdefault(clause, (*self._way_to(number), *finished))
        return True

    def _way_to(self, number: int) -> tuple[Event, ...]:
        parts: list[tuple[Event, ...]] = []
        while number >= 0:
            number, events = self._met_from[number]
            parts.append(events)
        return tuple(event for events in reversed(parts) for event in events)

    def _stuck(self, ends: Sequence[int]) -> list[int]:
        """The nodes from which none of these can be reached."""
        alive = set(ends)
        waiting = list(ends)
        while waiting:
            for before in self._before[waiting.pop()]:
                if before not in alive:
                    alive.add(before)
                    waiting.append(before)
        return [n for n in range(len(self._nodes)) if n not in alive]
