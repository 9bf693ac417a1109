"""The threads of a race that the target steps itself, as the scheduler sees them.

To let such a thread go on is to take the next turn that the target told of.
"""

from __future__ import annotations

from collections.abc import Callable

from memslot_conformance.adapter.stepped import Plan, StepsItself, Turning
from memslot_conformance.play.stepping import SteppingHook
from memslot_conformance.play.trace import Trace
from memslot_conformance.scenarios.scenario import Operations
from memslot_spec.history.events import Call


class RaceAfar:
    """The race of a target with threads of its own; begun with the first turn."""

    def __init__(
        self,
        target: StepsItself,
        threads: tuple[Operations, ...],
        hook: SteppingHook,
        trace: Trace,
        plan: Callable[[], Plan],
    ) -> None:
        kinds = (getattr(kind, "__name__", "") for kind in hook.switching)
        self._stops = tuple(sorted(kinds))
        self._target = target
        self._threads = threads
        self._hook = hook
        self._trace = trace
        self._plan = plan
        self._turning: Turning | None = None
        self._ready: tuple[int, ...] = ()

    def go(self, thread: int) -> bool:
        """Let the thread take its turn; it came to its end, or it broke."""
        hook, trace = self._hook, self._trace
        try:
            turning = self._turning
            if turning is None:
                turning = self._target.begin_turns(self._threads, self._stops)
                self._turning = turning
            went = turning.go(thread, self._plan)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the target broke
            trace.broke(thread, error)
            return True
        for event in went.events:
            if type(event) is Call:
                trace.doing[thread] = event.operation
        hook.events += went.events
        hook.overrun = len(hook.events) > hook.limit
        self._ready = went.ready
        if went.waits is not None:
            hook.waiting[thread] = (lambda: thread in self._ready, went.waits)
        if went.broke is not None:
            trace.broke(thread, went.broke)
        return went.is_over


class ThreadAfar:
    """One of its threads, let go on as a greenlet is."""

    def __init__(self, race: RaceAfar, thread: int) -> None:
        self.dead = False
        self._race = race
        self._thread = thread

    def switch(self) -> None:
        """Let it take a turn."""
        self.dead = self._race.go(self._thread)

    def throw(self) -> None:
        """It stands where it is until the target is given back."""
