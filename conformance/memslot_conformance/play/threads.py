"""Races on OS threads, for targets that cannot be stepped.

Nothing is decided here but that the threads start together; the history has
calls and replies only. A call is recorded before it is made and its reply after
it came, so an operation never looks shorter than it was.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import Barrier, Lock, Thread

from memslot_conformance.adapter.perform import observed, perform
from memslot_conformance.adapter.protocols import Implementation, Make
from memslot_conformance.play.played import Played, TargetFault, fault_of
from memslot_conformance.scenarios.scenario import Operations, Scenario
from memslot_spec.history.events import Call, Event, Finished, Observed, Return
from memslot_spec.history.hook import Silent
from memslot_spec.model.operations import Operation

SECONDS = 10.0
"""After which a race is given up."""

OFTEN = 1e-5
"""Seconds between two switches of Python's threads during a play."""


Wait = Callable[[Thread, float], object]
"""Waits for a thread to end, at most for so many seconds."""


def raced(
    make: Make,
    scenario: Scenario,
    *,
    seconds: float = SECONDS,
    wait: Wait = Thread.join,
) -> Played:
    """Take a new target through the scenario, each race thread on its own.

    A thread that does not come back in time is an error of the target. It cannot
    be ended and is left behind: run what may hang in a process of its own.
    """
    record = _Record()
    director = Thread(target=_direct, args=(make, scenario, record), daemon=True)
    with _switching_often():
        director.start()
        wait(director, seconds)
    return record.close(seconds, ended=not director.is_alive())


class _Record:
    """The events of all threads in one order, and what each is doing."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._fault: TargetFault | None = None
        self._doing: dict[int, Operation | None] = {0: None}
        self._lock = Lock()
        self._closed = False

    def going(self) -> bool:
        with self._lock:
            return not self._closed and self._fault is None

    def call(self, thread: int, operation: Operation) -> None:
        with self._lock:
            self._doing[thread] = operation
            self._append(Call(thread, operation))

    def answered(self, thread: int, event: Event) -> None:
        with self._lock:
            self._append(event)
            self._doing.pop(thread, None)

    def broke(self, thread: int, error: BaseException) -> None:
        with self._lock:
            if self._fault is None and not self._closed:
                self._fault = fault_of(thread, self._doing.get(thread), error)

    def close(self, seconds: float, *, ended: bool) -> Played:
        """What there is now; nothing is added to it any more."""
        with self._lock:
            self._closed = True
            if self._fault is None and not ended:
                thread, operation = max(self._doing.items(), default=(0, None))
                message = f"did not finish within {seconds:g} seconds"
                self._fault = TargetFault(thread, operation, message)
            finished = () if self._fault else (Finished(0, ()),)
            return Played(events=(*self._events, *finished), error=self._fault)

    def _append(self, event: Event) -> None:
        if not self._closed:
            self._events.append(event)


def _direct(make: Make, scenario: Scenario, record: _Record) -> None:
    """Thread 0: the prefix, then the race, then what is asked after it."""
    try:
        implementation = make(Silent())
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, the target broke
        record.broke(0, error)
        return
    _alone(implementation, scenario.prefix, record)
    if scenario.threads:
        _race(implementation, scenario.threads, record)
        _observe(implementation, record)
    _alone(implementation, scenario.after, record)


def _race(
    implementation: Implementation, threads: tuple[Operations, ...], record: _Record
) -> None:
    together = Barrier(len(threads))

    def run(thread: int, operations: Operations) -> None:
        together.wait()
        for operation in operations:
            _carry_out(implementation, thread, operation, record)

    racers = [
        Thread(target=run, args=(thread, operations), daemon=True)
        for thread, operations in enumerate(threads, 1)
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()


def _alone(
    implementation: Implementation, operations: Operations, record: _Record
) -> None:
    for operation in operations:
        _carry_out(implementation, 0, operation, record)
        _observe(implementation, record)


def _carry_out(
    implementation: Implementation,
    thread: int,
    operation: Operation,
    record: _Record,
) -> None:
    if not record.going():
        return
    try:
        record.call(thread, operation)
        record.answered(thread, Return(thread, perform(implementation, operation)))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, the target broke
        record.broke(thread, error)


def _observe(implementation: Implementation, record: _Record) -> None:
    if not record.going():
        return
    try:
        view = observed(implementation)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, the target broke
        record.broke(0, error)
        return
    if view is not None:
        record.answered(0, Observed(0, view))


@contextmanager
def _switching_often() -> Generator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(OFTEN)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
