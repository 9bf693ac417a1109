"""Calls into C on threads of the system, of which one runs at a time.

A logical thread has a thread of the system, which has locks and thread-local state of
its own. The scheduler knows nothing of it: to it a call is one that stops at points and
waits, as any other. Where a thread says that it may block, in a lock or until readers
have left, it is let run into that. If it comes to rest there, the logical thread waits
until it has come out.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from typing import Any

from memslot_conformance.adapter.answers import TargetError
from memslot_conformance.targets.c.gates import CFunction, Gate
from memslot_conformance.targets.c.standing import where_it_stands
from memslot_conformance.targets.resting import (
    owner_of_lock,
    resting,
    threads_of_process,
)

Wait = Callable[[Callable[[], bool], str], None]
"""Has the scheduler run others until something holds."""

BRIEF, LONG = 3e-4, 2e-2
"""Seconds between two looks at who may block, and at who has not said so."""

MOST_STOPS = 100_000
"""Of a call that was given up: who stops as often will hardly come to an end."""

END_SECONDS = 1.0
"""For what C does where a thread of it ends."""


class GatedThreads:
    """What is known of the threads of a process in which one library is called."""

    def __init__(self, library: str) -> None:
        self.library = library
        self.left_behind: str | None = None
        self._before = threads_of_process()

    def of_library(self) -> frozenset[int]:
        """Those that the library started by itself."""
        pythons = {thread.native_id for thread in threading.enumerate()}
        return threads_of_process() - self._before - pythons

    def all_rest(self) -> bool:
        """None of those can wake anybody before it is woken."""
        return all(resting(thread) is not None for thread in self.of_library())


class _Out:
    """Whether a thread has come out, for the scheduler to ask."""

    def __init__(self, calls: GatedCalls, gate: Gate) -> None:
        self._calls = calls
        self._gate = gate

    def __call__(self) -> bool:
        """It has."""
        return self._calls.is_out(self._gate)

    def doubt(self) -> str | None:
        """Why nothing may be concluded where it never does."""
        return self._calls.doubt(self._gate)


@cache
def threads_around(library: str) -> GatedThreads:
    """The threads around a library, looked at before it is loaded for the first time.

    Who was left behind in it is there still when it is loaded again.
    """
    return GatedThreads(library)


class GatedCalls:
    """The calls into one VM."""

    def __init__(self, threads: GatedThreads, wait: Wait) -> None:
        self._threads = threads
        self._wait = wait
        self._gates: dict[int, Gate] = {}
        self._given_up: list[Gate] = []
        self._blocked: dict[Gate, str] = {}
        self._by_ident: dict[int | None, Gate] = {}

    def mine(self) -> Gate | None:
        """The gate that the caller's thread belongs to."""
        return self._by_ident.get(threading.get_ident())

    def call(self, thread: int, name: str, function: CFunction, *arguments: Any) -> Any:  # noqa: ANN401 - C's
        """Have a logical thread call C, and stop where that stops.

        Errors: whatever its stops raise, and C is left where it is until `finish`;
        `TargetError` where it blocks and has not said so.
        """
        gate = self._gate_of(thread)
        gate.begin(name, function, *arguments)
        self._run_on(gate)
        while gate.calling:
            stop = gate.stopped_at
            stop.act()
            if stop.may_block is None:
                gate.let_go()
                self._run_on(gate)
            else:
                self._block(gate, stop.may_block)
        if gate.raised is not None:
            raise gate.raised
        return gate.came_back

    def finish(self) -> bool:
        """Let those that were given up run to their ends, one at a time; all did."""
        left, moved = self._in_calls(), True
        while left and moved:
            moved = False
            for gate in left:
                moved |= self._runs_on(gate)
            left = self._in_calls()
        if left:
            self._threads.left_behind = self._words_of(left)
        return not left

    def end(self) -> None:
        """Let the threads end. Those that are in calls are left behind."""
        for gate in (*self._gates.values(), *self._given_up):
            if not gate.calling:
                gate.end(END_SECONDS)

    def _gate_of(self, thread: int) -> Gate:
        gate = self._gates.get(thread)
        if gate is not None and gate.calling:
            self._given_up.append(gate)
            gate = None
        if gate is None:
            self._gates[thread] = gate = Gate()
            self._by_ident[gate.ident] = gate
        return gate

    def _run_on(self, gate: Gate) -> None:
        """Until it stops, and whoever it has woken does or blocks again."""
        if not self._stops(gate, LONG):
            stands = where_it_stands(gate.number, self._threads.library)
            others = self._words_of([g for g in self._in_calls() if g is not gate])
            message = (
                f"{gate.calling} blocks{stands} and has not said so by ms_blocking; "
                f"{others or 'no other call is under way'}"
            )
            raise TargetError(message)
        self._settle()

    def _block(self, gate: Gate, label: str) -> None:
        """Let it run into what may block it, and wait until it has come out."""
        self._blocked[gate] = label
        gate.let_go()
        self._wait(_Out(self, gate), label)
        del self._blocked[gate]

    def is_out(self, gate: Gate) -> bool:
        """It has come out of what could block it; if not, nobody runs."""
        self._settle()
        return gate.has_stopped()

    def doubt(self, gate: Gate) -> str | None:
        """Why it may wait for what another play has kept; None where that cannot be."""
        left, said = self._threads.left_behind, gate.rests()
        if left is None:
            return None
        mine = {each.number for each in self._gates.values()}
        if said is not None and owner_of_lock(said) in mine:
            return None
        return (
            f"{gate.calling} waits for {self._blocked[gate]}, and a thread of an "
            f"earlier play never came back, which may keep that: {left}"
        )

    def _settle(self) -> None:
        """Until each that may block has come out or rests, so that nobody runs."""
        blocked = [gate for gate in self._blocked if not gate.has_stopped()]
        before: list[str | None] = []
        while blocked:
            waits = [gate.rests() for gate in blocked]
            if None not in waits and waits == before and self._threads.all_rest():
                return
            before = waits
            blocked[0].has_stopped(BRIEF)
            blocked = [gate for gate in blocked if not gate.has_stopped()]

    def _stops(self, gate: Gate, seconds: float) -> bool:
        """It stops; False where it rests, and nobody is there to wake it."""
        before: str | None = None
        while not gate.has_stopped(seconds):
            now = gate.rests()
            if now is not None and now == before and self._threads.all_rest():
                return gate.has_stopped()
            before = now
        return True

    def _runs_on(self, gate: Gate) -> bool:
        """A call that was given up goes on as far as it can; whether it moved."""
        for stops in range(MOST_STOPS):
            if not self._stops(gate, BRIEF):
                return stops > 0
            until = gate.stopped_at.until
            if not gate.calling:
                return True
            if until is not None and not until():
                return stops > 0
            gate.let_go()
        return False

    def _in_calls(self) -> list[Gate]:
        gates = (*self._gates.values(), *self._given_up)
        return [gate for gate in gates if gate.calling]

    def _words_of(self, gates: list[Gate]) -> str:
        """In which calls these are, and what they wait for."""
        said = [
            f"{gate.calling} waits for {self._blocked[gate]}"
            if gate in self._blocked
            else f"{gate.calling} is stopped at a point"
            for gate in gates
        ]
        return "; ".join(said)
