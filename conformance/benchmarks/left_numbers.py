"""The numbers that a small failure still holds, and which of them are odd.

A number is odd where it is above 64 and no edge: no power of two and no limit of the
target or one off, alone or with another number added, nor a page that another operation
names or one off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import cast

from memslot_conformance.play.lines import Line, operations_of, places
from memslot_conformance.scenarios.scenario import Scenario
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE
from memslot_spec.history.header import Header
from memslot_spec.model.profile import profile_named

SMALL = 64


def odd_numbers(scenario: Scenario, header: Header) -> list[int]:
    """The odd numbers of a scenario, bytes as pages where they are whole."""
    limits, profile = header.limits, profile_named(header.profile)
    edges = {1 << bit for bit in range(65)}
    edges |= {
        limits.largest_gfn,
        limits.hva_end >> PAGE_SHIFT,
        limits.user_slots,
        profile.max_pages or 0,
        header.domain.largest_gfn,
        header.domain.slots,
    }
    named = [place for line in Line for place in places(scenario, line)]
    numbers = {0, *_numbers(operations_of(scenario))}
    return sorted(
        number
        for number in numbers
        if number > SMALL
        and not any(_is_edge(number + other, edges) for other in numbers)
        and _alone(number, named)
    )


def _is_edge(number: int, edges: set[int]) -> bool:
    return not edges.isdisjoint(range(number - 1, number + 2))


def _alone(number: int, named: list[int]) -> bool:
    """Not more than one place is here, or one off."""
    return sum(abs(place - number) <= 1 for place in named) <= 1


def _numbers(values: Iterable[object]) -> Iterator[int]:
    for value in values:
        if isinstance(value, bool | Enum) or value is None:
            continue
        if isinstance(value, int):
            yield value >> PAGE_SHIFT if value >= PAGE_SIZE else value
            # Within a page it is as small if it is near the end.
            yield min(value % PAGE_SIZE, PAGE_SIZE - value % PAGE_SIZE)
        elif isinstance(value, tuple):
            yield from _numbers(cast("tuple[object, ...]", value))
        elif is_dataclass(value) and not isinstance(value, type):
            yield from _numbers(getattr(value, f.name) for f in fields(value))
