"""The event stream: what is written can be read, whole or cut."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from memslot_conformance.findings.records import (
    Found,
    LayerDone,
    Record,
    RunFinished,
    RunStarted,
    TargetFailed,
    TargetFinished,
    TargetSkipped,
    TargetStarted,
)
from memslot_conformance.report.table import Look
from memslot_conformance.report.terminal import report
from memslot_conformance.run.stream import (
    StreamError,
    StreamWriter,
    read_stream,
    schema,
)
from memslot_conformance.run.verdicts import Exit
from memslot_conformance.scenarios.scenario import Run
from memslot_spec.clauses import clause_by_id
from memslot_spec.history.events import Call, Finished, Return
from memslot_spec.history.header import Capabilities, Header, History
from memslot_spec.model.operations import SetRegion
from memslot_spec.model.profile import Limits
from memslot_spec.model.replies import Refused
from memslot_spec.model.values import Errno, MemoryRegion
from schema_check import complaints

STARTED = RunStarted(
    version="0.1.0",
    started="2026-11-22T12:00:00+00:00",
    level="quick",
    seed=7,
    targets=("one", "two"),
    clauses=3,
    host="Linux",
)
HISTORY = History(
    Header(
        target="one",
        profile="linux",
        limits=Limits(),
        capabilities=Capabilities(operations=("SetRegion",)),
    ),
    (
        Call(0, SetRegion(MemoryRegion(0, 0, 0, 0))),
        Return(0, Refused(Errno.EINVAL)),
        Finished(0, ()),
    ),
)
RECORDS: tuple[Record, ...] = (
    STARTED,
    TargetSkipped(target="two", reason="not here"),
    TargetStarted(
        target="one",
        profile="linux",
        description="a target",
        interleaving="points",
        operations=("SetRegion",),
        not_applicable={"MMU-1": "it has none"},
    ),
    LayerDone(
        target="one",
        layer="fixed",
        scenarios=1,
        schedules=2,
        steps=3,
        seconds=0.5,
        covered="all",
        reached={"REQ-1": 4},
        cut=None,
    ),
    Found(
        target="one",
        clause="REQ-1",
        layer="fixed",
        seconds=0.25,
        updates=1,
        readers=1,
        preemptions=2,
        operations=3,
        step=4,
        expected="a",
        observed="b\ud800\u2028",
        history=HISTORY,
        schedule=(Run(1, 2), Run(2, 1)),
        unkept="No space left on device",
    ),
    TargetFailed(target="one", what="broke", last="a call"),
    TargetFinished(target="one", seconds=1),
    RunFinished(exit_status=1, seconds=2.0),
)


def written(folder: Path, *records: Record) -> Path:
    path = folder / "report.ndjson"
    with StreamWriter(path) as stream:
        for record in records:
            stream.write(record)
    return path


def test_every_record_comes_back_as_it_was(tmp_path: Path) -> None:
    stream = read_stream(written(tmp_path, *RECORDS))
    assert stream.records == RECORDS
    assert stream.complete
    assert stream.problem is None


def test_the_first_line_says_the_version(tmp_path: Path) -> None:
    lines = written(tmp_path, *RECORDS).read_text("utf-8").splitlines()
    assert [json.loads(line).get("memslots_report") for line in lines] == [
        2,
        *[None] * (len(RECORDS) - 1),
    ]
    assert json.loads(lines[0])["record"] == "RunStarted"


def test_a_record_is_in_the_file_before_the_next_one_comes(tmp_path: Path) -> None:
    path = tmp_path / "report.ndjson"
    with StreamWriter(path) as stream:
        for number, record in enumerate(RECORDS, 1):
            stream.write(record)
            assert len(read_stream(path).records) == number


def test_a_run_that_did_not_end_is_incomplete(tmp_path: Path) -> None:
    stream = read_stream(written(tmp_path, *RECORDS[:-1]))
    assert stream.records == RECORDS[:-1]
    assert not stream.complete
    assert stream.problem == "it ends before the run did"


def test_a_stream_cut_anywhere_after_its_first_line_can_be_read(
    tmp_path: Path,
) -> None:
    path = written(tmp_path, *RECORDS)
    whole = path.read_bytes()
    for size in range(whole.index(b"\n") + 1, len(whole) - 2):
        path.write_bytes(whole[:size])
        stream = read_stream(path)
        assert not stream.complete
        assert stream.records == RECORDS[: len(stream.records)]
        is_at_a_line_end = whole[size - 1 : size + 1].count(b"\n") == 1
        assert is_at_a_line_end == (stream.problem == "it ends before the run did")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected the stream of a run, got an empty file"),
        ('{"memslots_report": 1, "rec', ":1: the file ends in the middle of its first"),
        ('{"record": "RunFinished"}\n', ":1: expected an object with the key 'memslot"),
        ('{"memslots_report": 3}\n', ":1: field memslots_report: expected at most 2"),
        ('{"memslots_report": 0}\n', "memslots_report: expected a version from 1 on"),
        ('{"memslots_report": 2}\n', ":1: expected an object with the key 'record'"),
    ],
)
def test_refuses_what_is_no_stream(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "report.ndjson"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StreamError) as refusal:
        read_stream(path)
    assert str(refusal.value).startswith(str(path))
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nonsense", ":2: expected JSON, got Expecting value at column 1"),
        ("[]", ":2: expected an object with the key 'record', got []"),
        ('{"record": "Fond"}', ":2: field record: expected one of RunStarted, "),
        (
            '{"record": "TargetSkipped", "target": "one", "why": "no"}',
            ":2: field why: is unknown (TargetSkipped has target, reason)",
        ),
        (
            '{"record": "TargetSkipped", "target": 1, "reason": "no"}',
            ":2: field target: expected a string, got 1",
        ),
        (
            '{"record": "TargetFinished", "target": "one", "seconds": true}',
            ":2: field seconds: expected a number, got true",
        ),
        (
            '{"record": "TargetSkipped", "target": "one"}',
            ":2: field reason: is missing (TargetSkipped has target, reason)",
        ),
        (
            '{"memslots_report": 2, "record": "TargetSkipped", "target": "one"}',
            ":2: field memslots_report: is unknown",
        ),
    ],
)
def test_refuses_a_malformed_line_by_its_number(
    tmp_path: Path, line: str, said: str
) -> None:
    path = written(tmp_path, STARTED)
    path.write_text(path.read_text("utf-8") + line + "\n", encoding="utf-8")
    with pytest.raises(StreamError) as refusal:
        read_stream(path)
    assert said in str(refusal.value)


GOLDEN = Path(__file__).parent / "golden" / "report-1.ndjson"
"""A run of version 1: the patch, and two of the clauses that it breaks."""


def test_a_stream_of_version_1_is_read() -> None:
    stream = read_stream(GOLDEN)
    assert stream.complete
    lines = [json.loads(line) for line in GOLDEN.read_text("utf-8").splitlines()]
    assert [type(record).__name__ for record in stream.records] == [
        line["record"] for line in lines
    ]
    found = [record for record in stream.records if isinstance(record, Found)]
    assert [(f.clause, f.step, f.preemptions) for f in found] == [
        ("LOOK-7", 6, 0),
        ("SRCU-1", 19, 1),
    ]
    assert found[1].observed == "4096 (0x1000)"
    assert found[1].file == "report/failures/patch-SRCU-1.ndjson"
    assert found[1].history is None
    assert found[1].schedule == ()


def test_a_stream_of_version_1_gives_the_verdicts_that_it_gave() -> None:
    clauses = tuple(clause_by_id(i) for i in ("LOOK-7", "SRCU-1"))
    text, status = report(read_stream(GOLDEN).records, clauses, Look())
    assert status is Exit.DOES_NOT_CONFORM
    assert "exit 1   does not conform: patch breaks 2 clauses" in text
    assert "FAIL SRCU-1  " in text
    assert "memslots replay report/failures/patch-SRCU-1.ndjson" in text


def test_what_version_1_had_not_is_refused_in_it_by_the_place(tmp_path: Path) -> None:
    path = tmp_path / "report.ndjson"
    lines = GOLDEN.read_text("utf-8").splitlines()
    lines[2] = lines[2].replace('"step": 6', '"step": "6"')
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(StreamError, match=r":3: field step: expected an integer"):
        read_stream(path)


def test_every_stream_fits_its_schema(tmp_path: Path) -> None:
    path = written(tmp_path, *RECORDS)
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert not complaints(lines, schema())
    lines[3]["steps"] = "3"
    assert complaints(lines, schema())
    assert complaints(lines[1:3], schema())
