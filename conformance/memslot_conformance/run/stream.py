"""The event stream of a run: one JSON object to a line, written as it comes.

    {"memslots_report": 2, "record": "RunStarted", "version": "0.1.0", ...}
    {"record": "TargetStarted", "target": "reference", ...}

Each line is a record of `findings.records`, its class under `record`, in the form of
the one codec (`memslot_spec.history.json_form`). The first line also says the version
of the form. A run that was killed leaves a stream without `RunFinished`, perhaps with a
last line cut in the middle: what stands before it is read as usual.

A finding is written as soon as it is met, and once more when it is small: what kills a
run while it shrinks loses nothing. `records.latest` reads the last of both.

Version 1 told of a finding as rendered text and not the history. It is still read; its
findings are shown without a picture.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, get_args

from memslot_conformance.findings.records import (
    Found,
    Record,
    RunFinished,
    RunStarted,
    TargetFailed,
)
from memslot_conformance.recorded_files import recorded_lines
from memslot_conformance.run.stream_sense import check
from memslot_conformance.scenarios.scenario import Run
from memslot_spec.history.dialect import CAME_LATER, TAGS, bits_of
from memslot_spec.history.json_form import (
    Dialect,
    JsonForm,
    parsed,
    version_in,
)
from memslot_spec.history.json_kinds import (
    FileError,
    MisfitError,
    NotJsonError,
    is_object,
)
from memslot_spec.history.json_schema import Schema, schema_of_lines

STREAM_VERSION = 2
"""Rises when a stream of the older form can no longer be read as it is."""

VERSION_KEY = "memslots_report"
"""The first key of a stream; its value is the version of the form."""

KIND_KEY = "record"
"""Under which key a record says its class."""

COUNTED: frozenset[type] = frozenset((*get_args(Record), Run))
"""The records whose integers are counts, which are not negative."""

SEED = "seed"
"""The one integer among them that may be any."""


def _bits_of(kind: type, name: str) -> int | None:
    return 64 if kind in COUNTED and name != SEED else bits_of(kind, name)


FOUND_LATER = frozenset(
    {
        *((Found, name) for name in ("replaces", "cause", "replays", "came_again")),
        *(
            (TargetFailed, name)
            for name in ("operation", "thread", "file", "unkept", "replaces")
        ),
    }
)
"""Fields of records that were written before: their defaults are left out."""

RECORD: JsonForm[Record] = JsonForm(
    Record,
    Dialect({**TAGS, get_args(Record): KIND_KEY}, _bits_of, CAME_LATER | FOUND_LATER),
)


class StreamError(FileError):
    """This is not the stream of a run, or not one that this version can read."""


@dataclass(frozen=True, slots=True)
class ReadStream:
    """What a stream holds; `problem` says why it is not `complete`."""

    records: tuple[Record, ...]
    complete: bool
    problem: str | None


class StreamWriter:
    """Writes records to a new file, each in full before the next.

    Errors: `OSError` where the file cannot be written, `FileExistsError` where it is
    there: two runs would write over each other.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("x", encoding="utf-8")
        self._first = True

    def write(self, record: Record) -> None:
        """Append one record, and hand it to the operating system."""
        version = {VERSION_KEY: STREAM_VERSION} if self._first else {}
        said = json.dumps({**version, **RECORD.write(record)})
        self._file.write(f"{said}\n")
        self._file.flush()
        self._first = False

    def close(self) -> None:
        """Close the file; again does nothing."""
        # What could not be written has been raised where it was.
        with suppress(OSError):
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def to_line(record: Record) -> str:
    """The record as a line, without its line end."""
    return RECORD.to_text(record)


def from_line(line: str, where: str) -> Record:
    """The record that a line says; a message begins with `where`."""
    try:
        return RECORD.from_text(line)
    except MisfitError as misfit:
        message = f"{where}: {misfit}"
        raise StreamError(message) from None


def schema() -> Schema:
    """The JSON Schema of a stream."""
    first = (RECORD.form, {VERSION_KEY: STREAM_VERSION})
    return schema_of_lines("The report of a run of memslots", [first], RECORD.form)


def is_stream(first_line: str) -> bool:
    """Whether a file that begins with this line means to be a stream."""
    try:
        value = parsed(first_line)
    except MisfitError:
        return False
    return is_object(value) and VERSION_KEY in value


def read_stream(path: Path) -> ReadStream:
    """Everything that was written before the run ended, or was ended.

    Errors: `FileError` names the file and the line that cannot be read, `StreamError`
    where it is text and no stream; `OSError` where there is no such file.
    """
    with recorded_lines(path) as lines:
        return records_in(lines, str(path))


def records_in(lines: Iterable[str], name: str) -> ReadStream:
    """What the lines of a stream hold, each with its line end but for the last.

    Messages call the stream `name`. Errors: as `read_stream`.
    """
    records: list[Record] = []
    version = STREAM_VERSION
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{name}:{number}"
        try:
            value = parsed(line)
            if not records:
                version = version_in(value, VERSION_KEY, STREAM_VERSION, "an object")
            records.append(_record(value, version, records[-1] if records else None))
        except MisfitError as misfit:
            if isinstance(misfit, NotJsonError) and not line.endswith("\n"):
                return _cut(records, number, where)
            message = f"{where}: {misfit}"
            raise StreamError(message) from None
    if not records:
        message = f"{name}: expected the stream of a run, got an empty file"
        raise StreamError(message)
    is_whole = isinstance(records[-1], RunFinished)
    problem = None if is_whole else "it ends before the run did"
    return ReadStream(tuple(records), is_whole, problem)


def _cut(records: list[Record], number: int, where: str) -> ReadStream:
    """A stream whose last line is no JSON and has no line end."""
    if not records:
        message = f"{where}: the file ends in the middle of its first line"
        raise StreamError(message)
    problem = f"it ends in the middle of line {number}"
    return ReadStream(tuple(records), complete=False, problem=problem)


def _record(value: object, version: int, last: Record | None) -> Record:
    """The record that comes after `last`. Errors: `MisfitError`."""
    others = () if last is not None and not _opens(value) else (VERSION_KEY,)
    value = _upgraded(value, version)
    record = RECORD.read(value, *others)
    check(record, last)
    return record


def _opens(value: object) -> bool:
    """The line is the first of a run, be it the first of the file or not."""
    return is_object(value) and value.get(KIND_KEY) == RunStarted.__name__


WERE = {"repetitions": "replays", "came": "came_again"}
"""What two fields of a finding were called while races of threads had their own."""


def _upgraded(value: object, version: int) -> object:
    """A finding as it is today; in version 1 it had text, and no history."""
    if not is_object(value) or value.get(KIND_KEY) != Found.__name__:
        return value
    renamed = {now: value[was] for was, now in WERE.items() if value.get(was)}
    value = {name: one for name, one in value.items() if name not in WERE} | renamed
    if version > 1:
        return value
    return {**{k: v for k, v in value.items() if k != "text"}, "history": None}
