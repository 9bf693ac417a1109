"""How clauses are known: the figures of README and book are those of the clauses."""

from __future__ import annotations

from pathlib import Path

import pytest
from judges_pages import derived_table, implied_table, judges_tables, known_figures

from memslot_conformance.report.known import in_numbers
from memslot_spec.clauses import CLAUSES
from memslot_spec.known import Way

ROOT = Path(__file__).parents[3]
README = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())

IMPLIED = sum(clause.implied is not None for clause in CLAUSES)
# What holds a table by ranges is another protocol's, whatever it was read in.
TODAY = tuple(c for c in CLAUSES if "linux" in c.profiles and not c.ranges)
MEASURED = {c.known.measured for c in CLAUSES} - {None}


def known_by(way: Way) -> int:
    return sum(way in clause.known.ways for clause in CLAUSES)


@pytest.mark.parametrize(
    "words",
    [
        (
            f"Of {len(CLAUSES)} clauses {len(CLAUSES) - IMPLIED} are rules of their "
            f"own; {IMPLIED} are implied by others"
        ),
        f"{known_by(Way.READ)} were read in the kernel's source",
        f"{known_by(Way.DERIVED)} rest on an argument",
        (
            f"{known_by(Way.MEASURED)} of the {len(TODAY)} that bind today's kernel "
            "are judged on Linux itself"
        ),
        f"every clause {in_numbers(CLAUSES)}",
    ],
)
def test_the_figures_of_the_readme_are_those_of_the_clauses(words: str) -> None:
    assert words in README


def test_the_readme_names_the_kernel_on_which_clauses_were_measured() -> None:
    (measured,) = MEASURED
    assert measured is not None
    assert f"last measured them on {measured.kernel}" in README


def test_the_book_has_the_same_figures() -> None:
    figures = known_figures()
    for way in Way:
        assert f" {known_by(way)} |" in figures
    assert f"| implied by others | {IMPLIED} |" in figures


def test_the_book_lists_every_clause_that_is_derived_or_implied() -> None:
    derived, implied = derived_table(), implied_table()
    for clause in CLAUSES:
        row = f"| {{clause}}`{clause.id}` |"
        assert (row in derived) is bool(clause.known.derived)
        assert (f"\n{row}" in implied) is (clause.implied is not None)


def test_every_clause_is_among_the_judges() -> None:
    tables = judges_tables()
    missing = [c.id for c in CLAUSES if f"{{clause}}`{c.id}`" not in tables]
    assert missing == []
