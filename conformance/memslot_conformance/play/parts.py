"""The numbers in an operation: how each is read, and how it is written.

Of a request the whole pages of its size are a number, and so is each place within a
page; what has to move with others, as the frames do, is told in `lines`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace

from memslot_conformance.play.lines import BYTES, PAGES, with_number
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE
from memslot_spec.model.operations import Operation, SetRegion
from memslot_spec.model.values import MemoryRegion

ReadNumber = Callable[[Operation], int]
WriteNumber = Callable[[Operation, int], Operation]


def parts(operation: Operation) -> Iterator[tuple[ReadNumber, WriteNumber]]:
    """How each number of an operation is read, and how it is written."""
    if isinstance(operation, SetRegion):
        for each in fields(MemoryRegion):
            if each.name == "memory_size":
                yield _of_region(each.name, PAGE_SHIFT)
            if each.name not in {"flags", "slot"}:
                yield _of_region(each.name, 0)
        return
    for each in fields(operation):
        value: object = getattr(operation, each.name)
        if isinstance(value, int) and not isinstance(value, bool):
            if each.name in BYTES:
                yield _of_page(each.name)
            elif each.name not in PAGES:
                yield _of_number(each.name)


def _of_number(name: str) -> tuple[ReadNumber, WriteNumber]:
    return (
        lambda operation: getattr(operation, name),
        lambda operation, to: with_number(operation, name, to),
    )


def _of_page(name: str) -> tuple[ReadNumber, WriteNumber]:
    """The place within its page."""
    return (
        lambda operation: getattr(operation, name) % PAGE_SIZE,
        lambda operation, to: with_number(
            operation, name, getattr(operation, name) // PAGE_SIZE * PAGE_SIZE + to
        ),
    )


def _of_region(name: str, shift: int) -> tuple[ReadNumber, WriteNumber]:
    """The whole pages of a field of a request, or its place within a page."""

    def read(operation: Operation) -> int:
        value: int = getattr(_request(operation).region, name)
        return value >> shift if shift else value % PAGE_SIZE

    def write(operation: Operation, to: int) -> Operation:
        request = _request(operation)
        value: int = getattr(request.region, name)
        within = value % PAGE_SIZE
        new: dict[str, int] = {
            name: to << shift | within if shift else value - within + to
        }
        return replace(request, region=replace(request.region, **new))

    return read, write


def _request(operation: Operation) -> SetRegion:
    if not isinstance(operation, SetRegion):
        message = f"{operation!r} is no request"
        raise TypeError(message)
    return operation
