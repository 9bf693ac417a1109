"""Budgets: what ends them, by plays and by a clock that is handed in."""

from __future__ import annotations

from math import inf

import pytest

from memslot_conformance.clock import Stopwatch
from memslot_conformance.play.budget import Allowance, Budget


class HeldClock:
    """Goes when it is told to."""

    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


def test_plays_are_spent_one_by_one_and_time_is_not_late_for_it() -> None:
    budget = Budget(plays=2)
    assert [budget.spend() for _ in range(3)] == [True, True, False]
    assert (budget.spent, budget.left, budget.late) == (2, False, False)


def test_time_ends_a_budget_by_the_clock_that_it_was_given() -> None:
    clock = HeldClock()
    budget = Budget(seconds=5, clock=clock)
    clock.time += 4.5
    assert (budget.left, budget.seconds_left) == (True, 0.5)
    clock.time += 0.5
    assert (budget.left, budget.late, budget.spend()) == (False, True, False)


def test_a_part_has_the_same_clock_and_seconds_of_its_own() -> None:
    clock = HeldClock()
    part = Budget(seconds=5, clock=clock).part(2)
    clock.time += 2
    assert part.late


def test_no_time_of_an_allowance_passes_between_its_turns() -> None:
    clock = HeldClock()
    watch = Stopwatch(clock)
    allowance = Allowance(plays=None, seconds=3, clock=clock)
    for _ in range(2):
        with allowance.turn(1) as budget:
            clock.time += 1
            assert budget.late
        clock.time += 50
    assert allowance.left
    with allowance.turn() as budget:
        assert budget.seconds_left == 1
        clock.time += 1
    assert not allowance.left
    assert watch.seconds == 103


def test_the_plays_of_an_allowance_are_those_of_all_its_turns() -> None:
    allowance = Allowance(plays=3, seconds=1, clock=HeldClock())
    for _ in range(2):
        with allowance.turn() as budget:
            assert budget.spend()
    with allowance.turn() as budget:
        assert [budget.spend(), budget.spend()] == [True, False]
    assert not allowance.left


def test_an_allowance_has_a_turn_left_for_its_last_play_and_its_last_moment() -> None:
    clock = HeldClock()
    one = Allowance(plays=1, seconds=0.5, clock=clock)
    assert one.left
    with one.turn() as budget:
        assert (budget.left, budget.seconds_left) == (True, 0.5)
        assert budget.spend()
    assert not one.left
    assert Allowance(plays=None, seconds=0.5, clock=clock).left
    assert not Allowance(plays=1, seconds=0, clock=clock).left
    assert not Allowance(plays=0, seconds=1, clock=clock).left


def test_a_turn_has_no_more_than_is_left_of_the_allowance() -> None:
    clock = HeldClock()
    allowance = Allowance(plays=5, seconds=3, clock=clock)
    with allowance.turn(2) as budget:
        clock.time += 1.5
        assert budget.seconds_left == 0.5
    with allowance.turn(2) as budget:
        assert budget.seconds_left == 1.5


def test_a_turn_that_breaks_off_is_paid_for_too() -> None:
    clock = HeldClock()
    allowance = Allowance(plays=2, seconds=3, clock=clock)

    def broken_off() -> None:
        with allowance.turn() as budget:
            assert budget.spend()
            clock.time += 1
            raise InterruptedError

    for _ in range(2):
        assert allowance.left
        with pytest.raises(InterruptedError):
            broken_off()
    assert not allowance.left


def test_a_budget_of_neither_plays_nor_time_never_ends() -> None:
    clock = HeldClock()
    budget = Budget(clock=clock)
    clock.time = 1e9
    assert budget.seconds_left == inf
    assert all(budget.spend() for _ in range(1_000))
    assert (budget.spent, budget.left, budget.late) == (1_000, True, False)
    part = budget.part(1)
    assert (part.spent, part.seconds_left) == (0, 1)
