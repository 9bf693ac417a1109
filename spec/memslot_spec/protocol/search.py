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
from memslot_spec.events import Event, Finished
from memslot_spec.history import Header
from memslot_spec.judge import Docket, Judge
from memslot_spec.operations import Operation
from memslot_spec.protocol.folded import Fold, Folded
from memslot_spec.protocol.programs import Protocol
from memslot_spec.protocol.state import State, Thread

Transition = tuple[tuple[Event, ...], State]
"""What was announced on the way, and the state at its end."""


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
    those from which no end can be reached. `reached` counts for each clause the
    transitions in which its premise held; `broken` gives for each broken clause a
    shortest way to where it breaks.
    """

    race: Race
    states: int
    nodes: int
    transitions: int
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
    return _Search(protocol, race, Docket(header, clauses), fine=fine).run()


Node = tuple[State, Folded]


class _Search:
    """One search: the nodes met, in the order in which they were met."""

    def __init__(
        self, protocol: Protocol, race: Race, docket: Docket, *, fine: bool
    ) -> None:
        self._protocol = protocol
        self._race = race
        self._fine = fine
        self._judge = Judge(docket)
        self._fold = Fold(docket.header)
        self._docket = docket
        self._shared: dict[object, object] = {}
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
        folded = self._fold.fold(Judge(self._docket).facts)
        after = self._judged(-1, folded, prefix)
        if after is not None:
            self._meet(first, after, -1, prefix)
        number = 0
        while number < len(self._nodes):
            self._go_on_from(number)
            number += 1
        ends = [n for n, (state, _) in enumerate(self._nodes) if state.is_over]
        for end in ends:
            self._judged(end, self._nodes[end][1], (Finished(0, ()),))
        stuck = self._stuck([*ends, *self._cut])
        if stuck:
            state, folded = self._nodes[stuck[0]]
            self._judged(stuck[0], folded, (Finished(0, state.unfinished),))
        return Searched(
            self._race,
            len({state for state, _ in self._nodes}),
            len(self._nodes),
            self._transitions,
            max(self._levels, default=0),
            len(ends),
            len(stuck),
            self._judge.reached,
            self._broken,
        )

    def _go_on_from(self, number: int) -> None:
        state, folded = self._nodes[number]
        for me in range(len(state.threads)):
            for events, after in transitions(
                self._protocol, state, me, fine=self._fine
            ):
                self._transitions += 1
                known = self._judged(number, folded, events)
                if known is None:
                    self._cut.append(number)
                else:
                    self._meet(after, known, number, events)

    def _judged(
        self, number: int, folded: Folded, events: tuple[Event, ...]
    ) -> Folded | None:
        """The facts after these events; None where they broke something."""
        if not events:
            return folded
        judge = self._judge
        judge.facts = self._fold.unfold(folded)
        judge.see_all(events)
        if not judge.over:
            return self._fold.fold(judge.facts)
        for finding in judge.findings:
            if finding.clause not in self._broken:
                self._broken[finding.clause] = (*self._way_to(number), *events)
        if judge.contradiction is not None:
            raise SetUpError(judge.contradiction)
        judge.over, judge.findings = False, ()
        return None

    def _meet(
        self, state: State, folded: Folded, came_from: int, events: tuple[Event, ...]
    ) -> None:
        node = state, folded
        number = self._numbers.get(node)
        if number is None:
            number = len(self._nodes)
            shared = self._sharing(folded)
            self._numbers[state, shared] = number
            self._nodes.append((state, shared))
            self._levels.append(0 if came_from < 0 else self._levels[came_from] + 1)
            self._met_from.append((came_from, events))
            self._before.append([])
        if came_from >= 0:
            self._before[number].append(came_from)

    def _sharing(self, folded: Folded) -> Folded:
        """The same, with parts that are equal to earlier ones made one with them."""
        shared = self._shared
        return folded._replace(
            parts=tuple([shared.setdefault(part, part) for part in folded.parts])
        )

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
