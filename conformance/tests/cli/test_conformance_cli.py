"""The command line: what it refuses, what it prints, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from memslot_conformance.cli.command import main
from memslot_conformance.findings.failure_file import RecordedFailure, write_failure
from memslot_conformance.findings.records import (
    Found,
    LayerDone,
    Record,
    RunFinished,
    RunStarted,
    TargetPlan,
    TargetStarted,
)
from memslot_conformance.layers import layers
from memslot_conformance.play.explore import replay
from memslot_conformance.run import campaign
from memslot_conformance.run.checking import LEVEL_SECONDS
from memslot_conformance.run.stream import read_stream
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets import resolve as targets
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.kvm.detect import Unusable
from memslot_conformance.targets.resolve import resolve
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.header import History
from memslot_spec.history.wire import history_to_json
from memslot_spec.model.operations import MemslotId

Send = Callable[[Record], None]

FAILURE_1 = Path(__file__).parents[1] / "findings" / "golden" / "failure-1.ndjson"

NO_KERNEL = "kvm: /dev/kvm is absent"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(targets, "detect", lambda: Unusable(NO_KERNEL))


def memslots(*words: str) -> Result:
    return CliRunner().invoke(main, words, prog_name="memslots")


def found(target: str, clause: str) -> Found:
    return Found(
        target=target,
        clause=clause,
        layer="fixed",
        seconds=0.5,
        updates=1,
        readers=1,
        preemptions=2,
        operations=2,
        step=0,
        expected="yes",
        observed="no",
        history=None,
    )


def runs(
    monkeypatch: pytest.MonkeyPatch,
    *,
    reached: int | None = None,
    broken: str | None = None,
    breaks: bool = False,
) -> None:
    """Every target reaches so many clauses, breaks one, or breaks itself."""

    def run_target(plan: TargetPlan, send: Send, crash: CrashRecord) -> None:
        crash.say("running")
        send(
            TargetStarted(
                target=plan.target,
                profile="linux",
                description="",
                interleaving="none",
                operations=(),
                not_applicable={},
            )
        )
        send(
            LayerDone(
                target=plan.target,
                layer="fixed",
                scenarios=1,
                schedules=1,
                steps=1,
                seconds=0.0,
                covered=f"seed {plan.seed}, {plan.seconds:g} s, {plan.layers}",
                reached=dict.fromkeys(plan.clauses[:reached], 1),
            )
        )
        if broken is not None and broken in plan.clauses:
            send(found(plan.target, broken))
        if breaks:
            message = "it broke"
            raise RuntimeError(message)

    monkeypatch.setattr(layers, "run_target", run_target)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("check refrence", "no target 'refrence'; a target is one of reference, "),
        ("check refrence", "Did you mean 'reference'?"),
        ("check museum:K0", "no mutant 'K0'"),
        ("check py:nowhere:make", "No module named 'nowhere'"),
        ("check py:nowhere", "must read py:MODULE:FACTORY"),
        ("check --profile linus", "'linus' is not one of 'v2.6.34', 'linux'"),
        ("check --level fast", "'fast' is not one of 'quick', 'standard', 'deep'"),
        ("check --clauses SRCX-1", "no clause matches 'SRCX-1'"),
        ("check --clauses SRCX-1", "Did you mean 'SRCU-1'?"),
        ("check --clauses SRCU-*,NONE-*", "no clause matches 'NONE-*'"),
        ("check --layers fixd", "no layer 'fixd'; there are fixed, sampled, sequent"),
        ("check --layers fixd", "Did you mean 'fixed'?"),
        ("check --layers ,", "it names no layer"),
        ("check --layers fixed --no-fixed", "--no-fixed leaves no layer to run"),
        ("check --seed many", "'many' is not a valid integer"),
        ("check --jobs 0", "0 is not in the range x>=1"),
        ("check --max-time 0", "0.0 is not in the range x>0"),
        ("check --report-dir /dev/null", "cannot write the report: "),
        ("check --no-such", "No such option"),
        ("museum K0", "no mutant 'K0'"),
        ("museum --seeds 0", "0 is not in the range x>=1"),
        ("clauses SRCU-99", "no clause 'SRCU-99'"),
        ("smoke refrence", "Did you mean 'reference'?"),
        ("judge nothing.ndjson", "'nothing.ndjson' does not exist"),
        ("replay nothing.ndjson", "'nothing.ndjson' does not exist"),
        ("chek", "No such command 'chek'"),
    ],
)
def test_refuses_with_the_value_and_what_there_is(words: str, said: str) -> None:
    result = memslots(*words.split())
    assert result.exit_code == 2
    assert said in result.output


def test_it_says_its_version() -> None:
    result = memslots("--version")
    assert result.exit_code == 0
    assert result.output.startswith("memslots ")


@pytest.mark.parametrize(
    ("error", "status"),
    [(KeyboardInterrupt(), 4), (ZeroDivisionError("a bug"), 3)],
)
def test_what_goes_wrong_in_the_suite_never_looks_like_a_verdict(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int
) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(campaign, "run", breaks)
    assert memslots("museum", "K01").exit_code == status


def test_every_command_has_help() -> None:
    for command in main.commands:
        result = memslots(command, "--help")
        assert result.exit_code == 0
        assert result.output.startswith(f"Usage: memslots {command}")


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


STRANGER = '''
from memslot_spec.model.replies import Done

class Shared:
    """A table that all instances share."""

    slots = {}

    def set_region(self, region):
        if region.memory_size:
            self.slots[region.slot] = region
        else:
            self.slots.pop(region.slot, None)
        return Done()

    def is_visible_gfn(self, gfn):
        return bool(self.slots)

class Mute:
    def set_region(self, region):
        return 0

class Nothing:
    pass

def crashes():
    import ctypes
    ctypes.string_at(0)

def raises():
    raise LookupError("no library")
'''


@pytest.mark.parametrize(
    ("factory", "said"),
    [
        ("Shared", "a slot created on one is seen on the other"),
        ("Mute", "set_region() gave 0, which is no Done or Refused"),
        ("Nothing", "it has no method set_region()"),
        ("crashes", "was killed by signal 11 (SIGSEGV)"),
        ("raises", "LookupError: no library"),
    ],
)
def test_smoke_tells_a_broken_adapter(factory: str, said: str) -> None:
    Path("stranger.py").write_text(STRANGER, encoding="utf-8")
    result = memslots("smoke", f"py:stranger:{factory}")
    assert result.exit_code == 3
    assert said in result.output
    assert "the adapter is broken" in result.output
    assert "does not conform" not in result.output


def test_a_target_that_breaks_when_loaded_is_an_error_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("stranger.py").write_text(STRANGER, encoding="utf-8")
    runs(monkeypatch)
    result = memslots("check", "py:stranger:raises", "reference")
    assert result.exit_code == 3
    assert "ERROR py:stranger:raises  LookupError: no library" in result.output
    assert f"{len(CLAUSES)} pass" in result.output
    assert memslots("check", "--list", "py:stranger:raises").exit_code == 3


def test_smoke_passes_the_reference() -> None:
    result = memslots("smoke", "reference")
    assert result.exit_code == 0
    assert result.output.count("ok ") == 6


def test_smoke_of_what_is_not_here_runs_nothing() -> None:
    result = memslots("smoke", "kvm")
    assert result.exit_code == 5
    assert NO_KERNEL in result.output


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


@pytest.mark.parametrize("what", ["history", "report", "failure"])
def test_a_schema_is_printed_of_each_kind_of_file(what: str) -> None:
    result = memslots("schema", what)
    assert result.exit_code == 0
    schema = json.loads(result.output)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    first = schema["prefixItems"][0]
    heads = first.get("anyOf", [first])
    assert all(f"memslots_{what}" in head["required"] for head in heads)


def test_there_is_a_schema_of_nothing_else() -> None:
    result = memslots("schema", "clauses")
    assert result.exit_code == 2
    assert "'clauses' is not one of 'history', 'report', 'failure'" in result.output


def test_the_clauses_are_listed_and_explained() -> None:
    every = memslots("clauses")
    assert every.exit_code == 0
    assert all(f"  {clause.id} " in every.output for clause in CLAUSES)
    one = memslots("clauses", "srcu-3")
    assert one.exit_code == 0
    for label in ("must", "source", "rows", "profiles", "needs", "judged", "detects"):
        assert f"\n  {label} " in one.output
    data = json.loads(memslots("clauses", "--json").output)
    assert [row["id"] for row in data] == [clause.id for clause in CLAUSES]
    assert json.loads(memslots("clauses", "REQ-1", "--json").output)["id"] == "REQ-1"


def test_the_museum_names_what_killed_each_mutant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs(monkeypatch, broken="TSS-2")
    result = memslots(
        "museum", "K01", "--seeds", "3", "--seed", "5", "--json", "m.json"
    )
    assert result.exit_code == 0
    assert "1 of 1 mutants detected by a clause they name" in result.output
    assert "3 of 3" in result.output
    assert "median 0.50 s, worst 0.50 s" in result.output
    attempts = json.loads(Path("m.json").read_text("utf-8"))
    assert [attempt["seed"] for attempt in attempts] == [5, 6, 7]
    assert {attempt["layer"] for attempt in attempts} == {"fixed"}


def test_the_museum_tells_survivors(monkeypatch: pytest.MonkeyPatch) -> None:
    runs(monkeypatch)
    result = memslots("museum", "K01", "museum:K02")
    assert result.exit_code == 1
    assert result.stdout.count("SURVIVED") == 2


def test_a_mutant_that_breaks_only_other_clauses_has_survived(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs(monkeypatch, broken="REQ-1")
    result = memslots("museum", "K01")
    assert result.exit_code == 1
    assert "SURVIVED, though it breaks REQ-1" in result.output


def test_a_mutant_that_breaks_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    runs(monkeypatch, breaks=True)
    result = memslots("museum", "K01")
    assert result.exit_code == 3
    assert "ERROR: RuntimeError: it broke" in result.output


def test_the_museum_can_be_listed() -> None:
    result = memslots("museum", "--list")
    assert result.exit_code == 0
    assert "K01" in result.output
