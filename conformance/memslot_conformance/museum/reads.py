"""What the check of a clause reads of a history, and two histories side by side.

A check reads the points of its clause's kinds, the replies to the operations that
it is about, and what introspection shows. Handles are opaque, so two histories are
the same to a check if they differ in how tables, pages, bitmaps and arrays are named.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import get_args

from memslot_spec.clause import AnyClause
from memslot_spec.history.events import (
    Call,
    Event,
    Finished,
    Observed,
    Point,
    Return,
    is_point,
)
from memslot_spec.history.points.mmu import MmuUnlocked
from memslot_spec.history.points.tables import TablePublished
from memslot_spec.history.views import View
from memslot_spec.model.operations import Operation, SetRegion, TableRequest
from memslot_spec.moments.mmu import AtRest
from memslot_spec.moments.ranges import RangeUpdated
from memslot_spec.moments.replies import Answered, Updated

OPERATIONS = frozenset(kind.__name__ for kind in get_args(Operation))
REQUESTS = frozenset(kind.__name__ for kind in get_args(TableRequest))
HANDLES = frozenset({"table", "page", "bitmap", "metadata"})
"""The fields of points that name something by a handle of the implementation's."""

POINTS: dict[str, type] = {kind.__name__: kind for kind in get_args(Point)}


@dataclass(frozen=True, slots=True)
class Reads:
    """What a check reads: events of these kinds, and replies to these operations.

    `shows` are the parts of a view that it looks at, all where none is named.
    """

    kinds: frozenset[type]
    operations: frozenset[str] = frozenset()
    shows: tuple[str, ...] = ()


def reads(clause: AnyClause) -> Reads:
    """What the check of this clause reads, by what the clause says of itself."""
    root = clause.root
    kinds = {POINTS[name] for name in clause.points}
    operations: set[str] = set()
    if root is Updated:
        operations = {SetRegion.__name__}
    elif root is RangeUpdated:
        operations = {*clause.operations, *clause.any_operation}
    elif root is Answered:
        named = {*clause.operations, *clause.any_operation}
        operations = named or set(OPERATIONS - REQUESTS)
    elif root is Return:
        operations = set(clause.operations) or set(OPERATIONS)
    elif root is AtRest:
        kinds.add(MmuUnlocked)
    elif is_point(root) or root in {Observed, Finished}:
        kinds.add(root)
    if operations:
        kinds.add(Return)
    return Reads(frozenset(kinds), frozenset(operations), clause.shows)


@dataclass(frozen=True, slots=True)
class _Shape:
    """An event with its handles taken out of it, and which they were, in order."""

    kind: type
    operation: str | None
    rest: Hashable
    handles: tuple[tuple[str, Hashable], ...]
    view: View | None = None


class Recorded:
    """A history, ready to be seen as the checks of many clauses see it."""

    def __init__(self, events: Iterable[Event]) -> None:
        """Take every event apart once."""
        self._shapes = tuple(_shapes(events))
        self._seen: dict[Reads, Hashable] = {}

    def as_read(self, what: Reads) -> Hashable:
        """What such a check sees; equal where it sees the same."""
        seen = self._seen.get(what)
        if seen is None:
            seen = self._seen[what] = tuple(_as_read(self._shapes, what))
        return seen


def _as_read(shapes: Sequence[_Shape], what: Reads) -> Iterable[Hashable]:
    numbers: dict[tuple[str, Hashable], int] = {}
    kinds, operations = what.kinds, what.operations
    for shape in shapes:
        if shape.kind not in kinds:
            continue
        if shape.kind is Return and shape.operation not in operations:
            continue
        if shape.view is not None:
            yield shape.rest, *(getattr(shape.view, part) for part in what.shows)
            continue
        handles = shape.handles
        if not handles:
            yield shape.rest
            continue
        yield shape.rest, *(numbers.setdefault(h, len(numbers)) for h in handles)


def _shapes(events: Iterable[Event]) -> Iterable[_Shape]:
    called: dict[int, str] = {}
    for event in events:
        kind = type(event)
        if isinstance(event, Call):
            called[event.thread] = type(event.operation).__name__
        elif isinstance(event, Return):
            operation = called.get(event.thread, "")
            yield _Shape(
                kind, operation, (kind.__name__, event.thread, event.reply), ()
            )
        elif isinstance(event, Observed):
            shown = (kind.__name__, event.thread)
            yield _Shape(kind, None, shown, (), event.view)
        elif isinstance(event, TablePublished):
            yield _published(event)
        else:
            yield _plain(event)


def _published(event: TablePublished) -> _Shape:
    attached = tuple(
        (name, handle)
        for one in event.attached
        for name, handle in (("bitmap", one.bitmap), ("metadata", one.metadata))
        if handle is not None
    )
    owners = tuple(
        replace(one, bitmap=one.bitmap and 1, metadata=one.metadata and 1)
        for one in event.attached
    )
    rest = (TablePublished.__name__, event.thread, event.slots, event.as_id, owners)
    return _Shape(TablePublished, None, rest, (("table", event.table), *attached))


def _plain(event: Event) -> _Shape:
    kind = type(event)
    rest: list[Hashable] = [kind.__name__]
    handles: list[tuple[str, Hashable]] = []
    for field in _fields(kind):
        value = getattr(event, field)
        if field in HANDLES and (kind.__name__, field) not in NUMBERED:
            handles.append((field, value))
        else:
            rest.append(value)
    return _Shape(kind, None, tuple(rest), tuple(handles))


NUMBERED = frozenset({("DirtyBitSet", "page")})
"""Fields that have a handle's name and are a number: a page of the slot."""

_FIELDS: dict[type, tuple[str, ...]] = {}


def _fields(kind: type) -> tuple[str, ...]:
    names = _FIELDS.get(kind)
    if names is None:
        names = _FIELDS[kind] = tuple(field.name for field in fields(kind))
    return names
