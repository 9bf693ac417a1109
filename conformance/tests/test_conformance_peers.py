"""The slot table that other tools are compared on, and what each makes of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import peers_table
import pytest

import memslots_adapter
from memslot_conformance.findings.trial import Trial
from memslot_conformance.play.bounded import bounded
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.resolve import resolve
from memslot_spec.clauses import CLAUSES
from memslot_spec.model.operations import (
    GetDirtyLog,
    GfnToHva,
    GuestAccess,
    SetRegion,
    VcpuGfnToMemslot,
)
from memslot_spec.model.values import LOG_DIRTY_PAGES, MemoryRegion
from peer_runs import CLOCK, HERE, TABLES, TOOLS, prepared, run
from slot_table import BUGS

HOST = 0x100_0000


def region(slot: int, base: int, npages: int, flags: int = 0) -> SetRegion:
    hva = HOST * (1 + slot) if npages else 0
    return SetRegion(MemoryRegion(slot, base << 12, npages << 12, hva, flags))


ONE = region(0, 0, 2)
GONE = region(0, 0, 0)
LOGGING = region(0, 0, 2, LOG_DIRTY_PAGES)
WRITE = GuestAccess(1, write=True)
MOVE_BESIDE_LOOKUP = Scenario((ONE,), ((region(0, 8, 2),), (GfnToHva(1),)))

SHOWN: dict[str, tuple[str, Scenario, int]] = {
    "overlap_of_one_page": ("SLOT-6", Scenario((ONE, region(1, 1, 2))), 0),
    "same_generation": (
        "CACHE-18",
        Scenario((ONE, VcpuGfnToMemslot(0, 1), GONE, VcpuGfnToMemslot(0, 1))),
        0,
    ),
    "no_invalid_step": ("DEL-1", Scenario((ONE, GONE)), 0),
    "no_grace_period": ("SRCU-4", Scenario((ONE,)), 0),
    "no_read_lock": ("SRCU-15", Scenario((ONE, GfnToHva(1))), 0),
    "torn_pair": ("SRCU-1", MOVE_BESIDE_LOOKUP, 2),
    "delete_leaves_mappings": ("DEL-4", Scenario((ONE, WRITE, GONE)), 0),
    "dirty_lost_at_get": (
        "DIRTY-4",
        Scenario((LOGGING,), ((GetDirtyLog(0),), (WRITE,)), (GetDirtyLog(0),)),
        2,
    ),
}
"""What shows each bug: the clause that it breaks, and up to how many preemptions."""


def broken(table: str, scenario: Scenario, preemptions: int) -> set[str]:
    target = resolve(f"py:{memslots_adapter.__name__}:{table}")
    trial = Trial(target.header, CLAUSES)
    found: set[str] = set()
    for played in bounded(target.make, scenario, preemptions):
        found |= {finding.clause for finding in trial.try_play(played, scenario)}
    return found


def test_every_bug_is_shown() -> None:
    assert set(SHOWN) == set(BUGS)


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_breaks_its_clause_and_no_other(bug: str) -> None:
    clause, scenario, preemptions = SHOWN[bug]
    assert broken(bug, scenario, preemptions) == {clause}


@pytest.mark.parametrize("bug", BUGS)
def test_without_it_nothing_is_broken(bug: str) -> None:
    _, scenario, preemptions = SHOWN[bug]
    assert not broken("sound", scenario, preemptions)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_no_tool_accuses_the_table_without_a_bug(tool: object, tmp_path: Path) -> None:
    (chosen,) = (one for one in TOOLS if one is tool)
    if chosen.missing() is not None:
        pytest.skip(f"{chosen.missing()} is not installed")
    prepared(chosen, "sound", tmp_path)
    assert not run(chosen, "sound", 1, 1.0, tmp_path).found


@pytest.mark.parametrize("name", ["Hypothesis", "random walk", "thread stress"])
def test_a_harness_finds_an_overlap(name: str, tmp_path: Path) -> None:
    (tool,) = (one for one in TOOLS if one.name == name)
    found = run(tool, "overlap_of_one_page", 1, 20.0, tmp_path)
    assert found.found
    assert found.operations
    assert found.events
    assert found.events > found.operations


def test_memslots_finds_an_overlap_and_its_size_is_counted(tmp_path: Path) -> None:
    found = run(TOOLS[0], "overlap_of_one_page", 1, 20.0, tmp_path)
    assert (found.what, found.operations) == ("SLOT-6", 2)


def test_the_children_of_children_are_counted() -> None:
    spins = "import time\nwhile time.process_time() < 0.5: pass"
    leaves = (
        f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {spins!r}])"
    )
    told = subprocess.run(
        [sys.executable, HERE / "spent.py", str(CLOCK), sys.executable, "-c", leaves],
        check=True,
        capture_output=True,
    )
    assert json.loads(told.stdout)["seconds"] >= 0.5


def test_what_was_measured_is_of_these_tools_and_tables() -> None:
    told = peers_table.measured()
    assert [tool["name"] for tool in told["tools"]] == [tool.name for tool in TOOLS]
    for tool in told["tools"]:
        assert "missing" in tool or tuple(tool.get("tables", ())) == TABLES
        assert not any(r["found"] for r in tool.get("tables", {}).get("sound", ()))


def test_the_book_has_a_cell_for_each_tool_and_table() -> None:
    lines = peers_table.peers_tables().splitlines()
    rows = [line for line in lines if line.startswith("| `")]
    assert len(rows) == len(TABLES)
    assert all(row.count("|") == len(TOOLS) + 2 for row in rows)
