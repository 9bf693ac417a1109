"""The kinds of JSON form: how each is read and written, and what it refuses.

Errors: what does not fit raises `MisfitError`, which names the field, the value, and
what was expected.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from typing import NoReturn, Protocol, TypeGuard, TypeVar

T = TypeVar("T")

LISTED = 12
"""Up to so many names are listed in a message; of more, the nearest ones."""

SHOWN = 60
"""Characters of a misfit value that a message shows."""


class FileError(ValueError):
    """A file is not what it was taken for; the message begins with the place in it."""


class MisfitError(ValueError):
    """A value that does not fit. The path to it grows on its way out."""

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.path = path

    def inside(self, outer: str) -> MisfitError:
        """The same misfit, as seen from what holds the value."""
        dot = "." if self.path and not self.path.startswith("[") else ""
        return MisfitError(self.message, f"{outer}{dot}{self.path}")

    def __str__(self) -> str:
        return f"field {self.path}: {self.message}" if self.path else self.message


class NotJsonError(MisfitError):
    """A text that is not JSON; whether it was cut, the reader of a file knows."""


def refuse(expected: str, value: object, path: str = "") -> NoReturn:
    """Raise the misfit of a value that is not as expected."""
    message = f"expected {expected}, got {shown(value)}"
    raise MisfitError(message, path)


def shown(value: object) -> str:
    """The value as a message shows it: as JSON, and not too long."""
    try:
        text = json.dumps(value, default=repr)
    except RecursionError:
        return "what is deeply nested"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def one_of(names: Iterable[str], value: object) -> str:
    """What was expected in place of a name that is not known."""
    known = list(names)
    if len(known) > LISTED:
        known = get_close_matches(str(value), known, n=3) or known
    return f"one of {', '.join(known)}"


def is_object(value: object) -> TypeGuard[dict[str, object]]:
    """The value was a JSON object."""
    return isinstance(value, dict)


def _is_tuple(value: object) -> TypeGuard[tuple[object, ...]]:
    return isinstance(value, tuple)


def is_list(value: object) -> TypeGuard[list[object]]:
    """The value was a JSON list."""
    return isinstance(value, list)


class Form(Protocol):
    """The JSON form of a type."""

    def read(self, value: object, /) -> object:
        """The value that JSON says. Errors: `MisfitError`."""
        ...

    def write(self, value: object, /) -> object:
        """The JSON that says a value of the type.

        Errors: `MisfitError` where it is of another type.
        """
        ...


@dataclass(frozen=True, slots=True)
class ScalarForm:
    """What is in JSON as it is in Python: `integer`, `number`, `string`, `boolean`."""

    kind: str
    bits: int | None = None

    def read(self, value: object) -> object:
        """As it is."""
        if type(value) is not USUAL[self.kind]:
            self.write(value)
        bits = self.bits
        if bits is not None and isinstance(value, int) and not 0 <= value < 1 << bits:
            refuse(f"0..2**{bits}-1", value)
        return value

    def write(self, value: object) -> object:
        """As it is; how wide it may be is for the reader to say."""
        types, expected = SCALARS[self.kind]
        is_other = isinstance(value, bool) and self.kind != "boolean"
        if is_other or not isinstance(value, types):
            refuse(expected, value)
        return value


SCALARS: Mapping[str, tuple[type | tuple[type, ...], str]] = {
    "integer": (int, "an integer"),
    "number": ((int, float), "a number"),
    "string": (str, "a string"),
    "boolean": (bool, "true or false"),
}


USUAL: Mapping[str, type] = {
    "integer": int,
    "number": float,
    "string": str,
    "boolean": bool,
}
"""The type of nearly every value of a kind, which needs no closer look."""


@dataclass(frozen=True, slots=True)
class EnumForm:
    """A member of an enum, as its value, which is a string."""

    members: Mapping[str, Enum]

    def read(self, value: object) -> Enum:
        """The member of this value."""
        if not isinstance(value, str) or value not in self.members:
            refuse(one_of(self.members, value), value)
        return self.members[value]

    def write(self, value: object) -> object:
        """The member's value."""
        if not isinstance(value, Enum) or value not in self.members.values():
            refuse(one_of(self.members, value), value)
        return value.value


