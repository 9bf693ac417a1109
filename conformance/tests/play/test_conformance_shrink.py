"""Shrinking: what is left of a failure is the least that still fails."""

from __future__ import annotations

from random import Random

import pytest

from memslot_conformance.play.budget import Budget
from memslot_conformance.play.explore import sampled
from memslot_conformance.play.played import Played
from memslot_conformance.play.shrink import (
    SEARCH_PLAYS,
    SEARCH_PREEMPTIONS,
    shrink_scenario,
    shrink_schedule,
    usual_budget,
)
from memslot_conformance.scenarios.scenario import Run, Scenario
from memslot_spec.history.events import Call, Return
from memslot_spec.history.header import Interleaving
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.srcu import SectionEntered
from memslot_spec.history.points.tables import TableLoaded, TablePublished
from memslot_spec.model.operations import CountRmaps, MmuPages, TssBase
from memslot_spec.model.replies import Done, Number, Reply, Visible
from memslot_spec.model.values import EMPTY, MemoryRegion


class Toy:
    """A counter that loses updates, and a torn read that takes two preemptions."""

    interleaving = Interleaving.POINTS

    def __init__(self, hook: Hook) -> None:
        self.hook = hook
        self.count = 0
        self.low = 0
        self.high = 0

    def set_region(self, region: MemoryRegion) -> Reply:  # noqa: ARG002
        return Done()

    def mmu_pages(self) -> int:
        self.hook.point(SectionEntered, 0)
        count = self.count
        self.hook.point(TableLoaded, count)
        self.hook.point(SectionEntered, 1)
        self.count = count + 1
        return self.count

    def count_rmaps(self) -> int:
        """Publishes a pair of equal numbers, in two halves."""
        for _ in range(3):
            self.hook.point(SectionEntered, 0)
        self.low += 1
        self.hook.point(TablePublished, 0, EMPTY)
        self.high += 1
        self.hook.point(SectionEntered, 1)
        return 0

    def tss_base(self) -> int:
        """Reads the pair; -1 where the first half is the newer by one."""
        self.hook.point(SectionEntered, 0)
        torn = self.low != self.high
        self.hook.point(TableLoaded, 0)
        return -1 if torn else 0

    def is_visible_gfn(self, gfn: int) -> bool:
        return gfn == 0


def lost(played: Played) -> bool:
    numbers = [
        e.reply for e in played.events if isinstance(e, Return) and e.reply != Number(0)
    ]
    return bool(numbers) and Number(len(numbers)) not in numbers


def torn(played: Played) -> bool:
    return Return(1, Number(-1)) in played.events


PAGES = Scenario(threads=((MmuPages(),) * 3, (MmuPages(),) * 3, (MmuPages(),) * 2))
LEAST = (Run(1, 2), Run(2, 1)), (Run(2, 2), Run(1, 1))
"""One thread has loaded the count, and the other overtakes it."""

PAIR = Scenario(threads=((TssBase(),), (CountRmaps(),) * 2))


def plenty() -> Budget:
    """More plays than any of these takes, and no time."""
    return Budget(plays=2_000)


def failing(scenario: Scenario, seed: int = 0) -> Played:
    """A failure that was preempted often."""
    plays = sampled(Toy, scenario, Random(seed), 2_000)
    return next(p for p in plays if (lost(p) or torn(p)) and p.preemptions > 5)


@pytest.mark.parametrize("seed", range(5))
def test_a_schedule_shrinks_to_one_preemption_and_few_points(seed: int) -> None:
    played = failing(PAGES, seed)
    shrunk = shrink_schedule(Toy, PAGES, played.schedule, lost, budget=plenty())
    assert lost(shrunk)
    assert shrunk.preemptions == 1
    # Thread 1 loads and is overtaken; the rest is what comes without being asked.
    assert len(shrunk.schedule) == 2


def test_a_schedule_of_one_race_shrinks_to_the_least_there_is() -> None:
    scenario = Scenario(threads=((MmuPages(),), (MmuPages(),)))
    schedule = (Run(2, 1), Run(1, 3), Run(2, 2), Run(1, 1))
    shrunk = shrink_schedule(Toy, scenario, schedule, lost, budget=plenty())
    assert shrunk.preemptions == 1
    assert shrunk.schedule in LEAST


