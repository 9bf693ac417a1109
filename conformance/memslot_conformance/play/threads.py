"""Races on OS threads, for targets that cannot be stepped.

Nothing is decided here but that the threads start together; the history has
calls and replies only.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import Barrier, Lock, Thread

from memslot_conformance.adapter.protocols import Implementation, Make
from memslot_conformance.play.played import Played, TargetFault
from memslot_conformance.play.trace import Trace
from memslot_conformance.scenarios.scenario import Operations, Scenario
from memslot_spec.history.events import Call, Event, Finished, Return
from memslot_spec.history.hook import Silent
from memslot_spec.model.operations import Operation

SECONDS = 10.0
"""After which a race is given up."""

OFTEN = 1e-5
"""Seconds between two switches of Python's threads during a play."""

WaitFor = Callable[[Thread, float], object]
"""Waits for a thread to end, at most for so many seconds."""


def raced(
    make: Make,
    scenario: Scenario,
    *,
    seconds: float = SECONDS,
    wait: WaitFor = Thread.join,
) -> Played:
    """Take a new target through the scenario, each race thread on its own.

    A thread that does not come back in time is an error of the target. It cannot
    be ended and is left behind: run what may hang in a process of its own.
    """
    trace = _SharedTrace()
    director = Thread(target=_direct, args=(make, scenario, trace), daemon=True)
    with _switching_often():
        director.start()
        wait(director, seconds)
    return trace.close(seconds, ended=not director.is_alive())


class _SharedTrace(Trace):
    """A trace that several threads of the operating system add to."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()

    @property
    def going(self) -> bool:
        """Nothing broke, and nobody has given up waiting."""
        with self._lock:
            return not self.closed and self.fault is None

    def add(self, event: Event) -> None:
        """Record an event."""
        with self._lock:
            super().add(event)

    def broke(self, thread: int, error: BaseException) -> None:
        """Record that the target raised this; later faults follow from the first."""
        with self._lock:
            super().broke(thread, error)

    def close(self, seconds: float, *, ended: bool) -> Played:
        """What there is now; nothing is added to it any more."""
        with self._lock:
            self.closed = True
            fault = self.fault
            under_way = self._under_way()
            if fault is None and (under_way or not ended):
                thread, operation = max(under_way.items(), default=(0, None))
                message = f"did not finish within {seconds:g} seconds"
                if ended:
                    message = "its thread ended before it returned"
                fault = TargetFault(thread, operation, message)
            finished = () if fault else (Finished(0, ()),)
            return Played(events=(*self.events, *finished), error=fault)

    def _under_way(self) -> dict[int, Operation]:
        """The operations without a reply, by thread."""
        called: dict[int, Operation] = {}
        for event in self.events:
            if isinstance(event, Call):
                called[event.thread] = event.operation
            elif isinstance(event, Return):
                del called[event.thread]
        return called


def _direct(make: Make, scenario: Scenario, trace: _SharedTrace) -> None:
    """Thread 0: the prefix, then the race, then what is asked after it."""
    try:
        _conduct(make(Silent()), scenario, trace)
    except BaseException as error:  # noqa: BLE001 - in silence the thread would be over
        trace.broke(0, error)


def _conduct(
    implementation: Implementation, scenario: Scenario, trace: _SharedTrace
) -> None:
    _alone(implementation, scenario.prefix, trace)
    if scenario.threads:
        _race(implementation, scenario.threads, trace)
        if trace.going:
            trace.observe(implementation)
    _alone(implementation, scenario.after, trace)


def _race(
    implementation: Implementation, threads: tuple[Operations, ...], trace: _SharedTrace
) -> None:
    together = Barrier(len(threads))

    def run(thread: int, operations: Operations) -> None:
        together.wait()
        for operation in operations:
            if trace.going:
                trace.carry_out(implementation, thread, operation)

    racers = [
        Thread(target=run, args=(thread, operations), daemon=True)
        for thread, operations in enumerate(threads, 1)
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()


def _alone(
    implementation: Implementation, operations: Operations, trace: _SharedTrace
) -> None:
    for operation in operations:
        if trace.going:
            trace.carry_out(implementation, 0, operation)
        if trace.going:
            trace.observe(implementation)


@contextmanager
def _switching_often() -> Generator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(OFTEN)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
