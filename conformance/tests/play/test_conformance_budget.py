"""Budgets: what ends them, by plays and by a clock that is handed in."""

from __future__ import annotations

from math import inf

from memslot_conformance.play.budget import Budget


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


def test_a_budget_of_neither_plays_nor_time_never_ends() -> None:
    clock = HeldClock()
    budget = Budget(clock=clock)
    clock.time = 1e9
    assert budget.seconds_left == inf
    assert all(budget.spend() for _ in range(1_000))
    assert (budget.spent, budget.left, budget.late) == (1_000, True, False)
    part = budget.part(1)
    assert (part.spent, part.seconds_left) == (0, 1)
