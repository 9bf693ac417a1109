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
from math import inf
from pathlib import Path

from memslot_conformance.findings.failure_file import RecordedFailure, kept_in
from memslot_conformance.findings.parts import found_part
from memslot_conformance.findings.records import Found, Record
from memslot_conformance.findings.trial import Trial
from memslot_conformance.play.askable import askable
from memslot_conformance.play.budget import Budget
from memslot_conformance.play.explore import replay
from memslot_conformance.play.fewer import LONG
from memslot_conformance.play.played import Played
from memslot_conformance.play.reduction import NotRepeatableError
from memslot_conformance.play.repeated import PLAYS, Repeating
from memslot_conformance.play.shrink import shrink_scenario
from memslot_conformance.play.shrunk import (
    Shrunk,
    StillFails,
)
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.resolve import Target
from memslot_spec.history.header import History
from memslot_spec.history.json_kinds import MisfitError
from memslot_spec.history.wire import history_to_json
from memslot_spec.judging.blind import blind, without_points
from memslot_spec.judging.judgement import Finding
from memslot_spec.model.operations import Operation, TableRequest

SHRINK_SECONDS = 5.0
SHRINK_PLAYS = 1_500
"""What making one finding small may cost; when time is over, all that are left."""

LONG_SECONDS = 15.0
"""The same for what takes long to play even once, out of the time of all."""

LONG_OPERATIONS, LONG_PLAYS = 100_000, 40
"""The same where no clock ends it: operations in all, or a few plays at least."""

REPEATING_SECONDS = 3.0
"""What making a failure of threads small may cost."""

REPLAYS, FEW_REPLAYS = 10, 2
"""So often a finding is played again, where it did not come in each of the first."""

LONGEST_TOLD = 20_000
"""Events of a history that is sent; of a longer one its file tells."""


