"""The event stream: what is written can be read, whole or cut."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from memslot_conformance.findings.records import (
    Record,
)
from memslot_conformance.run.stream import (
    ReadStream,
    StreamError,
    StreamWriter,
    from_line,
    is_stream,
    read_stream,
    schema,
    to_line,
)
from report_samples import SOME_MET
from schema_check import complaints
from stream_records import RECORDS, STARTED, read_text, written


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


def test_every_stream_fits_its_schema(tmp_path: Path) -> None:
    path = written(tmp_path, *RECORDS)
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert not complaints(lines, schema())
    lines[3]["steps"] = "3"
    assert complaints(lines, schema())
    assert complaints(lines[1:3], schema())


def test_what_was_written_stays_when_the_stream_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "report.ndjson"
    with StreamWriter(path) as stream:
        stream.write(STARTED)
    with pytest.raises(ValueError, match="closed file"):
        stream.write(RECORDS[-1])
    stream.close()
    again = StreamWriter(tmp_path / "other.ndjson")
    again.close()
    with pytest.raises(ValueError, match="closed file"):
        again.write(STARTED)
    assert read_stream(path).records == (STARTED,)


@pytest.mark.parametrize("record", [*RECORDS, SOME_MET], ids=lambda r: type(r).__name__)
def test_a_line_says_the_record_that_it_was_made_of(record: Record) -> None:
    line = to_line(record)
    assert "\n" not in line
    assert from_line(line, "here") == record
    with pytest.raises(StreamError, match=r"^here: expected JSON"):
        from_line(line[:-1], "here")


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ('{"memslots_report": 2, "record": "RunStarted"}\n', True),
        ('{"memslots_report": 9}', True),
        ("{}", False),
        ('{"memslots_history": 1}', False),
        ('["memslots_report"]', False),
        ('"memslots_report"', False),
        ("3", False),
        ("", False),
        ("memslots_report", False),
        ('{"memslots_report": 2', False),
        ('{"memslots_report": 2, "memslots_report": 2}', False),
    ],
)
def test_a_stream_is_known_by_its_first_line(line: str, *, is_one: bool) -> None:
    assert is_stream(line) is is_one


def test_blank_lines_are_no_records_but_are_counted(tmp_path: Path) -> None:
    first, second, *_, last = (
        written(tmp_path, *RECORDS).read_text("utf-8").splitlines()
    )
    stream = read_text(tmp_path, f"\n{first}\n \n{second}\n\n{last}\n\n  ")
    assert stream == ReadStream(
        (RECORDS[0], RECORDS[1], RECORDS[-1]), complete=True, problem=None
    )
    stream = read_text(tmp_path, f"{first}\n\n\n{second[:-3]}")
    problem = "it ends in the middle of line 4"
    assert stream == ReadStream(RECORDS[:1], complete=False, problem=problem)
    with pytest.raises(StreamError, match=r":4: expected JSON"):
        read_text(tmp_path, f"\n{first}\n\n{second[:-3]}\n")


def test_a_last_line_is_whole_without_its_line_end(tmp_path: Path) -> None:
    whole = written(tmp_path, *RECORDS).read_text("utf-8")
    assert read_text(tmp_path, whole[:-1]) == ReadStream(
        RECORDS, complete=True, problem=None
    )
    first = whole.splitlines()[0]
    assert read_text(tmp_path, first) == ReadStream(
        RECORDS[:1], complete=False, problem="it ends before the run did"
    )


def test_the_schema_says_what_it_is_of() -> None:
    assert schema()["title"] == "The report of a run of memslots"
