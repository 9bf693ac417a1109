"""Races on OS threads, for targets that cannot be stepped.

Decided here is that threads start together, that who updates begins when those who
look are under way, and that these end when there is nothing more to see. All else is
the machine's; the history has calls and replies only.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import replace
from random import Random
from threading import Barrier, Event, Lock, Thread, get_ident

from memslot_conformance.adapter.protocols import AnyImplementation, Make
from memslot_conformance.play.disturbed import AT_POINTS, Passing, Progress, held_up
from memslot_conformance.play.played import Played, TargetFault
from memslot_conformance.play.trace import Trace
from memslot_conformance.scenarios.scenario import Operations, Scenario
from memslot_conformance.targets.stuck import STUCK, nobody_can_go_on, where
from memslot_spec.history import events as history
from memslot_spec.history.events import Call, Finished, Return
from memslot_spec.history.hook import Silent
from memslot_spec.model.operations import Operation, TableRequest

SECONDS = 10.0
"""After which a race is given up."""

OFTEN = 1e-5
"""Seconds between two switches of Python's threads during a play."""

SELDOM = 1e-4
"""The same where they are held up besides: each switch costs, and is one at random."""

LONG = 4
"""Operations of a thread from which on it may be waited for, and may end early."""

BEGINS = 0.05
"""Seconds after its first look that one waits for who updates: on a loaded machine it
has done all its looks before that one wakes."""

LOOKS = 0.2
"""Seconds between two looks whether the threads can go on."""

TIMER_SLACK = 29
"""The request of `prctl` that says by how much a thread may be woken too late."""

WaitFor = Callable[[Thread, float], object]
"""Waits for a thread to end, at most for so many seconds."""


def raced(
    make: Make,
    scenario: Scenario,
    *,
    seconds: float = SECONDS,
    wait: WaitFor | None = None,
    disturb: Random | None = None,
) -> Played:
    """Take a new target through the scenario, each race thread on its own.

    With `disturb` the threads of the race are held up here and there. A thread that
    does not come back in time is an error of the target, and one that never can is so
    at once. It cannot be ended and is left behind: run what may hang in a process of
    its own.
    """
    trace = _SharedTrace()
    direct = _Director(make, scenario, trace, disturb)
    director = Thread(target=direct.run, daemon=True)
    with _switching_often(OFTEN if disturb is None else SELDOM):
        director.start()
        (wait or _until_it_ends)(director, seconds)
    return trace.close(seconds, ended=not director.is_alive())


def _until_it_ends(director: Thread, seconds: float) -> None:
    """Wait as long, and no longer than there is something to wait for."""
    for _ in range(int(seconds / LOOKS)):
        director.join(LOOKS)
        if not director.is_alive() or nobody_can_go_on():
            return


