"""The examples of docs/adapters.md and README.md: what is said of them is so."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import (
    Found,
    LayerDone,
    Record,
    Verdict,
)
from memslot_conformance.layers.fixed import BOUNDS
from memslot_conformance.layers.layers import run_target
from memslot_conformance.run.exits import Exit
from memslot_conformance.run.smoke import smoke
from memslot_conformance.run.verdicts import ClauseVerdict, exit_status, verdicts
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.header import Interleaving

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "docs/examples"
DICT = "py:dict_adapter:make"
STEPPED = "py:stepped_table:make"
THREADED = "py:threaded_table:make"

LOADS_ONCE = ["SRCU-6", "SRCU-7"]
"""About a second load in one section: the stepped table never makes one."""

ABOUT_THE_TABLE = ("REQ-1", "REQ-19", "REQ-28", "LOOK-1", "LOOK-4", "ERR-2", "PROG-1")

ABOUT_READERS = ("SRCU-1", "SRCU-2", "SRCU-4", "SRCU-5", "SRCU-15", "DEL-13")

ONE_CALL_AT_A_TIME = "the target takes one call at a time"


@pytest.fixture(autouse=True)
def _in_the_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES)
    monkeypatch.setattr("sys.path", [str(EXAMPLES), *sys.path])


@pytest.fixture(autouse=True)
def _few_preemptions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds small enough to be explored to the end."""
    monkeypatch.setitem(BOUNDS, "quick", {1: 0, 2: 2, 3: 1, 4: 1})


def run(target: str, *layers: str, plays: int | None = None) -> list[Record]:
    """The records of a check by a clock that stands still: only counts end it."""
    plan = TargetPlan(
        target=target,
        profile=None,
        level="quick",
        seed=1,
        layers=layers,
        clauses=tuple(clause.id for clause in CLAUSES),
        seconds=1.0,
        plays=plays,
    )
    records: list[Record] = []
    with closing(CrashRecord()) as crash:
        run_target(plan, records.append, crash, clock=lambda: 0.0)
    return records


def judged(records: list[Record]) -> Mapping[str, ClauseVerdict]:
    """The verdict on each clause."""
    (target,) = verdicts(records, CLAUSES)
    return {verdict.clause: verdict for verdict in target.verdicts}


def clauses_with(
    verdict: Verdict, found: Mapping[str, ClauseVerdict]
) -> frozenset[str]:
    """The clauses on which this is the verdict."""
    return frozenset(c for c, judged in found.items() if judged.verdict is verdict)


def broken(records: list[Record]) -> frozenset[str]:
    """The clauses that were found broken."""
    return frozenset(r.clause for r in records if isinstance(r, Found))


def test_the_adapter_is_as_short_as_the_page_says() -> None:
    lines = (EXAMPLES / "dict_adapter.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 60


def test_the_table_knows_nothing_of_memslots() -> None:
    code = (EXAMPLES / "dict_table.py").read_text(encoding="utf-8")
    assert "import memslot" not in code
    assert "from memslot" not in code


@pytest.mark.parametrize("target", [DICT, STEPPED, THREADED])
def test_the_adapters_are_sound(target: str) -> None:
    assert [check for check in smoke(target, None) if check.problem] == []


def test_the_dict_table_conforms() -> None:
    records = run(DICT, "fixed", "sequential", plays=60)
    found = judged(records)
    possible = {Verdict.PASS, Verdict.NOT_APPLICABLE}
    assert {c: v for c, v in found.items() if v.verdict not in possible} == {}
    assert clauses_with(Verdict.PASS, found) >= frozenset(ABOUT_THE_TABLE)
    assert exit_status(verdicts(records, CLAUSES)) is Exit.CONFORMS


def test_clauses_on_concurrent_readers_do_not_apply_to_the_dict_table() -> None:
    found = judged(run(DICT, "fixed"))
    concurrent = [
        c for c in CLAUSES if c.concurrent and "linux" in c.profiles and not c.ranges
    ]
    assert concurrent
    for clause in concurrent:
        verdict = found[clause.id]
        assert verdict.verdict is Verdict.NOT_APPLICABLE
        assert verdict.reason == ONE_CALL_AT_A_TIME


def test_a_broken_dict_table_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> bool:
        return False

    monkeypatch.setattr("dict_table.DictTable.meets_another", never)
    assert "REQ-19" in broken(run(DICT, "fixed"))


def test_the_stepped_table_conforms() -> None:
    records = run(STEPPED, "fixed")
    found = judged(records)
    assert broken(records) == frozenset()
    assert clauses_with(Verdict.ERROR, found) == frozenset()
    assert clauses_with(Verdict.INCONCLUSIVE, found) == frozenset()
    assert clauses_with(Verdict.PASS, found) >= frozenset(ABOUT_READERS)
    (target,) = verdicts(records, CLAUSES)
    assert [verdict.clause for verdict in target.never_met] == LOADS_ONCE
    for verdict in target.never_met:
        assert verdict.verdict is Verdict.NOT_APPLICABLE
        assert verdict.reason == f"no section loaded twice in {verdict.occasions:,}"
    assert exit_status((target,)) is Exit.CONFORMS


def test_a_threaded_table_conforms() -> None:
    """The number of rounds is what a loaded machine plays in a minute or two."""
    records = run(THREADED, "fixed", "sampled", plays=400)
    found = judged(records)
    possible = {Verdict.PASS, Verdict.NOT_APPLICABLE}
    assert {c: v for c, v in found.items() if v.verdict not in possible} == {}
    assert clauses_with(Verdict.PASS, found) >= {"SRCU-1", "SRCU-18", "REQ-29"}
    assert exit_status(verdicts(records, CLAUSES)) is Exit.CONFORMS
    rounds = next(r for r in records if isinstance(r, LayerDone) and r.raced > 300)
    assert rounds.overlapped > rounds.raced / 10


def test_a_stepped_table_that_waits_for_nobody_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def at_once(_: object) -> None:
        return

    monkeypatch.setattr("stepped_table.SteppedTable.wait_for_readers", at_once)
    found = broken(run(STEPPED, "fixed"))
    assert {"SRCU-2", "SRCU-5"} & found


def test_a_stepped_table_that_is_not_stepped_has_no_clauses_on_readers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stepped_table.SteppedTable.interleaving", Interleaving.NONE)
    found = judged(run(STEPPED, "fixed"))
    assert found["SRCU-1"].reason == ONE_CALL_AT_A_TIME


def test_ten_lines_of_python_are_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"```python\n(.*?)```", readme, re.DOTALL)
    assert found is not None
    assert len([line for line in found[1].splitlines() if line]) == 10
    (tmp_path / "readme_adapter.py").write_text(found[1], encoding="utf-8")
    monkeypatch.setattr("sys.path", [str(tmp_path), *sys.path])
    records = run("py:readme_adapter:Adapter", "fixed")
    assert exit_status(verdicts(records, CLAUSES)) is Exit.CONFORMS
