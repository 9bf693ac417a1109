"""Failure files: what is written can be read and run again, in both versions."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from memslot_conformance.findings.failure_file import (
    REPLAYED,
    RecordedFailure,
    Replayed,
    read_failure,
    replay,
    schema,
    write_failure,
)
from memslot_conformance.scenarios.scenario import Run, Scenario
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.events import Call, Finished, Return
from memslot_spec.history.header import Capabilities, Header, History
from memslot_spec.history.json_kinds import FileError
from memslot_spec.history.wire import HistoryError
from memslot_spec.judging.judge import judge
from memslot_spec.model.operations import MemslotId, SetRegion, TssBase
from memslot_spec.model.profile import Limits
from memslot_spec.model.replies import FoundId
from memslot_spec.model.values import MemoryRegion
from schema_check import complaints

GOLDEN = Path(__file__).parent / "golden" / "failure-1.ndjson"
"""SRCU-1 broken by the patch, as version 1 kept it."""

HEADER = Header(
    target="one",
    profile="linux",
    limits=Limits(),
    capabilities=Capabilities(operations=("MemslotId",)),
)
FAILURE = RecordedFailure(
    "one",
    "linux",
    "LOOK-7",
    Scenario((MemslotId(3),), ((TssBase(),), (TssBase(), MemslotId(0))), ()),
    (Run(2, 4), Run(1, 1)),
    History(HEADER, (Call(0, MemslotId(3)), Return(0, FoundId(-1)), Finished(0, ()))),
    is_blind=True,
)


def written(folder: Path, failure: RecordedFailure = FAILURE) -> Path:
    path = folder / "f.ndjson"
    write_failure(path, failure)
    return path


def test_a_failure_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert read_failure(path) == FAILURE
    assert list(tmp_path.iterdir()) == [path]
    assert json.loads(path.read_text("utf-8").splitlines()[0])["memslots_failure"] == 2


def test_a_failure_of_version_1_is_read() -> None:
    failure = read_failure(GOLDEN)
    region = MemoryRegion(0, 0x10000, 0x4000, 0x1000000)
    assert failure.scenario == Scenario((), ((SetRegion(region),), (TssBase(),)), ())
    assert failure.schedule == (Run(2, 4), Run(1, 1))
    assert (failure.target, failure.profile) == ("patch", "v2.6.34")
    assert (failure.clause, failure.is_blind) == ("SRCU-1", False)
    assert len(failure.history.events) == 26


def test_a_failure_of_version_1_is_run_again_to_the_same_history() -> None:
    failure = read_failure(GOLDEN)
    again = replay(failure)
    assert again == Replayed(again.history, None, None)
    assert again.history.events == failure.history.events
    now, then = again.history.header, failure.history.header
    # The same points and one that came later, in the order of their rooms of today.
    more = {"SpteUpdated"}
    assert {*now.capabilities.announces} == {*then.capabilities.announces} | more
    added = {"ChangePte", "ReadGuest", "WriteGuest", "WriteProtectGfn"}
    assert {*now.capabilities.operations} == {*then.capabilities.operations} | added
    as_listed = replace(
        now.capabilities,
        announces=then.capabilities.announces,
        operations=then.capabilities.operations,
    )
    # Accesses that software makes were not there to be asked for, and nobody said what
    # may lie over what, what is known of accesses, or which host page was reached; and
    # of the slot ids four were drawn.
    as_asked = replace(
        now.domain,
        origins=then.domain.origins,
        overlaps_private=False,
        tracks_accesses=False,
        names_host_pages=False,
        slots=then.domain.slots,
    )
    assert replace(now, capabilities=as_listed, domain=as_asked) == then
    findings = judge(again.history, CLAUSES).findings
    assert "SRCU-1" in {finding.clause for finding in findings}
    assert REPLAYED.from_text(REPLAYED.to_text(again)) == again


def test_a_failure_of_version_1_is_the_same_in_version_2(tmp_path: Path) -> None:
    failure = read_failure(GOLDEN)
    assert read_failure(written(tmp_path, failure)) == failure


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "f.ndjson:1: expected JSON, got "),
        ("{}", ":1: expected the head of a failure file with the key 'memslots_failu"),
        ('{"memslots_failure": 3}', "field memslots_failure: expected at most 2"),
        ('{"memslots_failure": 1', ":1: expected JSON, got "),
        ('{"memslots_failure": 2}', "field target: is missing (Head has target, "),
        ('{"memslots_failure": 1}', "field scenario.prefix: expected a list, got null"),
    ],
)
def test_refuses_files_that_are_no_failures(
    tmp_path: Path, line: str, said: str
) -> None:
    path = tmp_path / "f.ndjson"
    path.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(HistoryError) as caught:
        read_failure(path)
    assert said in str(caught.value)


def test_refuses_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_bytes(path.read_bytes() + b"\xff\xfe\n")
    with pytest.raises(FileError, match=r"f\.ndjson:6: expected text in UTF-8, got"):
        read_failure(path)


def test_refuses_a_profile_that_is_not_known(tmp_path: Path) -> None:
    path = written(tmp_path)
    head, _, rest = path.read_text("utf-8").partition("\n")
    head = re.sub(r'"profile": "[^"]*"', '"profile": "v9"', head)
    path.write_text(f"{head}\n{rest}", encoding="utf-8")
    said = r'f\.ndjson:1: field profile: expected one of v2\.6\.34, linux, got "v9"'
    with pytest.raises(HistoryError, match=said):
        read_failure(path)


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ("[[2]]", "field schedule[0]: expected an object (Run has thread, points)"),
        ('[[2, "4"]]', 'field schedule[0].points: expected an integer, got "4"'),
        ("7", "field schedule: expected a list, got 7"),
    ],
)
def test_a_schedule_of_version_1_is_refused_by_its_place(
    tmp_path: Path, runs: str, said: str
) -> None:
    path = tmp_path / "f.ndjson"
    text = GOLDEN.read_text("utf-8")
    path.write_text(text.replace("[[2, 4], [1, 1]]", runs), encoding="utf-8")
    with pytest.raises(HistoryError) as caught:
        read_failure(path)
    assert said in str(caught.value)


def test_a_line_of_the_history_is_refused_at_its_number(tmp_path: Path) -> None:
    path = written(tmp_path)
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join((*lines[:3], "{}", "")), encoding="utf-8")
    with pytest.raises(HistoryError, match=r"f\.ndjson:4: "):
        read_failure(path)


def test_a_failure_file_fits_its_schema(tmp_path: Path) -> None:
    lines = written(tmp_path).read_text("utf-8").splitlines()
    said = [json.loads(line) for line in lines]
    assert not complaints(said, schema())
    said[0]["scenario"]["threads"][0][0]["op"] = "TssBas"
    assert complaints(said, schema())
    assert complaints([json.loads(line) for line in lines[1:]], schema())
