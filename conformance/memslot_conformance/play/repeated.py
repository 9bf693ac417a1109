"""Makes a failure of threads small by repetition, and says how often it comes again.

A schedule cannot be asked for, so a candidate is played again and again until it fails,
or often enough to say that it does not. What is kept is a play that failed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random

from memslot_conformance.adapter.protocols import Make
from memslot_conformance.play.budget import Budget
from memslot_conformance.play.fewer import ALONE, fewest, of_rows, rows_of
from memslot_conformance.play.played import Played
from memslot_conformance.play.shrunk import (
    Shrunk,
    StillFails,
)
from memslot_conformance.play.threads import raced
from memslot_conformance.play.trimmed import scenario_of
from memslot_conformance.scenarios.scenario import Operations, Scenario

FIRST, TRIES = 120, 24
"""Plays of the whole, and of less, before it is taken for one that does not fail."""

PLAYS = 300
"""All that making one failure small may take."""

MOST = 12
"""Operations of a failure that is small enough to be read."""

REPETITIONS, COUNTING_SECONDS, LEAST = 40, 1.5, 5
"""Plays by which it is said how often it comes again, or as many as the time allows."""


AGAIN, AGAIN_SECONDS = 400, 30.0
"""Plays of a replay, and the seconds after which it begins no other."""


def until_it_fails(
    make: Make, scenario: Scenario, fails: StillFails
) -> tuple[Played, int]:
    """The first play that fails, or the last of many; and which of them it is."""
    budget, rng = Budget(plays=AGAIN, seconds=AGAIN_SECONDS), Random(0)
    while True:
        budget.spend()
        played = raced(make, scenario, disturb=rng)
        left_behind = played.error is not None and played.error.is_left_behind
        if fails(played) or left_behind or not budget.left:
            return played, budget.spent


class Repeating:
    """Candidates, each played often, within one budget.

    `trim` leaves out of a failing play what it can do without.
    """

    def __init__(
        self,
        make: Make,
        fails: StillFails,
        budget: Budget,
        trim: Callable[[Played], Played],
    ) -> None:
        self._make = make
        self._fails = fails
        self._budget = budget
        self._trim = trim
        self._rng = Random(0)

    def shrink(self, failing: Shrunk) -> Shrunk:
        """The fewest operations that were seen to fail, and how often these do."""
        best = self._counted(self._trimmed(failing))
        if best.came_again and best.scenario.operations <= MOST:
            return best
        # Too rare with so few operations, or too many: with all of them it may come.
        again = self._played(failing.scenario, FIRST)
        if again is None:
            return best
        small = self._counted(self._fewest(again))
        return min(best, small, key=_size) if small.came_again else best

    def _trimmed(self, failing: Shrunk) -> Shrunk:
        """What the play that is in hand shows, and the scenario of it."""
        played = self._trim(failing.played)
        return replace(failing, played=played, scenario=scenario_of(played.events))

    def _played(self, scenario: Scenario, tries: int = TRIES) -> Shrunk | None:
        """A failing play, if one came."""
        for _ in range(tries):
            if not self._budget.spend():
                return None
            played = self._once(scenario)
            if self._fails(played):
                return self._trimmed(Shrunk(scenario, played))
        return None

    def _once(self, scenario: Scenario) -> Played:
        return raced(self._make, scenario, disturb=self._rng)

    def _fewest(self, best: Shrunk) -> Shrunk:
        """Without whole threads and operations that it fails without."""

        def fails(number: int, part: Operations) -> bool:
            nonlocal best
            rows = rows_of(best.scenario)
            if number >= len(rows):
                return False
            rows[number] = part
            kept = [row for place, row in enumerate(rows) if row or place < ALONE]
            found = self._played(of_rows(kept))
            best = found or best
            return found is not None

        for number in range(len(rows_of(best.scenario))):
            rows = rows_of(best.scenario)
            if number < len(rows):
                fewest(rows[number], partial(fails, number))
        return best

    def _counted(self, shrunk: Shrunk) -> Shrunk:
        """How often it comes again, which is asked in a time of its own."""
        left = self._budget.part(COUNTING_SECONDS, plays=REPETITIONS)
        came = of = 0
        while left.spend() or of < min(LEAST, REPETITIONS):
            came += self._fails(self._once(shrunk.scenario))
            of += 1
        return replace(shrunk, came_again=came, replays=of)


def _size(shrunk: Shrunk) -> tuple[bool, bool, int]:
    """The better, the less: short enough, seen again, and short."""
    operations = shrunk.scenario.operations
    return operations > MOST, not shrunk.came_again, operations
