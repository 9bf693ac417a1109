"""The fixed races of a target one after the other, the simplest schedules first.

Counted and not timed, so that every run plays the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from memslot_conformance.layers.fixed import BOUNDS
from memslot_conformance.play.bounded import Bounded, bounded
from memslot_conformance.play.budget import Budget
from memslot_conformance.play.played import Played
from memslot_conformance.scenarios.fixed import fixed_races
from memslot_conformance.targets.resolve import Target

LEVEL = "quick"


def in_order(
    target: Target, deepest: int, budget: Budget | None = None
) -> Iterator[tuple[int, str, Played]]:
    """Every race at no preemption, then every one at one, and so on.

    Gives the level, the race's name and the play. A race of more threads ends at
    a lower level than `deepest`.
    """
    searches: list[tuple[str, int, Bounded]] = []
    for race in fixed_races(target.header):
        bound = min(deepest, BOUNDS[LEVEL][max(len(race.scenario.threads), 1)])
        plays = bounded(target.make, race.scenario, bound, budget=budget)
        searches.append((race.name, bound, plays))
    for level in range(deepest + 1):
        for name, bound, plays in searches:
            while bound >= level and (plays.covered is None or plays.covered < level):
                played = next(plays, None)
                if played is None:
                    break
                yield level, name, played
