"""The one JSON codec: what a type hint says, as JSON and back.

A dataclass is an object with its fields by name, a member of a union says its class
under the union's tag, an enum is its value, a tuple is a list, a mapping is an object,
None is null. Every field is written, but for the default of one that came later; any
that has a default may be left out of what is read.

What a hint does not say is the caller's `Dialect`: the tags, and how wide the integers
are. `json_schema` prints the same forms as a JSON Schema.

Errors: what does not fit raises `MisfitError`, which names the field, the value, and
what was expected. A hint that has no JSON form raises `TypeError`, at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import (
    Generic,
    NewType,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
)

from memslot_spec.history.json_kinds import (
    EnumForm,
    Form,
    ListForm,
    MapForm,
    MisfitError,
    NotJsonError,
    OptionalForm,
    RecordForm,
    ScalarForm,
    UnionForm,
    is_object,
    refuse,
)
from memslot_spec.source import hints_of

T = TypeVar("T")

KINDS: Mapping[object, str] = {
    int: "integer",
    float: "number",
    str: "string",
    bool: "boolean",
}


def _unbounded(_kind: type, _name: str) -> int | None:
    return None


@dataclass(frozen=True, slots=True)
class Dialect:
    """What type hints do not say.

    `tags`: under which key a member of each closed union says its class. `bits`: how
    wide an integer field of a class is, which is unsigned then; None where it may be
    any integer. `came_later` are fields, by class and name, whose default is not
    written: what has nothing of them keeps the bytes that it had before they came.
    """

    tags: Mapping[tuple[type, ...], str] = field(
        default_factory=dict[tuple[type, ...], str]
    )
    bits: Callable[[type, str], int | None] = _unbounded
    came_later: frozenset[tuple[type, str]] = frozenset()


PLAIN = Dialect()
"""Without unions, and with integers of any size."""


class JsonForm(Generic[T]):
    """The form of a record, or of a tagged union of records."""

    def __init__(self, hint: object, dialect: Dialect = PLAIN) -> None:
        form = form_of(hint, dialect)
        if not isinstance(form, RecordForm | UnionForm):
            message = f"{hint!r} is no object in JSON"
            raise TypeError(message)
        self.form = form

    def read(self, value: object, *others: str) -> T:
        """The value that an object says; `others` are keys in it beside its own.

        Errors: `MisfitError`.
        """
        return cast("T", self.form.read(value, *others))

    def write(self, value: T) -> dict[str, object]:
        """The object that says the value."""
        return self.form.write(value)

    def from_text(self, text: str) -> T:
        """The value that a text says. Errors: `MisfitError`."""
        return self.read(parsed(text))

    def to_text(self, value: T) -> str:
        """The value in one line, without a line end."""
        return json.dumps(self.write(value))


def parsed(text: str) -> object:
    """What a text says. Errors: `NotJsonError`; `MisfitError` for a key given twice."""
    try:
        return json.loads(text, object_pairs_hook=_without_twins)
    except json.JSONDecodeError as error:
        message = f"expected JSON, got {error.msg} at column {error.colno}"
        raise NotJsonError(message) from None
    except MisfitError:
        raise
    except RecursionError:
        message = "expected JSON that is less deeply nested"
        raise MisfitError(message) from None
    except ValueError as error:
        message = f"expected JSON that can be held, got {error}"
        raise MisfitError(message) from None


def _without_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        message = f"expected each key once in an object, got {', '.join(keys)}"
        raise MisfitError(message)
    return found


def version_in(value: object, key: str, newest: int, what: str) -> int:
    """The version that the first object of a file says under `key`.

    `what` that object is. Errors: `MisfitError` where it says none, or one beyond
    `newest`.
    """
    if not is_object(value) or key not in value:
        refuse(f"{what} with the key {key!r}", value)
    version = value[key]
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        refuse("a version from 1 on", version, key)
    if version > newest:
        refuse(f"at most {newest} (a newer memslots wrote this)", version, key)
    return version


def form_of(hint: object, dialect: Dialect, bits: int | None = None) -> Form:
    """The form of a type; `bits` is how wide its integers are.

    Errors: `TypeError` where it has none.
    """
    if isinstance(hint, NewType):
        return form_of(hint.__supertype__, dialect, bits)
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _form_of_union(args, dialect, bits)
    if origin is tuple and args[1:] == (...,):
        return ListForm(form_of(args[0], dialect, bits))
    if origin is dict and args[0] is str:
        return MapForm(form_of(args[1], dialect, bits))
    if hint in KINDS:
        return ScalarForm(KINDS[hint], bits if hint is int else None)
    return _form_of_class(hint, dialect)


def _form_of_class(hint: object, dialect: Dialect) -> Form:
    if isinstance(hint, type) and issubclass(hint, Enum):
        return EnumForm({str(member.value): member for member in hint})
    if isinstance(hint, type) and is_dataclass(hint):
        return record_of(hint, dialect)
    message = f"{hint!r} has no JSON form"
    raise TypeError(message)


def _form_of_union(
    args: tuple[object, ...], dialect: Dialect, bits: int | None
) -> Form:
    some = tuple(arg for arg in args if arg is not NoneType)
    members = tuple(arg for arg in some if isinstance(arg, type))
    tag = dialect.tags.get(members)
    if tag is not None:
        records = {kind.__name__: record_of(kind, dialect) for kind in members}
        form: Form = UnionForm(tag, records)
    else:
        if len(some) != 1:
            names = " | ".join(str(getattr(arg, "__name__", arg)) for arg in some)
            message = f"the union {names} has no tag"
            raise TypeError(message)
        form = form_of(next(iter(some)), dialect, bits)
    return OptionalForm(form) if NoneType in args else form


def record_of(kind: type, dialect: Dialect) -> RecordForm:
    """The form of a dataclass, from its hints, which are resolved once."""
    if not is_dataclass(kind):
        message = f"{kind!r} has no JSON form"
        raise TypeError(message)
    return RecordForm(
        kind,
        {
            name: form_of(hint, dialect, dialect.bits(kind, name))
            for name, hint in hints_of(kind).items()
        },
        tuple(
            one.name
            for one in fields(kind)
            if one.default is MISSING and one.default_factory is MISSING
        ),
        {
            one.name: one.default
            for one in fields(kind)
            if (kind, one.name) in dialect.came_later
        },
    )
