"""Races planted in a threaded table: each is found, in rounds that are counted.

What a thread does when is the machine's, so nothing is asked of one play. So many
rounds are played that to meet none of the places would be a wonder, and no clock ends
them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from memslot_conformance.findings.failure_file import read_failure
from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import (
    Found,
    LayerDone,
    Record,
)
from memslot_conformance.layers.layers import run_target
from memslot_conformance.run.rejudge import judge_file
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_spec.clauses import CLAUSES

ROOT = Path(__file__).parents[3]
FOLDERS = [
    str(ROOT / "docs/examples"),
    str(ROOT / "conformance/benchmarks/threads"),
]

ROUNDS = 2_000
"""Of which one in some ten to hundred meets the bug."""

RACES = ("NoReadLock", "EditsInPlace", "NoWait", "NoUpdateLock", "TornPair")
RARE = "FillsOutside"


@pytest.fixture(autouse=True)
def _where_the_tables_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [*FOLDERS, *sys.path])


def run(name: str, folder: Path) -> list[Record]:
    """The records of rounds up to the first finding, by a clock that stands still."""
    plan = TargetPlan(
        target=f"py:planted_threads:{name}",
        profile=None,
        level="quick",
        seed=3,
        layers=("sampled",),
        clauses=tuple(clause.id for clause in CLAUSES),
        seconds=1.0,
        plays=ROUNDS,
        stop_at_first=True,
        failures_dir=str(folder),
    )
    records: list[Record] = []
    run_target(plan, records.append, CrashRecord(), clock=lambda: 0.0)
    return records


@pytest.mark.parametrize("name", [*RACES, RARE])
def test_a_planted_race_is_found_and_its_history_is_proof(
    name: str, tmp_path: Path
) -> None:
    found = [record for record in run(name, tmp_path) if isinstance(record, Found)]

    assert found
    last = found[-1]
    assert last.replaces
    assert last.replays > 0
    assert last.file is not None
    failure = read_failure(Path(last.file))
    assert failure.history == last.history
    assert failure.scenario.operations == last.operations
    judged = judge_file(Path(last.file))
    told = [r.clause for r in judged.records if isinstance(r, Found)]
    assert last.clause in told


def test_races_that_overlap_are_counted(tmp_path: Path) -> None:
    done = [r for r in run("TornPair", tmp_path) if isinstance(r, LayerDone)]

    assert [one.layer for one in done] == ["sampled"]
    assert 0 < done[0].overlapped <= done[0].raced == done[0].schedules
    assert f"calls overlapped in {done[0].overlapped:,}" in done[0].covered


@pytest.mark.skipif(
    not Path("/proc/self/task/self/syscall").parent.parent.is_dir(),
    reason="only Linux tells what a thread waits for",
)
def test_a_lock_that_is_kept_is_told_with_the_line_that_waits(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "memslot_conformance", "check"]
    command += ["py:planted_threads:KeepsLock", "--seed", "1", "--max-time", "60"]
    path = os.pathsep.join([*FOLDERS, *sys.path])
    ended = subprocess.run(
        [*command, "--report-dir", str(tmp_path / "report")],
        check=False,
        capture_output=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        text=True,
    )

    assert ended.returncode == 3
    assert "waits for ever: every thread of the process waits" in ended.stdout
    assert "self.updating.acquire()" in ended.stdout
    assert "did not finish" not in ended.stdout
