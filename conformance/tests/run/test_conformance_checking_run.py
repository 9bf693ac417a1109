"""A check on its way: what it writes, hands on, keeps, and how it ends."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from command_line import NO_KERNEL, go_into, runs
from golden_blocks import check_block, check_keys
from memslot_conformance.environment import cpus, version
from memslot_conformance.findings.records import (
    BoundEnded,
    ChoiceSeen,
    Found,
    LayerDone,
    MeetingsCounted,
    Record,
    RunFinished,
    RunStarted,
    TargetFailed,
    TargetFinished,
    TargetSkipped,
    TargetStarted,
    latest,
)
from memslot_conformance.layers import fixed
from memslot_conformance.run.checking import (
    Checking,
    ReportFolderError,
    look_for,
    own_folder,
)
from memslot_conformance.run.exits import Exit
from memslot_conformance.run.request import CheckRequest
from memslot_conformance.run.stream import read_stream, to_line
from memslot_conformance.run.verdicts import headline
from memslot_conformance.scenarios.fixed import fixed_races
from memslot_conformance.scenarios.notation import FixedRace
from memslot_spec.clauses import clause_by_id
from memslot_spec.compiled import which_judge
from memslot_spec.history.header import Header

CHECKED = Path(__file__).parent / "golden" / "checked.txt"

REQUEST = CheckRequest(
    targets=("reference",),
    profile=None,
    level="quick",
    seed=7,
    clauses=tuple(map(clause_by_id, ("LOOK-7", "SRCU-8", "DIRTY-1"))),
    layers=("fixed",),
    max_time=None,
    jobs=1,
    report_dir=Path("r"),
)

RACES = frozenset({"lookups of a slot that stays", "two updates"})


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_into(tmp_path, monkeypatch)


@pytest.fixture
def _few_races(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of the fixed races, at no more than one preemption."""

    def a_few(header: Header) -> tuple[FixedRace, ...]:
        return tuple(race for race in fixed_races(header) if race.name in RACES)

    monkeypatch.setattr(fixed, "fixed_races", a_few)
    monkeypatch.setitem(fixed.BOUNDS, "quick", {1: 0, 2: 1, 3: 1, 4: 1})


def checked(request: CheckRequest, status: Exit | None = Exit.CONFORMS) -> Checking:
    """A check that was run and, where it has a status, came to its end."""
    with Checking(request, look_for(request)) as checking:
        assert checking.run(lambda _: None) is None
        if status is not None:
            checking.end(status)
    return checking


HELD = re.compile(r'("seconds": )[\d.]+|("(started|version|host)": )"[^"]*"')
"""What no two runs have alike."""


def line(record: Record) -> str:
    """A record as it stands in the file; of a layer's, only which it is."""
    match record:
        case (
            TargetStarted()
            | LayerDone()
            | BoundEnded()
            | ChoiceSeen()
            | MeetingsCounted()
        ):
            return f"{type(record).__name__} of {record.target}"
        case Found():
            record = replace(record, history=None)
        case TargetFailed():
            record = replace(record, what=headline(record.what))
        case _:
            pass
    return HELD.sub(lambda found: f"{found[1] or found[2]}...", to_line(record))


CASES = {
    "a target that conforms": REQUEST,
    "a target that does not": replace(
        REQUEST, targets=("patch",), clauses=REQUEST.clauses[:1]
    ),
    "one that breaks when it is loaded": replace(
        REQUEST, targets=("py:odd_adapters:not_whole",)
    ),
    "one that breaks when it is asked": replace(
        REQUEST,
        targets=("py:odd_adapters:StopsAtOnce",),
        clauses=(*REQUEST.clauses, clause_by_id("REQ-1")),
    ),
    "one that is not here": replace(REQUEST, targets=("kvm",)),
    "three at a time": replace(
        REQUEST, targets=("kvm", "py:odd_adapters:not_whole", "reference"), jobs=3
    ),
}


@pytest.mark.usefixtures("_few_races")
@pytest.mark.parametrize("case", CASES)
def test_what_a_check_writes_is_pinned(case: str, *, write_golden: bool) -> None:
    checking = checked(CASES[case])
    stream = read_stream(Path("r/report.ndjson"))
    assert stream.complete
    assert stream.records == tuple(checking.records)
    text = "\n".join(dict.fromkeys(map(line, stream.records)))
    check_block(CHECKED, case, text, write=write_golden)


def test_what_is_pinned_is_of_these_checks(*, write_golden: bool) -> None:
    check_keys(CHECKED, CASES, write=write_golden)


@pytest.mark.usefixtures("_few_races")
def test_a_finding_is_kept_beside_the_report() -> None:
    checking = checked(CASES["a target that does not"])
    (found,) = (r for r in latest(checking.records) if isinstance(r, Found))
    assert checking.file == Path("r/report.ndjson")
    assert found.file is not None
    assert Path(found.file).parent == Path("r/failures")
    assert Path(found.file).exists()


def test_a_record_is_written_and_kept_before_it_is_handed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs(monkeypatch, broken="SRCU-8")
    heard: list[Record] = []
    request = replace(REQUEST, targets=("kvm", "reference"), max_time=60.0)
    with Checking(request, look_for(request)) as checking:
        told = list(checking.records)

        def follow(record: Record) -> None:
            heard.append(record)
            assert checking.records == [*told, *heard]
            assert read_stream(checking.file).records == (*told, *heard)

        assert checking.run(follow) is None
    assert [type(r) for r in told] == [RunStarted, TargetSkipped]
    kinds = [TargetStarted, LayerDone, Found, TargetFinished]
    assert [type(r) for r in heard] == kinds


