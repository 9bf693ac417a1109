"""What a stream may not say: unknown clauses, impossible counts, two runs in one."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_line import found
from evidence_records import layer, started
from memslot_conformance.findings.records import (
    Record,
    RunFinished,
    RunStarted,
    TargetFinished,
)
from memslot_conformance.run import stream_sense
from memslot_conformance.run.stream import StreamError, StreamWriter, read_stream

STARTED = RunStarted(
    version="0.1.0",
    started="2026-11-22T12:00:00+00:00",
    level="quick",
    seed=-7,
    targets=("one",),
    clauses=3,
    host="Linux",
)
RECORDS: tuple[Record, ...] = (
    STARTED,
    started("one"),
    layer("fixed", 2, {"REQ-4": 1}),
    found("one", "REQ-1"),
    TargetFinished(target="one", seconds=1.0),
    RunFinished(exit_status=1, seconds=2.0),
)


def written(folder: Path, *records: Record) -> Path:
    path = folder / "report.ndjson"
    with StreamWriter(path) as stream:
        for record in records:
            stream.write(record)
    return path


def test_what_a_run_writes_is_read(tmp_path: Path) -> None:
    assert read_stream(written(tmp_path, *RECORDS)).records == RECORDS


LAYER = (
    '{"record": "LayerDone", "target": "one", "layer": "fixed", "scenarios": 1, '
    '"schedules": 2, "steps": 3, "seconds": 0.5, "covered": "", "reached": {}}'
)


@pytest.mark.parametrize(
    ("was", "comes", "said"),
    [
        ('"schedules": 2', '"schedules": -2', "schedules: expected 0..2**64-1, got -2"),
        ('"steps": 3', f'"steps": {10**40}', "field steps: expected 0..2**64-1, got 1"),
        ("0.5", "-0.5", "field seconds: expected a time in seconds, got -0.5"),
        ("0.5", "1e999", "field seconds: expected a time in seconds, got Infinity"),
        ("{}", '{"REQ-1": -4}', "field reached.REQ-1: expected 0..2**64-1, got -4"),
        ("{}", '{"REQ-99": 4}', "field reached: expected the id of a clause that this"),
        ("{}", '{"SLOTS-1": 4}', "got \"SLOTS-1\". Did you mean 'SLOT-1'?"),
        ("{}}", '{}, "histories": {"": 4}}', "clause that this version knows, got"),
    ],
)
def test_refuses_counts_that_cannot_be(
    tmp_path: Path, was: str, comes: str, said: str
) -> None:
    assert LAYER.count(was) == 1
    path = written(tmp_path, STARTED)
    text = path.read_text("utf-8") + LAYER.replace(was, comes) + "\n"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StreamError) as refusal:
        read_stream(path)
    assert str(refusal.value).startswith(f"{path}:2: field ")
    assert said in str(refusal.value)


def test_refuses_a_finding_of_a_clause_that_it_does_not_know(tmp_path: Path) -> None:
    path = written(tmp_path, *RECORDS)
    text = path.read_text("utf-8").replace('"clause": "REQ-1"', '"clause": "REQ-99"')
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StreamError, match=r':4: field clause: .* got "REQ-99"'):
        read_stream(path)


@pytest.mark.parametrize("first", [RECORDS, RECORDS[:-1]], ids=["whole", "killed"])
def test_refuses_two_runs_in_one_file(
    tmp_path: Path, first: tuple[Record, ...]
) -> None:
    path = written(tmp_path, *RECORDS)
    second = path.read_text("utf-8")
    path.unlink()
    path = written(tmp_path, *first)
    path.write_text(path.read_text("utf-8") + second, encoding="utf-8")
    with pytest.raises(StreamError, match=rf":{len(first) + 1}: .* more than one run"):
        read_stream(path)


def test_refuses_records_after_the_end_of_a_run(tmp_path: Path) -> None:
    path = written(tmp_path, *RECORDS, RECORDS[2])
    with pytest.raises(StreamError, match=rf":{len(RECORDS) + 1}: nothing may follow"):
        read_stream(path)


def test_a_clause_that_was_withdrawn_may_have_been_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, *RECORDS)
    monkeypatch.setattr(stream_sense, "KNOWN", stream_sense.KNOWN - {"REQ-4"})
    assert read_stream(path).records == RECORDS
    monkeypatch.setattr(stream_sense, "KNOWN", stream_sense.KNOWN - {"REQ-1"})
    with pytest.raises(StreamError, match=r':4: field clause: .* got "REQ-1"'):
        read_stream(path)
