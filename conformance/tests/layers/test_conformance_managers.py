"""Managers of slots as targets: the example conforms, and planted bugs are found."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import pytest

from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import Found, Record, TargetFailed
from memslot_conformance.layers.layers import run_target
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.kvm.detect import Unusable, detect
from memslot_spec.clauses import CLAUSES

EXAMPLES = Path(__file__).parents[3] / "docs/examples"
USABLE = detect()

FOUND = {
    "leaves_pieces": "ERR-2",
    "forgets_the_rest": "SLOT-8",
    "runs_out_of_ids": "REQ-28",
    "hides_exist": "REQ-19",
    "logs_the_first": "SLOT-8",
    "drops_the_tail": "SLOT-8",
}
"""A clause that finds each bug."""


@pytest.fixture(autouse=True)
def _beside_the_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES)
    monkeypatch.setattr("sys.path", [str(EXAMPLES), *sys.path])


def broken(target: str) -> set[str]:
    """The clauses that find a manager, which does not break by itself."""
    records: list[Record] = []
    plan = TargetPlan(
        target=target,
        profile=None,
        level="quick",
        seed=1,
        layers=("fixed", "sequential"),
        clauses=tuple(clause.id for clause in CLAUSES),
        seconds=1.0,
        plays=4,
    )
    with closing(CrashRecord()) as crash:
        run_target(plan, records.append, crash, clock=lambda: 0.0)
    assert not any(isinstance(record, TargetFailed) for record in records)
    return {record.clause for record in records if isinstance(record, Found)}


def test_the_manager_of_the_examples_conforms() -> None:
    assert broken("py:managed_kvm:make") == set()


@pytest.mark.skipif(isinstance(USABLE, Unusable), reason="/dev/kvm is not usable")
def test_it_conforms_over_the_running_kernel() -> None:
    assert broken("py:managed_kvm:ManagedKernel") == set()


@pytest.mark.parametrize("bug", FOUND)
def test_a_planted_bug_of_a_manager_is_found(bug: str) -> None:
    found = broken(f"py:planted_managers:{bug}")
    assert FOUND[bug] in found, found


def test_the_manager_is_short() -> None:
    lines = (EXAMPLES / "slot_manager.py").read_text("utf-8").splitlines()
    assert len(lines) < 100
