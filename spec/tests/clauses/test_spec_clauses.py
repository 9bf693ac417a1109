"""The clauses as a list: what each must have, and which ids are given out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from typing import get_args

import pytest

from memslot_spec.clause import AnyClause, Needs
from memslot_spec.clauses import (
    CLAUSES,
    GROUPS,
    clause_by_id,
)
from memslot_spec.history.events import Event, Observed, Point, is_point
from memslot_spec.history.views import View
from memslot_spec.judging.applies import asks_about
from memslot_spec.model.operations import Operation, SetRegion
from memslot_spec.model.profile import BOTH
from memslot_spec.moments.mmu import AtRest
from memslot_spec.moments.ranges import RangeUpdated
from memslot_spec.moments.replies import Answered, Updated

GIVEN_OUT = {
    "REQ": 29,
    "SLOT": 19,
    "LOOK": 18,
    "SRCU": 36,
    "DEL": 18,
    "MOVE": 7,
    "MMU": 29,
    "RMAP": 4,
    "HVA": 17,
    "DIRTY": 35,
    "SIZE": 3,
    "TSS": 2,
    "GEN": 7,
    "CACHE": 26,
    "ERR": 12,
    "PROG": 2,
    "RNG": 15,
}
"""The highest number given out in each area. Ids are permanent: it only grows."""

GONE = frozenset({"SLOT-5"})
"""Ids up to there whose clause is no more; they are not given out again."""

ROWS = frozenset(range(1, 68))
"""The rows of the catalogue, every one of which has a clause."""

POINT_NAMES = frozenset(kind.__name__ for kind in get_args(Point))
OPERATION_NAMES = frozenset(kind.__name__ for kind in get_args(Operation))
ROOTS = frozenset({*get_args(Event), Answered, Updated, RangeUpdated, AtRest})
"""What a clause can be about: events, and what the judge makes of calls and locks."""

VIEW_PARTS = frozenset(field.name for field in fields(View))

every_clause = pytest.mark.parametrize("clause", CLAUSES, ids=lambda c: c.id)


def test_ids_are_unique_and_permanent() -> None:
    assert [i for i, times in Counter(c.id for c in CLAUSES).items() if times > 1] == []
    given_out = {
        f"{area}-{number}"
        for area, highest in GIVEN_OUT.items()
        for number in range(1, highest + 1)
    }
    assert given_out >= GONE
    assert {clause.id for clause in CLAUSES} == given_out - GONE


def test_the_groups_hold_every_clause_once() -> None:
    assert [c for _, clauses in GROUPS for c in clauses] == list(CLAUSES)
    assert len({title for title, _ in GROUPS}) == len(GROUPS)


def test_every_row_is_covered_and_no_other_is_named() -> None:
    assert {row for clause in CLAUSES for row in clause.rows} == ROWS


def test_a_clause_is_found_by_its_id() -> None:
    assert [clause_by_id(clause.id) for clause in CLAUSES] == list(CLAUSES)
    with pytest.raises(KeyError, match="SRCU-99"):
        clause_by_id("SRCU-99")


@every_clause
def test_an_id_is_an_area_and_a_number(clause: AnyClause) -> None:
    assert re.fullmatch(r"[A-Z]+-[1-9][0-9]*", clause.id)


@every_clause
def test_a_clause_has_exactly_one_must(clause: AnyClause) -> None:
    assert len(re.findall(r"\bMUST\b", clause.must)) == 1
    assert not re.search(r"\b(SHALL|SHOULD|MAY|REQUIRED)\b", clause.must)


@every_clause
def test_a_sentence_is_whole_and_a_title_is_none(clause: AnyClause) -> None:
    assert clause.must.endswith(".")
    assert "  " not in clause.must
    assert clause.must == clause.must.strip()
    assert clause.title
    assert not clause.title.endswith(".")
    assert len(clause.title) <= 60


def test_titles_and_sentences_tell_clauses_apart() -> None:
    titles = Counter(clause.title for clause in CLAUSES)
    sentences = Counter((clause.must, clause.profiles) for clause in CLAUSES)
    assert [title for title, times in titles.items() if times > 1] == []
    assert [words for words, times in sentences.items() if times > 1] == []


@every_clause
def test_a_clause_has_rows_of_the_catalogue(clause: AnyClause) -> None:
    # The catalogue is of slots with ids: nothing in it is on ranges.
    assert bool(clause.rows) is not clause.ranges
    assert all(1 <= row <= 67 for row in clause.rows)
    assert tuple(sorted(set(clause.rows))) == clause.rows


@every_clause
def test_a_clause_binds_known_profiles(clause: AnyClause) -> None:
    assert clause.profiles
    assert clause.profiles <= BOTH


@every_clause
def test_what_a_clause_needs_exists(clause: AnyClause) -> None:
    assert set(clause.points) <= POINT_NAMES
    assert {*clause.operations, *clause.any_operation} <= OPERATION_NAMES
    assert set(clause.shows) <= VIEW_PARTS
    assert clause.unless is None or clause.unless in POINT_NAMES
    assert clause.root in ROOTS


@every_clause
def test_needs_say_what_has_to_be_seen(clause: AnyClause) -> None:
    sees_points = is_point(clause.root) or bool(clause.points)
    assert sees_points == (clause.needs is Needs.POINTS)
    assert bool(clause.shows) or clause.needs is not Needs.INTROSPECTION
    assert not clause.shows or clause.root is Observed


@every_clause
def test_a_clause_on_requests_needs_requests(clause: AnyClause) -> None:
    if clause.kind is Updated:
        assert clause.operations == (SetRegion.__name__,)
    if clause.kind is Answered:
        assert not asks_about(clause, SetRegion.__name__) or not clause.operations


@every_clause
def test_predicates_are_named(clause: AnyClause) -> None:
    predicates: list[Callable[..., object]] = [clause.premise, clause.holds]
    if isinstance(clause.expected, str):
        assert clause.expected
    else:
        predicates.append(clause.expected)
    for predicate in predicates:
        named = predicate.func if isinstance(predicate, partial) else predicate
        assert named.__name__ != "<lambda>"
