"""Edges of the law: the last legal and the first illegal value of every limit.

Each is told from an operation and what is known of the VM, so that what was drawn can
be counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from memslot_conformance.scenarios.drawn.region_edges import REGION, Edge, always
from memslot_conformance.scenarios.drawn.touches import Left
from memslot_spec.arithmetic.bitmaps import BITS_PER_WORD
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE, U64
from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.history.header import Header
from memslot_spec.model.operations import (
    ActivatePfnCache,
    ClearDirtyLog,
    EnableManualProtect,
    GetDirtyLog,
    GuestCopy,
    InitHvaCache,
    InvalidateRange,
    Operation,
    PreFault,
    UseHvaCache,
)


def edges_of(header: Header) -> dict[str, list[Edge]]:
    """The edges that operations of this target can lie at, by kind of operation."""
    edges: dict[str, list[Edge]] = {}
    asked = frozenset(header.capabilities.operations)
    for edge in EDGES:
        if edge.kind in asked and edge.applies(header):
            edges.setdefault(edge.kind, []).append(edge)
    return edges


def at_edges(
    edges: dict[str, list[Edge]], header: Header, known: Left, operation: Operation
) -> Iterator[str]:
    """The names of the edges that an operation lies at."""
    for edge in edges.get(type(operation).__name__, ()):
        if edge.at(header, known, operation):
            yield edge.name


def _log_word(header: Header, known: Left, operation: Operation) -> bool:
    """The id of a log is the first that is too high."""
    del known
    if not isinstance(operation, GetDirtyLog | ClearDirtyLog):
        return False
    return id_of(operation.slot) == header.limits.user_slots


def _clears(past: int) -> Callable[[Header, Left, Operation], bool]:
    """A range of a log that ends so many pages past the slot."""

    def at(header: Header, known: Left, operation: Operation) -> bool:
        del header
        if not isinstance(operation, ClearDirtyLog):
            return False
        word = operation.slot
        slot = known.table.find(as_id_of(word), id_of(word))
        end = operation.first_page + operation.num_pages
        return slot is not None and end == slot.npages + past

    return at


def _clears_inside(header: Header, known: Left, operation: Operation) -> bool:
    del header, known
    if not isinstance(operation, ClearDirtyLog):
        return False
    return operation.first_page % BITS_PER_WORD in {1, BITS_PER_WORD - 1}


def _options(value: int) -> Callable[[Header, Left, Operation], bool]:
    def at(header: Header, known: Left, operation: Operation) -> bool:
        del header, known
        return operation == EnableManualProtect(value)

    return at


def _ranges(holds: Callable[[int, int], bool]) -> Callable[..., bool]:
    """A guest range that is cached or copied, by its first byte and its length."""

    def at(header: Header, known: Left, operation: Operation) -> bool:
        del header, known
        if not isinstance(operation, InitHvaCache | ActivatePfnCache | GuestCopy):
            return False
        return holds(operation.gpa, operation.length)

    return at


def _copies(past: int) -> Callable[[Header, Left, Operation], bool]:
    """A copy that begins in a slot and ends so many bytes past it."""

    def at(header: Header, known: Left, operation: Operation) -> bool:
        del header
        if not isinstance(operation, GuestCopy):
            return False
        first, end = operation.gpa >> PAGE_SHIFT, operation.gpa + operation.length
        return any(
            slot.as_id == operation.as_id
            and slot.covers(first)
            and end == (slot.base + slot.npages << PAGE_SHIFT) + past
            for slot in known.table
        )

    return at


def _maps_ahead(past: int) -> Callable[[Header, Left, Operation], bool]:
    """Pages mapped ahead from inside a slot on, to so many past it."""

    def at(header: Header, known: Left, operation: Operation) -> bool:
        del header
        if not isinstance(operation, PreFault):
            return False
        end = operation.gfn + operation.npages
        return any(
            slot.as_id == 0
            and slot.covers(operation.gfn)
            and end == slot.base + slot.npages + past
            for slot in known.table
        )

    return at


def _maps_none(header: Header, known: Left, operation: Operation) -> bool:
    del header, known
    return isinstance(operation, PreFault) and operation.npages == 0


def _resolves(header: Header) -> bool:
    """A range can be resolved, and so have an end."""
    return InitHvaCache.__name__ in header.capabilities.operations


def _uses(past: int) -> Callable[[Header, Left, Operation], bool]:
    """A use that ends so many bytes past its range."""

    def at(header: Header, known: Left, operation: Operation) -> bool:
        del header
        if not isinstance(operation, UseHvaCache):
            return False
        init = known.ranges.get(operation.cache)
        end = operation.offset + operation.length
        return init is not None and end == init.length + past

    return at


def _opens(length: int) -> Callable[[Header, Left, Operation], bool]:
    def at(header: Header, known: Left, operation: Operation) -> bool:
        del header, known
        return (
            isinstance(operation, InvalidateRange)
            and operation.end - operation.start == length
        )

    return at


def _end_in_page(gpa: int, length: int) -> int:
    return gpa % PAGE_SIZE + length


IN_A_PAGE: dict[str, Callable[[int, int], bool]] = {
    "up to the end of a page": lambda g, n: _end_in_page(g, n) == PAGE_SIZE,
    "one byte into the next page": lambda g, n: _end_in_page(g, n) == PAGE_SIZE + 1,
}
OF_BYTES: dict[str, Callable[[int, int], bool]] = {
    "no bytes": lambda _, n: n == 0,
    "up to 2^64": lambda g, n: g + n == U64,
    "one byte past 2^64": lambda g, n: g + n == U64 + 1,
    **IN_A_PAGE,
}
RANGES = {
    "InitHvaCache": OF_BYTES,
    "ReadGuest": OF_BYTES,
    "WriteGuest": OF_BYTES,
    "ActivatePfnCache": IN_A_PAGE,
}
"""What is an edge for operations on a range of guest bytes, by their kind."""

EDGES: tuple[Edge, ...] = (
    *REGION,
    Edge("GetDirtyLog: the first slot id too high", always, _log_word),
    Edge("ClearDirtyLog: the first slot id too high", always, _log_word),
    Edge("ClearDirtyLog: up to the last page", always, _clears(0)),
    Edge("ClearDirtyLog: one page too far", always, _clears(1)),
    Edge("ClearDirtyLog: from beside a word", always, _clears_inside),
    Edge("EnableManualProtect: every option", always, _options(3)),
    Edge("EnableManualProtect: an option without its other", always, _options(2)),
    Edge("EnableManualProtect: the first unknown option", always, _options(4)),
    *(
        Edge(f"{kind}: {words}", always, _ranges(holds))
        for kind, ways in RANGES.items()
        for words, holds in ways.items()
    ),
    *(
        Edge(f"{kind}: {words} of a slot", always, _copies(past))
        for kind in ("ReadGuest", "WriteGuest")
        for words, past in (("up to the last byte", 0), ("one byte past the last", 1))
    ),
    Edge("PreFault: no page", always, _maps_none),
    Edge("PreFault: up to the last page", always, _maps_ahead(0)),
    Edge("PreFault: one page too far", always, _maps_ahead(1)),
    Edge("UseHvaCache: up to the end", _resolves, _uses(0)),
    Edge("UseHvaCache: one byte too far", _resolves, _uses(1)),
    Edge("InvalidateRange: no bytes", always, _opens(0)),
    Edge("InvalidateRange: one byte", always, _opens(1)),
)
