"""The places that the operations of a scenario name, each kind on a line of its own.

Guest pages lie on one line, host pages on another, the pages of a log on a third. What
makes a failure is mostly how places lie to each other, so a line is shortened by one
gap at a time, and everything beyond the gap moves with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import Enum
from typing import Any

from memslot_conformance.scenarios.scenario import Operations, Scenario
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE, U64
from memslot_spec.model.operations import Operation, ReplaceTable, SetRegion
from memslot_spec.model.values import MemoryRange, MemoryRegion


class Line(Enum):
    """Where the places lie that a field names."""

    GUEST = "guest pages"
    HOST = "host pages"
    LOG = "pages of a log"


PAGES: Mapping[str, Line] = {"gfn": Line.GUEST, "first_page": Line.LOG}
"""Fields that name a page by its number."""

BYTES: Mapping[str, Line] = {
    "gpa": Line.GUEST,
    "hva": Line.HOST,
    "start": Line.HOST,
    "end": Line.HOST,
}
"""Fields that name a byte; the line has its page."""

Relocate = Callable[[int], int]


@dataclass(frozen=True, slots=True)
class Gap:
    """So many pages with no place in them, before the place at `above`."""

    line: Line
    above: int
    pages: int


def closing(above: Sequence[int], pages: int) -> Relocate:
    """Moves what lies above gaps down, by so many pages for each gap."""
    return lambda place: place - pages * sum(place >= each for each in above)


def raising(below: int, pages: int) -> Relocate:
    """Moves what lies below a place up by so many pages."""
    return lambda place: place + pages * (place < below)


def gaps(scenario: Scenario, line: Line) -> list[Gap]:
    """The gaps of a line, the lowest first; the first one begins at page 0."""
    found: list[Gap] = []
    before = 0
    for place in sorted(set(places(scenario, line))):
        if place > before:
            found.append(Gap(line, place, place - before))
        before = place
    return found


def moved(scenario: Scenario, moves: Mapping[Line, Relocate]) -> Scenario | None:
    """The scenario with its places moved; None where a number would not fit."""
    try:
        return rewritten(scenario, lambda operation: _moved(operation, moves))
    except OverflowError:
        return None


def rewritten(scenario: Scenario, change: Callable[[Operation], Operation]) -> Scenario:
    """The scenario with each of its operations changed."""

    def each(operations: Operations) -> Operations:
        return tuple(map(change, operations))

    return Scenario(
        each(scenario.prefix),
        tuple(map(each, scenario.threads)),
        each(scenario.after),
    )


def with_number(operation: Operation, name: str, value: object) -> Operation:
    """The operation with another value in one of its fields."""
    changes: dict[str, Any] = {name: value}
    return replace(operation, **changes)


def operations_of(scenario: Scenario) -> Operations:
    """All of them, in the order in which they stand."""
    raced = (operation for thread in scenario.threads for operation in thread)
    return (*scenario.prefix, *raced, *scenario.after)


def places(scenario: Scenario, line: Line) -> Iterator[int]:
    """The pages that operations name on a line; of a slot also the one after it.

    As of a slot it is of a range that comes to be in a table with others.
    """
    for operation in operations_of(scenario):
        if isinstance(operation, SetRegion):
            region = operation.region
            yield from _ends(line, region.base, region.npages, region.userspace_addr)
            continue
        if isinstance(operation, ReplaceTable):
            for one in operation.ranges:
                yield from _ends(line, one.gfn, one.npages, one.hva)
        for name, value in _numbers(operation):
            if PAGES.get(name) is line:
                yield value
            elif BYTES.get(name) is line:
                yield value >> PAGE_SHIFT


def _ends(line: Line, base: int, npages: int, hva: int) -> Iterator[int]:
    """Where frames begin and end, or where the memory behind them begins."""
    if line is Line.GUEST:
        yield base
        yield base + npages
    elif line is Line.HOST:
        yield hva >> PAGE_SHIFT


def _numbers(operation: Operation) -> Iterator[tuple[str, int]]:
    for each in fields(operation):
        value: object = getattr(operation, each.name)
        if isinstance(value, int):
            yield each.name, value


def _moved(operation: Operation, moves: Mapping[Line, Relocate]) -> Operation:
    if isinstance(operation, SetRegion):
        return replace(operation, region=_region(operation.region, moves))
    if isinstance(operation, ReplaceTable):
        ranges = tuple(_range(one, moves) for one in operation.ranges)
        return replace(operation, ranges=ranges)
    for name, value in _numbers(operation):
        for line, move in moves.items():
            if PAGES.get(name) is line:
                operation = with_number(operation, name, _fitting(move(value)))
            elif BYTES.get(name) is line:
                operation = with_number(operation, name, _byte(value, move))
    return operation


def _region(region: MemoryRegion, moves: Mapping[Line, Relocate]) -> MemoryRegion:
    """A slot's end is a place too, so that its size follows from where it lies."""
    gpa, size, hva = region.guest_phys_addr, region.memory_size, region.userspace_addr
    guest, host = moves.get(Line.GUEST), moves.get(Line.HOST)
    if guest is not None:
        npages = guest(region.base + region.npages) - guest(region.base)
        size = _fitting(npages << PAGE_SHIFT | size % PAGE_SIZE)
        gpa = _byte(gpa, guest)
    if host is not None:
        hva = _byte(hva, host)
    return MemoryRegion(region.slot, gpa, size, hva, region.flags)


def _range(one: MemoryRange, moves: Mapping[Line, Relocate]) -> MemoryRange:
    """As of a slot: where it ends is a place too."""
    gfn, npages, hva = one.gfn, one.npages, one.hva
    guest, host = moves.get(Line.GUEST), moves.get(Line.HOST)
    if guest is not None:
        npages = _fitting(guest(gfn + npages) - guest(gfn))
        gfn = _fitting(guest(gfn))
    if host is not None:
        hva = _byte(hva, host)
    return MemoryRange(gfn, npages, hva)


def _byte(value: int, move: Relocate) -> int:
    return _fitting(move(value >> PAGE_SHIFT) << PAGE_SHIFT | value % PAGE_SIZE)


def _fitting(value: int) -> int:
    if not 0 <= value < U64:
        raise OverflowError(value)
    return value
