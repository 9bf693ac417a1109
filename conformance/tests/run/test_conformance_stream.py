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
from memslot_conformance.run.stream import StreamError, StreamWriter, read_stream

STARTED = RunStarted(
    version="0.1.0",
    started="2026-11-22T12:00:00+00:00",
    level="quick",
    seed=7,
    targets=("one", "two"),
    clauses=3,
    host="Linux",
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
        file=None,
        text="FAIL\nREQ-1",
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
        1,
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
        ('{"memslots_report": 2}\n', ":1: memslots_report must be 1"),
        ('{"memslots_report": 1}\n', ":1: expected an object with 'record'"),
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
        ("nonsense", ":2: expected a JSON object"),
        ("[]", ":2: expected an object with 'record', got []"),
        ('{"record": "Fond"}', ":2: unknown record 'Fond'; known: Found"),
        (
            '{"record": "TargetSkipped", "target": "one", "why": "no"}',
            ":2: TargetSkipped has no field 'why'",
        ),
        (
            '{"record": "TargetSkipped", "target": 1, "reason": "no"}',
            ":2: TargetSkipped.target must be a string, got 1",
        ),
        (
            '{"record": "TargetFinished", "target": "one", "seconds": true}',
            ":2: TargetFinished.seconds must be a number, got true",
        ),
        ('{"record": "TargetSkipped", "target": "one"}', "'reason'"),
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
