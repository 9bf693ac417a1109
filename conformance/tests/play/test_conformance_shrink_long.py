"""Long failures of real targets: few operations are left, and low numbers in them."""

from __future__ import annotations

from statistics import median

from left_numbers import odd_numbers
from long_failures import SHORTEST, long_failures
from memslot_conformance.play.budget import Budget
from memslot_conformance.play.shrink import shrink_scenario

PLAYS = 500
"""More than any of them takes: 150 was the most of twenty."""


def test_failures_of_a_hundred_operations_get_short_in_few_plays() -> None:
    left: list[int] = []
    for failure in long_failures(5):
        assert failure.scenario.operations > SHORTEST
        budget = Budget(plays=PLAYS)
        small = shrink_scenario(
            failure.target.make,
            failure.scenario,
            (),
            failure.still_fails,
            budget=budget,
        )
        assert failure.still_fails(small.played)
        assert budget.spent < PLAYS
        assert odd_numbers(small.scenario, failure.target.header) == []
        left.append(small.scenario.operations)
    assert median(left) <= 6
