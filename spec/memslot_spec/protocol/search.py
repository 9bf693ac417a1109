"""Through every reachable state, breadth first, judging every transition.

A node of the search is a state of the protocol together with folded facts: what
the judge knows on the way there. Two ways to one state that left the judge with
different facts lead to two nodes, so every clause is asked about every transition
of every way. A transition is one thread's steps up to and with one that another
thread can notice.

A node from which no end can be reached has a thread that waits for ever. It is
put to the judge as such, and the clause on progress speaks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from memslot_spec.clause import AnyClause
from memslot_spec.history.events import Event, Finished
from memslot_spec.history.header import Header
from memslot_spec.judge.applies import ApplicableClauses
from memslot_spec.judge.judge import Judge
from memslot_spec.model.operations import Operation
from memslot_spec.protocol.folded import Fold, Folded
from memslot_spec.protocol.programs import Protocol
from memslot_spec.protocol.state import State, Thread

Transition = tuple[tuple[Event, ...], State]
"""What was announced on the way, and the state at its end."""


NOWHERE = -1
"""Where the first node is met from."""


class SetUpError(Exception):
    """The prefix of a race cannot be carried out in one way only."""


@dataclass(frozen=True, slots=True)
class Race:
    """What is searched: a prefix, threads, and what comes when they are done.

    Thread 0 carries out `prefix`, alone, and `after`; the others count from 1.
    """

    name: str
    threads: tuple[tuple[Operation, ...], ...]
    prefix: tuple[Operation, ...] = ()
    after: tuple[Operation, ...] = ()


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


def transitions(
    protocol: Protocol, state: State, me: int, *, fine: bool = False
) -> Iterator[Transition]:
    """Each way in which a thread can go on until another could notice.

    With `fine` it goes on for one step only.
    """
    begun: list[Transition] = [((), state)]
    while begun:
        events, at = begun.pop()
        for step, move in protocol.moves(at, me):
            seen = events if move.event is None else (*events, move.event)
            if step.local and not fine:
                begun.append((seen, move.state))
            else:
                yield seen, move.state


def start(protocol: Protocol, race: Race) -> Transition:
    """The events of the prefix, and the state before the race.

    Errors: `SetUpError` where the prefix leaves a choice, or waits.
    """
    state = State((Thread(race.prefix),))
    events: tuple[Event, ...] = ()
    while not state.is_over:
        ways = list(transitions(protocol, state, 0))
        if len(ways) != 1:
            message = f"{race.name}: {len(ways)} ways to go on in the prefix"
            raise SetUpError(message)
        ((seen, state),) = ways
        events += seen
    threads = (Thread(race.after), *map(Thread, race.threads))
    return events, state._replace(threads=threads)


def count_states(protocol: Protocol, race: Race, *, fine: bool = False) -> int:
    """How many states can be reached; nothing is judged."""
    _, first = start(protocol, race)
    met, waiting = {first}, deque((first,))
    while waiting:
        state = waiting.popleft()
        for me in range(len(state.threads)):
            for _, after in transitions(protocol, state, me, fine=fine):
                if after not in met:
                    met.add(after)
                    waiting.append(after)
    return len(met)


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
        self, protocol: Protocol, race: Race, docket: ApplicableClauses, *, fine: bool
    ) -> None:
        self._protocol = protocol
        self._race = race
        self._fine = fine
        self._judge = _FoldedJudge(docket)
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


Verdict = int | tuple[str, ...]
"""The number of the facts that come after, or the ids of the clauses broken."""


class _FoldedJudge:
    """A judge of events after facts, which go by numbers."""

    def __init__(self, docket: ApplicableClauses) -> None:
        self.at_the_start = 0
        self._fold = Fold(docket.header)
        self._judge = Judge(docket)
        first = self._fold.fold(Judge(docket).facts)
        self._facts = [first]
        self._numbers = {first: self.at_the_start}
        self._shared: dict[object, object] = {}
        self._seen: dict[tuple[int, tuple[Event, ...]], Verdict] = {}

    @property
    def judged(self) -> int:
        """How often something was judged."""
        return len(self._seen)

    @property
    def reached(self) -> dict[str, int]:
        """How often each clause's premise held."""
        return self._judge.reached

    def see(self, facts: int, events: tuple[Event, ...]) -> Verdict:
        """What these events come to after these facts.

        Errors: `ValueError` where they contradict themselves.
        """
        if not events:
            return facts
        asked = facts, events
        verdict = self._seen.get(asked)
        if verdict is None:
            verdict = self._seen[asked] = self._see(facts, events)
        return verdict

    def _see(self, facts: int, events: tuple[Event, ...]) -> Verdict:
        judge = self._judge
        judge.facts = self._fold.unfold(self._facts[facts])
        judge.over, judge.findings = False, ()
        judge.see_all(events)
        if judge.contradiction is not None:
            raise ValueError(judge.contradiction)
        findings = judge.judgement().findings
        if findings:
            return tuple(finding.clause for finding in findings)
        return self._number(self._fold.fold(judge.facts))

    def _number(self, folded: Folded) -> int:
        number = self._numbers.get(folded)
        if number is None:
            number = len(self._facts)
            # Parts that are equal to earlier ones are kept once.
            share = self._shared.setdefault
            folded = folded._replace(parts=tuple([share(p, p) for p in folded.parts]))
            self._facts.append(folded)
            self._numbers[folded] = number
        return number
