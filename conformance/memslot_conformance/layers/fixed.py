"""The layer of the fixed races: each explored up to a number of preemptions.

All races are taken to no preemption first, then to one, and so on, and at each
level they take turns; between two of them it may be another layer's turn. So a budget
that runs out leaves every race explored to about the same depth, and a race with many
schedules does not keep the others waiting. At each level the races come as they are,
and then once more with a look at the end, which is longer than they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from memslot_conformance.adapter.protocols import Make
from memslot_conformance.findings.collect import Findings
from memslot_conformance.findings.parts import Explored
from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import BoundEnded
from memslot_conformance.findings.trial import Counts, Trial
from memslot_conformance.layers.exploration import (
    Exploration,
    came,
    explored_words,
    owing_words,
)
from memslot_conformance.play.bounded import bounded
from memslot_conformance.play.budget import Budget
from memslot_conformance.play.played import Played
from memslot_conformance.play.threads import raced
from memslot_conformance.scenarios.drawn.met import Met
from memslot_conformance.scenarios.fixed import fixed_races, looked_at
from memslot_conformance.scenarios.notation import FixedRace
from memslot_conformance.scenarios.noted import note
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.resolve import Target
from memslot_spec.history.header import Interleaving

BOUNDS = {
    "brief": {1: 0, 2: 1, 3: 1, 4: 1},
    "quick": {1: 0, 2: 3, 3: 2, 4: 1},
    "standard": {1: 0, 2: 4, 3: 3, 4: 2},
    "deep": {1: 0, 2: 5, 3: 4, 4: 3},
}
"""The most preemptions that a race of so many threads is given.

`brief` is no level of a check: it is what the book is built with.

What of it fits the time is said in the report.
"""

LEAST = 1
"""Preemptions that every race is to come to, or the layer was cut short."""

RACED_PLAYS = 5
"""How often a race is run by threads that nobody steps; what is drawn meets more."""

TURN = 40
"""Plays of one race before it is the next one's turn."""

STOPPED = "stopped at the first finding"
"""Why a layer was cut where one finding is enough."""

REPEATS = 25
"""Plays of one race that break a clause already known before it is left."""


def _raced(make: Make, scenario: Scenario, budget: Budget) -> Iterator[Played]:
    """The race, run again and again by threads that nobody steps."""
    for number in range(RACED_PLAYS):
        if not budget.spend():
            return
        yield raced(make, scenario, disturb=Random(number))