@dataclass(slots=True)
class Findings:
    """Collects what the layers of one target find.

    `stop_at_first` says that one finding is enough; `ceiling` is the time of all, and
    without one making a finding small is bounded by plays alone. In a part of a
    target's work a finding is sent with its scenario, for its run keeps the file; what
    breaks only `known` clauses is not made small.
    """

    target: Target
    trial: Trial
    send: Callable[[Record], None]
    failures_dir: Path | None
    stop_at_first: bool = False
    ceiling: Budget = field(default_factory=Budget)
    is_part: bool = False
    known: tuple[str, ...] = ()
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
                self._tell(met[-1], scenario)
        if all(found.clause in self.known for found in met):
            return
        large = small = Shrunk(scenario, played)
        for finding, found in zip(_new(findings, met), met, strict=True):
            # What else was broken at once is mostly broken by the small one too.
            still = self.trial.breaks(small.played, finding.clause)
            replays, came_again = self._replayed(finding.clause, large)
            if came_again < replays:
                # By chance a part of it breaks as well, and is no smaller failure.
                at_random = replace(found, replays=replays, came_again=came_again)
                self._tell(replace(at_random, replaces=True), scenario)
                continue
            small = self._shrink(finding.clause, small if still else large)
            cause = self._cause(finding.clause)
            if cause is None:
                self._causes[finding.clause] = small.played
            if self.is_part or small != large or cause != found.cause:
                same = self._same(finding, small)
                last = self._found(same, small, layer, seconds)
                self._tell(replace(last, cause=cause, replaces=True), small.scenario)

    def _tell(self, found: Found, scenario: Scenario) -> None:
        self.send(found_part(found, scenario) if self.is_part else found)

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
        updates, readers = sizes(shrunk.scenario)
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
            file=path,
            unkept=unkept,
            replays=shrunk.replays,
            came_again=shrunk.came_again,
        )

    def _replayed(self, clause: str, failing: Shrunk) -> tuple[int, int]:
        """How often it was played again, and in how many of them it came again.

        Whoever came again at once is played no more. What the law leaves open does not
        count, for the clause is asked and not the history.
        """
        scenario, schedule = failing.scenario, failing.played.schedule
        if self._races_by_itself(scenario):
            return 0, 0
        came = replays = 0
        for replays in range(1, REPLAYS + 1):
            again = replay(self.target.make, scenario, schedule)
            came += self.trial.breaks(again, clause)
            if came == replays == FEW_REPLAYS:
                break
        return replays, came

    def _races_by_itself(self, scenario: Scenario) -> bool:
        return self.trial.is_raced and bool(scenario.threads)

    def _shrink(self, clause: str, failing: Shrunk) -> Shrunk:
        if self._races_by_itself(failing.scenario):
            return self._repeated(clause, failing)
        return self.made_small(failing, lambda again: self.trial.breaks(again, clause))

    def made_small(self, failing: Shrunk, still_fails: StillFails) -> Shrunk:
        """The least that still fails, as far as it can be had in the time."""
        if self._races_by_itself(failing.scenario):
            return failing
        small = self._smaller(failing, still_fails)
        lengths = failing.scenario.operations, small.scenario.operations
        if self.ceiling.seconds_left == inf and lengths[0] > LONG >= lengths[1]:
            # It was given few plays, as each was to be long.
            small = self._smaller(small, still_fails)
        return small

    def _smaller(self, failing: Shrunk, still_fails: StillFails) -> Shrunk:
        try:
            return shrink_scenario(
                self.target.make,
                failing.scenario,
                failing.played.schedule,
                still_fails,
                budget=self._budget_for(failing.scenario),
                may_ask=askable(self.target.header, failing.scenario),
            )
        except (ValueError, NotRepeatableError):
            # It does not come again from its schedule alone: shown as it was met.
            return failing

    def _repeated(self, clause: str, failing: Shrunk) -> Shrunk:
        """By repetition: what is in hand stands, whatever comes again."""

        def trim(played: Played) -> Played:
            return self.trial.trimmed(played, clause)

        left = self.ceiling.seconds_left
        seconds = inf if left == inf else min(REPEATING_SECONDS, left + SHRINK_SECONDS)
        repeating = Repeating(
            self.target.make,
            lambda played: self.trial.breaks(played, clause),
            self.ceiling.part(seconds, plays=PLAYS),
            trim,
        )
        return repeating.shrink(failing)

    def _budget_for(self, scenario: Scenario) -> Budget:
        left, is_long = self.ceiling.seconds_left, scenario.operations > LONG
        if left == inf:
            plays = max(LONG_OPERATIONS // scenario.operations, LONG_PLAYS)
            return Budget(plays=plays if is_long else SHRINK_PLAYS)
        seconds = min(SHRINK_SECONDS, left + SHRINK_SECONDS)
        if is_long:
            # One more try of it is not over at once.
            seconds = min(LONG_SECONDS, left)
        return self.ceiling.part(seconds, plays=SHRINK_PLAYS)

    def _keep(self, failure: RecordedFailure) -> tuple[str | None, str | None]:
        """The file of the failure; or why there is none, where one is wanted."""
        if self.failures_dir is None:
            return None, None
        if self.is_part:
            return None, no_json(failure.history)
        return kept_in(self.failures_dir, failure)


def _new(findings: tuple[Finding, ...], met: list[Found]) -> list[Finding]:
    """Of each clause that was new its first finding."""
    first = {finding.clause: finding for finding in reversed(findings)}
    return [first[found.clause] for found in met]


def no_json(history: History) -> str | None:
    """Why it cannot be sent: a target may announce what is no value of its type."""
    try:
        history_to_json(history)
    except MisfitError as misfit:
        return str(misfit)
    return None


def _told(history: History, file: str | None) -> History | None:
    """The history, where it can be sent and is not too long for it.

    A target may announce what is no value of its type.
    """
    if file is not None:
        return history if len(history.events) <= LONGEST_TOLD else None
    return None if no_json(history) else history


def sizes(scenario: Scenario) -> tuple[int, int]:
    """How many updates and how many readers race, or run where nothing races."""
    raced: list[Operation] = [op for thread in scenario.threads for op in thread]
    operations = raced or [*scenario.prefix, *scenario.after]
    updates = sum(isinstance(operation, TableRequest) for operation in operations)
    return updates, len(operations) - updates
