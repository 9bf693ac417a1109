"""The lot of the killer: what is changed, the same each time, and gone on with."""

from __future__ import annotations

import json
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from killer_figures import equivalents
from killer_judge import PACKAGE
from killer_lot import (
    Mutation,
    SessionError,
    cut_down,
    drawn,
    means_something,
    read_session,
)
from killer_runs import Plan, WorkError, go_on, prepare, results
from tree_copies import ROOT


def mutation(
    operator: str, start: int, end: int, job: str = "", row: int = 1
) -> Mutation:
    return Mutation(
        job=job,
        file="one.py",
        operator=f"core/{operator}",
        occurrence=0,
        start=(row, start),
        end=(row, end),
    )


def test_a_lot_is_the_same_for_the_same_seed_and_no_place_is_changed_twice() -> None:
    everything = [
        mutation(f"ReplaceBinaryOperator_Add_{other}", 0, 1, f"{row} {other}", row)
        for row in range(50)
        for other in ("Sub", "Mul", "Mod")
    ]

    lot = drawn(everything, 1, 40)
    assert lot == drawn(everything, 1, 40)
    assert lot != drawn(everything, 2, 40)
    assert len({one.place for one in lot}) == len(lot) == 40
    assert len({one.job for one in drawn(everything, 1, 149)}) == 149
    assert len(drawn(everything, 1, 1000)) == 150


def test_only_what_is_done_is_changed(tmp_path: Path) -> None:
    lines = (
        "def f(a: int | None, *, b: int = 1 + 2) -> int | None:",
        "    c: int | None = a * b",
        "    return [*c, 1 | 2]",
        "__all__ = 'f' + 'g'",
        "Reply = int | str",
        "LEAST = 2 * 3",
    )
    (tmp_path / "one.py").write_text("\n".join(lines))

    kept = [
        (row, column)
        for row, line in enumerate(lines, 1)
        for column, sign in enumerate(line)
        if sign in "|*+"
        and means_something(
            mutation("ReplaceBinaryOperator_BitOr_Add", column, column + 1, row=row),
            tmp_path,
        )
    ]

    assert kept == [(1, 35), (2, 22), (3, 18), (6, 10)]


def test_a_broken_session_is_named(tmp_path: Path) -> None:
    session = tmp_path / "session-0.sqlite"
    session.write_text("no database, and long enough to be looked into" * 20)
    with pytest.raises(SessionError, match=r"session-0\.sqlite is no session"):
        read_session(session)
    with pytest.raises(SessionError, match=r"session-1\.sqlite is no session"):
        read_session(tmp_path / "session-1.sqlite")


def test_a_session_that_was_cut_down_keeps_what_is_known_of_the_rest(
    tmp_path: Path,
) -> None:
    session = tmp_path / "session-0.sqlite"
    with sqlite3.connect(session) as database:
        database.executescript(
            "CREATE TABLE work_items (job_id); CREATE TABLE work_results (job_id);"
            "CREATE TABLE mutation_specs (job_id, module_path, operator_name,"
            " occurrence, start_pos_row, start_pos_col, end_pos_row, end_pos_col)"
        )
        for job in "abc":
            database.execute("INSERT INTO work_items VALUES (?)", job)
            database.execute("INSERT INTO work_results VALUES (?)", job)
            row = (job, "one.py", "core/AddNot", 0, 1, 0, 1, 5)
            database.execute(
                "INSERT INTO mutation_specs VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row
            )
    database.close()

    cut_down(session, "ac")

    assert read_session(session) == [mutation("AddNot", 0, 5, job) for job in "ac"]


def test_every_equivalent_is_a_mutant_that_cosmic_ray_still_makes(
    tmp_path: Path,
) -> None:
    pytest.importorskip("cosmic_ray", reason="the extra `killer` is not installed")
    prepare(Plan(work=tmp_path, seed=1, count=1, max_time=1.0, jobs=1), ROOT)

    made = {
        (
            one.file.removeprefix(f"{PACKAGE}/"),
            one.operator.removeprefix("core/"),
            one.occurrence,
            (ROOT / one.file).read_text("utf-8").splitlines()[one.start[0] - 1].strip(),
        )
        for one in read_session(tmp_path / "all.sqlite")
    }

    assert {one.key for one in equivalents()} - made == set()


def test_what_was_stopped_is_gone_on_with_and_loses_nothing(tmp_path: Path) -> None:
    pytest.importorskip("cosmic_ray", reason="the extra `killer` is not installed")
    plan = Plan(work=tmp_path, seed=1, count=2, max_time=1.0, jobs=1)
    prepare(plan, ROOT)
    go_on(plan)
    known = results(plan)
    assert len(known) == 2

    session = tmp_path / "session-0.sqlite"
    with sqlite3.connect(session) as database:
        database.execute("DELETE FROM work_results WHERE rowid = 1")
    database.close()
    changed = tmp_path / "tree-0" / PACKAGE / "srcu.py"
    changed.write_text("left as it was when it was stopped")
    prepare(plan, ROOT)
    assert changed.read_bytes() == (ROOT / PACKAGE / "srcu.py").read_bytes()
    left = results(plan)
    go_on(plan)

    assert len(left) == 1
    assert left[0] in results(plan)
    assert [one.key for one in results(plan)] == [one.key for one in known]
    with pytest.raises(WorkError, match="has another lot"):
        prepare(replace(plan, seed=2), ROOT)
    shutil.copyfile(
        ROOT / PACKAGE / "mmu.py", tmp_path / "original" / PACKAGE / "srcu.py"
    )
    with pytest.raises(WorkError, match=r"srcu\.py read otherwise"):
        prepare(plan, ROOT)
    assert json.loads((tmp_path / "lot.json").read_text()) == plan.drawn_by
