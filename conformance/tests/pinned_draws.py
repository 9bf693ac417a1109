"""Texts for pins of scenarios: some of it in words, and all of it in one sum."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256

from memslot_conformance.scenarios.scenario import Operations, Scenario
from memslot_spec.history.words import describe_operation

SHOWN = 3
"""So many draws are in words: enough to see what they are."""

WIDTH = 100
"""A bitmap can have very many words."""


def sum_of(values: Iterable[object]) -> str:
    """A short text that is another one where any part of any value is."""
    told = sha256()
    for value in values:
        told.update(f"{value!r}\n".encode())
    return told.hexdigest()[:16]


def in_words(scenario: Scenario) -> Iterator[str]:
    """A line for each operation, as a page of the book would have it."""
    yield from (f"before {describe_operation(asked)}" for asked in scenario.prefix)
    for thread, operations in enumerate(scenario.threads, 1):
        for asked in operations:
            yield f"T{thread}     {describe_operation(asked)}"
    yield from (f"after  {describe_operation(asked)}" for asked in scenario.after)


def races_told(races: Iterable[Scenario]) -> str:
    """The first races in words, and what sums up all of them."""
    drawn = tuple(races)
    lines = [line for race in drawn[:SHOWN] for line in ("race", *in_words(race))]
    return "\n".join((*lines, f"all {len(drawn)}: {sum_of(drawn)}"))


def operations_told(operations: Operations) -> str:
    """The first operations in words, and what sums up all of them."""
    lines = [describe_operation(asked)[:WIDTH] for asked in operations[: 2 * SHOWN]]
    return "\n".join((*lines, f"all {len(operations)}: {sum_of(operations)}"))
