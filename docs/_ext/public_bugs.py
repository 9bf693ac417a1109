"""Bugs of guest memory slots that others told of in public, and what shows each here.

The rows are `docs/public-bugs.txt`. Each is shown by a mutant of the museum, or by a
manager of `conformance/tests/slot_managers.py`, or has the reason why by neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from memslots_pages import links, place, plain

from memslot_reference.museum import mutant_named

DOCS = Path(__file__).parents[1]
ROWS = DOCS / "public-bugs.txt"
ELSEWHERE = DOCS / "public-bugs-elsewhere.txt"


@dataclass(frozen=True, slots=True)
class PublicBug:
    """One bug; `known` is how: [R] read, [T] by its title, [I] the report was read.

    `clauses` are those that find it, the best first; `shown` is `museum:NAME`,
    `manager:NAME`, or the reason why there is neither.
    """

    number: str
    source: str
    date: str
    known: str
    wrong: str
    clauses: tuple[str, ...]
    shown: str

    @property
    def mutant(self) -> str | None:
        """The museum's mutant that shows it."""
        return _after("museum:", self.shown)

    @property
    def manager(self) -> str | None:
        """The manager that shows it."""
        return _after("manager:", self.shown)


def _after(head: str, text: str) -> str | None:
    return text.removeprefix(head) if text.startswith(head) else None


def bugs() -> tuple[PublicBug, ...]:
    """Kernels, and what is like them, first; then managers of slots."""
    rows = _rows(ROWS)
    return tuple(
        PublicBug(
            number,
            source,
            date,
            known,
            wrong,
            () if clauses == "-" else tuple(clauses.split(", ")),
            shown,
        )
        for number, source, date, known, wrong, clauses, shown in rows
    )


def _rows(file: Path) -> list[list[str]]:
    """The cells of each line but the first, which names them."""
    lines = file.read_text("utf-8").splitlines()[1:]
    return [line.split(" | ") for line in lines]


def bugs_table() -> str:
    """A row for each bug: source, what was wrong, its clauses, and what shows it."""
    lines = [
        "| | source | date | known | what was wrong | found by | shown by |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for bug in bugs():
        told = (plain(text) for text in (bug.source, bug.date, bug.known, bug.wrong))
        cells = (bug.number, *told, links(bug.clauses) or "-", _shown(bug))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _shown(bug: PublicBug) -> str:
    if bug.mutant is None:
        return plain(bug.shown)
    if mutant_named(bug.mutant).kind == "planted":
        return f"`{bug.shown}`"
    return f"[{bug.shown}](museum.md#{place(bug.mutant)})"


def elsewhere_table() -> str:
    """What was read and cannot be asked of a table of slots, with the reason."""
    lines = ["| bugs | why not |", "| --- | --- |"]
    lines += [f"| {plain(names)} | {plain(why)} |" for names, why in _rows(ELSEWHERE)]
    return "\n".join(lines)
