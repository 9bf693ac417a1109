"""Judges what was recorded before, and runs a recorded failure again.

A recorded history is judged by what it shows. It cannot reach every clause, so
clauses that it does not reach are counted as inconclusive and leave its status
alone, unless they were asked for by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from memslot_conformance.findings import failure_file
from memslot_conformance.findings.failure_file import (
    REPLAYED,
    RecordedFailure,
    Replayed,
    history_lines,
    is_failure,
    read_failure,
    read_head,
)
from memslot_conformance.findings.faults import TOO_LONG, same_kind
from memslot_conformance.findings.records import (
    Found,
    LayerDone,
    Record,
    TargetFailed,
    TargetFinished,
    TargetStarted,
    found_in,
)
from memslot_conformance.recorded_files import recorded_lines
from memslot_conformance.run.aftermath import hung_again
from memslot_conformance.run.exits import Exit
from memslot_conformance.run.stream import is_stream, records_in
from memslot_conformance.targets.attempts import Repeated
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.probe import TargetBrokenError, asked
from memslot_spec.clause import AnyClause
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.events import Finished
from memslot_spec.history.header import Header, History
from memslot_spec.history.wire import HistoryLines, read_history
from memslot_spec.judging.applies import ApplicableClauses, not_applicable
from memslot_spec.judging.judge import judge, judge_events
from memslot_spec.judging.judgement import Finding

ANSWER = "replayed"

REPLAY_SECONDS = 60.0
SECONDS_OF_AN_OPERATION = 0.1
"""A replay takes no longer, in all or for each operation: it is one play."""


@dataclass(frozen=True, slots=True)
class Reread:
    """The report of a run, read again; `problem` says why it is not whole."""

    records: tuple[Record, ...]
    clauses: tuple[AnyClause, ...]
    problem: str | None


@dataclass(frozen=True, slots=True)
class Rejudged:
    """A recorded history, judged: the records of a run that is this one history.

    `is_failure` says that the file can be run again, `cut` why it is not whole, and
    `by_name` that these clauses were asked for. It had so many whole `events`, which
    are kept where something was found in them, and dropped as they were judged else.
    """

    header: Header
    events: int
    records: tuple[Record, ...]
    clauses: tuple[AnyClause, ...]
    is_failure: bool
    cut: str | None
    by_name: bool


def judge_file(
    path: Path, clauses: tuple[AnyClause, ...] | None = None
) -> Reread | Rejudged:
    """Judge a history or a failure file by these clauses, or all; read a report again.

    Errors: `FileError` where it is none of these, naming the place; `OSError` where it
    cannot be read.
    """
    with recorded_lines(path) as lines:
        first = lines.first
        if is_stream(first):
            stream = records_in(lines, str(path))
            about = clauses or _clauses_of(stream.records)
            return Reread(stream.records, about, stream.problem)
        if is_failure(first):
            read_head(first, str(path))
        return _judged(lines, str(path), clauses, is_failure=is_failure(first))


def _lines_of(file: Iterable[str], *, is_failure: bool) -> Iterable[str]:
    return history_lines(file) if is_failure else file


def _clauses_of(records: Sequence[Record]) -> tuple[AnyClause, ...]:
    """The clauses that a run was about, as far as its records tell."""
    told: set[str] = set()
    for record in records:
        if isinstance(record, TargetStarted):
            told |= set(record.not_applicable)
        elif isinstance(record, LayerDone):
            told |= set(record.reached)
        elif isinstance(record, Found):
            told.add(record.clause)
        elif getattr(record, "clauses", None) == len(CLAUSES):
            return CLAUSES
    return tuple(clause for clause in CLAUSES if clause.id in told) or CLAUSES


def _judged(
    recorded: Iterable[str],
    name: str,
    asked_for: tuple[AnyClause, ...] | None,
    *,
    is_failure: bool,
) -> Rejudged:
    clauses = asked_for or CLAUSES
    lines = _lines_of(recorded, is_failure=is_failure)
    events = HistoryLines(lines, name)
    header = events.header
    judgement = judge_events(ApplicableClauses(header, clauses), events)
    # After what ends the judging the file may yet have what is no event.
    for _ in events:
        pass
    found: list[Record] = []
    if judgement.findings:
        # To be shown, it is read once more.
        lines = _lines_of(recorded, is_failure=is_failure)
        history = read_history(lines, name, allow_truncated=True).history
        found = [found_in(finding, history) for finding in judgement.findings]
    cut = judgement.undecided
    if events.cut_at is not None:
        cut = "the file ends in the middle of a line"
    elif not isinstance(events.last, Finished):
        cut = "it ends without the event Finished"
    reasons = {c.id: not_applicable(c, header) for c in clauses}
    records: list[Record] = [
        TargetStarted(
            target=header.target,
            profile=header.profile,
            description="recorded",
            interleaving=header.capabilities.interleaving.value,
            operations=header.capabilities.operations,
            not_applicable={c: why for c, why in reasons.items() if why is not None},
        ),
        *found,
        LayerDone(
            target=header.target,
            layer="recorded",
            scenarios=1,
            schedules=1,
            steps=events.count,
            seconds=0.0,
            covered="one recorded history",
            reached={c: count for c, count in judgement.reached.items() if count},
            cut=cut,
        ),
    ]
    withheld = judgement.withheld
    if judgement.contradiction is not None and (withheld is None or withheld):
        records.append(
            TargetFailed(
                target=header.target,
                what=f"its history contradicts itself: {judgement.contradiction}",
                last=f"step {events.count} of the history, or before",
                clauses=tuple(c.id for c in clauses if c.id in (withheld or ())),
            )
        )
    records.append(TargetFinished(target=header.target, seconds=0.0))
    return Rejudged(
        header,
        events.count,
        tuple(records),
        clauses,
        is_failure=is_failure,
        cut=cut,
        by_name=asked_for is not None,
    )


class RerunOutcome(Enum):
    """What came of a failure that was run again."""

    SAME = "the same finding"
    OTHERWISE = "its clause is broken, but not as it was recorded"
    ANOTHER = "its clause held, but another one is broken"
    HELD = "nothing is broken"
    DIVERGED = "the recorded run could not be followed"
    BROKE = "the target broke again as it did"


@dataclass(frozen=True, slots=True)
class Rerun:
    """A failure run again: what was left, and how it compares.

    `finding` is the one to show, if anything is broken; `diverged` says where the run
    left the recorded one, and `fault` how the target broke. A race of threads was
    played so many `times`.
    """

    failure: RecordedFailure
    history: History
    outcome: RerunOutcome
    finding: Finding | None
    diverged: str | None
    times: int = 1
    fault: str | None = None

    @property
    def status(self) -> Exit:
        """1 where it came again, or a clause is broken; 3 where not, or unknown."""
        broke = self.outcome in {RerunOutcome.HELD, RerunOutcome.DIVERGED}
        return Exit.BROKE if broke else Exit.DOES_NOT_CONFORM


def replay_file(path: Path) -> Rerun:
    """Run a failure again, once, in a process of its own, and judge what it leaves.

    Errors: `FileError` where it is no failure file, `OSError` where it cannot
    be read; as `probe.probe` where its target cannot be had.
    """
    failure = read_failure(path)

    def again(crash: CrashRecord) -> dict[str, str]:
        crash.say(f"replaying {path}")
        return {ANSWER: REPLAYED.to_text(failure_file.replay(failure))}

    hung = hung_again(failure)
    if hung is not None:
        return _compared_hung(failure, hung)
    for_each = SECONDS_OF_AN_OPERATION * failure.scenario.operations
    try:
        said = asked(again, seconds=max(REPLAY_SECONDS, for_each))
    except TargetBrokenError as error:
        what = error.broken.what
        if not failure.fault or not same_kind(what, failure.fault):
            raise
        return Rerun(
            failure, failure.history, RerunOutcome.BROKE, None, None, fault=what
        )
    return _compared(failure, REPLAYED.from_text(said[ANSWER]))


def _compared_hung(failure: RecordedFailure, hung: Repeated) -> Rerun:
    """It did not come back. That is the finding only where it is stuck."""
    history, fault = failure.history, f"{TOO_LONG}\n{hung.stack}".rstrip()
    if failure.fault:
        return Rerun(failure, history, RerunOutcome.BROKE, None, None, fault=fault)
    found = [f for f in judge(history, CLAUSES).findings if f.clause == failure.clause]
    if hung.stuck and found:
        return Rerun(failure, history, RerunOutcome.SAME, found[0], None, fault=fault)
    return Rerun(failure, history, RerunOutcome.DIVERGED, None, fault, fault=fault)


def _compared(failure: RecordedFailure, replayed: Replayed) -> Rerun:
    findings = judge(replayed.history, CLAUSES).findings
    same = [f for f in findings if f.clause == failure.clause]
    diverged, fault = replayed.diverged, replayed.error
    again = failure.fault and fault and same_kind(fault, failure.fault)
    if diverged is None and not findings:
        diverged = fault
    if again:
        outcome = RerunOutcome.BROKE
    elif same and same[0] in judge(failure.history, CLAUSES).findings:
        outcome = RerunOutcome.SAME
    elif same:
        outcome = RerunOutcome.OTHERWISE
    elif diverged is not None:
        outcome = RerunOutcome.DIVERGED
    else:
        outcome = RerunOutcome.ANOTHER if findings else RerunOutcome.HELD
    shown = (*same, *findings, None)[0]
    return Rerun(
        failure,
        replayed.history,
        outcome,
        shown,
        diverged,
        times=replayed.times,
        fault=fault,
    )