@dataclass(frozen=True, slots=True)
class OptionalForm:
    """None, or something else."""

    some: Form

    def read(self, value: object) -> object:
        """None, or what is there."""
        return None if value is None else self.some.read(value)

    def write(self, value: object) -> object:
        """Null, or what is there."""
        return None if value is None else self.some.write(value)


@dataclass(frozen=True, slots=True)
class ListForm:
    """A tuple of any length, as a list."""

    item: Form

    def read(self, value: object) -> tuple[object, ...]:
        """The items in their order."""
        if not is_list(value):
            refuse("a list", value)
        read, found = self.item.read, list[object]()
        try:
            for item in value:
                found.append(read(item))
        except MisfitError as misfit:
            place = f"[{len(found)}]"
            raise misfit.inside(place) from None
        return tuple(found)

    def write(self, value: object) -> list[object]:
        """The items in their order."""
        if not _is_tuple(value):
            refuse("a tuple", value)
        write = self.item.write
        return [_inside(f"[{at}]", write, item) for at, item in enumerate(value)]


@dataclass(frozen=True, slots=True)
class MapForm:
    """A dict of strings to something, as an object of any keys."""

    item: Form

    def read(self, value: object) -> dict[str, object]:
        """The values by their keys."""
        if not is_object(value):
            refuse("an object", value)
        read = self.item.read
        return {key: _inside(key, read, item) for key, item in value.items()}

    def write(self, value: object) -> dict[str, object]:
        """The values by their keys."""
        if not is_object(value):
            refuse("a dict", value)
        write = self.item.write
        return {key: _inside(key, write, item) for key, item in value.items()}


@dataclass(frozen=True, slots=True)
class RecordForm:
    """A dataclass, as an object of its fields."""

    kind: type
    fields: Mapping[str, Form]
    required: tuple[str, ...]
    unwritten: Mapping[str, object]

    def read(self, value: object, *others: str) -> object:
        """The record of an object; `others` are keys in it that are not fields."""
        if not is_object(value):
            refuse(f"an object ({self._words()})", value)
        found: dict[str, object] = {}
        name = ""
        try:
            for name, item in value.items():
                form = self.fields.get(name)
                if form is not None:
                    found[name] = form.read(item)
                elif name not in others:
                    self._refuse_unknown(item)
        except MisfitError as misfit:
            raise misfit.inside(name) from None
        for name in self.required:
            if name not in found:
                message = f"is missing ({self._words()})"
                raise MisfitError(message, name)
        make: Callable[..., object] = self.kind
        return make(**found)

    def write(self, value: object) -> dict[str, object]:
        """Every field by its name, but for `unwritten` ones that have this value."""
        if not isinstance(value, self.kind):
            refuse(f"a {self.kind.__name__}", value)
        return {
            name: _inside(name, form.write, getattr(value, name))
            for name, form in self.fields.items()
            if name not in self.unwritten
            or getattr(value, name) != self.unwritten[name]
        }

    def _refuse_unknown(self, item: object) -> NoReturn:
        message = f"is unknown ({self._words()}), got {shown(item)}"
        raise MisfitError(message)

    def _words(self) -> str:
        return f"{self.kind.__name__} has {', '.join(self.fields) or 'no fields'}"


@dataclass(frozen=True, slots=True)
class UnionForm:
    """A closed union: a record that says its class under `tag`."""

    tag: str
    records: Mapping[str, RecordForm]

    def read(self, value: object, *others: str) -> object:
        """The record of the class that is named; `others` as of `RecordForm.read`."""
        if not is_object(value) or self.tag not in value:
            refuse(f"an object with the key {self.tag!r}", value)
        name = value[self.tag]
        if not isinstance(name, str) or name not in self.records:
            refuse(one_of(self.records, name), name, self.tag)
        return self.records[name].read(value, self.tag, *others)

    def write(self, value: object) -> dict[str, object]:
        """The tag, and every field by its name."""
        name = type(value).__name__
        if name not in self.records:
            refuse(one_of(self.records, name), value)
        return {self.tag: name, **self.records[name].write(value)}


def _inside(outer: str, convert: Callable[[object], T], value: object) -> T:
    """The value converted, or the misfit in it with the way to it."""
    try:
        return convert(value)
    except MisfitError as misfit:
        raise misfit.inside(outer) from None
