"""Judges what was recorded before, and runs a recorded failure again.

A recorded history is judged by what it shows. It cannot reach every clause, so
clauses that it does not reach are counted as inconclusive and leave its status
alone, unless they were asked for by name.
"""

from __future__ import annotations

import itertools
import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from memslot_conformance.findings import failure_file
from memslot_conformance.findings.failure_file import Failure, is_failure, read_failure
from memslot_conformance.findings.records import (
    Found,
    LayerDone,
    Record,
    TargetFailed,
    TargetFinished,
    TargetStarted,
)
from memslot_conformance.report.failure import render_failure
from memslot_conformance.report.lanes import MARK, draw
from memslot_conformance.report.table import Look
from memslot_conformance.report.terminal import report
from memslot_conformance.run.stream import is_stream, read_stream
from memslot_conformance.run.verdicts import Exit
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.probe import asked
from memslot_spec.clause import AnyClause
from memslot_spec.clauses import CLAUSES, clause_by_id
from memslot_spec.history.events import Finished
from memslot_spec.history.header import History
from memslot_spec.history.wire import HistoryRead, history_to_json, read_history
from memslot_spec.judge.applies import not_applicable
from memslot_spec.judge.judge import Finding, judge

REPLAY_SECONDS = 60.0
"""A replay takes no longer than this; it is one play of one scenario."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is asked of the judging: clauses (None for all), and how it looks."""

    clauses: tuple[AnyClause, ...] | None = None
    look: Look


def judge_file(path: Path, options: Options) -> tuple[str, Exit]:
    """Judge a history or a failure file; a run's stream is reported once more.

    Errors: `HistoryError` or `StreamError` where it is none of these, naming the
    place; `OSError` where it cannot be read.
    """
    with path.open(encoding="utf-8", errors="replace") as file:
        first_line = file.readline()
    if is_stream(first_line):
        return _stream_again(path, options)
    failure = is_failure(first_line)
    with path.open(encoding="utf-8") as file:
        if failure:
            # A blank line in place of the first keeps the numbers of the others.
            file.readline()
            lines = itertools.chain(("\n",), file)
            recorded = read_history(lines, str(path), allow_truncated=True)
        else:
            recorded = read_history(file, str(path), allow_truncated=True)
    verb = "replay" if failure else "judge"
    return _judged(recorded, path, verb, options)


def _stream_again(path: Path, options: Options) -> tuple[str, Exit]:
    stream = read_stream(path)
    look = Look(
        width=options.look.width,
        color=options.look.color,
        strict=options.look.strict,
        problem=stream.problem,
        verbose=options.look.verbose,
    )
    clauses = options.clauses or _clauses_of(stream.records)
    return report(stream.records, clauses, look)


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
    recorded: HistoryRead, path: Path, verb: str, options: Options
) -> tuple[str, Exit]:
    history = recorded.history
    clauses = options.clauses or CLAUSES
    records, cut = _records(
        recorded, clauses, f"memslots {verb} {shlex.quote(str(path))}"
    )
    header = history.header
    head = (
        f"{path}: target {header.target}, profile {header.profile}, "
        f"{len(history.events)} events"
    )
    problem = None if cut is None else f"the history is not whole: {cut}"
    look = Look(width=options.look.width, color=options.look.color, problem=problem)
    text, status = report(records, clauses, look)
    if status is Exit.INCONCLUSIVE and cut is None and options.clauses is None:
        status = _status_of_what_it_shows(records)
        said = "the history conforms in all that it shows"
        if status is Exit.NOTHING_RAN:
            said = "the history shows nothing that a clause is about"
        text = "\n".join((*text.rstrip().splitlines()[:-1], f"exit {status}   {said}"))
    return f"{head}\n\n{text}", status


def _status_of_what_it_shows(records: Sequence[Record]) -> Exit:
    reached = any(r.reached for r in records if isinstance(r, LayerDone))
    return Exit.CONFORMS if reached else Exit.NOTHING_RAN


