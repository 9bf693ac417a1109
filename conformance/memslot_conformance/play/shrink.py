"""Makes a failure small: fewer operations, preemptions, runs, and points.

Delta debugging over what was played. A candidate is kept only where the caller
says that it still fails, so nothing is assumed about why it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from memslot_conformance.adapter.protocols import Make
from memslot_conformance.play.budget import Budget
from memslot_conformance.play.explore import bounded, replay
from memslot_conformance.play.played import Played
from memslot_conformance.play.stepping import STEP_LIMIT
from memslot_conformance.scenarios.scenario import (
    Operations,
    Run,
    Scenario,
    Schedule,
    joined,
    without_thread,
)

StillFails = Callable[[Played], bool]

PLAYS = 2_000
SECONDS = 20.0
"""What shrinking may cost where the caller does not say: see `usual_budget`."""

SEARCH_PLAYS = 100
SEARCH_PREEMPTIONS = 2
"""The bounded search for a failing schedule where none is known."""

TO_THE_END = 1 << 30
"""More points than any run has."""


def usual_budget() -> Budget:
    """What shrinking may cost, from now on."""
    return Budget(plays=PLAYS, seconds=SECONDS)


@dataclass(frozen=True, slots=True)
class Shrunk:
    """What is left of a failing scenario, and the play that shows it."""

    scenario: Scenario
    played: Played


def shrink_schedule(
    make: Make,
    scenario: Scenario,
    schedule: Schedule,
    still_fails: StillFails,
    *,
    budget: Budget | None = None,
    step_limit: int = STEP_LIMIT,
) -> Played:
    """The failure with the fewest preemptions, then runs, then points.

    Errors: `ValueError` where the schedule does not fail to begin with.
    """
    budget = budget or usual_budget()
    search = _Shrinking(make, still_fails, budget, step_limit)
    played = search.replayed(scenario, schedule)
    if played is None:
        message = "only a failing schedule can be shrunk, and this one does not fail"
        raise ValueError(message)
    return search.shortest(scenario, played)


def shrink_scenario(
    make: Make,
    scenario: Scenario,
    schedule: Schedule,
    still_fails: StillFails,
    *,
    budget: Budget | None = None,
    step_limit: int = STEP_LIMIT,
) -> Shrunk:
    """The failure with the fewest operations, under the shortest schedule.

    Errors: `ValueError` where the schedule does not fail to begin with.
    """
    budget = budget or usual_budget()
    played = shrink_schedule(
        make, scenario, schedule, still_fails, budget=budget, step_limit=step_limit
    )
    search = _Shrinking(make, still_fails, budget, step_limit)
    shrunk = search.smallest(Shrunk(scenario, played))
    return Shrunk(shrunk.scenario, search.shortest(shrunk.scenario, shrunk.played))


class _Shrinking:
    """Candidates tried one after the other within one budget."""

    def __init__(
        self, make: Make, still_fails: StillFails, budget: Budget, step_limit: int
    ) -> None:
        self._make = make
        self._still_fails = still_fails
        self._budget = budget
        self._step_limit = step_limit

    def replayed(
        self, scenario: Scenario, schedule: Schedule, below: Played | None = None
    ) -> Played | None:
        """The play of this schedule, if it fails and is smaller than `below`."""
        if not self._budget.spend():
            return None
        played = replay(self._make, scenario, schedule, step_limit=self._step_limit)
        # The play knows its own schedule, whatever it was asked to follow.
        played = replace(played, diverged=None)
        if below is not None and _size(played) >= _size(below):
            return None
        return played if self._still_fails(played) else None

    def found(self, scenario: Scenario, preemptions: int) -> Played | None:
        """The first failing play with at most so many preemptions."""
        search = bounded(
            self._make,
            scenario,
            preemptions,
            budget=Budget(plays=SEARCH_PLAYS),
            step_limit=self._step_limit,
        )
        while self._budget.spend():
            played = next(search, None)
            if played is None or self._still_fails(played):
                return played
        return None

    def shortest(self, scenario: Scenario, best: Played) -> Played:
        """The shortest failing play that can be had from this one."""
        tried: set[Schedule] = set()
        while True:
            best = self._descend(scenario, best, tried)
            if not best.preemptions:
                return best
            found = self.found(scenario, best.preemptions - 1)
            if found is None:
                return best
            best = found

    def _descend(
        self, scenario: Scenario, best: Played, tried: set[Schedule]
    ) -> Played:
        improved = True
        while improved:
            improved = False
            for schedule in _shorter(best.schedule):
                if schedule in tried:
                    continue
                tried.add(schedule)
                played = self.replayed(scenario, schedule, below=best)
                if played is not None:
                    best, improved = played, True
                    break
        return best

    def smallest(self, shrunk: Shrunk) -> Shrunk:
        """Drop what can be dropped: first by replay alone, then by search."""
        for searching in (False, True):
            smaller: Shrunk | None = shrunk
            while smaller is not None:
                shrunk = smaller
                smaller = self._smaller(shrunk, searching=searching)
        return shrunk

    def _smaller(self, shrunk: Shrunk, *, searching: bool) -> Shrunk | None:
        preemptions = min(shrunk.played.preemptions, SEARCH_PREEMPTIONS)
        for scenario, schedule in _fewer(shrunk.scenario, shrunk.played.schedule):
            played = (
                self.found(scenario, preemptions)
                if searching
                else self.replayed(scenario, schedule)
            )
            if played is not None:
                return Shrunk(scenario, played)
        return None


def _size(played: Played) -> tuple[int, int, int]:
    points = sum(run.points for run in played.schedule)
    return played.preemptions, len(played.schedule), points


def _shorter(schedule: Schedule) -> Iterator[Schedule]:
    """Candidates, the boldest first: fewer runs, then longer, then shorter ones."""
    length = len(schedule) or 1
    while length:
        for first in range(0, len(schedule), length):
            yield joined(schedule[:first] + schedule[first + length :])
        length //= 2
    for place, run in enumerate(schedule):
        before, after = schedule[:place], schedule[place + 1 :]
        yield joined((*before, Run(run.thread, TO_THE_END), *after))
        yield joined((*before, *after[:1], run, *after[1:]))
        for points in (run.points // 2, run.points - 1):
            yield joined((*before, Run(run.thread, points), *after))


def _fewer(
    scenario: Scenario, schedule: Schedule
) -> Iterator[tuple[Scenario, Schedule]]:
    """Smaller scenarios, each with the schedule fitted to it."""
    for place, operations in enumerate(scenario.threads):
        others = scenario.threads[:place] + scenario.threads[place + 1 :]
        fitted = without_thread(schedule, place + 1)
        yield replace(scenario, threads=others), fitted
        # Out of the race is simpler than in it.
        yield Scenario(scenario.prefix + operations, others, scenario.after), fitted
        yield Scenario(scenario.prefix, others, operations + scenario.after), fitted
    for after in _parts(scenario.after):
        yield replace(scenario, after=after), schedule
    for prefix in _parts(scenario.prefix):
        yield replace(scenario, prefix=prefix), schedule
    for place, operations in enumerate(scenario.threads):
        for part in _parts(operations):
            if part:
                threads = list(scenario.threads)
                threads[place] = part
                yield replace(scenario, threads=tuple(threads)), schedule


def _parts(operations: Operations) -> Iterator[Operations]:
    """The operations without one stretch of them, the longest stretches first."""
    length = len(operations)
    while length:
        for first in range(0, len(operations), length):
            yield operations[:first] + operations[first + length :]
        length //= 2
