"""The layers in the order in which they run on one target, and their shares of time.

First the fixed races, which need no luck; then the two machines in turn, in
slices that grow, so that neither has to wait for the other to end.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from random import Random

from memslot_conformance.clock import Clock, Stopwatch
from memslot_conformance.findings.collect import Findings
from memslot_conformance.findings.records import LayerDone, Record, TargetPlan
from memslot_conformance.findings.trial import Counts, TargetBrokeError, Trial
from memslot_conformance.layers.fixed import FixedLayer
from memslot_conformance.layers.kernel import KernelMachine
from memslot_conformance.layers.machines import (
    ConcurrentMachine,
    Machine,
    SequentialMachine,
    Slice,
    run_slice,
)
from memslot_conformance.play.budget import Allowance, Budget
from memslot_conformance.play.determinism import self_check
from memslot_conformance.play.played import TargetFault
from memslot_conformance.scenarios.drawn.requests import palette_of
from memslot_conformance.scenarios.fixed import fixed_races
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.resolve import Target
from memslot_spec.history.header import Interleaving

LAYERS = ("fixed", "sampled", "sequential")

ENGINES = ("hypothesis", "crosshair")
"""What draws for the sequential layer; the second needs the extra `symbolic`."""

SYMBOLIC = "memslot_conformance.layers.symbolic"
"""Loaded by name, since what it imports may not be there."""

SHARES = {"fixed": 0.6, "sampled": 0.28, "sequential": 0.12}
"""How a target's time is divided among the layers that run."""

FIRST_SLICE = {"sampled": 0.4, "sequential": 0.25}
"""Seconds of a machine's first slice; each later one is half as long again."""

EXAMPLES = 10_000
STEPS = {"sampled": 8, "sequential": 25}


class Turns:
    """One target's layers, one after the other."""

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
        self._is_kernel = target.usable is not None
        interleaving = target.header.capabilities.interleaving
        self._layers = tuple(
            layer
            for layer in LAYERS
            if layer in plan.layers and self._fits(layer, interleaving)
        )
        self._rng = Random(plan.seed)
        self._covered = ""
        self._open: dict[str, tuple[Counts, Stopwatch]] = {}

    def _fits(self, layer: str, interleaving: Interleaving) -> bool:
        if self._is_kernel:
            return layer == "sequential"
        return layer != "sampled" or interleaving is not Interleaving.NONE

    def check_determinism(self) -> None:
        """Play one scenario twice: a target that differs cannot be replayed.

        Errors: `TargetBrokeError`.
        """
        if self._is_kernel:
            return
        if self._target.header.capabilities.interleaving is not Interleaving.POINTS:
            return
        for race in fixed_races(self._target.header):
            if len(race.scenario.threads) > 1:
                found = self_check(self._target.make, race.scenario)
                if found is not None:
                    fault = _fault(f"not deterministic: {found}")
                    raise TargetBrokeError(fault, race.scenario)
                return

    def run(self) -> None:
        """Run the layers in their shares of the time; what one leaves, others have."""
        watch = Stopwatch(self._clock)
        if "fixed" in self._layers:
            whole = sum(SHARES[layer] for layer in self._layers)
            self._run_fixed(self._plan.seconds * SHARES["fixed"] / whole)
        left = self._plan.seconds - watch.seconds
        machines = [layer for layer in self._layers if layer != "fixed"]
        whole = sum(SHARES[layer] for layer in machines)
        if machines and not self._findings.enough:
            self._run_machines({m: left * SHARES[m] / whole for m in machines})

    def _run_fixed(self, seconds: float) -> None:
        self._open["fixed"] = (self._fresh(), Stopwatch(self._clock))
        layer = FixedLayer(
            self._target,
            self._trial,
            self._findings,
            self._crash_record,
            self._plan.level,
            Budget(plays=self._plan.plays, seconds=seconds, clock=self._clock),
        )
        covered = layer.run()
        self._done("fixed", covered, layer.cut)
        for bound in layer.bounds():
            self._send(bound)

    def _fresh(self) -> Counts:
        """New counts, which the trial adds to from now on."""
        self._trial.counts = Counts()
        return self._trial.counts

    def _run_machines(self, shares: dict[str, float]) -> None:
        plays, clock = self._plan.plays, self._clock
        for layer in shares:
            self._open[layer] = (Counts(), Stopwatch(clock))
        waiting = {
            layer: Allowance(plays=plays, seconds=share, clock=clock)
            for layer, share in shares.items()
        }
        growth = 1.0
        while waiting and not self._findings.enough:
            for layer, allowance in tuple(waiting.items()):
                if not allowance.left:
                    del waiting[layer]
                elif not self._findings.enough:
                    self._trial.counts = self._open[layer][0]
                    if self._is_symbolic(layer):
                        del waiting[layer]
                        with allowance.turn() as budget:
                            self._search(budget)
                    else:
                        with allowance.turn(FIRST_SLICE[layer] * growth) as budget:
                            self._slice(layer, budget)
            growth *= 1.5
        for layer in shares:
            self._done(layer, self._words(layer), self._cut())

    def _is_symbolic(self, layer: str) -> bool:
        return layer == "sequential" and self._plan.engine == "crosshair"

    def _search(self, budget: Budget) -> None:
        """The sequential layer by the other engine, which loses by every restart."""
        engine = importlib.import_module(SYMBOLIC)
        number = self._rng.getrandbits(32)
        self._covered = engine.run_symbolic(self._work_within(budget), number=number)

    def _work_within(self, budget: Budget) -> Slice:
        return Slice(
            self._target,
            self._trial,
            self._findings,
            palette_of(self._target.header),
            self._crash_record,
            budget,
        )

    def _slice(self, layer: str, budget: Budget) -> None:
        run_slice(
            self._machine(layer),
            self._work_within(budget),
            number=self._rng.getrandbits(32),
            examples=EXAMPLES,
            steps=STEPS[layer],
        )

    def _machine(self, layer: str) -> type[Machine]:
        if self._is_kernel:
            return KernelMachine
        return ConcurrentMachine if layer == "sampled" else SequentialMachine

    def _words(self, layer: str) -> str:
        counts = self._open[layer][0]
        if layer == "sampled":
            return (
                f"{counts.schedules:,} random schedules of "
                f"{counts.scenarios:,} drawn races"
            )
        if self._is_symbolic(layer) and self._covered:
            return self._covered
        return f"{counts.requests:,} operations in {counts.scenarios:,} VMs"

    def _cut(self) -> str | None:
        return "stopped at the first finding" if self._findings.enough else None

    def report_unfinished(self) -> None:
        """Send what the layers had done when the target broke."""
        for layer in tuple(self._open):
            self._done(layer, self._words(layer), "the target broke")

    def _done(self, layer: str, covered: str, cut: str | None) -> None:
        counts, watch = self._open.pop(layer)
        self._send(
            LayerDone(
                target=self._target.name,
                layer=layer,
                scenarios=counts.scenarios,
                schedules=counts.schedules,
                steps=counts.steps,
                seconds=watch.seconds,
                covered=covered,
                reached=dict(counts.reached),
                cut=cut,
                histories=dict(counts.histories),
                requests=counts.requests,
                met=dict(counts.met),
            )
        )


def _fault(message: str) -> TargetFault:
    return TargetFault(0, None, message)
