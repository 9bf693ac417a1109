"""The turns of the layers on one target, from the first second to the end of the run.

The fixed races need no luck, and yet what only a drawn sequence finds should not wait
for the last of them. So the layers take turns in rounds that grow (`shares`). Counts
decide whose turn it is and when nothing new is to be had; the clock is only a ceiling.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from math import inf
from random import Random
from typing import Protocol

from memslot_conformance.clock import Clock, Stopwatch
from memslot_conformance.findings.collect import Findings
from memslot_conformance.findings.parts import BROKE, First, layer_part, search_part
from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import (
    LayerDone,
    MeetingsCounted,
    Record,
    SearchEnded,
)
from memslot_conformance.findings.trial import Counts, TargetBrokeError, Trial
from memslot_conformance.layers.drawn import ENGINES, DrawnLayer, SolvedLayer
from memslot_conformance.layers.fixed import FixedLayer
from memslot_conformance.layers.shares import LAYERS, SHARES, Rounds
from memslot_conformance.layers.slices import Slice
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

ENOUGH = "the first finding was enough"
TIME_OVER = "its time was over"
NOTHING_LEFT = "nothing was left to play"


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

    @property
    def left_out(self) -> int:
        """How many schedules were not played, for others are the same."""
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
        self._rng = Random(
            plan.seed if plan.is_whole else f"{plan.seed} part {plan.part}"
        )
        self._told = 0
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
        if not self._plan.is_whole:
            # Before anything is met: what could be; the parts meet it together.
            self._send(self._meetings())
        watch = Stopwatch(self._clock)
        seconds = self._plan.seconds if self._plan.scenarios is None else inf
        names = [n for n in LAYERS if n in self._plan.layers and self._fits(n)]
        solved = "sequential" in names and self._plan.engine != ENGINES[0]
        if solved:
            names.remove("sequential")
            whole = SHARES["sequential"] + sum(SHARES[name] for name in names)
            seconds *= 1 - SHARES["sequential"] / whole
        for name in names:
            self._layers[name] = self._made(name, self._budget(seconds))
        why = self._take_turns(self._budget(seconds))
        self._trial.check_unbroken()
        if solved and not self._findings.enough:
            work = self._work(self._budget(self._plan.seconds - watch.seconds))
            layer = SolvedLayer("sequential", work, self._rng)
            self._layers["sequential"] = layer
            self._take_turn("sequential", 0)
            self._trial.check_unbroken()
        self._report()
        self._report_search(why)
        if self._plan.is_whole:
            self._send(self._meetings())

    def _report_search(self, why: str) -> None:
        """Send how far the search is, and why it ended, if it did."""
        reached = self._trial.reached
        ended = SearchEnded(
            target=self._target.name,
            why=why,
            scenarios=reached.scenarios,
            newest=reached.newest,
            reached=reached.by_kind,
        )
        if self._plan.is_whole:
            self._send(ended)
            return
        new = islice(reached.things.items(), self._told, None)
        part = search_part(
            ended,
            things=(First(thing, number) for thing, number in new),
            owing=self._fixed.owing if self._fixed is not None and self._owing else 0,
            choices=self._trial.choices_seen(),
            withheld=self._trial.withheld,
        )
        self._told = len(reached.things)
        self._send(part)

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
                    return ENOUGH
            if ceiling.late:
                return TIME_OVER
            if not waiting:
                return NOTHING_LEFT
            if self._plan.scenarios is not None:
                continue
            if not self._plan.is_whole:
                # Whether anything new comes is asked of all parts together.
                self._report()
                self._report_search("")
            elif reached.exhausted and not self._owing:
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
                self._plan,
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
            scenarios=inf if self._plan.share is None else self._plan.share,
        )

    def report_unfinished(self) -> None:
        """Send what the layers had done when the target broke."""
        self._report(broke=True)
        if not self._plan.is_whole:
            self._report_search("")

    def _report(self, *, broke: bool = False) -> None:
        """Send what the layers did, those that had no turn left out."""
        for name, layer in self._layers.items():
            counts = self._counts[name]
            if not counts.schedules and (broke or self._findings.enough):
                continue
            done = LayerDone(
                target=self._target.name,
                layer=name,
                scenarios=counts.scenarios,
                schedules=counts.schedules,
                steps=counts.steps,
                seconds=self._seconds[name],
                covered=layer.covered,
                reached=dict(counts.reached),
                cut=BROKE if broke else layer.cut,
                histories=dict(counts.histories),
                requests=counts.requests,
                met=dict(sorted(counts.met.items())),
                orders=counts.orders,
                left_out=layer.left_out,
                occasions=dict(counts.occasions),
                raced=counts.raced,
                overlapped=counts.overlapped,
            )
            fixed = self._fixed if name == "fixed" else None
            if not self._plan.is_whole:
                done = layer_part(done, None if fixed is None else fixed.explored)
            self._send(done)
            if fixed is not None and not broke:
                for bound in fixed.bounds():
                    self._send(bound)
