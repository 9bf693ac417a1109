"""`memslots check`: what it prints and leaves, and how it ends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from command_line import NO_KERNEL, Send, found, go_into, memslots, runs
from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import (
    RunFinished,
    RunStarted,
)
from memslot_conformance.run import campaign
from memslot_conformance.run.request import LEVEL_SECONDS
from memslot_conformance.run.stream import read_stream
from memslot_spec.clauses import CLAUSES


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_into(tmp_path, monkeypatch)


def test_a_check_ends_with_the_status_of_its_verdicts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    check = ("check", "reference", "--seed", "1")
    runs(monkeypatch)
    assert memslots(*check).exit_code == 0
    runs(monkeypatch, broken="REQ-1", breaks=True)
    assert memslots(*check).exit_code == 1
    runs(monkeypatch, breaks=True)
    assert memslots(*check).exit_code == 3
    runs(monkeypatch, reached=1)
    assert memslots(*check).exit_code == 4
    assert memslots("check", "kvm").exit_code == 5


def test_without_a_target_the_kernel_is_skipped_where_it_is_not_usable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs(monkeypatch)
    result = memslots("check", "--seed", "1")
    assert result.exit_code == 0
    assert result.output.count(f"skipped  kvm: {NO_KERNEL}") == 2
    strict = memslots("check", "--seed", "1", "--strict")
    assert strict.exit_code == 1
    assert "--strict makes that a failure" in strict.output


def test_a_profile_the_kernel_is_not_held_to_skips_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs(monkeypatch)
    assert memslots("check", "--profile", "v2.6.34").exit_code == 0
    named = memslots("check", "kvm", "--profile", "v2.6.34")
    assert named.exit_code == 2
    assert "target kvm is held to profile linux" in named.output


def test_a_check_prints_its_seed_first_and_last_and_how_to_run_it_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs(monkeypatch)
    result = memslots("check", "reference", "--blind", "--clauses", "err-*")
    lines = result.stdout.splitlines()
    seed = lines[0].partition("seed ")[2].partition(",")[0]
    errors = ",".join(c.id for c in CLAUSES if c.id.startswith("ERR-"))
    again = f"check reference --clauses {errors} --blind --level quick --seed {seed}"
    assert lines[-2] == f"again    memslots {again}"
    assert f"level quick, seed {seed}" in lines[-3]
    assert f"seed {seed}, {LEVEL_SECONDS['quick']:g} s" in result.stdout
    assert memslots(*again.split()).stdout.splitlines()[0] == lines[0]


def test_the_time_is_shared_by_the_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    runs(monkeypatch)
    words = ("check", "reference", "patch", "--max-time", "3", "--layers")
    result = memslots(*words, "sequential,fixed", "--jobs", "1")
    assert "1.5 s for each target, 1 at a time" in result.output
    assert "1.5 s, ('fixed', 'sequential')" in " ".join(result.output.split())
    assert "3 s for each" in memslots(*words, "fixed", "--jobs", "2").output


def test_counted_scenarios_are_shared_by_parts_and_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs(monkeypatch)
    words = ("check", "reference", "--scenarios", "5", "--seed", "3", "--jobs", "2")
    output = memslots(*words).output
    budget = "5 scenarios of each drawn layer and target, in 32 parts, 2 at a time"
    assert f"budget   {budget}" in output
    again = "check reference --scenarios 5 --level quick --seed 3"
    assert f"again    memslots {again}" in output


def test_one_target_is_shared_by_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    runs(monkeypatch)
    output = memslots("check", "reference", "--jobs", "4").output
    assert "budget   40 s for each target, in 4 parts, 4 at a time" in output
    assert "again    memslots check reference --jobs 4 --level quick" in output


def test_what_is_left_over_by_the_workers_is_shared_by_all_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs(monkeypatch)
    three = ("reference", "reference-linux", "patch")
    output = memslots("check", *three, "--jobs", "2").output
    assert "budget   40 s for each target, in up to 2 parts, 2 at a time" in output


def test_a_check_leaves_a_stream_that_can_be_shown_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs(monkeypatch, broken="REQ-1")
    result = memslots("check", "reference", "--seed", "5", "--report-dir", "r")
    stream = read_stream(Path("r/report.ndjson"))
    assert stream.complete
    assert isinstance(stream.records[0], RunStarted)
    assert stream.records[0].seed == 5
    assert isinstance(stream.records[-1], RunFinished)
    assert stream.records[-1].exit_status == 1
    again = memslots("judge", "r/report.ndjson")
    assert again.exit_code == 1
    assert again.output.splitlines()[-8:-4] == result.stdout.splitlines()[-8:-4]


def test_a_run_that_was_interrupted_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, on_record: Send, **__: object) -> None:
        on_record(found("reference", "REQ-1"))
        raise KeyboardInterrupt

    monkeypatch.setattr(campaign, "run", interrupted)
    result = memslots("check", "reference", "--report-dir", "r")
    assert result.exit_code == 1
    assert "INCOMPLETE  interrupted" in result.output
    assert not read_stream(Path("r/report.ndjson")).complete
    again = memslots("judge", "r/report.ndjson")
    assert again.exit_code == 1
    assert "INCOMPLETE  it ends before the run did" in again.output


def test_a_list_says_what_would_run_and_runs_nothing() -> None:
    result = memslots("check", "--list")
    assert result.exit_code == 0
    assert result.output.startswith("reference  ")
    assert "needs         nothing beyond this package" in result.output
    assert f"kvm  would be skipped: {NO_KERNEL}" in result.output
    assert not Path("memslots-report").exists()


def test_the_first_finding_ends_a_target_where_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plans: list[TargetPlan] = []

    def keep(wanted: Sequence[TargetPlan], **_: object) -> None:
        plans.extend(wanted)

    monkeypatch.setattr(campaign, "run", keep)
    for option in ("-x", "--first"):
        result = memslots("check", "reference", option, "--seed", "3")
        assert "check reference --first --level quick --seed 3" in result.output
    memslots("check", "reference")
    assert [plan.stop_at_first for plan in plans] == [True, True, False]


def test_clauses_that_the_target_cannot_show_are_refused_at_once() -> None:
    result = memslots("check", "reference", "--clauses", "GEN-*,CACHE-1")
    assert result.exit_code == 2
    assert "reference: it can show none of the clauses asked for" in result.output
    assert "the clause does not bind profile v2.6.34" in result.output
    blind = memslots("check", "reference", "--clauses", "SRCU-8", "--blind")
    assert blind.exit_code == 2
    assert "SRCU-8: the target does not announce UpdateLocked" in blind.output


def test_a_target_that_can_show_none_is_skipped_where_another_can(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs(monkeypatch)
    result = memslots("check", "--clauses", "GEN-1", "--seed", "1")
    assert result.exit_code == 0
    assert "skipped  reference: it can show none of the clauses" in result.stdout
