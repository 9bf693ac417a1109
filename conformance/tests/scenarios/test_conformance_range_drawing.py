"""What is drawn for tables by ranges: all that they have, nothing beside the rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest

from memslot_conformance.play.askable import askable
from memslot_conformance.scenarios.drawn.choices import Seeded
from memslot_conformance.scenarios.drawn.left import left_by
from memslot_conformance.scenarios.drawn.range_drawing import RangeDrawing
from memslot_conformance.scenarios.drawn.requests import palette_of
from memslot_conformance.scenarios.scenario import Operations, Scenario
from memslot_conformance.targets.resolve import resolve
from memslot_spec.history.header import Header
from memslot_spec.model.operations import AddRange, RemoveRange, ReplaceTable
from memslot_spec.model.range_rules import RangeRules, Removal
from memslot_spec.model.range_table import RangeObjection, wrong_with

HEADER = resolve("reference-ranges").header
MANY = 300


def with_rules(rules: RangeRules, granule: int = 1) -> Header:
    domain = replace(HEADER.domain, ranges=rules, page_granule=granule)
    return replace(HEADER, domain=domain)


def scenarios(header: Header) -> Iterator[Scenario]:
    for number in range(MANY):
        drawing = RangeDrawing(palette_of(header), Seeded(Random(number)))
        yield drawing.scenario() if number % 2 else drawing.round()


def objections(rules: RangeRules) -> set[RangeObjection]:
    """What is wrong with what a prefix asks, as its own table goes."""
    header, found = with_rules(rules), set[RangeObjection]()
    for scenario in scenarios(header):
        for at, one in enumerate(scenario.prefix):
            if isinstance(one, AddRange | RemoveRange | ReplaceTable):
                table = left_by(header, scenario.prefix[:at]).table
                wrong = wrong_with(table, one, rules)
                found |= set() if wrong is None else {wrong}
    return found


def test_each_operation_is_asked_in_prefixes_and_in_races() -> None:
    before: set[str] = set()
    raced: set[str] = set()
    for scenario in scenarios(HEADER):
        before |= {type(one).__name__ for one in scenario.prefix}
        raced |= {type(one).__name__ for ops in scenario.threads for one in ops}
    assert before == raced == set(HEADER.capabilities.operations)


def _may_come_to(header: Header, scenario: Scenario) -> int:
    """The most ranges that the threads may leave together, whatever is removed."""
    before = len(left_by(header, scenario.prefix).table.slots)
    added = [
        _most_of(header, scenario.prefix, ops) - before for ops in scenario.threads
    ]
    return before + sum(more for more in added if more > 0)


def _most_of(header: Header, prefix: Operations, operations: Operations) -> int:
    """The most ranges at any time, where nobody else asks."""
    return max(
        len(left_by(header, (*prefix, *operations[:at])).table.slots)
        for at in range(len(operations) + 1)
    )


@pytest.mark.parametrize("removal", Removal)
def test_nobody_is_asked_for_more_ranges_than_it_can_have(removal: Removal) -> None:
    header = with_rules(RangeRules(removal=removal))
    header = replace(header, domain=replace(header.domain, slots=4))
    most = 0
    for scenario in scenarios(header):
        for at in range(1, len(scenario.prefix) + 1):
            most = max(most, len(left_by(header, scenario.prefix[:at]).table.slots))
        most = max(most, _may_come_to(header, scenario))
    assert most == 4


def test_the_same_seed_draws_the_same() -> None:
    assert list(scenarios(HEADER)) == list(scenarios(HEADER))


@pytest.mark.parametrize(
    ("removal", "wrong"),
    [
        (Removal.EXACT, {RangeObjection.INEXACT}),
        (Removal.COVERING, {RangeObjection.CUTS, RangeObjection.NOTHING}),
        (Removal.CUTTING, {RangeObjection.HOLE, RangeObjection.NOTHING}),
    ],
)
def test_what_a_rule_forbids_is_asked_too(
    removal: Removal, wrong: set[RangeObjection]
) -> None:
    found = objections(RangeRules(removal=removal))
    assert found == wrong | {RangeObjection.MEETS, RangeObjection.MEETS_ITSELF}


def test_overlaps_are_asked_of_nobody_who_does_not_refuse_them() -> None:
    rules = RangeRules(removal=Removal.EXACT, refuses_overlap=False)
    assert objections(rules) == {RangeObjection.INEXACT}


def test_frames_and_sizes_are_in_whole_granules() -> None:
    header = with_rules(RangeRules(removal=Removal.COVERING), granule=16)
    nothing = Scenario()
    for scenario in scenarios(header):
        assert askable(header, nothing)(scenario)
