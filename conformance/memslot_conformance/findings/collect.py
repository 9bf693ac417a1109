"""From a finding to a record: shrink it, keep it in a file, send it on.

The first finding of each clause is worked out; later ones are counted only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from memslot_conformance.clock import CLOCK, Clock
from memslot_conformance.findings.failure_file import RecordedFailure, write_failure
from memslot_conformance.findings.records import Found, Record
from memslot_conformance.findings.trial import Trial
from memslot_conformance.play.budget import Budget
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

SHRINK_SECONDS = 2.5
SHRINK_PLAYS = 1_500


@dataclass(slots=True)
class Findings:
    """Collects what the layers of one target find.

    `stop_at_first` says that one finding is enough.
    """

    target: Target
    trial: Trial
    send: Callable[[Record], None]
    failures_dir: Path | None
    stop_at_first: bool = False
    clock: Clock = CLOCK
    seen: Counter[str] = field(default_factory=Counter[str])

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
        for finding in findings:
            self.seen[finding.clause] += 1
            if self.seen[finding.clause] == 1:
                self._work_out(finding, played, scenario, layer, seconds)

    def _work_out(
        self,
        finding: Finding,
        played: Played,
        scenario: Scenario,
        layer: str,
        seconds: float,
    ) -> None:
        shrunk = self._shrink(finding.clause, played, scenario)
        judged = self.trial.judge(shrunk.played).findings
        same = next((f for f in judged if f.clause == finding.clause), finding)
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
        self.send(
            Found(
                target=self.target.name,
                clause=finding.clause,
                layer=layer,
                seconds=seconds,
                updates=updates,
                readers=readers,
                preemptions=shrunk.played.preemptions,
                operations=shrunk.scenario.operations,
                step=same.step,
                expected=same.expected,
                observed=same.observed,
                history=failure.history if _has_json(failure.history) else None,
                schedule=failure.schedule,
                file=None if path is None else str(path),
                unkept=unkept,
            )
        )

    def _shrink(self, clause: str, played: Played, scenario: Scenario) -> Shrunk:
        interleaving = self.target.header.capabilities.interleaving
        if interleaving is Interleaving.THREADS:
            return Shrunk(scenario, played)
        budget = Budget(plays=SHRINK_PLAYS, seconds=SHRINK_SECONDS, clock=self.clock)
        try:
            return shrink_scenario(
                self.target.make,
                scenario,
                played.schedule,
                lambda again: self.trial.breaks(again, clause),
                budget=budget,
            )
        except ValueError:
            # It does not come again from its schedule alone: shown as it was met.
            return Shrunk(scenario, played)

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


def _has_json(history: History) -> bool:
    """The history can be sent; a target may announce what is no value of its type."""
    try:
        history_to_json(history)
    except MisfitError:
        return False
    return True


def _sizes(scenario: Scenario) -> tuple[int, int]:
    """How many updates and how many readers race, or run where nothing races."""
    raced: list[Operation] = [op for thread in scenario.threads for op in thread]
    operations = raced or [*scenario.prefix, *scenario.after]
    updates = sum(isinstance(operation, SetRegion) for operation in operations)
    return updates, len(operations) - updates
