"""From a finding to a record: send it on, keep it in a file, and then make it small.

The first finding of each clause is worked out; later ones are counted only. It is sent
as it was met, and once more when it is small, so that nothing is lost on the way.

Findings have one *cause* where the first of them, once it was made small, breaks the
clause of the other as well, if that is asked alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from memslot_conformance.findings.failure_file import RecordedFailure, write_failure
from memslot_conformance.findings.records import Found, Record
from memslot_conformance.findings.trial import Trial
from memslot_conformance.play.askable import askable
from memslot_conformance.play.budget import Budget
from memslot_conformance.play.explore import NotRepeatableError
from memslot_conformance.play.fewer import LONG
from memslot_conformance.play.played import Played
from memslot_conformance.play.shrink import Shrunk, shrink_scenario
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.resolve import Target
from memslot_spec.history.header import History, Interleaving
from memslot_spec.history.json_kinds import MisfitError
from memslot_spec.history.wire import history_to_json
from memslot_spec.judging.blind import blind, without_points
from memslot_spec.judging.judge import Finding
from memslot_spec.model.operations import Operation, SetRegion

SHRINK_SECONDS = 5.0
SHRINK_PLAYS = 1_500
"""What making one finding small may cost; when time is over, all that are left."""

LONG_SECONDS = 15.0
"""The same for what takes long to play even once, out of the time of all."""

LONGEST_TOLD = 20_000
"""Events of a history that is sent; of a longer one its file tells."""


@dataclass(slots=True)
class Findings:
    """Collects what the layers of one target find.

    `stop_at_first` says that one finding is enough; `ceiling` is the time of all.
    """

    target: Target
    trial: Trial
    send: Callable[[Record], None]
    failures_dir: Path | None
    stop_at_first: bool = False
    ceiling: Budget = field(default_factory=Budget)
    seen: Counter[str] = field(default_factory=Counter[str])
    _causes: dict[str, Played] = field(init=False, default_factory=dict[str, Played])

    @property
    def enough(self) -> bool:
        """No more findings are wanted."""
        return self.stop_at_first and bool(self.seen)

    def take(
        self,
        findings: tuple[Finding, ...],
        played: Played,
        scenario: Scenario,
        layer: str,
    ) -> None:
        """Count the findings of a play; work out those whose clause is new."""
        seconds = self.trial.since_start()
        met: list[Found] = []
        for finding in findings:
            self.seen[finding.clause] += 1
            if self.seen[finding.clause] == 1:
                found = self._found(finding, Shrunk(scenario, played), layer, seconds)
                cause = self._cause(finding.clause)
                met.append(replace(found, cause=cause))
                self.send(met[-1])
        large = small = Shrunk(scenario, played)
        for finding, found in zip(_new(findings, met), met, strict=True):
            # What else was broken at once is mostly broken by the small one too.
            still = self.trial.breaks(small.played, finding.clause)
            small = self._shrink(finding.clause, small if still else large)
            cause = self._cause(finding.clause)
            if cause is None:
                self._causes[finding.clause] = small.played
            if small != large or cause != found.cause:
                same = self._same(finding, small)
                last = self._found(same, small, layer, seconds)
                self.send(replace(last, cause=cause, replaces=True))

    def _cause(self, clause: str) -> str | None:
        """The clause of an earlier finding whose play breaks this one, too."""
        broken = (
            first
            for first, played in self._causes.items()
            if first != clause and self.trial.breaks_alone(played, clause)
        )
        return next(broken, None)

    def _same(self, finding: Finding, shrunk: Shrunk) -> Finding:
        """The finding as it shows in what is left."""
        judged = self.trial.judge(shrunk.played).findings
        return next((f for f in judged if f.clause == finding.clause), finding)

    def _found(
        self, finding: Finding, shrunk: Shrunk, layer: str, seconds: float
    ) -> Found:
        header, events = self.trial.header, shrunk.played.events
        if self.trial.is_blind:
            header, events = blind(header), without_points(events)
        failure = RecordedFailure(
            self.target.name,
            header.profile,
            finding.clause,
            shrunk.scenario,
            shrunk.played.schedule,
            History(header, events),
            self.trial.is_blind,
        )
        path, unkept = self._keep(failure)
        updates, readers = _sizes(shrunk.scenario)
        return Found(
            target=self.target.name,
            clause=finding.clause,
            layer=layer,
            seconds=seconds,
            updates=updates,
            readers=readers,
            preemptions=shrunk.played.preemptions,
            operations=shrunk.scenario.operations,
            step=finding.step,
            expected=finding.expected,
            observed=finding.observed,
            history=_told(failure.history, path),
            schedule=failure.schedule,
            file=None if path is None else str(path),
            unkept=unkept,
        )

    def _shrink(self, clause: str, failing: Shrunk) -> Shrunk:
        interleaving = self.target.header.capabilities.interleaving
        if interleaving is Interleaving.THREADS and failing.scenario.threads:
            return failing
        try:
            return shrink_scenario(
                self.target.make,
                failing.scenario,
                failing.played.schedule,
                lambda again: self.trial.breaks(again, clause),
                budget=self._budget_for(failing.scenario),
                may_ask=askable(self.target.header, failing.scenario),
            )
        except (ValueError, NotRepeatableError):
            # It does not come again from its schedule alone: shown as it was met.
            return failing

    def _budget_for(self, scenario: Scenario) -> Budget:
        left = self.ceiling.seconds_left
        seconds = min(SHRINK_SECONDS, left + SHRINK_SECONDS)
        if scenario.operations > LONG:
            # One more try of it is not over at once.
            seconds = min(LONG_SECONDS, left)
        return self.ceiling.part(seconds, plays=SHRINK_PLAYS)

    def _keep(self, failure: RecordedFailure) -> tuple[Path | None, str | None]:
        """The file of the failure; or why there is none, where one is wanted.

        A finding whose file cannot be written is still a finding.
        """
        if self.failures_dir is None:
            return None, None
        name = failure.target.replace(":", "-").replace("/", "-")
        path = self.failures_dir / f"{name}-{failure.clause}.ndjson"
        try:
            self.failures_dir.mkdir(parents=True, exist_ok=True)
            write_failure(path, failure)
        except (OSError, MisfitError) as error:
            return None, str(error)
        return path, None


def _new(findings: tuple[Finding, ...], met: list[Found]) -> list[Finding]:
    """Of each clause that was new its first finding."""
    first = {finding.clause: finding for finding in reversed(findings)}
    return [first[found.clause] for found in met]


def _told(history: History, file: Path | None) -> History | None:
    """The history, where it can be sent and is not too long for it.

    A target may announce what is no value of its type.
    """
    if file is not None:
        return history if len(history.events) <= LONGEST_TOLD else None
    try:
        history_to_json(history)
    except MisfitError:
        return None
    return history


def _sizes(scenario: Scenario) -> tuple[int, int]:
    """How many updates and how many readers race, or run where nothing races."""
    raced: list[Operation] = [op for thread in scenario.threads for op in thread]
    operations = raced or [*scenario.prefix, *scenario.after]
    updates = sum(isinstance(operation, SetRegion) for operation in operations)
    return updates, len(operations) - updates
