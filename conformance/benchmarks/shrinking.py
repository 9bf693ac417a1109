"""How small failures of a hundred operations and more get, and in which time.

    python conformance/benchmarks/shrinking.py [--failures 20] [--seed 1]

Prints a row for each failure: operations before and after, plays, seconds of the
processor, and the numbers above 64 that are left and are no edge. The last lines are
the median, the slowest, and whether all is as it should be; the status is 1 where not.
"""

from __future__ import annotations

import argparse
import sys
from statistics import median
from time import process_time

from left_numbers import odd_numbers
from long_failures import LongFailure, long_failures
from memslot_conformance.findings.collect import SHRINK_PLAYS
from memslot_conformance.play.askable import askable
from memslot_conformance.play.budget import Budget
from memslot_conformance.play.shrink import shrink_scenario
from memslot_conformance.scenarios.scenario import Scenario

MEDIAN = 6
"""Operations that are left of the middle one, at most."""

SECONDS = 5.0
"""What one failure may take, at most."""


def shrunk(failure: LongFailure) -> tuple[Scenario, int]:
    """What is left of a failure by plays alone, and how many it took."""
    budget = Budget(plays=SHRINK_PLAYS)
    small = shrink_scenario(
        failure.target.make,
        failure.scenario,
        (),
        failure.still_fails,
        budget=budget,
        may_ask=askable(failure.target.header, failure.scenario),
    )
    return small.scenario, budget.spent


def main() -> int:
    """Shrink them, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--failures", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    left: list[int] = []
    times: list[float] = []
    odd: list[int] = []
    print(f"{'mutant':<34} {'clause':<9} before after plays seconds odd numbers")
    for failure in long_failures(given.failures, given.seed):
        begun = process_time()
        small, plays = shrunk(failure)
        times.append(process_time() - begun)
        left.append(small.operations)
        odd_here = odd_numbers(small, failure.target.header)
        odd += odd_here
        print(
            f"{failure.target.name:<34} {failure.clause:<9} "
            f"{failure.scenario.operations:>6} {small.operations:>5} {plays:>5} "
            f"{times[-1]:>7.2f} {', '.join(map(hex, odd_here)) or '-'}",
            flush=True,
        )
    print(
        f"{len(left)} failures: median {median(left):g} operations, at most "
        f"{max(left)}; slowest {max(times):.2f} s; {len(odd)} odd numbers"
    )
    good = median(left) <= MEDIAN and max(times) <= SECONDS and not odd
    return 0 if good and len(left) == given.failures else 1


if __name__ == "__main__":
    sys.exit(main())
