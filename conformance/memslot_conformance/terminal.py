"""The report of a run for a terminal, rendered from its records. Pure.

What broke is shown in full, then the verdicts in a table, then what was run and
what was not. Plain text unless colour is asked for.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap

import click

from memslot_conformance.records import (
    Found,
    LayerDone,
    Record,
    RunStarted,
    TargetFailed,
    TargetStarted,
    Verdict,
)
from memslot_conformance.verdicts import (
    Exit,
    TargetVerdicts,
    exit_status,
    headline,
    verdicts,
)
from memslot_spec.clause import AnyClause
from memslot_spec.clauses import GROUPS

GAP = "   "
REASONS = 4
"""Reasons of one kind that are told for a target; of the others the number."""

LABELS = (
    (Verdict.PASS, "pass", "green"),
    (Verdict.FAIL, "fail", "red"),
    (Verdict.ERROR, "error", "red"),
    (Verdict.INCONCLUSIVE, "inconcl.", "yellow"),
    (Verdict.NOT_APPLICABLE, "n/a", None),
)
"""A verdict, what a table calls it, and its colour."""

MEANINGS = {
    Exit.CONFORMS: "conforms: every applicable clause was reached, and held",
    Exit.DOES_NOT_CONFORM: "does not conform",
    Exit.USAGE: "the command was not understood",
    Exit.BROKE: "a target, or the suite on it, broke before it could be judged",
    Exit.INCONCLUSIVE: "inconclusive: nothing was broken, but not every clause was "
    "reached",
    Exit.NOTHING_RAN: "nothing ran, so nothing is known",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a report is drawn; `strict` and `again` are the command's own.

    `again` is the command line that runs the same again, where it is known;
    `problem` says why the records are not the whole run.
    """

    width: int = 100
    color: bool = False
    strict: bool = False
    again: str | None = None
    problem: str | None = None


def header(started: RunStarted) -> list[str]:
    """What the run is about to do."""
    what = f"level {started.level}, seed {started.seed}, {started.clauses} clauses"
    return [
        f"memslots {started.version}, {what}",
        f"targets  {', '.join(started.targets) or 'none'}",
        f"host     {started.host}",
    ]


def report(
    records: Sequence[Record], clauses: Sequence[AnyClause], look: Look
) -> tuple[str, Exit]:
    """The whole report after the header, and the status it ends with."""
    targets = verdicts(records, clauses)
    status = exit_status(targets, strict=look.strict)
    parts = (
        _failures(records, look),
        _errors(records, look),
        _table(records, targets, clauses, look),
        _covered(records, look),
        _skipped(targets),
        _reasons(targets, Verdict.INCONCLUSIVE, "inconclusive", look),
        _not_applicable(targets, look),
        _end(records, targets, status, look),
    )
    lines = [line for part in parts if part for line in (*part, "")]
    return "\n".join(lines), status


def printable(text: str) -> str:
    """The text without what would steer a terminal; line ends stay."""
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode()
        for c in text.replace("\t", "    ")
    )


def _paint(text: str, color: str | None, look: Look, *, bold: bool = False) -> str:
    if not look.color or color is None:
        return text
    return click.style(text, fg=color, bold=bold)


def _failures(records: Iterable[Record], look: Look) -> list[str]:
    lines: list[str] = []
    for found in records:
        if isinstance(found, Found):
            lines += [f"{found.target}, layer {found.layer}:", ""]
            for line in printable(found.text).splitlines():
                is_loud = line.startswith((">> ", f"FAIL {found.clause}"))
                lines.append(_paint(line, "red" if is_loud else None, look, bold=True))
            lines += ["", ""]
    return lines[:-1]


def _errors(records: Iterable[Record], look: Look) -> list[str]:
    lines: list[str] = []
    for failed in records:
        if isinstance(failed, TargetFailed):
            what, said = printable(failed.what), headline(printable(failed.what))
            first = f"ERROR {failed.target}  {said}"
            lines.append(_paint(first, "red", look, bold=True))
            lines += [f"  {line}" for line in what.splitlines() if line != said]
            last = printable(failed.last).splitlines() or ["it had said nothing"]
            lines += [f"  at that time  {last[0]}"]
            lines += [f"                {line}" for line in last[1:]]
    return lines


def _table(
    records: Sequence[Record],
    targets: Sequence[TargetVerdicts],
    clauses: Sequence[AnyClause],
    look: Look,
) -> list[str]:
    """Groups down, targets across; as many tables as the width makes it."""
    chosen = {clause.id for clause in clauses}
    groups = [(name, [c.id for c in members]) for name, members in GROUPS]
    rows = [(name, ids) for name, ids in groups if chosen & set(ids)]
    rows.append(("all", [clause.id for clause in clauses]))
    profiles = {
        r.target: f" ({r.profile})" for r in records if isinstance(r, TargetStarted)
    }
    judged = [target for target in targets if target.skipped is None]
    columns = [
        _Column(
            target.target + profiles.get(target.target, ""),
            [[target.count(v, ids) for v, _, _ in LABELS] for _, ids in rows],
        )
        for target in judged
    ]
    left = max(len(name) for name, _ in rows)
    lines: list[str] = []
    while columns:
        room, taken = look.width - left, 0
        while columns[taken:] and room >= columns[taken].width + len(GAP):
            room -= columns[taken].width + len(GAP)
            taken += 1
        now, columns = columns[: max(taken, 1)], columns[max(taken, 1) :]
        heads = GAP.join(f"{column.head:{column.width}}" for column in now)
        lines.append(f"{'clauses':{left}}{GAP}{heads}".rstrip())
        for number, (name, _) in enumerate(rows):
            cells = GAP.join(column.cell(number, look) for column in now)
            lines.append(f"{name:{left}}{GAP}{cells}".rstrip())
        lines += [""] if columns else []
    return lines


