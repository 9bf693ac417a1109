"""The JSON form of a history, for whoever writes, keeps or reads one.

A history file is NDJSON: a header line, then one line for each event.

    {"memslots_history": 1, "target": "reference", "profile": "linux", ...}
    {"e": "Call", "thread": 0, "operation": {"op": "GfnToHva", "gfn": 3}}
    {"e": "Return", "thread": 0, "reply": {"reply": "FoundHva", "hva": 12288}}

The form follows from the dataclasses: an object has their fields by name, a
member of a union says its class under the union's tag, an enum is its value, a
tuple is a list, None is null. Every field is written; one that has a default
may be left out. A number in a request fits its C type.

Errors: a reader raises `HistoryError` for whatever does not have this form, and
names the place, the field, the value, and what was expected.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass
from difflib import get_close_matches
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import (
    Generic,
    Literal,
    NewType,
    NoReturn,
    TypeGuard,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    overload,
)

from memslot_spec.history.events import Event
from memslot_spec.history.header import FORMAT_VERSION, Header, History
from memslot_spec.model.operations import Operation
from memslot_spec.model.replies import Reply
from memslot_spec.model.values import MemoryRegion

VERSION_KEY = "memslots_history"
"""The first key of a history file; its value is the version of the form."""

TAGS = {get_args(Operation): "op", get_args(Reply): "reply", get_args(Event): "e"}
"""Under which key a member of each closed union says its class."""

TAG_OF: dict[type, str] = {kind: tag for kinds, tag in TAGS.items() for kind in kinds}

REQUESTS: frozenset[type] = frozenset((*get_args(Operation), MemoryRegion))
"""The records whose numbers userspace chooses: unsigned, of a fixed width."""

BITS: dict[tuple[type, str], int] = {
    (MemoryRegion, "slot"): 32,
    (MemoryRegion, "flags"): 32,
}
"""The width of a request's field where it is not 64."""

LISTED = 12
"""Up to so many names are listed in a message; of more, the nearest ones."""

SHOWN = 60
"""Characters of a misfit value that a message shows."""

S = TypeVar("S")
T = TypeVar("T")
Read = Callable[[object], object]


class HistoryError(ValueError):
    """This is not a history, or not one that this version can read."""


@dataclass(frozen=True, slots=True)
class HistoryRead:
    """What could be read; `complete` is false where the last line was cut."""

    history: History
    complete: bool


class _MisfitError(Exception):
    """A value that does not fit. The path to it grows on its way out."""

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.path = path

    def inside(self, outer: str) -> _MisfitError:
        dot = "." if self.path and not self.path.startswith("[") else ""
        return _MisfitError(self.message, f"{outer}{dot}{self.path}")

    def __str__(self) -> str:
        return f"field {self.path}: {self.message}" if self.path else self.message


class _NotJsonError(Exception):
    """A line that is not JSON; whether it was cut is for the file to say."""


def _refuse(expected: str, value: object, path: str = "") -> NoReturn:
    message = f"expected {expected}, got {_shown(value)}"
    raise _MisfitError(message, path)


def _shown(value: object) -> str:
    text = json.dumps(value, default=repr)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def _one_of(names: Iterable[str], value: object) -> str:
    known = list(names)
    if len(known) > LISTED:
        known = get_close_matches(str(value), known, n=3) or known
    return f"one of {', '.join(known)}"


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _is_tuple(value: object) -> TypeGuard[tuple[object, ...]]:
    return isinstance(value, tuple)


def _integer(bits: int | None) -> Read:
    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            _refuse("an integer", value)
        if bits is not None and not 0 <= value < 1 << bits:
            _refuse(f"0..2**{bits}-1", value)
        return value

    return read


def _plain(kind: type, expected: str) -> Read:
    def read(value: object) -> object:
        if not isinstance(value, kind):
            _refuse(expected, value)
        return value

    return read


