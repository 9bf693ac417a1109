"""Public bugs: what the book's list says of each row is so."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from patch_pages import defects_table, hunks_table
from public_bugs import PublicBug, bugs, bugs_table, elsewhere_table

from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import (
    Found,
    Record,
    TargetFailed,
)
from memslot_conformance.layers.layers import run_target
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_reference.defects import DEFECTS
from memslot_reference.museum import CATALOGUE, mutant_named
from memslot_spec.clauses import CLAUSES, clause_by_id

EXAMPLES = Path(__file__).parents[3] / "docs/examples"
MANAGED = [bug for bug in bugs() if bug.manager is not None]
SHOWN = [bug for bug in bugs() if bug.mutant is not None]
NUMBER = re.compile(r"P\d\d")


@pytest.fixture(autouse=True)
def _beside_the_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES)
    monkeypatch.setattr("sys.path", [str(EXAMPLES), *sys.path])


def played(manager: str) -> Iterator[Record]:
    """The records of a run by a clock that stands still: only counts end it."""
    records: list[Record] = []
    plan = TargetPlan(
        target=f"py:slot_managers:{manager}",
        profile=None,
        level="quick",
        seed=1,
        layers=("fixed", "sequential"),
        clauses=tuple(clause.id for clause in CLAUSES),
        seconds=1.0,
        plays=60,
    )
    with closing(CrashRecord()) as crash:
        run_target(plan, records.append, crash, clock=lambda: 0.0)
    return iter(records)


def broken(manager: str) -> set[str]:
    """The clauses that find a manager, which does not break by itself."""
    records = tuple(played(manager))
    assert not any(isinstance(record, TargetFailed) for record in records)
    return {record.clause for record in records if isinstance(record, Found)}


def test_numbers_are_unique() -> None:
    numbers = [bug.number for bug in bugs()]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("bug", bugs(), ids=lambda bug: bug.number)
def test_a_row_is_shown_and_found_or_says_why_not(bug: PublicBug) -> None:
    is_shown = bug.mutant is not None or bug.manager is not None
    assert is_shown is bool(bug.clauses)
    assert bug.shown
    assert all(clause_by_id(clause) for clause in bug.clauses)


@pytest.mark.parametrize("bug", SHOWN, ids=lambda bug: bug.number)
def test_a_mutant_is_found_by_the_clauses_of_its_row(bug: PublicBug) -> None:
    assert set(bug.clauses) <= set(mutant_named(str(bug.mutant)).clauses)


def test_every_exhibit_of_a_public_bug_has_a_row() -> None:
    exhibits = {m.name for m in CATALOGUE if NUMBER.fullmatch(m.name)}
    assert exhibits <= {str(bug.mutant) for bug in SHOWN}


@pytest.mark.parametrize("bug", MANAGED, ids=lambda bug: bug.number)
def test_a_manager_is_found_by_the_clauses_of_its_row(bug: PublicBug) -> None:
    assert set(bug.clauses) <= broken(str(bug.manager))


def test_a_manager_that_splits_its_regions_is_not_accused() -> None:
    assert broken("Split") == set()


def test_the_tables_have_a_row_for_each() -> None:
    assert len(bugs_table().splitlines()) == len(bugs()) + 2
    assert "early-reclaim" in elsewhere_table()
    assert len(defects_table().splitlines()) == len(DEFECTS) + 2
    assert len(hunks_table().splitlines()) == len(DEFECTS) + 2
