"""The scheduler: runs a scenario on a target, one thread at a time.

Logical threads are greenlets, so an implementation is ordinary straight-line
code, and C frames between it and the hook are no obstacle. A thread runs until
it announces a point at which another could tell the difference; there the
chooser decides who goes on. The same choices give the same history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import groupby

from greenlet import (  # type: ignore[import-untyped, unused-ignore]
    getcurrent,
    greenlet,
)

from memslot_conformance.adapter.answers import TargetError
from memslot_conformance.adapter.protocols import Make
from memslot_conformance.adapter.stepped import StepsItself
from memslot_conformance.play.afar import RaceAfar, ThreadAfar
from memslot_conformance.play.ahead import foresight_of
from memslot_conformance.play.played import Played, TargetFault
from memslot_conformance.play.stepping import (
    SWITCHING,
    Greenlet,
    SteppingHook,
    overrun_words,
    step_limit_of,
)
from memslot_conformance.play.trace import Trace
from memslot_conformance.scenarios.scenario import Operations, Run, Scenario
from memslot_spec.history.events import Event, Finished
from memslot_spec.history.header import Interleaving

Chooser = Callable[[tuple[int, ...], int | None, Sequence[Event]], int]
"""Decides who goes on: given the runnable threads in ascending order, the one
that ran last if it still can, and what has happened. Choosing another than the
one that ran last is a preemption; where there is none, every choice is free."""


DOUBT = "doubt"
"""What a condition may have that says why nobody is to be accused where it never holds:
it is called and gives None, or the words of an error."""


def stay(
    runnable: tuple[int, ...], current: int | None, _events: Sequence[Event] = ()
) -> int:
    """The default: go on, and after an end or a wait take the lowest number."""
    return runnable[0] if current is None else current


class Play:
    """One target, driven step by step; `play` takes it through a scenario.

    Where no `step_limit` is given, it grows with what is asked: what lives long may
    take long, and when it is played again it may as well.
    """

    def __init__(self, make: Make, step_limit: int | None = None) -> None:
        self.stuck: tuple[int, ...] = ()
        self._waits: tuple[str, ...] = ()
        self._preemptions = 0
        self._taken: list[int] = []
        self._deviated = 0
        self._grows = step_limit is None
        self._asked = 0
        self._step_limit = step_limit_of(0) if step_limit is None else step_limit
        self._trace = Trace()
        self._hook = hook = SteppingHook(self._step_limit)
        hook.events = self._trace.events
        hook.refused = self._trace.broke
        try:
            self._implementation = make(hook)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the target broke
            self._trace.broke(0, error)

    @property
    def events(self) -> list[Event]:
        """What happened so far."""
        return self._trace.events

    @property
    def fault(self) -> TargetFault | None:
        """How the target broke, if it did."""
        return self._trace.fault

    @property
    def going(self) -> bool:
        """Nothing broke, and no thread waits for ever."""
        return self.fault is None and not self.stuck

    def alone(self, operations: Operations, *, watched: bool = True) -> bool:
        """Greenlet 0 carries these out; still going at the end.

        Observed after each, if `watched`.
        """
        if operations:
            self._allow(len(operations))
            self._solo(partial(self._carry_out_alone, operations, watched=watched))
        return self.going

    def race(self, threads: tuple[Operations, ...], choose: Chooser) -> bool:
        """Threads 1, 2, ... carry these out as `choose` decides.

        A target that was not made to be stepped is switched only between
        operations. Observed once, when it is over; still going at the end.
        """
        if not self.going or not threads:
            return self.going
        self._allow(sum(map(len, threads)))
        hook = self._hook
        declared = getattr(self._implementation, "interleaving", Interleaving.NONE)
        hook.switching = SWITCHING if declared is Interleaving.POINTS else frozenset()
        bodies = self._bodies(threads, choose)
        hook.scheduler = getcurrent()
        try:
            self._schedule(bodies, choose)
        finally:
            hook.switching = frozenset()
            self._end(bodies.values())
        self._solo(self._observe)
        return self.going

    def _bodies(
        self, threads: tuple[Operations, ...], choose: Chooser
    ) -> dict[int, Greenlet]:
        """The threads that have something to do: ours, or the target's own."""
        made, rows = self._implementation, tuple(enumerate(threads, 1))
        if self._hook.switching and isinstance(made, StepsItself):
            plan = foresight_of(choose)
            race = RaceAfar(made, threads, self._hook, self._trace, plan)
            return {thread: ThreadAfar(race, thread) for thread, row in rows if row}
        return {
            thread: _thread(partial(self._carry_out, thread, row))
            for thread, row in rows
            if row
        }

    def close(self) -> None:
        """Give the target back, where it holds something outside the process."""
        # Where making it failed there is none.
        made = getattr(self, "_implementation", None)
        close = getattr(made, "close", None)
        if callable(close):
            close()

    def played(self) -> Played:
        """What came of it, closed with `Finished` unless the target broke."""
        finished = () if self.fault else (Finished(0, self.stuck),)
        return Played(
            events=(*self.events, *finished),
            schedule=tuple(
                Run(thread, sum(1 for _ in steps))
                for thread, steps in groupby(self._taken[: self._deviated])
            ),
            preemptions=self._preemptions,
            decisions=len(self._taken),
            error=self.fault,
            waits=self._waits,
        )

    def _allow(self, operations: int) -> None:
        """So many more operations are about to be asked."""
        self._asked += operations
        if self._grows:
            self._step_limit = self._hook.limit = step_limit_of(self._asked)

    def _schedule(self, bodies: dict[int, Greenlet], choose: Chooser) -> None:
        hook, events, taken = self._hook, self.events, self._taken
        waiting = hook.waiting
        runnable = tuple(bodies)
        current: int | None = None
        while runnable:
            thread = choose(runnable, current, events)
            taken.append(thread)
            if thread != current:
                self._changed(runnable, current, thread)
            waiting.pop(thread, None)
            hook.thread = thread
            body = bodies[thread]
            body.switch()
            if hook.overrun:
                self._overran(thread)
            if self.fault:
                return
            if body.dead:
                del bodies[thread]
            if body.dead or waiting:
                runnable = self._runnable(bodies)
                if self.fault:
                    return
                current = thread if thread in runnable else None
            else:
                current = thread
        self._stop_for_ever(tuple(bodies))

    def _changed(
        self, runnable: tuple[int, ...], current: int | None, thread: int
    ) -> None:
        if thread not in runnable:
            message = f"thread {thread} was chosen, but only {runnable} can run"
            raise ValueError(message)
        if current is not None:
            self._preemptions += 1
        if thread != stay(runnable, current):
            self._deviated = len(self._taken)

    def _runnable(self, bodies: dict[int, Greenlet]) -> tuple[int, ...]:
        waiting = self._hook.waiting
        runnable: list[int] = []
        for thread in bodies:
            try:
                if thread not in waiting or waiting[thread][0]():
                    runnable.append(thread)
            except BaseException as error:  # noqa: BLE001 - the predicate is the target's
                self._trace.broke(thread, error)
                break
        return tuple(runnable)

    def _solo(self, body: Callable[[], None]) -> None:
        """Run this as thread 0; nobody else could end a wait of its own."""
        if not self.going:
            return
        hook = self._hook
        hook.thread = 0
        hook.scheduler = getcurrent()
        thread = _thread(body)
        try:
            thread.switch()
            if hook.overrun:
                self._overran(0)
            elif not thread.dead and self._trace.doing[0] is None:
                message = f"observe() waits for ever: {hook.waiting[0][1]}"
                self._trace.fault = TargetFault(0, None, message)
            elif not thread.dead:
                self._stop_for_ever((0,))
        finally:
            self._end((thread,))

    def _carry_out(self, thread: int, operations: Operations) -> None:
        hook, trace = self._hook, self._trace
        for number, operation in enumerate(operations):
            if number:
                hook.pause()
            trace.carry_out(self._implementation, thread, operation)
            if trace.closed or trace.fault:
                return

    def _carry_out_alone(self, operations: Operations, *, watched: bool) -> None:
        trace = self._trace
        trace.foretell(self._implementation, operations, watched=watched)
        for operation in () if trace.fault else operations:
            trace.carry_out(self._implementation, 0, operation)
            if trace.closed or trace.fault:
                return
            if watched:
                self._observe()

    def _observe(self) -> None:
        """Introspection changes nothing, so what it announces is not recorded."""
        hook, trace = self._hook, self._trace
        hook.events = []
        trace.observe(self._implementation)
        if not trace.closed:
            hook.events = trace.events

    def _stop_for_ever(self, stuck: tuple[int, ...]) -> None:
        waiting = self._hook.waiting
        for thread in stuck:
            doubt = getattr(waiting[thread][0], DOUBT, None)
            said = None if doubt is None else doubt()
            if said is not None:
                self._trace.broke(thread, TargetError(said))
                return
        self.stuck = stuck
        self._waits = tuple(waiting[thread][1] for thread in stuck)

    def _overran(self, thread: int) -> None:
        trace = self._trace
        message = overrun_words(self._step_limit)
        trace.fault = TargetFault(thread, trace.doing.get(thread), message)

    def _end(self, threads: Iterable[Greenlet]) -> None:
        """End the threads that are parked; what they do about it is not recorded."""
        hook, trace = self._hook, self._trace
        trace.closed = True
        hook.over, hook.limit, hook.events = True, -1, []
        for thread in threads:
            if not thread.dead:
                thread.throw()
        hook.waiting.clear()
        hook.over, hook.limit, hook.events = False, self._step_limit, trace.events
        hook.scheduler, trace.closed = None, False


def play(
    make: Make,
    scenario: Scenario,
    choose: Chooser = stay,
    *,
    step_limit: int | None = None,
) -> Played:
    """Take a new target through the scenario, with the race as `choose` decides.

    Before a race the prefix is carried out unwatched: it is the same in every
    play, and looking costs as much as an operation.
    """
    run = Play(make, step_limit)
    try:
        run.alone(scenario.prefix, watched=not scenario.threads)
        run.race(scenario.threads, choose)
        run.alone(scenario.after)
        return run.played()
    finally:
        run.close()


def _thread(body: Callable[[], None]) -> Greenlet:
    made: Greenlet = greenlet(body)
    return made
