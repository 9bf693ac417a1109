"""`memslots judge` and `replay`: what was recorded is judged and run again alike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from command_line import Send, go_into, memslots
from memslot_conformance.findings.failure_file import RecordedFailure, write_failure
from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.layers import layers
from memslot_conformance.play.explore import replay
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.resolve import resolve
from memslot_spec.history.events import Finished
from memslot_spec.history.header import History
from memslot_spec.history.wire import history_to_json
from memslot_spec.model.operations import MemslotId

FAILURE_1 = Path(__file__).parents[1] / "findings" / "golden" / "failure-1.ndjson"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_into(tmp_path, monkeypatch)


def history_of(target: str) -> tuple[Scenario, History]:
    """A lookup in a hole, which `patch` answers wrongly (LOOK-7)."""
    scenario = Scenario((MemslotId(3),))
    reached = resolve(target)
    played = replay(reached.make, scenario, ())
    return scenario, History(reached.header, played.events)


def test_judge_passes_a_history_that_conforms_in_what_it_shows() -> None:
    _, history = history_of("reference")
    Path("h.ndjson").write_text(history_to_json(history), encoding="utf-8")
    result = memslots("judge", "h.ndjson")
    assert result.exit_code == 0
    assert "exit 0   the history conforms in all that it shows" in result.output
    asked = memslots("judge", "h.ndjson", "--clauses", "LOOK-7,TSS-*")
    assert asked.exit_code == 4


def test_judge_shows_what_a_history_breaks() -> None:
    _, history = history_of("patch")
    Path("a history.ndjson").write_text(history_to_json(history), encoding="utf-8")
    result = memslots("judge", "a history.ndjson")
    assert result.exit_code == 1
    assert "FAIL LOOK-7" in result.output
    assert "again        memslots judge 'a history.ndjson'" in result.output


def test_judge_says_that_a_history_is_cut() -> None:
    _, history = history_of("reference")
    text = history_to_json(history)
    Path("h.ndjson").write_text(text[:-5], encoding="utf-8")
    result = memslots("judge", "h.ndjson")
    assert result.exit_code == 4
    assert "INCOMPLETE  the history is not whole: the file ends in the" in result.output
    lines = text.splitlines(keepends=True)
    Path("h.ndjson").write_text("".join(lines[:-1]), encoding="utf-8")
    result = memslots("judge", "h.ndjson")
    assert result.exit_code == 4
    assert "it ends without the event Finished" in result.output


def test_judge_takes_no_call_that_never_returned_for_conformance() -> None:
    _, history = history_of("reference")
    (call, *_) = history.events
    events = (call, Finished(0, ()))
    Path("h.ndjson").write_text(
        history_to_json(History(history.header, events)), encoding="utf-8"
    )
    result = memslots("judge", "h.ndjson")
    assert result.exit_code == 3
    assert "its history contradicts itself: it is finished, but these" in result.output
    assert "calls never returned: T0 (slot id of gfn 0x3)" in result.output


@pytest.mark.parametrize(
    "text", ["", "nonsense\n", "{}\n", '{"memslots_history": 9}\n']
)
def test_judge_refuses_what_is_no_history(text: str) -> None:
    Path("h.ndjson").write_text(text, encoding="utf-8")
    result = memslots("judge", "h.ndjson")
    assert result.exit_code == 2
    assert "h.ndjson" in result.output


def write_failure_of(target: str, path: Path) -> None:
    scenario, history = history_of("patch")
    failure = RecordedFailure(target, "v2.6.34", "LOOK-7", scenario, (), history)
    write_failure(path, failure)


def test_a_failure_replays_to_the_same_finding_and_judge_agrees() -> None:
    path = Path("f.ndjson")
    write_failure_of("patch", path)
    replayed = memslots("replay", "f.ndjson")
    assert replayed.exit_code == 1
    assert "exit 1   the same finding came again" in replayed.output
    assert "FAIL LOOK-7" in replayed.output
    assert memslots("replay", "f.ndjson").output == replayed.output
    judged = memslots("judge", "f.ndjson")
    assert judged.exit_code == 1
    assert "again        memslots replay f.ndjson" in judged.output


def test_a_failure_that_does_not_come_again_says_so() -> None:
    write_failure_of("reference", Path("f.ndjson"))
    result = memslots("replay", "f.ndjson")
    assert result.exit_code == 3
    assert "LOOK-7 held this time" in result.output
    assert ">>" not in result.output


def test_judge_numbers_the_lines_of_a_failure_as_they_are_in_the_file() -> None:
    path = Path("f.ndjson")
    write_failure_of("patch", path)
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join((*lines[:3], "{}", "")), encoding="utf-8")
    result = memslots("judge", "f.ndjson")
    assert result.exit_code == 2
    assert "f.ndjson:4" in result.output


def test_a_failure_of_version_1_replays_and_is_judged_as_before() -> None:
    replayed = memslots("replay", str(FAILURE_1))
    assert replayed.exit_code == 1
    assert "exit 1   the same finding came again" in replayed.output
    assert "FAIL SRCU-1" in replayed.output
    judged = memslots("judge", str(FAILURE_1))
    assert judged.exit_code == 1
    assert "step 20 of 26  T2: -> 4096 (0x1000)" in judged.output


LOOKUP = ("check", "patch", "--profile", "v2.6.34", "--clauses", "LOOK-7")
"""The patch breaks this clause in the first of the fixed races."""


def stops_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every target is left at its first finding."""
    run_target = layers.run_target

    def run(plan: TargetPlan, send: Send, crash: CrashRecord) -> None:
        run_target(replace(plan, stop_at_first=True), send, crash)

    monkeypatch.setattr(layers, "run_target", run)


def test_a_finding_is_shown_alike_by_whoever_shows_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stops_at_first(monkeypatch)
    checked = memslots(*LOOKUP, "--layers", "fixed", "--report-dir", "r")
    (file,) = Path("r/failures").iterdir()
    _, picture, rest = checked.output.partition("   step  T0\n")
    told = (picture + rest).partition("\n\n\n")[0]
    assert "FAIL LOOK-7" in told
    assert told.endswith(f"  again        memslots replay {file}")
    for words in (("judge", "r/report.ndjson"), ("judge", file), ("replay", file)):
        assert told in memslots(*map(str, words)).output


def test_a_finding_whose_file_cannot_be_written_is_still_a_finding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stops_at_first(monkeypatch)
    Path("r").mkdir()
    Path("r/failures").write_text("a file in the place of the folder", "utf-8")
    result = memslots(*LOOKUP, "--layers", "fixed", "--report-dir", "r", "--seed", "1")
    assert result.exit_code == 1
    assert "exit 1   does not conform: patch breaks 1 clause" in result.output
    assert "  no file      [Errno 17] File exists: 'r/failures'" in result.output
    assert ">>    7  -> slot id -1" in result.output
    assert "  again        memslots check patch --profile v2.6.34" in result.output
