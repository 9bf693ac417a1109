"""Sequences for the running kernel: each reply judged before the next request is drawn.

A VM is made for each sequence and closed after it. Requests are drawn against the table
that the judge knows, so that most of them meet something.
"""

from __future__ import annotations

from memslot_conformance.findings.trial import TargetBrokeError
from memslot_conformance.layers.slices import Slice
from memslot_conformance.play.played import Played
from memslot_conformance.play.trace import Trace
from memslot_conformance.scenarios.drawn.choices import Choices
from memslot_conformance.scenarios.drawn.met import Met
from memslot_conformance.scenarios.kernel.requests import (
    draw_operation,
    kernel_situation,
)
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.kvm.detect import KernelFacts
from memslot_conformance.targets.kvm.target import kernel_vm
from memslot_spec.history.events import Finished
from memslot_spec.judging.judge import Judge
from memslot_spec.model.operations import Operation

LONGEST = 2_500
"""Requests of the longest sequence."""


def play_kernel(work: Slice, choices: Choices) -> None:
    """Ask one VM of the running kernel.

    Errors: `OutOfTimeError`, `TargetBrokeError`.
    """
    usable = work.target.usable
    if usable is None:
        message = "only the kvm target has a running kernel"
        raise ValueError(message)
    work.begin_play()
    work.trial.begin_scenario()
    requests = choices.between(1, LONGEST)
    vm = KernelVm(work, usable.facts)
    try:
        vm.ask_all(choices, requests)
    finally:
        vm.close()


class KernelVm:
    """A VM of the running kernel that is judged while it is asked."""

    def __init__(self, work: Slice, facts: KernelFacts) -> None:
        self._work = work
        self._vm = kernel_vm(facts)
        self._judge = Judge(work.trial.applicable)
        self._trace = Trace()
        self._operations: list[Operation] = []
        self._met = Met(work.target.header)
        work.trial.begin()

    def ask_all(self, choices: Choices, requests: int) -> None:
        """Ask so many requests, up to the first that breaks something."""
        work = self._work
        draw = kernel_situation(choices, work.target.header, self._vm.backing)
        for _ in range(requests):
            work.check_time()
            draw.table = self._judge.facts.worlds.tables()[0]
            if self._ask(draw_operation(draw, work.palette)):
                return

    def _ask(self, operation: Operation) -> bool:
        """Ask one request; True where the sequence is over."""
        self._met.step(operation)
        self._operations.append(operation)
        events = self._trace.events
        seen = len(events)
        self._trace.carry_out(self._vm, 0, operation)
        self._judge.see_all(events[seen:])
        if self._trace.fault is not None:
            raise TargetBrokeError(self._trace.fault, self._scenario())
        findings = self._judge.findings
        if findings:
            played = Played((*events, Finished(0, ())))
            scenario = self._scenario()
            self._work.findings.take(findings, played, scenario, "sequential")
        return bool(findings)

    def _scenario(self) -> Scenario:
        return Scenario(prefix=tuple(self._operations))

    def close(self) -> None:
        """Count what was judged, and close the VM."""
        counts = self._work.trial.counts
        self._judge.see(Finished(0, ()))
        self._work.trial.count(self._judge, self._trace.events)
        counts.requests += len(self._operations)
        counts.met.update(self._met.counter)
        self._vm.close()
