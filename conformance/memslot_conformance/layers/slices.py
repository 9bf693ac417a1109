"""What a layer of drawn scenarios works with, and how much of it it may do."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from memslot_conformance.findings.collect import Findings
from memslot_conformance.findings.trial import Trial
from memslot_conformance.play.budget import Budget
from memslot_conformance.scenarios.drawn.requests import Palette
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.resolve import Target


class OutOfTimeError(KeyboardInterrupt):
    """The slice is over. Hypothesis lets only interrupts through at once."""


@dataclass(slots=True)
class Slice:
    """What is worked with: the target, the judge, and how much may be done.

    It is over when the layer has made `steps` or `scenarios` in all, or the budget is
    spent.
    """

    target: Target
    trial: Trial
    findings: Findings
    palette: Palette
    crash_record: CrashRecord
    budget: Budget
    steps: float = inf
    scenarios: float = inf

    def check_time(self) -> None:
        """Errors: `OutOfTimeError` when its time is over, or enough was found."""
        if self.budget.late or self.findings.enough:
            raise OutOfTimeError

    def begin_play(self) -> None:
        """Errors: `OutOfTimeError` when the slice is spent, or enough was found."""
        if self.findings.enough or not self.budget.spend():
            raise OutOfTimeError

    def check_turn(self) -> None:
        """Errors: `OutOfTimeError` when it is over: steps end no scenario half done."""
        counts = self.trial.counts
        over = counts.steps >= self.steps or counts.scenarios >= self.scenarios
        if over or not self.budget.left:
            raise OutOfTimeError
