"""The layers on the references: what they find, what they keep, how it replays."""

import re
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from memslot_conformance.findings.failure_file import (
    read_failure,
    replay,
    write_failure,
)
from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import (
    Found,
    LayerDone,
    Record,
    TargetFailed,
    TargetFinished,
    TargetStarted,
    latest,
)
from memslot_conformance.layers import fixed
from memslot_conformance.layers.layers import run_target
from memslot_conformance.layers.shares import LAYERS
from memslot_conformance.scenarios.drawn.choices import Seeded
from memslot_conformance.scenarios.drawn.races import Drawing
from memslot_conformance.scenarios.drawn.requests import palette_of
from memslot_conformance.scenarios.fixed import fixed_races
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.resolve import UnknownTargetError, resolve
from memslot_spec.clauses import CLAUSES
from memslot_spec.judging.judge import judge

EVERY_CLAUSE = tuple(clause.id for clause in CLAUSES)

DEFECTS = {
    "S1": {"TSS-2", "SRCU-1"},
    "S6": {"LOOK-7"},
    "S7": {"REQ-8"},
    "S8": {"DEL-17", "ERR-1"},
    "S9": {"MOVE-1"},
    "S10": {"REQ-17"},
    "S16": {"RMAP-3"},
}
"""The clauses by which each defect of the published patch is known."""


