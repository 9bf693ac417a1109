"""A library in C that is called from several threads, held up at its points."""

from __future__ import annotations

from pathlib import Path

import pytest

from c_libraries import elsewhere, needs_c
from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import Found, LayerDone, Record
from memslot_conformance.layers.layers import run_target
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_spec.clauses import CLAUSES

pytestmark = needs_c

ROUNDS, FEW = 2_000, 60
"""Of which one in some twenty meets the bug; and enough to see that calls overlap."""


def run(target: str, rounds: int) -> list[Record]:
    """The records of so many rounds at most, by a clock that stands still."""
    plan = TargetPlan(
        target=target,
        profile=None,
        level="quick",
        seed=3,
        layers=("sampled",),
        clauses=tuple(clause.id for clause in CLAUSES),
        seconds=1.0,
        plays=rounds,
        stop_at_first=True,
    )
    records: list[Record] = []
    run_target(plan, records.append, CrashRecord(), clock=lambda: 0.0)
    return records


@pytest.mark.parametrize(
    ("table", "planted"),
    [
        ("published", "GIVEN_UP"),
        ("liburcu", "NO_GRACE_PERIOD"),
        ("liburcu", "UNREGISTERED"),
        ("liburcu", "FREE_FIRST"),
        ("liburcu", "IN_PLACE"),
        ("liburcu", "NO_INVALID"),
    ],
)
def test_a_race_planted_in_c_is_found_by_threads(
    table: str, planted: str, tmp_path: Path
) -> None:
    records = run(elsewhere(table, tmp_path, planted, threads=True), ROUNDS)
    assert [record.clause for record in records if isinstance(record, Found)]


@pytest.mark.parametrize("table", ["published", "liburcu"])
def test_a_sound_table_in_c_is_not_accused_by_threads(
    table: str, tmp_path: Path
) -> None:
    records = run(elsewhere(table, tmp_path, threads=True), FEW)
    assert not [record for record in records if isinstance(record, Found)]
    (done,) = [record for record in records if isinstance(record, LayerDone)]
    assert done.raced
    assert done.overlapped
