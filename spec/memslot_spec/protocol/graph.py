"""The states of a race by their numbers, each gone on from once.

A search meets a state with the facts of many ways. Where its threads can go on to is
the same each time, so that is remembered here, and a state is a small number.
"""

from __future__ import annotations

from typing import NamedTuple

from memslot_spec.history.events import Event
from memslot_spec.protocol.cells import Layout
from memslot_spec.protocol.dependence import CellSet, Dependence
from memslot_spec.protocol.programs import Protocol
from memslot_spec.protocol.state import State, Thread
from memslot_spec.protocol.walk import transitions


class Arc(NamedTuple):
    """A transition: whose it is, the number of its events, the state after it."""

    thread: int
    events: int
    after: int


class Events:
    """Each sequence of events once, by its number."""

    def __init__(self) -> None:
        self._met: list[tuple[Event, ...]] = []
        self._numbers: dict[tuple[Event, ...], int] = {}

    def number(self, events: tuple[Event, ...]) -> int:
        """The number of these events: they count from 0 as they are met."""
        number = self._numbers.setdefault(events, len(self._met))
        if number == len(self._met):
            self._met.append(events)
        return number

    def __getitem__(self, number: int) -> tuple[Event, ...]:
        """The events of this number."""
        return self._met[number]


class Graph:
    """The states met so far. The first has the number 0."""

    def __init__(self, protocol: Protocol, first: State, *, fine: bool) -> None:
        """With `fine` a transition is one step only."""
        self.events = Events()
        self.threads = len(first.threads)
        # What the events of each number touch.
        self.touched: dict[int, CellSet] = {}
        self._dependence = Dependence(Layout(self.threads))
        self._protocol = protocol
        self._fine = fine
        self._states: list[State] = [first]
        self._numbers: dict[State, int] = {first: 0}
        self._edges: list[tuple[Arc, ...] | None] = [None]

    def __len__(self) -> int:
        """How many states were met."""
        return len(self._states)

    def __getitem__(self, number: int) -> State:
        """The state of this number."""
        return self._states[number]

    def edges(self, number: int) -> tuple[Arc, ...]:
        """Every transition from a state, thread by thread."""
        edges = self._edges[number]
        if edges is None:
            edges = self._edges[number] = self._go_on(self._states[number])
        return edges

    def walk(self) -> None:
        """Go to every state."""
        number = 0
        while number < len(self._states):
            self.edges(number)
            number += 1

    def _go_on(self, state: State) -> tuple[Arc, ...]:
        return tuple(
            [
                Arc(me, self._announced(events, thread), self._number(after))
                for me, thread in enumerate(state.threads)
                if thread.todo
                for events, after in transitions(
                    self._protocol, state, me, fine=self._fine
                )
            ]
        )

    def _announced(self, events: tuple[Event, ...], thread: Thread) -> int:
        number = self.events.number(events)
        touched = self._dependence.touched(events, thread.operation)
        before = self.touched.get(number)
        self.touched[number] = touched if before is None else touched.and_what(before)
        return number

    def _number(self, state: State) -> int:
        number = self._numbers.setdefault(state, len(self._states))
        if number == len(self._states):
            self._states.append(state)
            self._edges.append(None)
        return number
