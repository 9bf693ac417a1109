"""One target, played in its parts by whoever has a hand free, and told as one.

Where scenarios are counted, the parts are heard in their order, whoever is done first:
so what is told depends on no clock and on no number of workers. Where the time counts,
each is heard as it speaks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import Event, Lock
from typing import Protocol

from memslot_conformance.clock import Clock, Stopwatch
from memslot_conformance.findings.parts import PartSaid
from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import Record
from memslot_conformance.layers.layers import run_target
from memslot_conformance.run.merged import Merged
from memslot_conformance.run.part_run import (
    Collected,
    RunTarget,
    WorkerLimits,
    collect,
    follow,
    said,
)
from memslot_conformance.targets.isolation import Broken, StoppedError


class Elsewhere(Protocol):
    """Plays parts on other machines."""

    def play(self, plan: TargetPlan, limits: WorkerLimits, stop: Event) -> Collected:
        """Play a part. Errors: `StoppedError` once `stop` is set."""
        ...

    def note(self) -> str:
        """What there is to say of how parts were played; empty where nothing is."""
        ...


class TargetRun:
    """A target whose parts are played one by one, or several at the same time."""

    def __init__(
        self,
        plan: TargetPlan,
        limits: WorkerLimits,
        on_record: Callable[[Record], None],
        *,
        clock: Clock,
        work: RunTarget = run_target,
        stop: Event | None = None,
        elsewhere: Elsewhere | None = None,
        on_end: Callable[[TargetPlan], None] | None = None,
    ) -> None:
        self.plan = plan
        self.stop = stop or Event()
        self._limits = limits
        self._work = work
        self._clock = clock
        self._elsewhere = elsewhere
        self._on_end = on_end
        self._lock = Lock()
        self._watch: Stopwatch | None = None
        self._merged = Merged(plan, on_record)
        self._waiting: dict[int, Collected] = {}
        self._heard = 0
        self._over = False

    def play(self, part: int) -> None:
        """Play a part of it. Errors: `StoppedError`; whatever the listener raises."""
        with self._lock:
            if self._over:
                return
            self._watch = watch = self._watch or Stopwatch(self._clock)
            plan = replace(self.plan, part=part, known=self._merged.known)
        counted = plan.scenarios is not None and not plan.is_whole
        try:
            if counted:
                self._take(part, self._collected(plan), watch)
            else:
                self._follow(plan, watch)
        except StoppedError:
            # What the others still did is not waited for once all is told.
            if not self._over:
                raise

    def _follow(self, plan: TargetPlan, watch: Stopwatch) -> None:
        begun = watch.seconds

        def hear(what: PartSaid) -> None:
            with self._lock:
                if not self._over:
                    self._merged.hear(plan.part, what, begun)
                    self._look(watch)

        broken = follow(
            plan,
            self._limits,
            hear,
            stop=self.stop,
            work=self._work,
            clock=self._clock,
        )
        with self._lock:
            self._part_ended(plan.part, broken, watch)

    def _collected(self, plan: TargetPlan) -> Collected:
        if self._elsewhere is not None:
            return self._elsewhere.play(plan, self._limits, self.stop)
        return collect(
            plan, self._limits, stop=self.stop, work=self._work, clock=self._clock
        )

    def _take(self, part: int, collected: Collected, watch: Stopwatch) -> None:
        """Keep what a part said until those before it were heard."""
        with self._lock:
            self._waiting[part] = collected
            while not self._over and self._heard in self._waiting:
                next_one = self._waiting.pop(self._heard)
                offset = max(watch.seconds - next_one.seconds, 0.0)
                for line in next_one.lines:
                    what = said(line, self.plan)
                    self._merged.hear(self._heard, what, offset)
                self._part_ended(self._heard, next_one.broken, watch)

    def _part_ended(self, part: int, broken: Broken | None, watch: Stopwatch) -> None:
        if not self._over:
            self._heard += 1
            self._merged.part_ended(part, broken)
            self._look(watch)

    def _look(self, watch: Stopwatch) -> None:
        """End it where all parts did, or where they can tell no more."""
        if self._merged.settled or self._heard == self.plan.parts:
            self._over = True
            if not self.plan.is_whole:
                self.stop.set()
            note = "" if self._elsewhere is None else self._elsewhere.note()
            self._merged.end(watch.seconds, note)
            if self._on_end is not None:
                self._on_end(self.plan)
