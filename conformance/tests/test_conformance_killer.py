"""The suite as killer: what is a kill, which changes are made, and what is kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from killer_figures import (
    EQUIVALENT,
    EQUIVALENTS,
    Equivalent,
    TableError,
    becomes,
    equivalents,
    figures,
)
from killer_judge import (
    BROKE,
    KILLED,
    LATE,
    LOADING,
    PACKAGE,
    SURVIVED,
    Judged,
    classify,
    judge,
    worst,
)
from killer_lot import (
    SessionError,
)
from killer_runs import Result, read, write
from killer_targets import NAMES, targets_by_file
from memslot_conformance.findings.records import Found, Record, TargetFailed
from tree_copies import ROOT, copied

RESULTS = EQUIVALENTS.with_name("killer.ndjson")

FOUND = Found(
    target="reference",
    clause="REQ-1",
    layer="fixed",
    seconds=0.0,
    updates=1,
    readers=0,
    preemptions=0,
    operations=1,
    step=0,
    expected="",
    observed="",
    history=None,
)
IN_TARGET = f"KeyError: 3\n  /tree/{PACKAGE}/mmu.py:13 walk"
IN_SUITE = "KeyError: 3\n  /tree/conformance/memslot_conformance/play/lower.py:13 low"
RESULT = Result(
    file="mmu.py",
    operator="AddNot",
    occurrence=0,
    row=1,
    line="if page:",
    before="if page:",
    after="if not page:",
    outcome=SURVIVED,
    by="conforms",
    target="reference",
    seconds=1.0,
    seed=1,
    max_time=20.0,
)


def failed(what: str, last: str = "an operation") -> TargetFailed:
    return TargetFailed(target="reference", what=what, last=last)


@pytest.mark.parametrize(
    ("status", "records", "outcome", "by"),
    [
        (0, (), SURVIVED, "conforms"),
        (1, (FOUND,), KILLED, "finding: REQ-1"),
        (1, (), BROKE, "status 1: "),
        (2, (), BROKE, "status 2: "),
        (3, (failed(IN_TARGET),), KILLED, "raised: KeyError: 3"),
        (3, (failed(IN_TARGET, LOADING),), KILLED, "import: KeyError: 3"),
        (3, (failed("did not finish within 30 seconds"),), KILLED, "hang: did not"),
        (3, (failed("TargetError: reply"),), KILLED, "contradicts itself: TargetEr"),
        (3, (failed(IN_SUITE),), BROKE, "KeyError: 3"),
        (3, (failed(IN_SUITE), failed(IN_TARGET)), KILLED, "raised: KeyError: 3"),
        (4, (), SURVIVED, "inconclusive"),
        (5, (), SURVIVED, "nothing ran"),
        (-9, (FOUND,), BROKE, "status -9: "),
        (None, (FOUND,), LATE, ""),
    ],
)
def test_a_kill_is_a_finding_or_an_error_of_the_target_and_no_other_status(
    status: int | None, records: tuple[Record, ...], outcome: str, by: str
) -> None:
    said, why = classify(status, records, "")

    assert said == outcome
    assert why.startswith(by)


def test_what_one_target_kills_is_killed_and_what_broke_the_suite_is_no_survivor() -> (
    None
):
    late, broke, survived, killed = (
        Judged(outcome=outcome, by="", target="", seconds=0.0)
        for outcome in (LATE, BROKE, SURVIVED, KILLED)
    )

    assert worst([survived, killed]) is killed
    assert worst([survived, late]) is late
    assert worst([late, broke]) is broke


@pytest.mark.parametrize("target", NAMES)
def test_the_references_survive_unchanged(target: str) -> None:
    assert judge(ROOT, [target], max_time=1.0, seed=1).outcome == SURVIVED


def test_what_breaks_a_promise_is_killed_and_so_is_what_does_not_load() -> None:
    path = f"{PACKAGE}/memslots.py"
    source = (ROOT / path).read_bytes()
    longer = source.replace(b"gfn < self.base_gfn +", b"gfn <= self.base_gfn +")
    assert longer != source

    with copied() as tree:
        with tree.changed(path, longer):
            covers = judge(tree.root, ["reference"], max_time=60.0, seed=1)
        with tree.changed(path, source + b"\n1 // 0\n"):
            loads = judge(tree.root, ["reference"], max_time=60.0, seed=1)

    assert covers.outcome == KILLED
    assert covers.by.startswith("finding: ")
    assert loads.by.startswith("import: ZeroDivisionError")


def test_what_neither_reference_runs_is_not_changed() -> None:
    targets = targets_by_file()

    assert all((ROOT / file).exists() for file in targets)
    assert targets[f"{PACKAGE}/dirty_swap.py"] == ("reference",)
    assert targets[f"{PACKAGE}/linux.py"] == ("reference-linux",)
    assert targets[f"{PACKAGE}/srcu.py"] == NAMES
    assert f"{PACKAGE}/patch.py" not in targets
    assert not any("museum" in file or "lawful" in file for file in targets)


def test_results_are_read_as_they_were_written_and_a_broken_line_is_named(
    tmp_path: Path,
) -> None:
    file = tmp_path / "killer.ndjson"
    write([RESULT, replace(RESULT, occurrence=1)], file)
    assert read(file) == [RESULT, replace(RESULT, occurrence=1)]

    with file.open("a") as lines:
        lines.write('{"file": "mmu.py"}\n')
    with pytest.raises(SessionError, match=r"killer\.ndjson:3: no result"):
        read(file)


def test_a_survivor_is_equivalent_where_it_is_named_and_a_kill_stays_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    named = [
        Equivalent(
            file="mmu.py", operator="AddNot", occurrence=0, line="if page:", why="it is"
        )
    ]
    killed = replace(RESULT, outcome=KILLED, by="finding: REQ-1")

    assert becomes(RESULT, named) == EQUIVALENT
    assert becomes(replace(RESULT, line="if root:"), named) == SURVIVED
    assert becomes(killed, named) == KILLED
    assert figures([RESULT, killed], named)
    assert "1 of 1 that are not equivalent: 100.0 %" in capsys.readouterr().out
    assert not figures([RESULT, killed], [])


def test_every_equivalent_is_a_mutant_that_survived_and_its_line_still_stands() -> None:
    survivors = {one.key for one in read(RESULTS) if one.outcome == SURVIVED}
    named = equivalents()

    for one in named:
        source = (ROOT / PACKAGE / one.file).read_text("utf-8").splitlines()
        assert one.line in {line.strip() for line in source}, one
        assert one.key in survivors, one
        assert one.why, one
    assert len({one.key for one in named}) == len(named)


def test_a_table_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    table = tmp_path / "killer_equivalent.toml"
    table.write_text('[[equivalent]]\nfile = "mmu.py"\n')

    with pytest.raises(TableError, match=r"killer_equivalent\.toml: .*operator"):
        equivalents(table)