class _Column:
    """The counts of one target, each kind of verdict under itself."""

    def __init__(self, head: str, counts: list[list[int]]) -> None:
        self.head = head
        self._counts = counts
        self._digits = [max(len(str(n)) for n in kind) for kind in zip(*counts)]  # noqa: B905 - rows of one length
        self._shown = [any(kind) for kind in zip(*counts)]  # noqa: B905 - as above
        self.width = max(len(head), len(self._cell(0, Look())))

    def cell(self, row: int, look: Look) -> str:
        """The counts of a row, as wide as the column."""
        plain = len(self._cell(row, Look()))
        return self._cell(row, look) + " " * (self.width - plain)

    def _cell(self, row: int, look: Look) -> str:
        parts: list[str] = []
        for kind, (_, label, color) in enumerate(LABELS):
            count = self._counts[row][kind]
            if self._shown[kind]:
                text = f"{count:>{self._digits[kind]}} {label}"
                parts.append(_paint(text, color, look) if count else " " * len(text))
        return " ".join(parts)


def _covered(records: Iterable[Record], look: Look) -> list[str]:
    layers = [record for record in records if isinstance(record, LayerDone)]
    lines = ["what was run"] if layers else []
    name = max((len(f"{d.target}  {d.layer}") for d in layers), default=0)
    for done in layers:
        where = f"  {f'{done.target}  {done.layer}':{name}}  "
        text = f"{layer_words(done)}: {done.covered}"
        if done.cut:
            text += f"; cut: {done.cut}"
        lines += _hanging(where, text, look.width)
    return lines


def layer_words(done: LayerDone) -> str:
    """How much a layer ran, such as `12 scenarios, 3,400 schedules, ... 1.2 s`."""
    return (
        f"{done.scenarios:,} scenarios, {done.schedules:,} schedules, "
        f"{done.steps:,} steps, {done.seconds:.1f} s"
    )


def _hanging(start: str, text: str, width: int) -> list[str]:
    return wrap(
        printable(text),
        max(width, len(start) + 30),
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_on_hyphens=False,
    )


def _skipped(targets: Iterable[TargetVerdicts]) -> list[str]:
    skipped = [t for t in targets if t.skipped is not None]
    return [f"skipped  {t.target}: {printable(t.skipped or '')}" for t in skipped]


def _by_reason(
    target: TargetVerdicts, verdict: Verdict
) -> Iterator[tuple[str, list[str]]]:
    """Each reason for this verdict with its clauses, the commonest first."""
    of = [(v.reason, v.clause) for v in target.verdicts if v.verdict is verdict]
    for reason, _ in Counter(reason for reason, _ in of).most_common():
        yield reason, [clause for r, clause in of if r == reason]


def _reasons(
    targets: Iterable[TargetVerdicts], verdict: Verdict, title: str, look: Look
) -> list[str]:
    lines: list[str] = []
    for target in targets:
        for reason, ids in _by_reason(target, verdict):
            text = f"{', '.join(ids)}: {reason}"
            lines += _hanging(f"  {target.target}  ", text, look.width)
    return [title, *lines] if lines else []


def _not_applicable(targets: Iterable[TargetVerdicts], look: Look) -> list[str]:
    lines: list[str] = []
    for target in targets:
        reasons = list(_by_reason(target, Verdict.NOT_APPLICABLE))
        told = [f"{reason} ({len(ids)})" for reason, ids in reasons[:REASONS]]
        if reasons[REASONS:]:
            clauses = sum(len(ids) for _, ids in reasons[REASONS:])
            told.append(f"for {len(reasons) - REASONS} other reasons ({clauses})")
        if told:
            lines += _hanging(f"  {target.target}  ", "; ".join(told), look.width)
    return ["not applicable (number of clauses)", *lines] if lines else []


def _end(
    records: Sequence[Record],
    targets: Sequence[TargetVerdicts],
    status: Exit,
    look: Look,
) -> list[str]:
    lines: list[str] = []
    if look.problem is not None:
        lines.append(f"INCOMPLETE  {look.problem}; this is what came before")
    for started in records:
        if isinstance(started, RunStarted):
            again = look.again or _command(started)
            lines += [
                f"level {started.level}, seed {started.seed}",
                f"again    {again}",
            ]
    color = "green" if status is Exit.CONFORMS else "red"
    sentence = f"exit {int(status)}   {meaning(status, targets)}"
    return [*lines, _paint(sentence, color, look)]


def _command(started: RunStarted) -> str:
    options = f"--level {started.level} --seed {started.seed}"
    return f"memslots check {shlex.join(started.targets)} {options}"


def meaning(status: Exit, targets: Sequence[TargetVerdicts]) -> str:
    """What the status says of these targets, in one sentence."""
    said = MEANINGS[status]
    if status is Exit.DOES_NOT_CONFORM:
        broken = [(t.target, t.count(Verdict.FAIL)) for t in targets]
        broken = [(target, count) for target, count in broken if count]
        if not broken:
            return f"{said}: a target was skipped, and --strict makes that a failure"
        told = ", ".join(
            f"{target} breaks {_clauses(count)}" for target, count in broken
        )
        return f"{said}: {told}"
    if status is Exit.INCONCLUSIVE:
        count = sum(t.count(Verdict.INCONCLUSIVE) for t in targets)
        return f"{said} ({count} left open)"
    return said


def _clauses(count: int) -> str:
    return "1 clause" if count == 1 else f"{count} clauses"
