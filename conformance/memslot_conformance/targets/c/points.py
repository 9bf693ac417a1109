"""The kinds of points as C sees them: numbers, one text, and lists.

All of it follows from the fields of the specification's types. What is fixed are the
numbers of the kinds, which stand in `memslots.h`: a library that was built is still
understood when kinds have been added.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import MISSING, fields
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin

from memslot_conformance.adapter.answers import TargetError
from memslot_spec.history.events import Point
from memslot_spec.history.points.tables import Attached
from memslot_spec.model.values import Gfn, Hva, Slot, SlotTable, table_of
from memslot_spec.source import hints_of

NONE = (1 << 64) - 1
"""`MS_NONE`: a number that is not there."""

LOG_DIRTY, READONLY, INVALID = 1, 2, 1 << 16
SLOT_FLAGS = LOG_DIRTY | READONLY | INVALID

MOST_LISTED = 1 << 20
"""More slots or pages than that at one point are a count that went wrong."""

LONGEST_TEXT = 200
"""Bytes of a text that are read: it may lack its end."""

Where = Literal["number", "text", "list", "slots", "attached"]


class Part:
    """A field of a kind: where it lies in `ms_point`, and what number it may be."""

    def __init__(self, name: str, hint: object, *, needed: bool) -> None:
        self.name = name
        self.needed = needed
        options = get_args(hint) if isinstance(hint, UnionType) else (hint,)
        self.may_lack = NoneType in options
        (self.hint,) = (one for one in options if one is not NoneType)
        self.enum: tuple[Enum, ...] = ()
        if isinstance(self.hint, type) and issubclass(self.hint, Enum):
            self.enum = tuple(self.hint)
        self.where = self._where()

    def _where(self) -> Where:
        if self.enum or self.hint in (int, bool):
            return "number"
        if self.hint is str:
            return "text"
        if self.hint is SlotTable:
            return "slots"
        if get_origin(self.hint) is tuple:
            item = get_args(self.hint)[0]
            return "attached" if item is Attached else "list"
        message = f"the header has no place for {self.name}: {self.hint!r}"
        raise TypeError(message)

    def value(self, number: int, what: str) -> object:
        """What a number says. Errors: `TargetError`."""
        if number == NONE and self.may_lack:
            return None
        if self.enum:
            if number < len(self.enum):
                return self.enum[number]
            expected = f"one of 0 to {len(self.enum) - 1}"
        elif self.hint is bool:
            if number <= 1:
                return bool(number)
            expected = "0 or 1"
        elif number != NONE:
            return number
        else:
            expected = "a number that is there"
        message = f"{self.name} of the point {what} is {number}, and not {expected}"
        raise TargetError(message)


KINDS: dict[str, tuple[Callable[..., Point], tuple[Part, ...]]] = {
    kind.__name__: (
        kind,
        tuple(
            Part(
                field.name,
                hints_of(kind)[field.name],
                needed=field.default is MISSING,
            )
            for field in fields(kind)
            if field.name != "thread"
        ),
    )
    for kind in get_args(Point)
}
"""Every kind of point by its name: how it is made, and what of."""


def _taken(parts: tuple[Part, ...]) -> tuple[int, int, bool]:
    given = [part for part in parts if part.where == "number"]
    is_plain = all(part.hint is int and not part.may_lack for part in parts)
    return sum(part.needed for part in given), len(given), is_plain


TAKEN = {name: _taken(parts) for name, (_, parts) in KINDS.items()}
"""How many numbers each kind takes, least and most, and whether they are all of it."""


def constant_of(name: str) -> str:
    """What a kind or an enum's member is called in C."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()


def kinds_by_number(numbers: dict[str, int]) -> dict[int, str]:
    """The kinds by the numbers that the header gives their constants."""
    return {numbers[f"MS_POINT_{constant_of(name)}"]: name for name in KINDS}


def slot_of(raw: Any) -> Slot:  # noqa: ANN401 - what C has
    """A slot as the specification has it. Errors: `TargetError`."""
    flags = int(raw.flags)
    if flags & ~SLOT_FLAGS:
        message = f"the flags of slot {raw.id} are {flags:#x}, which has unknown bits"
        raise TargetError(message)
    return Slot(
        int(raw.id),
        Gfn(raw.base),
        int(raw.npages),
        Hva(raw.hva),
        bool(flags & LOG_DIRTY),
        bool(flags & READONLY),
        bool(flags & INVALID),
        int(raw.as_id),
    )


def arguments_of(ffi: Any, name: str, point: Any) -> list[object]:  # noqa: ANN401 - as above
    """The fields of a point but its thread, copied. Errors: `TargetError`."""
    _, parts = KINDS[name]
    least, most, is_plain = TAKEN[name]
    count = int(point.numbers)
    if not least <= count <= most:
        message = f"the point {name} has {count} numbers, and takes {most}"
        raise TargetError(message)
    given: list[int] = ffi.unpack(point.number, count) if count else []
    if is_plain and NONE not in given:
        return [*given]
    numbers = iter(given)
    found: list[object] = []
    for part in parts:
        if part.where == "number":
            number = next(numbers, None)
            if number is None:
                break
            found.append(part.value(number, name))
        elif part.where == "text":
            if point.text == ffi.NULL:
                message = f"the point {name} has no text"
                raise TargetError(message)
            text = ffi.string(point.text, LONGEST_TEXT)
            found.append(text.decode("utf-8", "replace"))
        else:
            found.append(_listed(ffi, name, part.where, point))
    return found


def _listed(ffi: Any, name: str, where: str, point: Any) -> object:  # noqa: ANN401 - as above
    start, count = getattr(point, where), int(getattr(point, f"{where}_count"))
    if count > MOST_LISTED:
        message = f"{where}_count of the point {name} is {count}"
        raise TargetError(message)
    if count and start == ffi.NULL:
        message = f"{where} of the point {name} is NULL, and its count {count}"
        raise TargetError(message)
    if where == "slots":
        return table_of(*(slot_of(start[at]) for at in range(count)))
    if where == "list":
        return tuple(int(start[at]) for at in range(count))
    lacks = {NONE: None}
    return tuple(
        Attached(
            int(one.as_id),
            int(one.slot_id),
            lacks.get(one.bitmap, one.bitmap),
            lacks.get(one.metadata, one.metadata),
        )
        for one in (start[at] for at in range(count))
    )
