"""Leaves out what a failing scenario can do without: operations, and whole threads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from memslot_conformance.scenarios.scenario import (
    Operations,
    Scenario,
    Schedule,
    without_thread,
)

T = TypeVar("T")

ALONE = 2
"""Rows that no thread of the race carries out: after it, and before it."""


LONG = 256
"""Operations from which on one more is a small part of what a play takes."""


def fewest(operations: Operations, fails: Callable[[Operations], bool]) -> Operations:
    """What is left of a row of operations, of which none can be left out.

    All are left out at once, then each half, then each quarter, going on where the
    last one left off: what is long gets short in few tries. Where that is not so, since
    it is the number of operations of some kind that fails, whole kinds are left out.
    """
    if len(operations) > LONG:
        if fails(()):
            return ()
        operations = _of_fewer_kinds(operations, fails)
    return fewest_of(operations, fails)


def fewest_of(
    row: tuple[T, ...], fails: Callable[[tuple[T, ...]], bool]
) -> tuple[T, ...]:
    """What is left of a row of whatever, of which nothing can be left out."""
    length = len(row)
    while length:
        before, first = row, 0
        while first < len(row):
            part = row[:first] + row[first + length :]
            if fails(part):
                row = part
            else:
                first += length
        if length > 1 or row == before:
            length //= 2
    return row


def _of_fewer_kinds(
    operations: Operations, fails: Callable[[Operations], bool]
) -> Operations:
    """The row without the kinds of operation that it can do without.

    First one kind alone with that of the last operation: it is soon played.
    """
    last = type(operations[-1])
    kinds = [kind for kind, _ in Counter(map(type, operations)).most_common()]
    for kind in kinds:
        part = tuple(each for each in operations if type(each) in {kind, last})
        if part != operations and fails(part):
            return part
    for kind in kinds:
        part = tuple(each for each in operations if type(each) is not kind)
        if fails(part):
            operations = part
    return operations


def rows_of(scenario: Scenario) -> list[Operations]:
    """What is asked after the race, what before it, and what each thread carries out.

    In the order in which it is good to leave something out.
    """
    return [scenario.after, scenario.prefix, *scenario.threads]


def of_rows(rows: Sequence[Operations]) -> Scenario:
    """The scenario of these rows."""
    after, prefix, *threads = rows
    return Scenario(prefix, tuple(threads), after)


def without_a_thread(
    scenario: Scenario, schedule: Schedule
) -> Iterator[tuple[Scenario, Schedule]]:
    """A thread less in the race, each with the schedule fitted to it."""
    for place, operations in enumerate(scenario.threads):
        others = scenario.threads[:place] + scenario.threads[place + 1 :]
        fitted = without_thread(schedule, place + 1)
        yield replace(scenario, threads=others), fitted
        # Out of the race is simpler than in it.
        yield Scenario(scenario.prefix + operations, others, scenario.after), fitted
        yield Scenario(scenario.prefix, others, operations + scenario.after), fitted
