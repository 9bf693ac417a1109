"""The event stream of a run: one JSON object to a line, written as it comes.

    {"memslots_report": 1, "record": "RunStarted", "version": "0.1.0", ...}
    {"record": "TargetStarted", "target": "reference", ...}

The form follows from the dataclasses of `records`: the class under `record`, its
fields by name, a tuple as a list. The first line also says the version of the
form. A run that was killed leaves a stream without `RunFinished`, perhaps with a
last line cut in the middle: what stands before it is read as usual.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from types import TracebackType
from typing import Self, TypeGuard, get_args, get_type_hints

from memslot_conformance.findings.records import STREAM_VERSION, Record, RunFinished

VERSION_KEY = "memslots_report"
"""The first key of a stream; its value is the version of the form."""

KIND_KEY = "record"

KINDS: Mapping[str, Callable[..., Record]] = {
    kind.__name__: kind for kind in get_args(Record)
}

HINTS = {name: get_type_hints(kind) for name, kind in KINDS.items()}

SHOWN = 60
"""Characters of a misfit value that a message shows."""


class StreamError(ValueError):
    """This is not the stream of a run, or not one that this version can read."""


@dataclass(frozen=True, slots=True)
class ReadStream:
    """What a stream holds; `problem` says why it is not `complete`."""

    records: tuple[Record, ...]
    complete: bool
    problem: str | None


class StreamWriter:
    """Writes records to a file, each in full before the next.

    Errors: `OSError` where the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")
        self._first = True

    def write(self, record: Record) -> None:
        """Append one record, and hand it to the operating system."""
        self._file.write(to_line(record, first=self._first))
        self._file.flush()
        self._first = False

    def close(self) -> None:
        """Close the file; again does nothing."""
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


def to_line(record: Record, *, first: bool = False) -> str:
    """The record as a line of the stream, with its line end."""
    version = {VERSION_KEY: STREAM_VERSION} if first else {}
    kind = {KIND_KEY: type(record).__name__}
    values = {f.name: getattr(record, f.name) for f in fields(record)}
    return json.dumps({**version, **kind, **values}) + "\n"


def from_line(line: str, where: str) -> Record:
    """The record that a line says; a message begins with `where`."""
    try:
        value: object = json.loads(line)
    except ValueError as error:
        message = f"{where}: expected a JSON object, got {error}"
        raise StreamError(message) from None
    return _record(value, where)


def is_stream(first_line: str) -> bool:
    """Whether a file that begins with this line means to be a stream."""
    try:
        value: object = json.loads(first_line)
    except ValueError:
        return False
    return _is_object(value) and VERSION_KEY in value


def read_stream(path: Path) -> ReadStream:
    """Everything that was written before the run ended, or was ended.

    Errors: `StreamError` names the file and the line that cannot be read;
    `OSError` where there is no such file.
    """
    text = path.read_bytes().decode("utf-8", "replace")
    lines = text.split("\n")
    whole = [line for line in lines if line.strip()]
    if not whole:
        message = f"{path}: expected the stream of a run, got an empty file"
        raise StreamError(message)
    is_cut = not text.endswith("\n") and not _is_json(whole[-1])
    if is_cut and len(whole) == 1:
        message = f"{path}:1: the file ends in the middle of its first line"
        raise StreamError(message)
    _check_version(whole[0], f"{path}:1")
    records = tuple(
        from_line(line, f"{path}:{number}")
        for number, line in enumerate(lines, 1)
        if line.strip() and not (is_cut and line is whole[-1])
    )
    if is_cut:
        problem = f"it ends in the middle of line {len(lines)}"
        return ReadStream(records, complete=False, problem=problem)
    if not records or not isinstance(records[-1], RunFinished):
        problem = "it ends before the run did"
        return ReadStream(records, complete=False, problem=problem)
    return ReadStream(records, complete=True, problem=None)


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _check_version(line: str, where: str) -> None:
    value: object = json.loads(line) if _is_json(line) else None
    if not _is_object(value) or VERSION_KEY not in value:
        message = f"{where}: expected an object with the key {VERSION_KEY!r}"
        raise StreamError(message)
    version = value[VERSION_KEY]
    if version != STREAM_VERSION:
        message = (
            f"{where}: {VERSION_KEY} must be {STREAM_VERSION} for this version of "
            f"memslots, got {_shown(version)}"
        )
        raise StreamError(message)


def _record(value: object, where: str) -> Record:
    if not _is_object(value) or KIND_KEY not in value:
        shown = _shown(value)
        message = f"{where}: expected an object with {KIND_KEY!r}, got {shown}"
        raise StreamError(message)
    name = str(value[KIND_KEY])
    kind = KINDS.get(name)
    if kind is None:
        known = get_close_matches(name, KINDS, n=1) or KINDS
        message = f"{where}: unknown record {name!r}; known: {', '.join(known)}"
        raise StreamError(message)
    rest = {k: v for k, v in value.items() if k not in (KIND_KEY, VERSION_KEY)}
    return _made(kind, name, rest, where)


def _made(
    kind: Callable[..., Record], name: str, values: dict[str, object], where: str
) -> Record:
    hints = HINTS[name]
    found: dict[str, object] = {}
    for field_name, value in values.items():
        if field_name not in hints:
            message = f"{where}: {name} has no field {field_name!r}"
            raise StreamError(message)
        reader, form = READERS[hints[field_name]]
        read = reader(value)
        if read is MISSING:
            message = (
                f"{where}: {name}.{field_name} must be {form}, got {_shown(value)}"
            )
            raise StreamError(message)
        found[field_name] = read
    try:
        return kind(**found)
    except TypeError as error:
        message = f"{where}: {name}: {error}"
        raise StreamError(message) from None


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _text(value: object) -> object:
    return value if isinstance(value, str) else MISSING


def _text_or_null(value: object) -> object:
    return value if value is None or isinstance(value, str) else MISSING


def _integer(value: object) -> object:
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    return value if is_integer else MISSING


def _number(value: object) -> object:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else MISSING


def _texts(value: object) -> object:
    if _is_list(value) and all(isinstance(item, str) for item in value):
        return tuple(value)
    return MISSING


def _map_of(read: Callable[[object], object]) -> Callable[[object], object]:
    def reader(value: object) -> object:
        if _is_object(value) and all(read(v) is not MISSING for v in value.values()):
            return value
        return MISSING

    return reader


READERS: Mapping[object, tuple[Callable[[object], object], str]] = {
    str: (_text, "a string"),
    str | None: (_text_or_null, "a string or null"),
    int: (_integer, "an integer"),
    float: (_number, "a number"),
    tuple[str, ...]: (_texts, "a list of strings"),
    dict[str, str]: (_map_of(_text), "an object of strings"),
    dict[str, int]: (_map_of(_integer), "an object of integers"),
}
"""For each type that a field of a record may have: what reads it, and its form.

`MISSING` stands for a value that does not have the form.
"""