def _enum(kind: type[Enum]) -> Read:
    members = {str(member.value): member for member in kind}

    def read(value: object) -> Enum:
        if not isinstance(value, str) or value not in members:
            _refuse(_one_of(members, value), value)
        return members[value]

    return read


def _sequence(read_item: Read) -> Read:
    def each(items: list[object]) -> Iterator[object]:
        for index, item in enumerate(items):
            try:
                yield read_item(item)
            except _MisfitError as misfit:
                outer = f"[{index}]"
                raise misfit.inside(outer) from None

    def read(value: object) -> tuple[object, ...]:
        if not _is_list(value):
            _refuse("a list", value)
        return tuple(each(value))

    return read


def _reader_of(hint: object, bits: int | None) -> Read:
    """What reads a field of this type. Errors: `TypeError` where nothing does."""
    if isinstance(hint, NewType):
        return _reader_of(hint.__supertype__, bits)
    if get_origin(hint) in (Union, UnionType):
        members = tuple(arg for arg in get_args(hint) if arg is not NoneType)
        if members in TAGS:
            return _Tagged(TAGS[members], members).read
        (only,) = members
        some = _reader_of(only, bits)
        return lambda value: None if value is None else some(value)
    if get_origin(hint) is tuple:
        return _sequence(_reader_of(get_args(hint)[0], bits))
    if hint is int:
        return _integer(bits)
    return _reader_of_class(hint)


def _reader_of_class(hint: object) -> Read:
    if hint is bool:
        return _plain(bool, "true or false")
    if hint is str:
        return _plain(str, "a string")
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _enum(hint)
    if isinstance(hint, type):
        return _Record(hint).read
    message = f"{hint!r} has no JSON form"
    raise TypeError(message)


class _Record(Generic[T]):
    """Reads one dataclass, by its type hints, which are resolved once."""

    def __init__(self, kind: type[T]) -> None:
        make: Callable[..., T] = kind
        if not is_dataclass(kind):
            message = f"{kind!r} has no JSON form"
            raise TypeError(message)
        width = 64 if kind in REQUESTS else None
        hints = get_type_hints(kind)
        self.make = make
        self.readers = {
            name: _reader_of(hint, BITS.get((kind, name), width))
            for name, hint in hints.items()
        }
        self.required = [
            field.name
            for field in fields(kind)
            if field.default is MISSING and field.default_factory is MISSING
        ]
        self.form = f"{kind.__name__} has {', '.join(self.readers) or 'no fields'}"

    def read(self, value: object, tag: str | None = None) -> T:
        """The value of an object; `tag` is the one key that is not a field."""
        if not _is_object(value):
            _refuse(f"an object ({self.form})", value)
        found: dict[str, object] = {}
        for name, item in value.items():
            if name in self.readers:
                try:
                    found[name] = self.readers[name](item)
                except _MisfitError as misfit:
                    raise misfit.inside(name) from None
            elif name != tag:
                message = f"is unknown ({self.form}), got {_shown(item)}"
                raise _MisfitError(message, str(name))
        for name in self.required:
            if name not in found:
                message = f"is missing ({self.form})"
                raise _MisfitError(message, name)
        return self.make(**found)


class _Tagged(Generic[T]):
    """Reads a closed union: a record that says its class under `tag`."""

    def __init__(self, tag: str, kinds: tuple[type[T], ...]) -> None:
        self.tag = tag
        self.records = {kind.__name__: _Record(kind) for kind in kinds}

    def read(self, value: object) -> T:
        if not _is_object(value) or self.tag not in value:
            _refuse(f"an object with the key {self.tag!r}", value)
        name = value[self.tag]
        if not isinstance(name, str) or name not in self.records:
            _refuse(_one_of(self.records, name), name, self.tag)
        return self.records[name].read(value, self.tag)


_OPERATIONS: _Tagged[Operation] = _Tagged("op", get_args(Operation))
_REPLIES: _Tagged[Reply] = _Tagged("reply", get_args(Reply))
_EVENTS: _Tagged[Event] = _Tagged("e", get_args(Event))
_HEADER = _Record(Header)


