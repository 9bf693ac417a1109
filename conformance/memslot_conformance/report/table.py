"""The verdicts as a table: groups of clauses down, targets across. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from memslot_conformance.findings.records import Record, TargetStarted, Verdict
from memslot_conformance.report.console import printable
from memslot_conformance.report.rendering import grid, line, shown
from memslot_conformance.run.verdicts import TargetVerdicts
from memslot_spec.clause import AnyClause
from memslot_spec.clauses import GROUPS

GAP = 3
"""Blanks between the columns of targets."""

HEAD = "clauses"

LABELS = (
    (Verdict.PASS, "pass", "green"),
    (Verdict.FAIL, "fail", "red"),
    (Verdict.ERROR, "error", "red"),
    (Verdict.INCONCLUSIVE, "inconcl.", "yellow"),
    (Verdict.NOT_APPLICABLE, "n/a", ""),
)
"""A verdict, what a table calls it, and its style."""

NEVER_MET = "never met"
"""What of the last is so for what the target did: it counts by itself, behind all."""

SHOWN = (*((label, style) for _, label, style in LABELS), (NEVER_MET, ""))


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


def table(
    records: Sequence[Record],
    targets: Sequence[TargetVerdicts],
    clauses: Sequence[AnyClause],
    width: int,
) -> list[RenderableType]:
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
            printable(target.target + profiles.get(target.target, "")),
            [_counts(target, ids) for _, ids in rows],
        )
        for target in judged
    ]
    left = max(map(len, (HEAD, *(name for name, _ in rows))))
    parts: list[RenderableType] = []
    while columns:
        room, taken = width - left, 0
        while columns[taken:] and room >= columns[taken].width + GAP:
            room -= columns[taken].width + GAP
            taken += 1
        now, columns = columns[: max(taken, 1)], columns[max(taken, 1) :]
        set_out = grid([left, *(column.width for column in now)], gap=GAP)
        set_out.add_row(HEAD, *(shown(column.head) for column in now))
        for number, (name, _) in enumerate(rows):
            set_out.add_row(name, *(column.cell(number) for column in now))
        parts += [set_out, line("")] if columns else [set_out]
    return parts


def _counts(target: TargetVerdicts, ids: Sequence[str]) -> list[int]:
    never_met = sum(verdict.clause in ids for verdict in target.never_met)
    *others, not_applicable = (target.count(v, ids) for v, _, _ in LABELS)
    return [*others, not_applicable - never_met, never_met]


class _Column:
    """The counts of one target, each kind of verdict under itself."""

    def __init__(self, head: str, counts: list[list[int]]) -> None:
        self.head = head
        self._counts = counts
        self._kinds = [
            kind for kind, _ in enumerate(SHOWN) if any(c[kind] for c in counts)
        ]
        self._widths = [
            max(len(str(count[kind])) for count in counts) + len(f" {SHOWN[kind][0]}")
            for kind in self._kinds
        ]
        self.width = max(cell_len(head), sum(self._widths) + len(self._widths) - 1)

    def cell(self, row: int) -> Table:
        """The counts of a row, none where it is of nothing."""
        counts = grid(self._widths, gap=1, right=range(len(self._widths)))
        counts.add_row(*(self._count(row, kind) for kind in self._kinds))
        return counts

    def _count(self, row: int, kind: int) -> Text:
        count = self._counts[row][kind]
        label, style = SHOWN[kind]
        return shown(f"{count} {label}", style) if count else shown("")