class _SharedTrace(Trace):
    """A trace that several threads of the operating system add to."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()
        self._idents: dict[int, int] = {}
        self.progress = Progress()

    @property
    def going(self) -> bool:
        """Nothing broke, and nobody has given up waiting."""
        with self._lock:
            return not self.closed and self.fault is None

    def add(self, event: history.Event) -> None:
        """Record an event."""
        with self._lock:
            super().add(event)

    def carry_out(
        self, implementation: AnyImplementation, thread: int, operation: Operation
    ) -> None:
        """Have a thread carry out one operation."""
        super().carry_out(implementation, thread, operation)
        with self._lock:
            self.progress.note(is_update=isinstance(operation, TableRequest))

    def begin(self, thread: int) -> None:
        """The caller is this thread of the play."""
        self._idents[thread] = get_ident()

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
                fault = replace(fault, is_left_behind=not ended)
                if not ended and nobody_can_go_on():
                    stack = where(self._idents.get(thread))
                    told = f"{stack}T{thread} {STUCK}" if stack else ""
                    fault = replace(fault, message=STUCK, traceback=told)
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


class _Director:
    """Thread 0: the prefix, then the race, then what is asked after it."""

    def __init__(
        self, make: Make, scenario: Scenario, trace: _SharedTrace, rng: Random | None
    ) -> None:
        self._make = make
        self._scenario = scenario
        self._trace = trace
        self._hook = Silent() if rng is None else Passing()
        self._seeds = [
            None if rng is None else rng.getrandbits(64) for _ in scenario.threads
        ]

    def run(self) -> None:
        """All of it. What is raised is noted: in silence the thread would be over."""
        try:
            self._trace.begin(0)
            self._conduct(self._make(self._hook))
        except BaseException as error:  # noqa: BLE001 - as said
            self._trace.broke(0, error)

    def _conduct(self, implementation: AnyImplementation) -> None:
        scenario, trace = self._scenario, self._trace
        self._alone(implementation, scenario.prefix)
        if scenario.threads:
            self._race(implementation)
            if trace.going:
                trace.observe(implementation)
        self._alone(implementation, scenario.after)

    def _alone(self, implementation: AnyImplementation, operations: Operations) -> None:
        trace = self._trace
        for operation in operations:
            if trace.going:
                trace.carry_out(implementation, 0, operation)
            if trace.going:
                trace.observe(implementation)

    def _race(self, implementation: AnyImplementation) -> None:
        progress = self._trace.progress
        race = _Race(self._scenario.threads, progress)
        at_points = bool(getattr(implementation, AT_POINTS, False))

        def run(thread: int, seed: int | None) -> None:
            self._trace.begin(thread)
            operations = race.operations(thread)
            rng = None if seed is None else Random(seed)
            updates = race.updates(thread)
            with held_up(rng, progress, updates=updates, at_points=at_points):
                for operation in operations:
                    if self._trace.going:
                        self._trace.carry_out(implementation, thread, operation)

        racers = [
            Thread(target=run, args=(thread, seed), daemon=True)
            for thread, seed in enumerate(self._seeds, 1)
        ]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join()


class _Race:
    """When who begins, and who ends before it has done all.

    All start together. Where somebody looks for long, who updates begins once it has
    looked, it goes on looking from then, and it ends once all updates are over.
    """

    def __init__(self, threads: tuple[Operations, ...], progress: Progress) -> None:
        self._threads = threads
        self._progress = progress
        self._looking = [n for n, ops in enumerate(threads, 1) if _looks_long(ops)]
        self._updating = len(threads) - len(self._looking)
        if not self._updating:
            self._looking = []
        self._together = Barrier(len(threads))
        self._to_look = len(self._looking)
        self._all_look, self._begun = Event(), Event()
        self._lock = Lock()

    def operations(self, thread: int) -> Iterable[Operation]:
        """What the thread does, each operation when it is its time."""
        self._together.wait()
        if not self._looking:
            return self._threads[thread - 1]
        looks = thread in self._looking
        return self._look(thread) if looks else self._update(thread)

    def updates(self, thread: int) -> bool:
        """Whether the thread asks for any."""
        asked = self._threads[thread - 1]
        return any(isinstance(operation, TableRequest) for operation in asked)

    def _look(self, thread: int) -> Iterable[Operation]:
        first, *others = self._threads[thread - 1]
        yield first
        with self._lock:
            self._to_look -= 1
            if not self._to_look:
                self._all_look.set()
        self._begun.wait(BEGINS)
        for operation in others:
            yield operation
            if not self._updating:
                return

    def _update(self, thread: int) -> Iterable[Operation]:
        self._all_look.wait()
        self._progress.begin_updates()
        self._begun.set()
        yield from self._threads[thread - 1]
        with self._lock:
            self._updating -= 1
            if not self._updating:
                self._progress.end_updates()


def _looks_long(operations: Operations) -> bool:
    updates = any(isinstance(operation, TableRequest) for operation in operations)
    return len(operations) >= LONG and not updates


@contextmanager
def _switching_often(seconds: float) -> Generator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(seconds)
    # Threads inherit it; without it the kernel adds 50 microseconds to each switch.
    _timer_slack(1)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
        _timer_slack(0)


def _timer_slack(nanoseconds: int) -> None:
    """By how much this thread may be woken late; 0 is the usual. Linux has it."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(TIMER_SLACK, nanoseconds, 0, 0, 0)
