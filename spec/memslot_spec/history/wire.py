"""The JSON form of a history, for whoever writes, keeps or reads one.

A history file is NDJSON: a header line, then one line for each event.

    {"memslots_history": 1, "target": "reference", "profile": "linux", ...}
    {"e": "Call", "thread": 0, "operation": {"op": "GfnToHva", "gfn": 3}}
    {"e": "Return", "thread": 0, "reply": {"reply": "FoundHva", "hva": 12288}}

The form follows from the dataclasses: an object has their fields by name, a
member of a union says its class under the union's tag, an enum is its value, a
tuple is a list, None is null. Every field is written, but for the defaults of
those that came later; one that has a default may be left out. A number in a
request fits its C type.

Errors: a reader raises `HistoryError` for whatever does not have this form, and
names the place, the field, the value, and what was expected.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeVar, overload

from memslot_spec.history.dialect import DIALECT
from memslot_spec.history.events import Event
from memslot_spec.history.header import FORMAT_VERSION, Header, History
from memslot_spec.history.json_form import (
    JsonForm,
    parsed,
    version_in,
)
from memslot_spec.history.json_kinds import (
    FileError,
    MisfitError,
    NotJsonError,
    one_of,
    refuse,
)
from memslot_spec.history.json_schema import Schema, schema_of_lines
from memslot_spec.model.operations import Operation
from memslot_spec.model.profile import PROFILES
from memslot_spec.model.replies import Reply

VERSION_KEY = "memslots_history"
"""The first key of a history file; its value is the version of the form."""

OPERATION: JsonForm[Operation] = JsonForm(Operation, DIALECT)
REPLY: JsonForm[Reply] = JsonForm(Reply, DIALECT)
EVENT: JsonForm[Event] = JsonForm(Event, DIALECT)
HEADER: JsonForm[Header] = JsonForm(Header, DIALECT)

S = TypeVar("S")
T = TypeVar("T")


KEPT_LINES = 1 << 12
KEPT_CHARACTERS = 1 << 12
"""So many lines, none of more characters, are known again when they come again."""


class HistoryError(FileError):
    """This is not a history, or not one that this version can read."""


class _CutError(HistoryError):
    """Its last line was cut."""


@dataclass(frozen=True, slots=True)
class HistoryRead:
    """What could be read; `complete` is false where the last line was cut."""

    history: History
    complete: bool


def schema() -> Schema:
    """The JSON Schema of a history file."""
    head = (HEADER.form, {VERSION_KEY: FORMAT_VERSION})
    return schema_of_lines("A history of memslots", [head], EVENT.form)


def _at(where: str, read: Callable[[S], T], value: S) -> T:
    try:
        return read(value)
    except MisfitError as misfit:
        message = f"{where}: {misfit}"
        raise HistoryError(message) from None


def operation_to_json(operation: Operation) -> dict[str, object]:
    """The operation as a JSON object, tagged `op`."""
    return OPERATION.write(operation)


def operation_from_json(obj: object, where: str) -> Operation:
    """The operation that a JSON object says; a message begins with `where`."""
    return _at(where, OPERATION.read, obj)


def reply_to_json(reply: Reply) -> dict[str, object]:
    """The reply as a JSON object, tagged `reply`."""
    return REPLY.write(reply)


def reply_from_json(obj: object, where: str) -> Reply:
    """The reply that a JSON object says; a message begins with `where`."""
    return _at(where, REPLY.read, obj)


def event_to_json(event: Event) -> dict[str, object]:
    """The event as a JSON object, tagged `e`."""
    return EVENT.write(event)


def event_from_json(obj: object, where: str) -> Event:
    """The event that a JSON object says; a message begins with `where`."""
    return _at(where, EVENT.read, obj)


def header_to_json(header: Header) -> dict[str, object]:
    """The header as a JSON object, which begins with the version of the form."""
    return {VERSION_KEY: FORMAT_VERSION, **HEADER.write(header)}


def header_from_json(obj: object, where: str) -> Header:
    """The header that a JSON object says, in any version up to this one."""
    return _at(where, _read_header, obj)


def _read_header(value: object) -> Header:
    version_in(value, VERSION_KEY, FORMAT_VERSION, "a header")
    header = HEADER.read(value, VERSION_KEY)
    check_profile(header.profile)
    return header


def check_profile(name: str) -> None:
    """Errors: `MisfitError` where no profile has this name."""
    names = [profile.name for profile in PROFILES]
    if name not in names:
        refuse(one_of(names, name), name, "profile")


def write_history(history: History) -> Iterator[str]:
    """The lines of a history file, each with its line end."""
    yield json.dumps(header_to_json(history.header)) + "\n"
    for event in history.events:
        yield json.dumps(event_to_json(event)) + "\n"


def history_to_json(history: History) -> str:
    """The whole text of a history file."""
    return "".join(write_history(history))


def _numbered(lines: Iterable[str], name: str) -> Iterator[tuple[int, str]]:
    """Each line after its number."""
    try:
        yield from enumerate(lines, 1)
    except UnicodeDecodeError as error:
        message = f"{name}: expected text in UTF-8, got {error.reason}"
        raise HistoryError(message) from error


class HistoryLines:
    """A history in the lines of a file, event by event; messages call it `name`.

    Nothing of what was read is kept but some lines, for those that come again: their
    event is the same. `count` events were whole so far, of which this is the `last`;
    `cut_at` is the number of the last line, once that was found to be cut.
    """

    def __init__(self, lines: Iterable[str], name: str) -> None:
        """Read the header. Errors: `HistoryError`."""
        self.count = 0
        self.last: Event | None = None
        self.cut_at: int | None = None
        self._name = name
        self._lines = _numbered(lines, name)
        found = self._next_whole()
        if found is None:
            message = f"{name}: expected a header line, got an empty file"
            raise HistoryError(message)
        number, line = found
        where = f"{name}:{number}"
        try:
            value = self._parsed(number, line)
        except _CutError:
            message = f"{where}: the file ends in the middle of its header"
            raise HistoryError(message) from None
        self.header = header_from_json(value, where)

    def __iter__(self) -> Iterator[Event]:
        """The events that are left. Errors: `HistoryError`."""
        known: dict[str, Event] = {}
        for number, line in self._lines:
            event = known.get(line)
            if event is None:
                if not line.strip():
                    continue
                try:
                    value = self._parsed(number, line)
                except _CutError:
                    self.cut_at = number
                    return
                event = event_from_json(value, f"{self._name}:{number}")
                if len(line) <= KEPT_CHARACTERS:
                    if len(known) == KEPT_LINES:
                        known.clear()
                    known[line] = event
            self.count += 1
            self.last = event
            yield event

    def _next_whole(self) -> tuple[int, str] | None:
        """The next line that is not blank."""
        return next((one for one in self._lines if one[1].strip()), None)

    def _parsed(self, number: int, line: str) -> object:
        """What a line says. A last one that is not JSON and has no end was cut."""
        try:
            return parsed(line.rstrip())
        except NotJsonError as error:
            message = f"{self._name}:{number}: {error}"
            is_whole = line.endswith("\n") or self._next_whole() is not None
            kind = HistoryError if is_whole else _CutError
            raise kind(message) from None
        except MisfitError as misfit:
            message = f"{self._name}:{number}: {misfit}"
            raise HistoryError(message) from None


@overload
def read_history(lines: Iterable[str], name: str) -> History: ...
@overload
def read_history(
    lines: Iterable[str], name: str, *, allow_truncated: Literal[True]
) -> HistoryRead: ...
def read_history(
    lines: Iterable[str], name: str, *, allow_truncated: bool = False
) -> History | HistoryRead:
    """The history in the lines of a file; messages call the file `name`.

    A last line without a line end that is not JSON was cut, by a crash or a
    full disk. With `allow_truncated` the whole events before it are returned.
    """
    events = HistoryLines(lines, name)
    history = History(events.header, tuple(events))
    if allow_truncated:
        return HistoryRead(history, complete=events.cut_at is None)
    if events.cut_at is not None:
        message = (
            f"{name}:{events.cut_at}: the file ends in the middle of a line, after "
            f"{events.count} whole events"
        )
        raise HistoryError(message)
    return history
