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
from typing import Literal, TypeVar, get_args, overload

from memslot_spec.history.events import Event
from memslot_spec.history.header import FORMAT_VERSION, Domain, Header, History
from memslot_spec.history.json_form import (
    Dialect,
    JsonForm,
    NotJsonError,
    parsed,
    version_in,
)
from memslot_spec.history.json_kinds import MisfitError, one_of, refuse
from memslot_spec.history.json_schema import Schema, schema_of_lines
from memslot_spec.history.points.caches import MmioCached
from memslot_spec.history.points.mmu import (
    RmapAdded,
    RmapIndexed,
    RmapRemoved,
    ShadowPageCreated,
    SpteUpdated,
)
from memslot_spec.history.points.srcu import Slept
from memslot_spec.history.points.tables import TableWritten
from memslot_spec.model.operations import GuestAccess, Operation
from memslot_spec.model.profile import PROFILES, Limits
from memslot_spec.model.replies import Accessed, Reply
from memslot_spec.model.values import MemoryRegion

VERSION_KEY = "memslots_history"
"""The first key of a history file; its value is the version of the form."""

TAGS = {get_args(Operation): "op", get_args(Reply): "reply", get_args(Event): "e"}
"""Under which key a member of each closed union says its class."""

REQUESTS: frozenset[type] = frozenset((*get_args(Operation), MemoryRegion))
"""The records whose numbers userspace chooses: unsigned, of a fixed width."""

BITS: dict[tuple[type, str], int] = {
    (MemoryRegion, "slot"): 32,
    (MemoryRegion, "flags"): 32,
}
"""The width of a request's field where it is not 64."""


def bits_of(kind: type, name: str) -> int | None:
    """How wide a field of a class is; None where it may be any integer."""
    return BITS.get((kind, name), 64 if kind in REQUESTS else None)


CAME_LATER: frozenset[tuple[type, str]] = frozenset(
    {
        (Domain, "dirty_tracking"),
        (Domain, "overlaps_private"),
        (Domain, "origins"),
        (Domain, "tracks_accesses"),
        (Domain, "names_host_pages"),
        (Domain, "largest_slot"),
        (Limits, "holes"),
        (Limits, "enough_pages"),
        (GuestAccess, "origin"),
        (MmioCached, "bits"),
        (RmapAdded, "as_id"),
        (RmapIndexed, "as_id"),
        (RmapRemoved, "as_id"),
        (ShadowPageCreated, "root"),
        (Slept, "for_page"),
        (Accessed, "replaced"),
        (SpteUpdated, "other_page"),
        (TableWritten, "field"),
    }
)
"""Fields of records that were written before: their defaults are left out."""

DIALECT = Dialect(TAGS, bits_of, CAME_LATER)
"""How the parts of a history are said in JSON."""

OPERATION: JsonForm[Operation] = JsonForm(Operation, DIALECT)
REPLY: JsonForm[Reply] = JsonForm(Reply, DIALECT)
EVENT: JsonForm[Event] = JsonForm(Event, DIALECT)
HEADER: JsonForm[Header] = JsonForm(Header, DIALECT)

S = TypeVar("S")
T = TypeVar("T")


class HistoryError(ValueError):
    """This is not a history, or not one that this version can read."""


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


def _numbered(lines: Iterable[str], name: str) -> Iterator[tuple[str, str]]:
    """Each line that is not blank, after the place where it stands."""
    try:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield f"{name}:{number}", line
    except UnicodeDecodeError as error:
        message = f"{name}: expected text in UTF-8, got {error.reason}"
        raise HistoryError(message) from error


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
    header: Header | None = None
    events: list[Event] = []
    complete = True
    rest = _numbered(lines, name)
    for where, line in rest:
        try:
            value = parsed(line.rstrip())
        except NotJsonError as error:
            complete = line.endswith("\n") or next(rest, None) is not None
            if complete or header is None or not allow_truncated:
                problem = str(error) if complete else _cut(len(events), header)
                message = f"{where}: {problem}"
                raise HistoryError(message) from None
            break
        except MisfitError as misfit:
            message = f"{where}: {misfit}"
            raise HistoryError(message) from None
        if header is None:
            header = header_from_json(value, where)
        else:
            events.append(event_from_json(value, where))
    if header is None:
        message = f"{name}: expected a header line, got an empty file"
        raise HistoryError(message)
    history = History(header, tuple(events))
    return HistoryRead(history, complete) if allow_truncated else history


def _cut(whole: int, header: Header | None) -> str:
    if header is None:
        return "the file ends in the middle of its header"
    return f"the file ends in the middle of a line, after {whole} whole events"