class FixedLayer:
    """The fixed races on one target."""

    def __init__(
        self,
        target: Target,
        trial: Trial,
        findings: Findings,
        crash_record: CrashRecord,
        plan: TargetPlan,
        budget: Budget,
    ) -> None:
        self._target = target.name
        self._header = target.header
        self._trial = trial
        self._findings = findings
        self._crash_record = crash_record
        self._budget = budget
        interleaving = target.header.capabilities.interleaving
        self.over = False
        self._schedules = 0
        self._explorations = self._explore_all()
        races = [
            race
            for race in fixed_races(target.header)
            if len(race.scenario.threads) <= 1 or interleaving is not Interleaving.NONE
        ]
        # A part has its races with their looks, so that each is counted once.
        mine = races[plan.part :: plan.parts]
        looked = [looked_at(target.header, race) for race in mine]
        again = [one for one in looked if one.scenario.threads and one not in races]
        self._searches = [
            *(self._exploration(target, race, plan, looks=False) for race in mine),
            *(self._exploration(target, race, plan, looks=True) for race in again),
        ]

    def _exploration(
        self, target: Target, race: FixedRace, plan: TargetPlan, *, looks: bool
    ) -> Exploration:
        threads = len(race.scenario.threads)
        bound = BOUNDS[plan.level][max(threads, 1)]
        if plan.scenarios is not None:
            bound = min(bound, LEAST)
        plays: Iterator[Played]
        is_raced = target.header.capabilities.interleaving is Interleaving.THREADS
        if threads > 1 and is_raced:
            plays = _raced(target.make, race.scenario, self._budget)
        else:
            plays = bounded(
                target.make, race.scenario, bound, budget=self._budget, reduced=True
            )
        return Exploration(race, looks, plays, bound)

    def turn(self, steps: int) -> None:
        """Go on exploring, for about so many steps or to the end.

        Errors: `TargetBrokeError`.
        """
        counts = self._trial.counts
        goal = counts.steps + steps
        while counts.steps < goal and not self.over:
            self.over = next(self._explorations, None) is None

    def _explore_all(self) -> Iterator[Exploration]:
        """Explore them in their order, a part of one at a time."""
        deepest = max((search.bound for search in self._searches), default=0)
        for level in range(deepest + 1):
            for looks in (False, True):
                waiting = [s for s in self._searches if s.looks is looks]
                while waiting and self._budget.left:
                    for search in waiting:
                        self._explore(search, level)
                        if self._findings.enough:
                            return
                        yield search
                    waiting = [search for search in waiting if not search.done(level)]
        yield from self._explore_left_out()

    def _explore_left_out(self) -> Iterator[Exploration]:
        """Play what may only seem to be the same as what was played."""
        if not self._budget.left:
            return
        for search in self._searches:
            search.begin_again(ended=search.broke >= REPEATS)
        waiting = [s for s in self._searches if not s.over(s.bound)]
        while waiting and self._budget.left:
            for search in waiting:
                self._explore(search, search.bound)
                if self._findings.enough:
                    return
                yield search
            waiting = [s for s in waiting if not s.over(s.bound)]

    @property
    def left_out(self) -> int:
        """How many schedules were not played, for others are the same."""
        return sum(search.left_out for search in self._searches)

    @property
    def cut(self) -> str | None:
        """Why it ended before every race was explored to one preemption.

        How much deeper each race was explored is a matter of the time there is,
        and is said in what was covered.
        """
        return STOPPED if self._findings.enough else owing_words(self.explored)

    @property
    def owing(self) -> int:
        """How many races were not yet explored to one preemption, the least to do."""
        owed = (search for search in self._searches if not search.looks)
        return sum(not search.done(LEAST) for search in owed)

    def bounds(self) -> list[BoundEnded]:
        """What was explored to its end, the races of one size together."""
        of_size: dict[tuple[int, int, int], list[Exploration]] = {}
        for search in self._searches:
            if search.preemptions >= 0:
                of_size.setdefault(search.size, []).append(search)
        return [self._bound(size, of_size[size]) for size in sorted(of_size)]

    def _bound(
        self, size: tuple[int, int, int], searches: list[Exploration]
    ) -> BoundEnded:
        counts = Counts()
        for search in searches:
            counts.add(search.complete)
        threads, operations, preemptions = size
        return BoundEnded(
            target=self._target,
            threads=threads,
            operations=operations,
            preemptions=preemptions,
            races=len({search.race.name for search in searches}),
            schedules=counts.schedules,
            steps=counts.steps,
            histories=dict(counts.histories),
            orders=counts.orders,
        )

    def _explore(self, search: Exploration, level: int) -> None:
        """Play some schedules of one level, in counts of their own."""
        whole = self._trial.counts
        self._trial.counts = Counts()
        try:
            self._play(search, level, whole)
        finally:
            self._end_level(search, whole)
            self._trial.counts = whole

    def _end_level(self, search: Exploration, whole: Counts) -> None:
        search.count(self._trial.counts)
        self._schedules += self._trial.counts.schedules
        whole.add(self._trial.counts)
        self._trial.counts = Counts()

    def _play(self, search: Exploration, level: int, whole: Counts) -> None:
        scenario = search.race.scenario
        self._crash_record.say(f"fixed race {search.race.name!r}: {scenario!r}")
        note(self._crash_record, scenario)
        if not search.begun:
            search.begun = True
            self._trial.begin_scenario()
            met = Met(self._header)
            met.scenario(scenario)
            self._trial.counts.met.update(met.counter)
        for _ in range(TURN):
            if search.over(level) or not self._budget.left:
                return
            played = search.next_play()
            if played is None:
                search.ended = self._budget.left
                return
            if played.preemptions > level:
                # What was left of the level was left out.
                self._end_level(search, whole)
            findings = self._trial.try_play(played, scenario)
            if findings:
                self._findings.take(findings, played, scenario, "fixed")
                search.broke += 1
                if self._findings.enough:
                    return
                if search.broke >= REPEATS:
                    search.ended = True

    @property
    def explored(self) -> Explored:
        """What was explored, in numbers."""
        races = [search for search in self._searches if search.race.scenario.threads]
        return Explored(
            len(self._searches) - len(races),
            came(search for search in races if not search.looks),
            came(search for search in races if search.looks),
            self.owing,
            self._budget.late,
            self._schedules,
            self.left_out,
        )

    @property
    def covered(self) -> str:
        """What was explored, in words."""
        return explored_words(self.explored)
