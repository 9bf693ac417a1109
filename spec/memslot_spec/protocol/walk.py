"""How the threads of a race go on: from its start, one transition after another.

A transition is one thread's steps up to and with one that another thread can
notice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from memslot_spec.history.events import Event
from memslot_spec.model.operations import Operation
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