def _at(where: str, read: Callable[[S], T], value: S) -> T:
    try:
        return read(value)
    except _MisfitError as misfit:
        message = f"{where}: {misfit}"
        raise HistoryError(message) from None


def _record_to_json(record: object) -> dict[str, object]:
    kind: type = type(record)
    written: dict[str, object] = {}
    if kind in TAG_OF:
        written[TAG_OF[kind]] = kind.__name__
    for name in _field_names(kind):
        written[name] = _to_json(getattr(record, name))
    return written


@cache
def _field_names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


def _to_json(value: object) -> object:
    if value is None or isinstance(value, int | str):
        return value
    if isinstance(value, Enum):
        written: object = value.value
        return written
    if _is_tuple(value):
        return [_to_json(item) for item in value]
    return _record_to_json(value)


def operation_to_json(operation: Operation) -> dict[str, object]:
    """The operation as a JSON object, tagged `op`."""
    return _record_to_json(operation)


def operation_from_json(obj: object, where: str) -> Operation:
    """The operation that a JSON object says; a message begins with `where`."""
    return _at(where, _OPERATIONS.read, obj)


def reply_to_json(reply: Reply) -> dict[str, object]:
    """The reply as a JSON object, tagged `reply`."""
    return _record_to_json(reply)


def reply_from_json(obj: object, where: str) -> Reply:
    """The reply that a JSON object says; a message begins with `where`."""
    return _at(where, _REPLIES.read, obj)


def event_to_json(event: Event) -> dict[str, object]:
    """The event as a JSON object, tagged `e`."""
    return _record_to_json(event)


def event_from_json(obj: object, where: str) -> Event:
    """The event that a JSON object says; a message begins with `where`."""
    return _at(where, _EVENTS.read, obj)


def header_to_json(header: Header) -> dict[str, object]:
    """The header as a JSON object, which begins with the version of the form."""
    return {VERSION_KEY: FORMAT_VERSION, **_record_to_json(header)}


def header_from_json(obj: object, where: str) -> Header:
    """The header that a JSON object says, in any version up to this one."""
    return _at(where, _read_header, obj)


def _read_header(value: object) -> Header:
    if not _is_object(value) or VERSION_KEY not in value:
        _refuse(f"a header with the key {VERSION_KEY!r}", value)
    version = value[VERSION_KEY]
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        _refuse("a version from 1 on", version, VERSION_KEY)
    if version > FORMAT_VERSION:
        expected = f"at most {FORMAT_VERSION} (a newer memslots wrote this)"
        _refuse(expected, version, VERSION_KEY)
    return _HEADER.read(value, VERSION_KEY)


def write_history(history: History) -> Iterator[str]:
    """The lines of a history file, each with its line end."""
    yield json.dumps(header_to_json(history.header)) + "\n"
    for event in history.events:
        yield json.dumps(event_to_json(event)) + "\n"


def history_to_json(history: History) -> str:
    """The whole text of a history file."""
    return "".join(write_history(history))


def _without_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        message = f"expected each key once in an object, got {', '.join(keys)}"
        raise _MisfitError(message)
    return found


def _parse(line: str) -> object:
    try:
        return json.loads(line.rstrip(), object_pairs_hook=_without_twins)
    except json.JSONDecodeError as error:
        message = f"expected JSON, got {error.msg} at column {error.colno}"
        raise _NotJsonError(message) from None
    except (ValueError, RecursionError) as error:
        message = f"expected JSON that can be held, got {error}"
        raise _MisfitError(message) from None


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
            value = _at(where, _parse, line)
        except _NotJsonError as error:
            complete = line.endswith("\n") or next(rest, None) is not None
            if complete or header is None or not allow_truncated:
                problem = str(error) if complete else _cut(len(events), header)
                message = f"{where}: {problem}"
                raise HistoryError(message) from None
            break
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
