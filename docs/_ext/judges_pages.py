"""Who judges what, and how clauses are known: tables and figures, from the data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from memslots_pages import links, plain

from memslot_spec.clauses import CLAUSES
from memslot_spec.judges.everything import JUDGES
from memslot_spec.judges.row import Cell, Judges, Row
from memslot_spec.known import Way


def judges_tables() -> str:
    """A table for each sort of thing that is told of a target."""
    return "\n".join(line for table in JUDGES for line in _table(table))


def holes_list() -> str:
    """What could be wrong and would be noticed by nobody, thing by thing."""
    return "\n".join(
        f"- `{row.of}`: {plain('; '.join(said))}"
        for table in JUDGES
        for row in table.rows
        if (said := holes_of(row, table))
    )


def holes_of(row: Row, table: Judges) -> list[str]:
    """What is said of one thing: the empty cells that are holes, and the others."""
    empty = [
        f"{cell.why_none} ({question})"
        for question, cell in zip(table.questions, row.cells, strict=True)
        if cell.is_hole
    ]
    return [*dict.fromkeys(empty), *row.holes]


def _table(table: Judges) -> list[str]:
    heads = ["", *table.questions]
    rows = [[f"`{row.of}`", *_cells(row)] for row in table.rows]
    return [f"## {table.title}", "", *_rows(heads, rows), ""]


def _cells(row: Row) -> list[str]:
    """The answers of a row; a reason that was given in the cell before is not again."""
    before = (None, *row.cells)
    pairs = zip(before, row.cells, strict=False)
    return [
        "*the same*" if cell.why_none and was == cell else _cell(cell)
        for was, cell in pairs
    ]


def _cell(cell: Cell) -> str:
    if cell.clauses:
        return links(cell.clauses)
    said = plain(cell.why_none)
    return f"**nobody**: {said}" if cell.is_hole else f"*{said}*"


def _rows(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    named = list(heads)
    lines = [named, ["---"] * len(named), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def known_figures() -> str:
    """How many clauses there are, and in which ways they are known."""
    ways = Counter(way for clause in CLAUSES for way in clause.known.ways)
    seen = {c.known.measured for c in CLAUSES if c.known.measured is not None}
    where = "; ".join(sorted(map(str, seen)))
    implied = sum(clause.implied is not None for clause in CLAUSES)
    today = [c for c in CLAUSES if "linux" in c.profiles]
    measured_today = sum(c.known.measured is not None for c in today)
    both = [c for c in today if len(c.profiles) > 1]
    old = [c for c in both if "patch" in c.known.read or "v2.6.34" in c.known.read]
    rows = (
        ("clauses", str(len(CLAUSES))),
        ("of their own", str(len(CLAUSES) - implied)),
        ("implied by others", str(implied)),
        (Way.READ.value, str(ways[Way.READ])),
        (f"{Way.MEASURED.value}: {where}", str(ways[Way.MEASURED])),
        (Way.DERIVED.value, str(ways[Way.DERIVED])),
        ("binding today's kernel", str(len(today))),
        ("of these judged on Linux itself", str(measured_today)),
        ("binding both kernels", str(len(both))),
        ("of these read in the tree of 2009", str(len(old))),
    )
    return "\n".join(_rows(("", "clauses"), rows))


def derived_table() -> str:
    """The clauses that rest on an argument, wholly or in part, and the arguments."""
    rows = (
        (links([clause.id]), "in part" if clause.known.read else "wholly", plain(why))
        for clause in CLAUSES
        if (why := clause.known.derived)
    )
    return "\n".join(_rows(("clause", "", "the argument"), rows))


def implied_table() -> str:
    """The clauses that others imply, by which, and why."""
    rows = (
        (links([c.id]), links(c.implied.by), plain(c.implied.because))
        for c in CLAUSES
        if c.implied is not None
    )
    return "\n".join(_rows(("clause", "implied by", "because"), rows))