def test_the_first_record_says_when_where_and_what(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs(monkeypatch)
    before = datetime.now(UTC).replace(microsecond=0)
    request = replace(REQUEST, targets=("kvm", "reference", "kvm"))
    checking = checked(request)
    started = checking.records[0]
    assert checking.started == started
    assert isinstance(started, RunStarted)
    assert before <= datetime.fromisoformat(started.started) <= datetime.now(UTC)
    assert re.fullmatch(r"[-\d]{10}T[:\d]{8}\+00:00", started.started)
    assert started.version == version()
    assert started.host.endswith(f", {cpus()} CPUs, judge {which_judge()}")
    said = (started.level, started.seed, started.targets, started.clauses)
    assert said == ("quick", 7, ("kvm", "reference"), 3)


def test_a_check_that_is_interrupted_says_so_and_keeps_what_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs(monkeypatch)

    def interrupt(record: Record) -> None:
        if isinstance(record, TargetStarted):
            raise KeyboardInterrupt

    request = replace(REQUEST, targets=("reference", "patch"))
    with Checking(request, look_for(request)) as checking:
        assert checking.run(interrupt) == "interrupted"
    stream = read_stream(Path("r/report.ndjson"))
    assert not stream.complete
    assert stream.records == tuple(checking.records)
    first, *begun = stream.records
    assert isinstance(first, RunStarted)
    # The second may have begun before the first one's interrupt was seen.
    assert {type(r) for r in begun} == {TargetStarted}
    assert len(begun) <= len(request.targets)


def test_a_check_that_was_not_ended_is_incomplete(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs(monkeypatch)
    checked(REQUEST, status=None)
    assert not read_stream(Path("r/report.ndjson")).complete


@pytest.mark.parametrize("status", Exit)
def test_the_last_record_says_how_the_check_ended(
    monkeypatch: pytest.MonkeyPatch, status: Exit
) -> None:
    runs(monkeypatch)
    finished = checked(REQUEST, status).records[-1]
    assert isinstance(finished, RunFinished)
    assert finished.exit_status == status.value
    assert type(finished.exit_status) is int
    assert 0 < finished.seconds < 60


def test_seconds_are_told_to_the_thousandth() -> None:
    request = replace(REQUEST, targets=("kvm",))
    with Checking(request, look_for(request)) as checking:
        for _ in range(30):
            checking.end(Exit.NOTHING_RAN)
    seconds = [r.seconds for r in checking.records if isinstance(r, RunFinished)]
    assert [round(s, 3) for s in seconds] == seconds
    assert len(seconds) == 30


def test_nothing_can_be_written_once_it_is_left() -> None:
    request = replace(REQUEST, targets=("kvm",))
    with Checking(request, look_for(request)) as checking:
        pass
    with pytest.raises(ValueError, match="closed file"):
        checking.end(Exit.NOTHING_RAN)


def test_without_a_folder_each_run_has_one_by_its_time_and_seed() -> None:
    request = replace(REQUEST, targets=("kvm",), report_dir=None)
    checking = checked(request, Exit.NOTHING_RAN)
    (written,) = Path("memslots-report").glob("*/*")
    assert checking.file == written
    assert written.name == "report.ndjson"
    assert re.fullmatch(r"\d{8}T\d{6}-7", written.parent.name)
    when = datetime.fromisoformat(checking.started.started)
    assert written.parent.name == f"{when:%Y%m%dT%H%M%S}-7"


@pytest.mark.parametrize("folder", [Path(), Path("new"), Path("new/in/new")])
def test_a_folder_is_made_where_there_is_none(folder: Path) -> None:
    request = replace(REQUEST, targets=("kvm",), report_dir=folder)
    checking = checked(request, Exit.NOTHING_RAN)
    assert checking.file == folder / "report.ndjson"
    assert len(read_stream(checking.file).records) == 3


def test_a_folder_is_of_one_run() -> None:
    request = replace(REQUEST, targets=("kvm",), report_dir=Path("r"))
    first = checked(request, Exit.NOTHING_RAN)
    before = first.file.read_bytes()
    with pytest.raises(ReportFolderError, match=r"r/report.ndjson is there: it is of"):
        Checking(request, look_for(request))
    assert first.file.read_bytes() == before


def test_failures_of_an_older_run_are_not_mixed_in() -> None:
    Path("r/failures").mkdir(parents=True)
    request = replace(REQUEST, targets=("kvm",), report_dir=Path("r"))
    Path("r/failures/patch-LOOK-7.ndjson").touch()
    with pytest.raises(ReportFolderError, match="r has the failures of another run"):
        Checking(request, look_for(request))
    assert not Path("r/report.ndjson").exists()


def test_two_runs_of_one_second_and_seed_have_a_folder_each() -> None:
    request = replace(REQUEST, targets=("kvm",), report_dir=None)
    with Checking(request, look_for(request)) as first:
        started = first.started
    for number in range(2, 4):
        folder = own_folder(started)
        assert folder.name == f"{first.file.parent.name}-{number}"
        folder.mkdir()


def test_a_folder_that_cannot_be_made_is_refused() -> None:
    Path("file").touch()
    request = replace(REQUEST, targets=("kvm",), report_dir=Path("file/r"))
    with pytest.raises(ReportFolderError, match="Not a directory: 'file/r'"):
        Checking(request, look_for(request))


def test_the_kernel_is_skipped_by_the_reason_that_it_is_not_usable() -> None:
    checking = checked(replace(REQUEST, targets=("kvm",)), Exit.NOTHING_RAN)
    assert checking.plans == []
    assert checking.records[1] == TargetSkipped(target="kvm", reason=NO_KERNEL)
