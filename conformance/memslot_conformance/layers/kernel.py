"""The machine for the running kernel: requests in batches, each reply judged.

A VM is made for each example and closed after it. Hypothesis draws how many
batches there are and what each begins from; inside a batch requests are drawn
against the table that the judge knows, so that most of them meet something.
"""

from __future__ import annotations

from random import Random

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from memslot_conformance.findings.trial import TargetBrokeError
from memslot_conformance.layers.machines import SEEDS, Machine
from memslot_conformance.play.played import Played
from memslot_conformance.play.trace import Trace
from memslot_conformance.scenarios.drawn.choices import Seeded
from memslot_conformance.scenarios.drawn.met import Met
from memslot_conformance.scenarios.drawn.situation import Situation
from memslot_conformance.scenarios.kernel.requests import (
    draw_operation,
    kernel_situation,
)
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.kvm.target import kernel_vm
from memslot_spec.history.events import Finished
from memslot_spec.judging.judge import Judge
from memslot_spec.model.operations import Operation

BATCH = 100


class KernelMachine(Machine):
    """Batches of requests to one VM of the running kernel."""

    def __init__(self) -> None:
        super().__init__()
        self.slice.check_turn()
        self.slice.begin_play()
        self.slice.trial.begin_scenario()
        usable = self.slice.target.usable
        if usable is None:
            message = "the kernel machine runs on the kvm target only"
            raise ValueError(message)
        self.vm = kernel_vm(usable.facts)
        self.judge = Judge(self.slice.trial.applicable)
        self.trace = Trace()
        self.operations: list[Operation] = []
        self.over = False
        self.situation: Situation | None = None
        self.met = Met(self.slice.target.header)
        self.slice.trial.begin()

    @initialize(number=SEEDS)
    def settle(self, number: int) -> None:
        """Choose where the VM's slots are."""
        header, backing = self.slice.target.header, self.vm.backing
        self.situation = kernel_situation(Seeded(Random(number)), header, backing)

    @rule(number=SEEDS, size=st.integers(1, BATCH))
    def batch(self, number: int, size: int) -> None:
        """Send a batch of requests."""
        if self.situation is None:
            return
        self.situation.rng = Seeded(Random(number))
        for _ in range(size):
            self.slice.check_time()
            if self.over or self._send(self.situation):
                return

    def _send(self, draw: Situation) -> bool:
        """Send one request; True where the example is over."""
        draw.table = self.judge.facts.worlds.tables()[0]
        operation = draw_operation(draw, self.slice.palette)
        self.met.step(operation)
        self.operations.append(operation)
        events = self.trace.events
        seen = len(events)
        self.trace.carry_out(self.vm, 0, operation)
        self.judge.see_all(events[seen:])
        if self.trace.fault is not None:
            self.over = True
            raise TargetBrokeError(self.trace.fault, self._scenario())
        findings = self.judge.findings
        if findings:
            self.over = True
            played = Played((*events, Finished(0, ())))
            scenario = self._scenario()
            self.slice.findings.take(findings, played, scenario, "sequential")
        return self.over

    def _scenario(self) -> Scenario:
        return Scenario(prefix=tuple(self.operations))

    def teardown(self) -> None:
        """Count what was judged, and close the VM."""
        self.judge.see(Finished(0, ()))
        self.slice.trial.count(self.judge, self.trace.events)
        self.slice.trial.counts.requests += len(self.operations)
        self.slice.trial.counts.met.update(self.met.counter)
        self.vm.close()
