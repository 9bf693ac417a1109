"""The event stream: what is no stream is refused by its place; version 1 is read."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from memslot_conformance.findings.records import (
    Found,
)
from memslot_conformance.report.table import Look
from memslot_conformance.report.terminal import report
from memslot_conformance.run.exits import Exit
from memslot_conformance.run.stream import (
    StreamError,
    read_stream,
)
from memslot_spec.clauses import clause_by_id
from memslot_spec.history.json_kinds import FileError
from stream_records import RECORDS, STARTED, read_text, written


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
        ('{"record": "Fond"}', ':2: field record: expected one of Found, got "Fond"'),
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


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_last_line_that_is_json_is_refused_and_not_cut(
    tmp_path: Path, end: str
) -> None:
    first = written(tmp_path, *RECORDS).read_text("utf-8").splitlines()[0]
    with pytest.raises(StreamError, match=":2: expected each key once in an object"):
        read_text(tmp_path, f'{first}\n{{"a": 1, "a": 2}}{end}')
    with pytest.raises(StreamError, match=":2: expected an object with the key"):
        read_text(tmp_path, f"{first}\n[]{end}")


def test_what_is_no_text_is_refused_by_its_line(tmp_path: Path) -> None:
    first = written(tmp_path, *RECORDS).read_text("utf-8").splitlines()[0]
    with pytest.raises(FileError, match=":2: expected text in UTF-8, got invalid"):
        read_text(tmp_path, f"{first}\n\udcff\n")
    stream = read_text(tmp_path, f"{first}\n\udcff")
    assert stream.problem == "it ends in the middle of line 2"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[]", ":2: expected an object with the key 'record', got"),
        ("3", ":2: expected an object with the key 'record', got 3"),
        ('{"record": "Found"}', ":2: field target: is missing"),
    ],
)
def test_a_malformed_line_of_version_1_is_refused_by_its_number(
    tmp_path: Path, line: str, said: str
) -> None:
    first = GOLDEN.read_text("utf-8").splitlines()[0]
    with pytest.raises(StreamError, match=re.escape(said)):
        read_text(tmp_path, f"{first}\n{line}\n")


def test_a_finding_of_version_1_has_no_history_whatever_it_says(tmp_path: Path) -> None:
    stream = read_stream(GOLDEN)
    found = next(record for record in stream.records if isinstance(record, Found))
    assert found == replace(found, history=None)
    number = stream.records.index(found)
    lines = [json.loads(line) for line in GOLDEN.read_text("utf-8").splitlines()]
    assert lines[number]["text"]
    without_text = {k: v for k, v in lines[number].items() if k != "text"}
    text = f"{json.dumps(lines[0])}\n{json.dumps(without_text)}\n"
    assert read_text(tmp_path, text).records == (stream.records[0], found)


def test_a_finding_that_came_again_under_its_older_names_is_read(
    tmp_path: Path,
) -> None:
    finding = next(record for record in RECORDS if isinstance(record, Found))
    first, line, *_ = written(tmp_path, STARTED, finding).read_text("utf-8").split("\n")
    older = {**json.loads(line), "came": 3, "repetitions": 5}
    for name in ("came_again", "replays"):
        older.pop(name, None)
    records = read_text(tmp_path, f"{first}\n{json.dumps(older)}\n").records
    assert records[1:] == (replace(finding, came_again=3, replays=5),)
