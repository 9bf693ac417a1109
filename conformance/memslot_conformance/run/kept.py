"""The files of what the parts of a target found: findings, and how it broke."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from memslot_conformance.findings.collect import LONGEST_TOLD
from memslot_conformance.findings.failure_file import RecordedFailure, kept_in
from memslot_conformance.findings.parts import FailedPart, failed_whole
from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import (
    Found,
    TargetFailed,
)
from memslot_conformance.scenarios.scenario import Scenario


def kept_finding(plan: TargetPlan, found: Found, scenario: Scenario) -> Found:
    """The finding with its file, where one is wanted."""
    folder, history = plan.failures_dir, found.history
    if folder is None or history is None:
        return found
    failure = RecordedFailure(
        found.target,
        history.header.profile,
        found.clause,
        scenario,
        found.schedule,
        history,
        plan.blind,
    )
    file, unkept = kept_in(Path(folder), failure)
    if file is not None and len(history.events) > LONGEST_TOLD:
        history = None
    return replace(found, history=history, file=file, unkept=unkept)


@dataclass(slots=True)
class Faults:
    """How the parts of one target broke: each way once."""

    plan: TargetPlan
    _told: list[TargetFailed] = field(default_factory=list[TargetFailed])
    _numbers: dict[int, int] = field(default_factory=dict[int, int])

    def new(self, part: int, failed: TargetFailed) -> TargetFailed | None:
        """What is to be told of it, with its file; None where another broke like it."""
        if failed.replaces:
            if part not in self._numbers:
                return None
        elif any(other.what == failed.what for other in self._told):
            return None
        else:
            self._told.append(failed)
            self._numbers[part] = len(self._told)
        if isinstance(failed, FailedPart):
            failed = self._kept(failed, self._numbers[part])
        if self.plan.is_whole:
            return failed
        last = f"{failed.last}\nin part {part + 1} of {self.plan.parts}".lstrip()
        return replace(failed, last=last)

    def _kept(self, failed: FailedPart, number: int) -> TargetFailed:
        whole = failed_whole(failed)
        if self.plan.failures_dir is None:
            return whole
        failure = RecordedFailure(
            failed.target,
            failed.history.header.profile,
            "",
            failed.scenario,
            failed.schedule,
            failed.history,
            self.plan.blind,
            failed.fault,
        )
        file, unkept = kept_in(Path(self.plan.failures_dir), failure, number)
        return replace(whole, file=file, unkept=unkept)