def _records(
    recorded: HistoryRead, clauses: tuple[AnyClause, ...], again: str
) -> tuple[list[Record], str | None]:
    """The history as the records of a run, and why it is not whole, if it is not."""
    history = recorded.history
    judgement = judge(history, clauses)
    ended = bool(history.events) and isinstance(history.events[-1], Finished)
    cut = judgement.undecided
    if not recorded.complete:
        cut = "the file ends in the middle of a line"
    elif not ended:
        cut = "it ends without the event Finished"
    header = history.header
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
        *(_found(finding, history, again) for finding in judgement.findings),
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
    if judgement.contradiction is not None:
        records.append(
            TargetFailed(
                target=header.target,
                what=f"its history contradicts itself: {judgement.contradiction}",
                last=f"step {len(history.events)} of the history, or before",
            )
        )
    return [*records, TargetFinished(target=header.target, seconds=0.0)], cut


def _found(finding: Finding, history: History, again: str) -> Found:
    return Found(
        target=history.header.target,
        clause=finding.clause,
        layer="recorded",
        seconds=0.0,
        updates=0,
        readers=0,
        preemptions=0,
        operations=0,
        step=finding.step,
        expected=finding.expected,
        observed=finding.observed,
        file=None,
        text=_text(finding, history, again),
    )


def _text(finding: Finding, history: History, again: str, width: int = 100) -> str:
    clause = clause_by_id(finding.clause)
    text = render_failure(
        clause=clause.id,
        title=clause.title,
        must=clause.must,
        source=clause.source,
        expected=finding.expected,
        observed=finding.observed,
        step=finding.step,
        events=history.events,
        replay="FILE",
        width=width,
    )
    return text.removesuffix("memslots replay FILE") + again


def replay_file(path: Path, look: Look) -> tuple[str, Exit]:
    """Run a failure again, once, and say whether the same came of it.

    Errors: `HistoryError` where it is no failure file, `OSError` where it cannot
    be read; as `probe.probe` where its target cannot be had.
    """
    failure = read_failure(path)

    def again(crash: CrashRecord) -> dict[str, str]:
        crash.say(f"replaying {path}")
        replayed = failure_file.replay(failure)
        return {
            "diverged": json.dumps(replayed.diverged),
            "history": history_to_json(replayed.history),
        }

    said = asked(again, seconds=REPLAY_SECONDS)
    lines = said["history"].splitlines(keepends=True)
    history = read_history(lines, f"the replay of {path}")
    diverged = json.loads(said["diverged"])
    return _compared(failure, history, diverged, path, look)


def _compared(
    failure: Failure,
    history: History,
    diverged: str | None,
    path: Path,
    look: Look,
) -> tuple[str, Exit]:
    findings = judge(history, CLAUSES).findings
    before = judge(failure.history, CLAUSES).findings
    same = [f for f in findings if f.clause == failure.clause]
    shown = (same or list(findings))[:1]
    again = f"memslots replay {shlex.quote(str(path))}"
    if shown:
        picture = _text(shown[0], history, again, look.width)
    elif history.events:
        picture = draw(history.events, len(history.events) - 1, width=look.width)
        picture = picture.replace(MARK, " " * len(MARK))
    else:
        picture = "nothing was run"
    if same and same[0] in before:
        said, status = "the same finding came again", Exit.DOES_NOT_CONFORM
    elif same:
        said = f"{failure.clause} is broken again, but not as it was recorded"
        status = Exit.DOES_NOT_CONFORM
    elif diverged is not None:
        said = f"the recorded run could not be followed: {diverged}"
        status = Exit.BROKE
    elif findings:
        said = f"{failure.clause} held this time, but {findings[0].clause} is broken"
        status = Exit.DOES_NOT_CONFORM
    else:
        said = f"{failure.clause} held this time, on the recorded schedule"
        status = Exit.BROKE
    return f"{picture}\n\nexit {int(status)}   {said}", status
