"""Makes a failure small: fewer operations, preemptions, runs, points, lower numbers.

Delta debugging over what was played. A candidate is kept only where the caller
says that it still fails, so nothing is assumed about why it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from memslot_conformance.adapter.protocols import Make
from memslot_conformance.play.bounded import bounded
from memslot_conformance.play.budget import Budget
from memslot_conformance.play.explore import replay
from memslot_conformance.play.fewer import (
    ALONE,
    fewest,
    of_rows,
    rows_of,
    without_a_thread,
)
from memslot_conformance.play.lower import Lowering
from memslot_conformance.play.played import Played
from memslot_conformance.play.shrunk import Shrunk, StillFails
from memslot_conformance.scenarios.scenario import (
    Operations,
    Run,
    Scenario,
    Schedule,
    joined,
)

PLAYS = 2_000
SECONDS = 20.0
"""What shrinking may cost where the caller does not say: see `usual_budget`."""

SEARCH_PLAYS = 100
SEARCH_PREEMPTIONS = 2
"""The bounded search for a failing schedule where none is known."""

NO_FAILURE = "only a failing schedule can be shrunk, and this one does not fail"

TO_THE_END = 1 << 30
"""More points than any run has."""


def usual_budget() -> Budget:
    """What shrinking may cost, from now on."""
    return Budget(plays=PLAYS, seconds=SECONDS)


class _SpentError(Exception):
    """The budget is: of what is long, even what is tried no more would take time."""

    def __init__(self, best: Shrunk) -> None:
        super().__init__()
        self.best = best


def shrink_schedule(
    make: Make,
    scenario: Scenario,
    schedule: Schedule,
    still_fails: StillFails,
    *,
    budget: Budget | None = None,
    step_limit: int | None = None,
) -> Played:
    """The failure with the fewest preemptions, then runs, then points.

    Errors: `ValueError` where the schedule does not fail to begin with.
    """
    budget = budget or usual_budget()
    search = _Shrinking(make, still_fails, budget, step_limit)
    played = search.replayed(scenario, schedule)
    if played is None:
        raise ValueError(NO_FAILURE)
    return search.shortest(scenario, played)


def shrink_scenario(
    make: Make,
    scenario: Scenario,
    schedule: Schedule,
    still_fails: StillFails,
    *,
    budget: Budget | None = None,
    step_limit: int | None = None,
    may_ask: Callable[[Scenario], bool] = lambda _: True,
) -> Shrunk:
    """The failure with the fewest operations and the lowest numbers in them.

    It is under the shortest schedule; only what `may_ask` admits is played. Errors:
    `ValueError` where the schedule does not fail to begin with.
    """
    budget = budget or usual_budget()
    search = _Shrinking(make, still_fails, budget, step_limit, may_ask)
    played = search.replayed(scenario, schedule)
    if played is None:
        raise ValueError(NO_FAILURE)
    try:
        return search.least(Shrunk(scenario, played))
    except _SpentError as spent:
        return spent.best


class _Shrinking:
    """Candidates tried one after the other within one budget."""

    def __init__(
        self,
        make: Make,
        still_fails: StillFails,
        budget: Budget,
        step_limit: int | None,
        may_ask: Callable[[Scenario], bool] = lambda _: True,
    ) -> None:
        self._may_ask = may_ask
        self._make = make
        self._still_fails = still_fails
        self._budget = budget
        self._step_limit = step_limit

    def least(self, shrunk: Shrunk) -> Shrunk:
        """All that can be done. Errors: `_SpentError` with what was done by then."""
        # What is asked around a race can be left out under any schedule of it.
        shrunk = self.without_operations(shrunk, rows=ALONE)
        shrunk = self.in_short(shrunk)
        while True:
            smaller = self.lowered(self.smallest(shrunk))
            if smaller.scenario == shrunk.scenario:
                return self.in_short(smaller)
            shrunk = smaller

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

    def in_short(self, shrunk: Shrunk) -> Shrunk:
        """The same under the shortest schedule."""
        scenario = shrunk.scenario
        return Shrunk(scenario, self.shortest(scenario, shrunk.played))

    def smallest(self, shrunk: Shrunk) -> Shrunk:
        """Leave out what can be left out: first by replay alone, then by search."""
        for searching in (False, True):
            before = None
            while before != shrunk and (shrunk.scenario.threads or not searching):
                before = shrunk
                shrunk = self._without_threads(shrunk, searching=searching)
                shrunk = self.without_operations(shrunk, searching=searching)
        return shrunk

    def without_operations(
        self, shrunk: Shrunk, *, rows: int | None = None, searching: bool = False
    ) -> Shrunk:
        """Leave operations out of the first rows, or of all."""
        best = shrunk
        for number in range(len(rows_of(shrunk.scenario)[:rows])):

            def fails(part: Operations, number: int = number) -> bool:
                nonlocal best
                others = rows_of(best.scenario)
                if number >= ALONE and not part:
                    return False
                others[number] = part
                fewer = self._tried(
                    of_rows(others), best.played.schedule, best, searching=searching
                )
                best = fewer or best
                return fewer is not None

            fewest(rows_of(best.scenario)[number], fails)
        return best

    def _without_threads(self, shrunk: Shrunk, *, searching: bool) -> Shrunk:
        fewer: Shrunk | None = shrunk
        while fewer is not None:
            shrunk = fewer
            candidates = without_a_thread(shrunk.scenario, shrunk.played.schedule)
            tries = (
                self._tried(scenario, schedule, shrunk, searching=searching)
                for scenario, schedule in candidates
            )
            fewer = next((found for found in tries if found is not None), None)
        return shrunk

    def _tried(
        self, scenario: Scenario, schedule: Schedule, best: Shrunk, *, searching: bool
    ) -> Shrunk | None:
        """A scenario that fails: under its schedule, or under one that is found.

        Errors: `_SpentError` where no more may be played.
        """
        if not self._budget.left:
            raise _SpentError(best)
        if not self._may_ask(scenario):
            return None
        if searching:
            preemptions = min(best.played.preemptions, SEARCH_PREEMPTIONS)
            played = self.found(scenario, preemptions)
        else:
            played = self.replayed(scenario, schedule)
        return None if played is None else Shrunk(scenario, played)

    def lowered(self, shrunk: Shrunk) -> Shrunk:
        """The same with lower numbers in its operations."""
        best = shrunk

        def fails(scenario: Scenario) -> bool:
            nonlocal best
            lower = self._tried(scenario, best.played.schedule, best, searching=False)
            best = lower or best
            return lower is not None

        Lowering(shrunk.scenario, fails).run()
        return best


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
