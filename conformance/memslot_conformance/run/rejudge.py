"""Judges what was recorded before, and runs a recorded failure again.

A recorded history is judged by what it shows. It cannot reach every clause, so
clauses that it does not reach are counted as inconclusive and leave its status
alone, unless they were asked for by name.
"""

from __future__ import annotations

from collections.abc import Sequence
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
)
from memslot_conformance.findings.records import (
    Found,
    LayerDone,
    Record,
    TargetFailed,
    TargetFinished,
    TargetStarted,
    found_in,
)
from memslot_conformance.run.exits import Exit
from memslot_conformance.run.stream import is_stream, read_stream
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.probe import asked
from memslot_spec.clause import AnyClause
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.events import Finished
from memslot_spec.history.header import History
from memslot_spec.history.wire import HistoryRead, read_history
from memslot_spec.judging.applies import not_applicable
from memslot_spec.judging.judge import Finding, judge

ANSWER = "replayed"

REPLAY_SECONDS = 60.0
"""A replay takes no longer than this; it is one play of one scenario."""


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
    `by_name` that these clauses were asked for.
    """

    history: History
    records: tuple[Record, ...]
    clauses: tuple[AnyClause, ...]
    is_failure: bool
    cut: str | None
    by_name: bool


def judge_file(
    path: Path, clauses: tuple[AnyClause, ...] | None = None
) -> Reread | Rejudged:
    """Judge a history or a failure file by these clauses, or all; read a report again.

    Errors: `HistoryError` or `StreamError` where it is none of these, naming the
    place; `OSError` where it cannot be read.
    """
    with path.open(encoding="utf-8", errors="replace") as file:
        first_line = file.readline()
    if is_stream(first_line):
        stream = read_stream(path)
        about = clauses or _clauses_of(stream.records)
        return Reread(stream.records, about, stream.problem)
    with path.open(encoding="utf-8") as file:
        failure = is_failure(first_line)
        lines = history_lines(file) if failure else file
        recorded = read_history(lines, str(path), allow_truncated=True)
    return _judged(recorded, clauses, is_failure=failure)


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
    recorded: HistoryRead, asked_for: tuple[AnyClause, ...] | None, *, is_failure: bool
) -> Rejudged:
    clauses = asked_for or CLAUSES
    history = recorded.history
    header = history.header
    judgement = judge(history, clauses)
    ended = bool(history.events) and isinstance(history.events[-1], Finished)
    cut = judgement.undecided
    if not recorded.complete:
        cut = "the file ends in the middle of a line"
    elif not ended:
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
        *(found_in(finding, history) for finding in judgement.findings),
        LayerDone(
            target=header.target,
            layer="recorded",
            scenarios=1,
            schedules=1,
            steps=len(history.events),
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
                last=f"step {len(history.events)} of the history, or before",
                clauses=tuple(c.id for c in clauses if c.id in (withheld or ())),
            )
        )
    records.append(TargetFinished(target=header.target, seconds=0.0))
    return Rejudged(
        history,
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


@dataclass(frozen=True, slots=True)
class Rerun:
    """A failure run again: what was left, and how it compares.

    `finding` is the one to show, if anything is broken; `diverged` says where the run
    left the recorded one.
    """

    failure: RecordedFailure
    history: History
    outcome: RerunOutcome
    finding: Finding | None
    diverged: str | None

    @property
    def status(self) -> Exit:
        """1 where a clause is broken again; 3 where it held, or nobody can say."""
        broke = self.outcome in {RerunOutcome.HELD, RerunOutcome.DIVERGED}
        return Exit.BROKE if broke else Exit.DOES_NOT_CONFORM


def replay_file(path: Path) -> Rerun:
    """Run a failure again, once, in a process of its own, and judge what it leaves.

    Errors: `HistoryError` where it is no failure file, `OSError` where it cannot
    be read; as `probe.probe` where its target cannot be had.
    """
    failure = read_failure(path)

    def again(crash: CrashRecord) -> dict[str, str]:
        crash.say(f"replaying {path}")
        return {ANSWER: REPLAYED.to_text(failure_file.replay(failure))}

    said = asked(again, seconds=REPLAY_SECONDS)
    return _compared(failure, REPLAYED.from_text(said[ANSWER]))


def _compared(failure: RecordedFailure, replayed: Replayed) -> Rerun:
    findings = judge(replayed.history, CLAUSES).findings
    same = [f for f in findings if f.clause == failure.clause]
    diverged = replayed.diverged
    if diverged is None and not findings:
        diverged = replayed.error
    if same and same[0] in judge(failure.history, CLAUSES).findings:
        outcome = RerunOutcome.SAME
    elif same:
        outcome = RerunOutcome.OTHERWISE
    elif diverged is not None:
        outcome = RerunOutcome.DIVERGED
    else:
        outcome = RerunOutcome.ANOTHER if findings else RerunOutcome.HELD
    shown = (*same, *findings, None)[0]
    return Rerun(failure, replayed.history, outcome, shown, diverged)
