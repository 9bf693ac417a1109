"""The chapters of clauses: every clause is in one, and each judges these domains."""

from __future__ import annotations

import re
from importlib import import_module
from pkgutil import iter_modules
from typing import get_args

import pytest

from memslot_spec import clauses
from memslot_spec.clause import AnyClause
from memslot_spec.clauses import CLAUSES, GROUPS
from memslot_spec.history.events import Point
from memslot_spec.judging.applies import points_of

CHAPTERS = tuple(module.name for module in iter_modules(clauses.__path__))
ROW = re.compile(r"^(\w+) +(.+)$", re.MULTILINE)
DOMAINS = {kind.__name__: kind.__module__.rsplit(".", 1)[1] for kind in get_args(Point)}


def clauses_of(chapter: str) -> tuple[AnyClause, ...]:
    """What a chapter lists, in one group of the book or in two."""
    module = import_module(f"memslot_spec.clauses.{chapter}")
    generations: tuple[AnyClause, ...] = getattr(module, "GENERATIONS", ())
    listed: tuple[AnyClause, ...] = module.CLAUSES
    return (*generations, *listed)


def table() -> dict[str, str]:
    """The rows of the table in the package's docstring."""
    assert clauses.__doc__ is not None
    _, rows, _ = clauses.__doc__.split("========  " + "=" * 35)
    return {match[1]: match[2] for match in ROW.finditer(rows)}


def test_each_clause_is_in_one_chapter() -> None:
    listed = [clause.id for chapter in CHAPTERS for clause in clauses_of(chapter)]
    assert sorted(listed) == sorted(clause.id for clause in CLAUSES)


def test_the_groups_of_the_book_are_named_once() -> None:
    titles = [title for title, _ in GROUPS]
    assert len(set(titles)) == len(titles) == len(CHAPTERS) + 1


def test_the_table_has_every_chapter() -> None:
    assert set(table()) == set(CHAPTERS)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_judges_points_of_the_domains_in_the_table(chapter: str) -> None:
    points = {point for clause in clauses_of(chapter) for point in points_of(clause)}
    domains = {DOMAINS[point] for point in points}
    row = table()[chapter]
    assert domains == (set() if row.startswith("none") else set(row.split(", ")))