@pytest.fixture(autouse=True)
def _races_that_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds small enough to be explored to the end."""
    monkeypatch.setitem(fixed.BOUNDS, "quick", {1: 0, 2: 1, 3: 0, 4: 0})


def run(
    target: str,
    layers: tuple[str, ...],
    *,
    plays: int | None = None,
    failures: Path | None = None,
    profile: str | None = None,
    blind: bool = False,
    stop_at_first: bool = False,
) -> list[Record]:
    """The records of a run by a clock that stands still: only counts end it."""
    records: list[Record] = []
    plan = TargetPlan(
        target=target,
        profile=profile,
        level="quick",
        seed=7,
        layers=layers,
        clauses=EVERY_CLAUSE,
        seconds=1.0,
        failures_dir=None if failures is None else str(failures),
        blind=blind,
        stop_at_first=stop_at_first,
        plays=plays,
    )
    run_target(plan, records.append, CrashRecord(), clock=lambda: 0.0)
    return records


def found(records: list[Record]) -> list[Found]:
    return [record for record in latest(records) if isinstance(record, Found)]


@pytest.mark.parametrize("profile", ["v2.6.34", "linux"])
def test_fixed_races_reach_every_clause_on_the_reference(profile: str) -> None:
    records = run("reference", ("fixed",), profile=profile)

    reached: Counter[str] = Counter()
    not_applicable: set[str] = set()
    for record in records:
        if isinstance(record, LayerDone):
            reached.update(record.reached)
            assert record.cut is None
        if isinstance(record, TargetStarted):
            not_applicable = set(record.not_applicable)
    applicable = [c for c in EVERY_CLAUSE if c not in not_applicable]
    assert [c for c in applicable if not reached[c]] == []
    assert found(records) == []


@pytest.mark.parametrize(("layer", "plays"), [("sampled", 1_000), ("sequential", 30)])
def test_machines_find_nothing_on_the_reference_sighted_or_blind(
    layer: str, plays: int
) -> None:
    for blind in (False, True):
        records = run("reference", (layer,), plays=plays, blind=blind)
        assert found(records) == []
        done = [record for record in records if isinstance(record, LayerDone)]
        assert [record.schedules for record in done] == [plays]
        assert isinstance(records[-1], TargetFinished)
        assert not any(isinstance(record, TargetFailed) for record in records)


def test_fixed_races_find_each_defect_of_the_patch_and_it_replays(
    tmp_path: Path,
) -> None:
    findings = found(run("patch", ("fixed",), failures=tmp_path))

    clauses = {finding.clause for finding in findings}
    assert {name for name, known in DEFECTS.items() if not known & clauses} == set()
    torn = next(finding for finding in findings if finding.clause == "SRCU-1")
    assert (torn.updates, torn.readers) == (1, 1)
    assert torn.preemptions <= 1
    for finding in findings:
        assert finding.file is not None
        failure = read_failure(Path(finding.file))
        judged = judge(failure.history, CLAUSES).findings
        first, second = replay(failure), replay(failure)
        assert first.diverged is None
        assert first == second
        assert judge(first.history, CLAUSES).findings == judged
        assert finding.clause in {f.clause for f in judged}
        assert first.history.events == failure.history.events


def test_patch_is_found_out_without_points(tmp_path: Path) -> None:
    findings = found(run("patch", ("fixed",), failures=tmp_path, blind=True))

    assert "SRCU-1" in {finding.clause for finding in findings}
    for finding in findings:
        failure = read_failure(Path(finding.file or ""))
        assert failure.is_blind
        again = judge(replay(failure).history, CLAUSES).findings
        assert finding.clause in {f.clause for f in again}


def test_first_finding_is_enough_where_it_is_asked_for() -> None:
    records = run("patch", LAYERS, stop_at_first=True)

    assert len({finding.clause for finding in found(records)}) <= 2
    done = [record for record in records if isinstance(record, LayerDone)]
    assert [record.layer for record in done] == ["fixed"]
    assert done[0].cut == "stopped at the first finding"


def test_fixed_races_that_were_cut_short_say_by_what() -> None:
    (done,) = (
        r for r in run("reference", ("fixed",), plays=50) if type(r) is LayerDone
    )

    assert done.schedules == 50
    assert re.fullmatch(
        r"its plays ran out before \d+ races came to 1 preemption", done.cut or ""
    )


def test_drawn_requests_name_slots_inside_the_domain_most_of_the_time() -> None:
    header = resolve("reference").header
    palette = palette_of(header)
    rng = Seeded(Random(5))
    requests = [palette.draw_request(rng) for _ in range(2_000)]

    inside = [r for r in requests if r.region.slot < header.limits.user_slots]
    assert len(inside) > 0.8 * len(requests)
    assert len(inside) < len(requests)


def test_every_drawn_race_has_two_to_four_threads_of_one_to_five_operations() -> None:
    palette = palette_of(resolve("reference").header)
    rng, threads, lengths = Seeded(Random(6)), set[int](), set[int]()
    for _ in range(200):
        scenario = Drawing(palette, rng).scenario()
        assert scenario.prefix
        threads.add(len(scenario.threads))
        lengths |= {len(thread) for thread in scenario.threads}
    assert threads == {2, 3, 4}
    assert lengths == {1, 2, 3, 4, 5}


def test_fixed_races_leave_out_what_a_target_does_not_support() -> None:
    header = resolve("reference", "linux").header
    names = {race.name for race in fixed_races(header)}
    for race in fixed_races(header):
        for thread in race.scenario.threads:
            assert thread
    assert "TSS base beside a delete" in names


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("referense", "Did you mean 'reference'"),
        ("museum:K0l", "no mutant 'K0l'"),
        ("py:nowhere", "must read py:MODULE:FACTORY"),
        ("py:no.such.module:make", "No module named"),
        ("py:json:loads_nothing", "has no factory loads_nothing"),
        ("floppy", "a target is one of"),
    ],
)
def test_refuses_unknown_targets_and_says_what_there_is(name: str, words: str) -> None:
    with pytest.raises(UnknownTargetError, match=words):
        resolve(name)


def test_refuses_a_profile_that_is_not_known() -> None:
    with pytest.raises(ValueError, match=r"must be one of v2\.6\.34, linux"):
        resolve("reference", "v3")


def test_a_failure_file_reads_back_as_it_was_written(tmp_path: Path) -> None:
    findings = found(
        run("museum:K09", ("fixed",), failures=tmp_path, stop_at_first=True)
    )
    failure = read_failure(Path(findings[0].file or ""))
    assert failure.history == findings[0].history
    path = tmp_path / "again.ndjson"
    write_failure(path, failure)
    assert read_failure(path) == failure


def test_crash_record_keep_the_newest_and_cut_what_is_too_long() -> None:
    crash = CrashRecord()
    assert crash.heard() == ""
    crash.say("one")
    crash.say("x" * 10_000)
    assert set(crash.heard()) == {"x"}
    crash.say("two")
    assert crash.heard() == "two"
    crash.close()


def test_where_the_folder_is_gone_a_stranger_is_looked_for_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(UnknownTargetError, match="no folder to look in"):
        resolve("py:json:loads")
