"""The verdicts as a table: groups of clauses down, targets across. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import click

from memslot_conformance.findings.records import Record, TargetStarted, Verdict
from memslot_conformance.run.verdicts import TargetVerdicts
from memslot_spec.clause import AnyClause
from memslot_spec.clauses import GROUPS

GAP = "   "

LABELS = (
    (Verdict.PASS, "pass", "green"),
    (Verdict.FAIL, "fail", "red"),
    (Verdict.ERROR, "error", "red"),
    (Verdict.INCONCLUSIVE, "inconcl.", "yellow"),
    (Verdict.NOT_APPLICABLE, "n/a", None),
)
"""A verdict, what a table calls it, and its colour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a report is drawn; `strict` and `again` are the command's own.

    `again` is the command line that shows the same again, where it is known;
    `problem` says why the records are not the whole run; `verbose` asks for the
    evidence clause by clause. `recorded` says that the records are one history that
    was recorded, which is judged by what it shows.
    """

    width: int = 100
    color: bool = False
    strict: bool = False
    again: str | None = None
    problem: str | None = None
    verbose: bool = False
    recorded: bool = False


def painted(text: str, color: str | None, look: Look, *, bold: bool = False) -> str:
    """The text in this colour, where colour is wanted."""
    if not look.color or color is None:
        return text
    return click.style(text, fg=color, bold=bold)


def table(
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
                parts.append(painted(text, color, look) if count else " " * len(text))
        return " ".join(parts)
