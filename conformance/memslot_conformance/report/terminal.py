"""The report of a run for a terminal, rendered from its records. Pure.

What broke is shown in full, then the verdicts in a table, then what was run and
what was not. Plain text unless colour is asked for.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from rich.console import RenderableType

from memslot_conformance.findings.records import (
    LayerDone,
    Record,
    RunStarted,
    SearchEnded,
    Verdict,
    latest,
)
from memslot_conformance.report.data_races import data_races
from memslot_conformance.report.errors import errors
from memslot_conformance.report.evidence import MARKS, many, rows, summary, unseen_words
from memslot_conformance.report.failures import failures
from memslot_conformance.report.known import in_numbers
from memslot_conformance.report.meetings import meetings
from memslot_conformance.report.rendering import (
    entries,
    labelled,
    line,
    rendered,
)
from memslot_conformance.report.table import Look, table
from memslot_conformance.run.evidence import evidence_of, unseen
from memslot_conformance.run.exits import Exit
from memslot_conformance.run.verdicts import (
    TargetVerdicts,
    exit_status,
    verdicts,
)
from memslot_spec.clause import AnyClause
from memslot_spec.proofs import rests_on

Parts = Sequence[RenderableType]

REASONS = 4
"""Reasons of one kind that are told for a target; of the others the number."""

MEANINGS = {
    Exit.CONFORMS: "conforms: every applicable clause was reached, and held",
    Exit.DOES_NOT_CONFORM: "does not conform",
    Exit.USAGE: "the command was not understood",
    Exit.BROKE: "a target, or the suite on it, broke before it could be judged",
    Exit.INCONCLUSIVE: "inconclusive: nothing broke, but not every clause was reached",
    Exit.NOTHING_RAN: "nothing ran, so nothing is known",
}

SHOWS = {
    Exit.CONFORMS: "the history conforms in all that it shows",
    Exit.NOTHING_RAN: "the history shows nothing that a clause is about",
}
"""What a status says of a recorded history that does not reach every clause."""


def header(started: RunStarted) -> list[str]:
    """What the run is about to do."""
    what = f"level {started.level}, seed {started.seed}, {started.clauses} clauses"
    return rendered(
        [
            line(f"memslots {started.version}, {what}"),
            labelled("targets", ", ".join(started.targets) or "none"),
            labelled("host", started.host),
        ]
    )


def report(
    records: Sequence[Record], clauses: Sequence[AnyClause], look: Look
) -> tuple[str, Exit]:
    """The whole report after the header, and the status it ends with."""
    records = latest(records)
    targets = verdicts(records, clauses)
    again = look.again or next(map(_command, _started(records)), None)
    status = exit_status(targets, strict=look.strict, recorded=look.recorded)
    parts = (
        failures(records, again=again, width=look.width),
        data_races(records),
        errors(records),
        table(records, targets, clauses, look.width),
        _covered(records, look),
        _ended(records, look),
        _evidence(records, clauses, look),
        _unseen(records, look),
        meetings(records, look),
        _skipped(targets),
        _reasons(targets, Verdict.INCONCLUSIVE, "inconclusive", look),
        _never_met(targets, look),
        _not_applicable(targets, look),
        _end(records, targets, status, look),
    )
    shown = [each for part in parts if part for each in (*part, line(""))]
    return "\n".join(rendered(shown, color=look.color)), status


def _started(records: Iterable[Record]) -> Iterator[RunStarted]:
    return (record for record in records if isinstance(record, RunStarted))


def _covered(records: Iterable[Record], look: Look) -> Parts:
    rows: list[tuple[str, str, str]] = []
    for done in records:
        if isinstance(done, LayerDone):
            cut = f"; cut: {done.cut}" if done.cut else ""
            text = f"{layer_words(done)}: {done.covered}{cut}"
            rows.append((done.target, done.layer, text))
    return [line("what was run"), entries(rows, look.width)] if rows else []


def _ended(records: Iterable[Record], look: Look) -> Parts:
    parts = [
        _beside(record.target, ended_words(record), look)
        for record in records
        if isinstance(record, SearchEnded)
    ]
    return [line("why it ended"), *parts] if parts else []


def ended_words(ended: SearchEnded) -> str:
    """Why a search ended, and how long before it had last reached something new."""
    things = ", ".join(many(n, kind) for kind, n in ended.reached.items())
    return (
        f"{ended.why}; scenario {ended.newest:,} of {ended.scenarios:,} was the last "
        f"to reach something new ({things or 'nothing was reached'})"
    )


def layer_words(done: LayerDone) -> str:
    """How much a layer ran, such as `12 scenarios, 3,400 schedules, ... 1.2 s`."""
    return (
        f"{many(done.scenarios, 'scenario')}, {many(done.schedules, 'schedule')}, "
        f"{many(done.steps, 'step')}, {done.seconds:.1f} s"
    )


def _beside(target: str, text: str, look: Look) -> RenderableType:
    return entries([(target, text)], look.width)


def _evidence(
    records: Iterable[Record], clauses: Sequence[AnyClause], look: Look
) -> Parts:
    """By which methods the clauses are held, in short or clause by clause."""
    parts: list[RenderableType] = []
    for target, found in evidence_of(records, [c.id for c in clauses]).items():
        if not found:
            continue
        parts.append(_beside(target, summary(found), look))
        if look.verbose:
            parts.append(rows(found, indent=4))
    if not parts:
        return []
    proved = sum(bool(rests_on(clause.id)) for clause in clauses)
    title = "evidence, by clauses whose premise was met"
    title = f"{title} ({MARKS})" if look.verbose else title
    words = f"{proved} of {len(clauses)} rest on functions that CrossHair confirms"
    parts.append(_beside("every target", words, look))
    return [line(title), *parts, _beside("every clause", in_numbers(clauses), look)]


def _unseen(records: Iterable[Record], look: Look) -> Parts:
    parts = [
        _beside(
            target, unseen_words(choices) or "nothing: every option was taken", look
        )
        for target, choices in unseen(records).items()
    ]
    return [line("allowed, unseen"), *parts] if parts else []


def _skipped(targets: Iterable[TargetVerdicts]) -> Parts:
    skipped = [t for t in targets if t.skipped is not None]
    return [labelled("skipped", f"{t.target}: {t.skipped}") for t in skipped]


def _by_reason(
    target: TargetVerdicts, verdict: Verdict
) -> Iterator[tuple[str, list[str]]]:
    """Each reason for this verdict with its clauses, the commonest first."""
    of = [
        (v.reason, v.clause)
        for v in target.verdicts
        if v.verdict is verdict and not v.occasions
    ]
    for reason, _ in Counter(reason for reason, _ in of).most_common():
        yield reason, [clause for r, clause in of if r == reason]


def _reasons(
    targets: Iterable[TargetVerdicts], verdict: Verdict, title: str, look: Look
) -> Parts:
    parts = [
        _beside(target.target, f"{', '.join(ids)}: {reason}", look)
        for target in targets
        for reason, ids in _by_reason(target, verdict)
    ]
    return [line(title), *parts] if parts else []


def _never_met(targets: Iterable[TargetVerdicts], look: Look) -> Parts:
    """What does not apply for what the target did, told apart from what it is."""
    parts: list[RenderableType] = []
    for target in targets:
        of = {v.reason: "" for v in target.never_met}
        for reason in of:
            ids = ", ".join(v.clause for v in target.never_met if v.reason == reason)
            parts.append(_beside(target.target, f"{ids}: {reason}", look))
    title = "not applicable to what the target does, which had the occasion"
    return [line(title), *parts] if parts else []


def _not_applicable(targets: Iterable[TargetVerdicts], look: Look) -> Parts:
    parts: list[RenderableType] = []
    for target in targets:
        reasons = list(_by_reason(target, Verdict.NOT_APPLICABLE))
        told = [f"{reason} ({len(ids)})" for reason, ids in reasons[:REASONS]]
        if reasons[REASONS:]:
            clauses = sum(len(ids) for _, ids in reasons[REASONS:])
            told.append(f"for {len(reasons) - REASONS} other reasons ({clauses})")
        if told:
            parts.append(_beside(target.target, "; ".join(told), look))
    return [line("not applicable (number of clauses)"), *parts] if parts else []


def _end(
    records: Sequence[Record],
    targets: Sequence[TargetVerdicts],
    status: Exit,
    look: Look,
) -> Parts:
    parts: list[RenderableType] = []
    if look.problem is not None:
        parts.append(line(f"INCOMPLETE  {look.problem}; this is what came before"))
    for started in _started(records):
        parts.append(line(f"level {started.level}, seed {started.seed}"))
        parts.append(labelled("again", look.again or _command(started)))
    style = "green" if status is Exit.CONFORMS else "red"
    sentence = meaning(status, targets, recorded=look.recorded)
    return [*parts, labelled(f"exit {int(status)}", sentence, style)]


def _command(started: RunStarted) -> str:
    options = f"--level {started.level} --seed {started.seed}"
    return f"memslots check {shlex.join(started.targets)} {options}"


def _broken(target: TargetVerdicts) -> Iterator[str]:
    if count := target.count(Verdict.FAIL):
        yield f"{target.target} breaks {many(count, 'clause')}"
    if target.races:
        yield f"{target.target} has {many(target.races, 'data race')}"


def meaning(status: Exit, targets: Sequence[TargetVerdicts], *, recorded: bool) -> str:
    """What the status says of these targets, in one sentence."""
    said = MEANINGS[status]
    if recorded and any(t.count(Verdict.INCONCLUSIVE) for t in targets):
        said = SHOWS.get(status, said)
    if status is Exit.DOES_NOT_CONFORM:
        broken = [words for target in targets for words in _broken(target)]
        if not broken:
            return f"{said}: a target was skipped, and --strict makes that a failure"
        return f"{said}: {', '.join(broken)}"
    if status is Exit.INCONCLUSIVE:
        count = sum(t.count(Verdict.INCONCLUSIVE) for t in targets)
        return f"{said} ({count} left open)"
    return said
