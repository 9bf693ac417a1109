"""The tables of judges are whole: each thing has its row, each question an answer.

What a clause says of itself and what the tables say of it agree: a clause is in the row
of the point that it is on, and in no row of a point that it has nothing to do with.
"""

from __future__ import annotations

from dataclasses import fields
from typing import get_args

import pytest

from memslot_spec.clause import AnyClause
from memslot_spec.clauses import CLAUSES, clause_by_id
from memslot_spec.history.events import Point, is_point
from memslot_spec.history.points.mmu import MmuUnlocked
from memslot_spec.history.views import ShadowPage, ShadowPte, View
from memslot_spec.judges.everything import JUDGES, POINTS
from memslot_spec.judges.operations import WHY_NONE, judged_by
from memslot_spec.judges.replies import REPLIES, VIEWS
from memslot_spec.judges.row import Judges, Row, by, hole, nobody
from memslot_spec.judging.applies import points_of
from memslot_spec.model.operations import Operation
from memslot_spec.model.replies import Reply
from memslot_spec.moments.mmu import AtRest

ROWS = tuple(row for table in JUDGES for row in table.rows)
OF_POINTS = {row.of: row for table in POINTS for row in table.rows}

every_table = pytest.mark.parametrize("table", JUDGES, ids=lambda t: t.title)
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda r: r.of)


LEFT_OUT = frozenset({"SpteUpdated", "RootsInvalidated"})
"""Points that a target may leave out, so that no clause names them: they count where
they are told."""


def judges_of(row: Row) -> set[str]:
    return {name for cell in row.cells for name in cell.clauses}


def test_every_kind_of_point_has_a_row_in_the_module_of_its_domain() -> None:
    kinds = {kind.__name__ for kind in get_args(Point)}
    listed = [row.of for table in POINTS for row in table.rows]
    assert sorted(listed) == sorted(kinds)


def test_every_field_of_every_reply_has_a_row() -> None:
    wanted: list[str] = []
    for kind in get_args(Reply):
        named = [f"{kind.__name__}.{field.name}" for field in fields(kind)]
        wanted += named or [kind.__name__]
    assert sorted(row.of for row in REPLIES) == sorted(wanted)


def test_every_part_of_a_view_has_a_row() -> None:
    parts = {"View.table"}
    for kind in (ShadowPte, ShadowPage):
        parts |= {f"{kind.__name__}.{field.name}" for field in fields(kind)}
    assert {field.name for field in fields(View)} == {"table", "sptes", "pages"}
    assert {row.of for row in VIEWS} == parts


def test_every_operation_has_a_row() -> None:
    table = JUDGES[-1]
    wanted = [kind.__name__ for kind in get_args(Operation)]
    assert sorted(row.of for row in table.rows) == sorted(wanted)


@every_table
def test_a_row_answers_the_questions_of_its_table(table: Judges) -> None:
    assert all(len(row.cells) == len(table.questions) for row in table.rows)


@every_row
def test_no_cell_is_empty_without_a_reason_and_none_is_filled_with_one(
    row: Row,
) -> None:
    for cell in row.cells:
        assert bool(cell.clauses) != bool(cell.why_none)
        assert not cell.why_none.endswith(".")


@every_row
def test_who_is_named_is_a_clause(row: Row) -> None:
    for name in judges_of(row):
        assert clause_by_id(name)


def test_no_reason_is_given_for_a_cell_that_clauses_fill() -> None:
    filled = [key for key in WHY_NONE if judged_by(*key)]
    assert filled == []


def test_every_reason_is_for_an_operation_that_there_is() -> None:
    operations = {kind.__name__ for kind in get_args(Operation)}
    assert {operation for operation, _ in WHY_NONE} <= operations


def on_point(clause: AnyClause) -> str | None:
    """The kind of point that a clause is asked at, if any."""
    if clause.root is AtRest:
        return MmuUnlocked.__name__
    return clause.root.__name__ if is_point(clause.root) else None


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda c: c.id)
def test_a_clause_on_a_point_is_in_the_row_of_that_point(clause: AnyClause) -> None:
    name = on_point(clause)
    if name is not None:
        assert clause.id in judges_of(OF_POINTS[name])


@pytest.mark.parametrize("row", OF_POINTS.values(), ids=lambda r: r.of)
def test_a_clause_in_the_row_of_a_point_has_to_do_with_it(row: Row) -> None:
    for name in judges_of(row):
        clause = clause_by_id(name)
        points = points_of(clause)
        # One that needs no points reads what the facts know of them.
        told = row.of in (*points, on_point(clause))
        assert told or not points or row.of in LEFT_OUT


def test_a_cell_is_filled_or_explained_and_never_both() -> None:
    assert by("REQ-1").clauses == ("REQ-1",)
    assert nobody("x").why_none == hole("x").why_none == "x"
    assert hole("x").is_hole
    assert not nobody("x").is_hole
