"""Leaving out operations: what cannot be left out stays, after few tries."""

from __future__ import annotations

from memslot_conformance.play.fewer import (
    fewest,
    of_rows,
    rows_of,
    without_a_thread,
)
from memslot_conformance.scenarios.scenario import Operations, Run, Scenario
from memslot_spec.model.operations import GfnToMemslot, MmuPages, TssBase


def row(length: int) -> Operations:
    return tuple(GfnToMemslot(number) for number in range(length))


def test_of_two_hundred_operations_the_three_that_matter_stay() -> None:
    needed = {GfnToMemslot(n) for n in (3, 120, 199)}
    tries = 0

    def fails(part: Operations) -> bool:
        nonlocal tries
        tries += 1
        return needed <= set(part)

    assert set(fewest(row(200), fails)) == needed
    assert tries < 50


def test_what_fails_without_anything_is_left_with_nothing_at_once() -> None:
    tried: list[Operations] = []

    def fails(part: Operations) -> bool:
        tried.append(part)
        return True

    assert fewest(row(100), fails) == ()
    assert tried == [()]
    assert fewest((), fails) == ()


def test_an_operation_that_another_one_held_up_goes_in_a_second_round() -> None:
    def fails(part: Operations) -> bool:
        """The first is needed for as long as the second is there."""
        return GfnToMemslot(1) not in part or GfnToMemslot(0) in part

    def slowly(part: Operations) -> bool:
        return len(part) > 0 and fails(part)

    assert len(fewest(row(3), slowly)) == 1


def test_rows_are_what_comes_after_before_and_in_each_thread() -> None:
    scenario = Scenario((TssBase(),), ((MmuPages(),), row(2)), row(1))
    assert rows_of(scenario) == [row(1), (TssBase(),), (MmuPages(),), row(2)]
    assert of_rows(rows_of(scenario)) == scenario


def test_a_thread_is_left_out_or_put_before_the_race_or_after_it() -> None:
    scenario = Scenario((TssBase(),), ((MmuPages(),), row(2)), row(1))
    schedule = (Run(1, 2), Run(2, 3))
    found = list(without_a_thread(scenario, schedule))
    assert found[:3] == [
        (Scenario((TssBase(),), (row(2),), row(1)), (Run(1, 3),)),
        (Scenario((TssBase(), MmuPages()), (row(2),), row(1)), (Run(1, 3),)),
        (Scenario((TssBase(),), (row(2),), (MmuPages(), *row(1))), (Run(1, 3),)),
    ]
    assert {schedule for _, schedule in found[3:]} == {(Run(1, 2),)}
