"""The fixed races are pinned: what each asks, in words, and on which target.

A race that lost an operation, or a frame, still conforms; only the text shows it.
After a change that is meant, `make golden` writes it anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from golden_blocks import check_block, check_keys
from memslot_conformance.scenarios.fixed import fixed_races
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.resolve import resolve
from memslot_spec.history.words import describe_operation

PINNED = Path(__file__).parent / "golden" / "fixed-races.txt"

TARGETS = ("reference", "reference-linux")

RACES = {
    target: {race.name: race.scenario for race in fixed_races(resolve(target).header)}
    for target in TARGETS
}
NAMES = tuple(dict.fromkeys(name for races in RACES.values() for name in races))


def in_words(scenario: Scenario) -> Iterator[str]:
    """A line for each operation, as a page of the book would have it."""
    yield from (f"before {describe_operation(asked)}" for asked in scenario.prefix)
    for thread, operations in enumerate(scenario.threads, 1):
        for asked in operations:
            yield f"T{thread}     {describe_operation(asked)}"
    yield from (f"after  {describe_operation(asked)}" for asked in scenario.after)


def told(name: str) -> Iterator[str]:
    """The race, and on which targets; each on its own where they differ."""
    having = {t: races[name] for t, races in RACES.items() if name in races}
    for scenario in dict.fromkeys(having.values()):
        yield "on " + ", ".join(t for t, same in having.items() if same == scenario)
        yield from in_words(scenario)


@pytest.mark.parametrize("name", NAMES)
def test_a_fixed_race_asks_what_is_pinned(name: str, *, write_golden: bool) -> None:
    check_block(PINNED, name, "\n".join(told(name)), write=write_golden)


def test_the_pinned_races_are_the_fixed_ones(*, write_golden: bool) -> None:
    check_keys(PINNED, NAMES, write=write_golden)
