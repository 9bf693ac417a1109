"""The turns of the layers on one target, from the first second to the end of the run.

The fixed races need no luck, and yet what only a drawn sequence finds should not wait
for the last of them. So the layers take turns in rounds that grow (`shares`). Counts
decide whose turn it is and when nothing new is to be had; the clock is only a ceiling.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Protocol

from memslot_conformance.clock import Clock, Stopwatch
from memslot_conformance.findings.collect import Findings
from memslot_conformance.findings.records import (
    LayerDone,
    MeetingsCounted,
    Record,
    SearchEnded,
    TargetPlan,
)
from memslot_conformance.findings.trial import Counts, TargetBrokeError, Trial
from memslot_conformance.layers.drawn import ENGINES, DrawnLayer, SolvedLayer
from memslot_conformance.layers.fixed import FixedLayer
from memslot_conformance.layers.machines import Slice
from memslot_conformance.layers.shares import LAYERS, SHARES, Rounds
from memslot_conformance.play.budget import Budget
from memslot_conformance.play.determinism import self_check
from memslot_conformance.play.played import TargetFault
from memslot_conformance.scenarios.drawn.can_meet import can_be_met, counted_by_kind
from memslot_conformance.scenarios.drawn.requests import palette_of
from memslot_conformance.scenarios.fixed import fixed_races
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.resolve import Target
from memslot_spec.history.header import Interleaving

NOTHING_NEW = "nothing new was reached"
"""Why a search ended that was given more time than it needed."""


class Layer(Protocol):
    """One way of coming to plays; it can stop between two of them and go on."""

    over: bool

    def turn(self, steps: int) -> None:
        """Go on for about so many steps, or to the end. Errors: `TargetBrokeError`."""
        ...

    @property
    def covered(self) -> str:
        """What was played, in words."""
        ...

    @property
    def cut(self) -> str | None:
        """Why it ended before it had done the least it is to do."""
        ...


class Turns:
    """One target's layers, which take turns."""

    def __init__(
        self,
        plan: TargetPlan,
        target: Target,
        trial: Trial,
        findings: Findings,
        send: Callable[[Record], None],
        crash_record: CrashRecord,
        clock: Clock,
    ) -> None:
        self._plan = plan
        self._target = target
        self._trial = trial
        self._findings = findings
        self._send = send
        self._crash_record = crash_record
        self._clock = clock
        self._rng = Random(plan.seed)
        self._rounds = Rounds()
        self._counts = {name: Counts() for name in plan.layers}
        self._seconds = dict.fromkeys(plan.layers, 0.0)
        self._fixed: FixedLayer | None = None
        self._layers: dict[str, Layer] = {}

    def _fits(self, layer: str) -> bool:
        if self._target.usable is not None:
            return layer == "sequential"
        interleaving = self._target.header.capabilities.interleaving
        return layer != "sampled" or interleaving is not Interleaving.NONE

    def check_determinism(self) -> None:
        """Play one scenario twice: a target that differs cannot be replayed.

        Errors: `TargetBrokeError`.
        """
        if self._target.usable is not None:
            return
        if self._target.header.capabilities.interleaving is not Interleaving.POINTS:
            return
        for race in fixed_races(self._target.header):
            if len(race.scenario.threads) > 1:
                found = self_check(self._target.make, race.scenario)
                if found is not None:
                    message = f"not deterministic: {found}"
                    fault = TargetFault(0, None, message)
                    raise TargetBrokeError(fault, race.scenario)
                return

    def run(self) -> None:
        """Run the layers in turns, until nothing new comes or the time is over.

        Errors: `TargetBrokeError`.
        """
        watch = Stopwatch(self._clock)
        seconds = self._plan.seconds
        names = [n for n in LAYERS if n in self._plan.layers and self._fits(n)]
        solved = "sequential" in names and self._plan.engine != ENGINES[0]
        if solved:
            names.remove("sequential")
            whole = SHARES["sequential"] + sum(SHARES[name] for name in names)
            seconds *= 1 - SHARES["sequential"] / whole
        for name in names:
            self._layers[name] = self._made(name, self._budget(seconds))
        why = self._take_turns(Budget(seconds=seconds, clock=self._clock))
        if solved and not self._findings.enough:
            work = self._work(self._budget(self._plan.seconds - watch.seconds))
            layer = SolvedLayer("sequential", work, self._rng)
            self._layers["sequential"] = layer
            self._take_turn("sequential", 0)
        self._report()
        reached = self._trial.reached
        self._send(
            SearchEnded(
                target=self._target.name,
                why=why,
                scenarios=reached.scenarios,
                newest=reached.newest,
                reached=reached.by_kind,
            )
        )
        self._send(self._meetings())

    def _meetings(self) -> MeetingsCounted:
        """What all layers together never met, the solver's among them."""
        could = can_be_met(self._target.header)
        met = {key for counts in self._counts.values() for key in counts.met}
        return MeetingsCounted(
            target=self._target.name,
            could=counted_by_kind(could),
            never=tuple(sorted(could - met)),
        )

    def _budget(self, seconds: float) -> Budget:
        return Budget(plays=self._plan.plays, seconds=seconds, clock=self._clock)

    def _take_turns(self, ceiling: Budget) -> str:
        """Give turns until there is a reason not to: the reason, in words."""
        reached = self._trial.reached
        while True:
            waiting = [name for name, layer in self._layers.items() if not layer.over]
            for name, steps in self._rounds.steps(waiting, owing=self._owing).items():
                self._take_turn(name, steps)
                if self._findings.enough:
                    return "the first finding was enough"
            if ceiling.late:
                return "its time was over"
            if not waiting:
                return "nothing was left to play"
            if reached.exhausted and not self._owing:
                return NOTHING_NEW

    @property
    def _owing(self) -> bool:
        """The fixed races can still do the least they are to do, and have not."""
        fixed = self._fixed
        return fixed is not None and not fixed.over and fixed.owing > 0

    def _take_turn(self, name: str, steps: int) -> None:
        counts, reached = self._counts[name], self._trial.reached
        watch = Stopwatch(self._clock)
        self._trial.counts = counts
        before, known = counts.steps, len(reached.things)
        try:
            self._layers[name].turn(steps)
        finally:
            self._seconds[name] += watch.seconds
            reached.hear_met(counts.met)
        new = len(reached.things) - known
        self._rounds.note(name, counts.steps - before, new)

    def _made(self, name: str, budget: Budget) -> Layer:
        if name == "fixed":
            self._fixed = FixedLayer(
                self._target,
                self._trial,
                self._findings,
                self._crash_record,
                self._plan.level,
                budget,
            )
            return self._fixed
        rng = Random(self._rng.getrandbits(64))
        return DrawnLayer(name, self._work(budget), rng)

    def _work(self, budget: Budget) -> Slice:
        return Slice(
            self._target,
            self._trial,
            self._findings,
            palette_of(self._target.header),
            self._crash_record,
            budget,
        )

    def report_unfinished(self) -> None:
        """Send what the layers had done when the target broke."""
        self._report(broke=True)

    def _report(self, *, broke: bool = False) -> None:
        """Send what the layers did, those that had no turn left out."""
        for name, layer in self._layers.items():
            counts = self._counts[name]
            if not counts.schedules and (broke or self._findings.enough):
                continue
            self._send(
                LayerDone(
                    target=self._target.name,
                    layer=name,
                    scenarios=counts.scenarios,
                    schedules=counts.schedules,
                    steps=counts.steps,
                    seconds=self._seconds[name],
                    covered=layer.covered,
                    reached=dict(counts.reached),
                    cut="the target broke" if broke else layer.cut,
                    histories=dict(counts.histories),
                    requests=counts.requests,
                    met=dict(counts.met),
                )
            )
            if name == "fixed" and self._fixed is not None and not broke:
                for bound in self._fixed.bounds():
                    self._send(bound)
