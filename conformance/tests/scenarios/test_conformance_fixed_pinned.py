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
from memslot_conformance.targets.resolve import resolve
from memslot_spec.model.operations import SetRegion
from pinned_draws import in_words, sum_of
from scenario_headers import HEADERS

PINNED = Path(__file__).parent / "golden" / "fixed-races.txt"

OF_SORTS = PINNED.with_name("fixed-sorts.txt")
"""Sums alone: which races a target of some sort is given, with which values."""

TARGETS = ("reference", "reference-linux")

RACES = {
    target: {race.name: race.scenario for race in fixed_races(resolve(target).header)}
    for target in TARGETS
}
NAMES = tuple(dict.fromkeys(name for races in RACES.values() for name in races))


def told(name: str) -> Iterator[str]:
    """The race, and on which targets; each on its own where they differ."""
    having = {t: races[name] for t, races in RACES.items() if name in races}
    for scenario in dict.fromkeys(having.values()):
        yield "on " + ", ".join(t for t, same in having.items() if same == scenario)
        yield from in_words(scenario)
        # Words leave out what seldom matters, as the frame of a delete.
        yield f"with its values {sum_of([scenario])}"


@pytest.mark.parametrize("name", NAMES)
def test_a_fixed_race_asks_what_is_pinned(name: str, *, write_golden: bool) -> None:
    check_block(PINNED, name, "\n".join(told(name)), write=write_golden)


def test_the_pinned_races_are_the_fixed_ones(*, write_golden: bool) -> None:
    check_keys(PINNED, NAMES, write=write_golden)


@pytest.mark.parametrize("name", HEADERS)
def test_a_target_of_another_sort_is_given_what_is_pinned(
    name: str, *, write_golden: bool
) -> None:
    races = fixed_races(HEADERS[name])
    lines = (f"{sum_of([race.scenario])} {race.name}" for race in races)
    check_block(OF_SORTS, name, "\n".join(lines), write=write_golden)


def test_the_pinned_sorts_are_these(*, write_golden: bool) -> None:
    check_keys(OF_SORTS, HEADERS, write=write_golden)


def test_a_race_is_left_out_where_a_thread_of_it_has_nothing_to_ask() -> None:
    bare = fixed_races(HEADERS["bare"])
    assert all(all(race.scenario.threads) for race in bare)
    asked = {
        type(operation)
        for race in bare
        for operations in (
            race.scenario.prefix,
            *race.scenario.threads,
            race.scenario.after,
        )
        for operation in operations
    }
    assert asked == {SetRegion}