def test_two_preemptions_that_are_needed_stay() -> None:
    played = failing(Scenario(threads=(*PAIR.threads, (MmuPages(),) * 3)), 3)
    scenario = Scenario(threads=(*PAIR.threads, (MmuPages(),) * 3))
    shrunk = shrink_schedule(Toy, scenario, played.schedule, lost, budget=plenty())
    assert shrunk.preemptions <= 1
    pair = shrink_schedule(
        Toy, PAIR, (Run(1, 1), Run(2, 4), Run(1, 2)), torn, budget=plenty()
    )
    assert pair.preemptions == 1
    assert pair.schedule == (Run(2, 4), Run(1, 1))


def test_fewer_runs_are_shorter_where_preemptions_and_points_are_as_many() -> None:
    scenario = Scenario(threads=((TssBase(),), (TssBase(),), (MmuPages(),)))
    four = (Run(3, 3), Run(2, 1), Run(3, 1), Run(2, 1))
    three = (Run(3, 3), Run(2, 2), Run(3, 1))

    def is_one_of_them(played: Played) -> bool:
        assert played.schedule not in {four, three} or played.preemptions == 2
        return played.schedule in {four, three}

    shrunk = shrink_schedule(Toy, scenario, four, is_one_of_them, budget=plenty())
    assert shrunk.schedule == three


def test_refuses_a_schedule_that_does_not_fail() -> None:
    told = "^only a failing schedule can be shrunk, and this one does not fail$"
    with pytest.raises(ValueError, match=told):
        shrink_schedule(Toy, PAGES, (), lost, budget=plenty())
    with pytest.raises(ValueError, match=told):
        shrink_scenario(Toy, PAGES, (), lost, budget=plenty())


def test_a_scenario_loses_what_the_failure_does_not_need() -> None:
    noise = (TssBase(), CountRmaps())
    scenario = Scenario(
        prefix=noise * 2,
        threads=((CountRmaps(), MmuPages(), TssBase()), noise, (MmuPages(),) * 2),
        after=noise,
    )
    played = failing(scenario)
    shrunk = shrink_scenario(Toy, scenario, played.schedule, lost, budget=plenty())
    assert shrunk.scenario == Scenario(threads=((MmuPages(),), (MmuPages(),)))
    assert shrunk.played.schedule in LEAST
    assert shrunk.played.diverged is None


def test_a_failure_without_a_race_leaves_the_race() -> None:
    def bad(played: Played) -> bool:
        return any(
            isinstance(e, Return) and e.reply in (Number(2), Visible(visible=True))
            for e in played.events
        )

    scenario = Scenario(prefix=(TssBase(),), threads=((MmuPages(),) * 3, (TssBase(),)))
    shrunk = shrink_scenario(Toy, scenario, (), bad, budget=plenty())
    assert shrunk.scenario == Scenario(prefix=(MmuPages(), MmuPages()))
    assert shrunk.played.schedule == ()


def test_shrinking_stays_within_its_budget() -> None:
    played = failing(PAGES)
    asked: list[Played] = []

    def still_fails(candidate: Played) -> bool:
        asked.append(candidate)
        return lost(candidate)

    budget = Budget(plays=9)
    shrunk = shrink_scenario(Toy, PAGES, played.schedule, still_fails, budget=budget)
    assert lost(shrunk.played)
    assert budget.spent == 9
    assert len(asked) <= 9


def test_shrinking_has_a_budget_of_its_own_where_none_is_given() -> None:
    usual = usual_budget()
    assert usual.seconds_left <= 20
    assert sum(usual.spend() for _ in range(3_000)) == 2_000
    assert (SEARCH_PLAYS, SEARCH_PREEMPTIONS) == (100, 2)
    schedule = (Run(2, 2), Run(1, 4), Run(2, 2))
    shrunk = shrink_schedule(Toy, PAGES, schedule, lost)
    assert shrunk.preemptions == 1
    least = shrink_scenario(Toy, PAGES, schedule, lost)
    assert least.scenario == Scenario(threads=((MmuPages(),), (MmuPages(),)))


def test_a_thread_may_begin_to_fail_only_when_it_goes_on_to_its_end() -> None:
    scenario = Scenario(threads=((MmuPages(),), (CountRmaps(),) * 2))

    def overtaken(played: Played) -> bool:
        """The second thread has ended before the first one has."""
        returns = [e.thread for e in played.events if isinstance(e, Return)]
        calls = [e.thread for e in played.events if isinstance(e, Call)]
        return returns == [2, 2, 1] and calls[0] == 1

    schedule = (Run(1, 1), Run(2, 9), Run(1, 1), Run(2, 4), Run(1, 1))
    shrunk = shrink_schedule(Toy, scenario, schedule, overtaken, budget=plenty())
    assert shrunk.schedule == (Run(1, 1), Run(2, 1))
