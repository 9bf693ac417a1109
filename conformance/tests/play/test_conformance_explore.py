"""Exploration: what bounded covers, what sampled finds, what replay repeats."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from itertools import count
from math import comb

import pytest

from memslot_conformance.play.bounded import bounded
from memslot_conformance.play.budget import Budget
from memslot_conformance.play.determinism import (
    Nondeterministic,
    first_difference,
    self_check,
)
from memslot_conformance.play.explore import replay, sampled
from memslot_conformance.play.played import Played, TargetFault
from memslot_conformance.play.reduction import NotRepeatableError
from memslot_conformance.scenarios.scenario import Run, Scenario, joined, without_thread
from memslot_spec.history.events import Call, Finished, Return
from memslot_spec.history.header import Interleaving
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.mmu import MmuLocked, MmuUnlocked
from memslot_spec.history.points.tables import TableLoaded
from memslot_spec.model.operations import CountRmaps, MmuPages, TssBase
from memslot_spec.model.replies import Done, Number, Reply
from memslot_spec.model.values import MemoryRegion


class Toy:
    """A counter that loses an update to a preemption, and one with a lock."""

    interleaving = Interleaving.POINTS

    def __init__(self, hook: Hook) -> None:
        self.hook = hook
        self.count = 0
        self.locked = False

    def set_region(self, region: MemoryRegion) -> Reply:  # noqa: ARG002
        return Done()

    def mmu_pages(self) -> int:
        count = self.count
        self.hook.point(TableLoaded, count)
        self.count = count + 1
        return self.count

    def count_rmaps(self) -> int:
        self.hook.wait(lambda: not self.locked, "mmu_lock")
        self.locked = True
        self.hook.point(MmuLocked)
        count = self.mmu_pages()
        self.locked = False
        self.hook.point(MmuUnlocked)
        return count

    def tss_base(self) -> int:
        self.hook.point(TableLoaded, random.randrange(1 << 30))
        return 0


def of(operation: MmuPages | CountRmaps, *counts: int) -> Scenario:
    return Scenario(threads=tuple((operation,) * count for count in counts))


def lost(played: Played) -> bool:
    numbers = [e.reply for e in played.events if isinstance(e, Return)]
    return Number(len(numbers)) not in numbers


def interleavings(steps: tuple[int, ...], current: int | None) -> Iterator[int]:
    """The preemptions of every order in which threads can take so many steps."""
    able = [thread for thread, left in enumerate(steps) if left]
    if not able:
        yield 0
    for thread in able:
        left = (*steps[:thread], steps[thread] - 1, *steps[thread + 1 :])
        preempted = thread != current and current in able
        for preemptions in interleavings(left, thread):
            yield preemptions + preempted


@pytest.mark.parametrize("counts", [(1, 1), (2, 1), (2, 2), (1, 1, 1), (2, 1, 1)])
def test_bounded_plays_every_schedule_once(counts: tuple[int, ...]) -> None:
    # An operation is two steps: to its point, and to its end.
    steps = tuple(2 * count for count in counts)
    expected = Counter(interleavings(steps, None))
    for bound in range(4):
        search = bounded(Toy, of(MmuPages(), *counts), bound)
        played = list(search)
        assert search.complete
        assert search.covered == bound
        assert search.played == len(played)
        found = Counter(p.preemptions for p in played)
        assert found == Counter({k: n for k, n in expected.items() if k <= bound})
        assert len({p.schedule for p in played}) == len(played)


def test_a_large_bound_plays_all_interleavings_of_two_threads() -> None:
    assert len(list(bounded(Toy, of(MmuPages(), 2, 1), 9))) == comb(6, 2)


def test_bounded_plays_the_fewest_preemptions_first() -> None:
    preemptions = [p.preemptions for p in bounded(Toy, of(MmuPages(), 2, 2), 3)]
    assert preemptions == sorted(preemptions)


def test_a_lost_update_takes_exactly_one_preemption() -> None:
    scenario = of(MmuPages(), 1, 1)
    assert not any(lost(p) for p in bounded(Toy, scenario, 0))
    found = [p for p in bounded(Toy, scenario, 1) if lost(p)]
    assert {p.preemptions for p in found} == {1}
    assert not any(lost(p) for p in bounded(Toy, of(CountRmaps(), 2, 1), 3))


def test_a_wait_makes_the_choice_of_the_next_thread_free() -> None:
    for played in bounded(Toy, of(CountRmaps(), 1, 1, 1), 2):
        assert played.error is None
        assert played.events[-1] == Finished(0, ())


def test_a_search_that_is_cut_says_so() -> None:
    scenario = of(MmuPages(), 2, 2)
    budget = Budget(plays=10)
    cut = bounded(Toy, scenario, 3, budget=budget)
    assert len(list(cut)) == 10
    assert not cut.complete
    # Two without a preemption, six with one, and two of those with two.
    assert cut.covered == 1
    assert (budget.spent, budget.left) == (10, False)


def test_a_search_whose_time_is_over_says_so() -> None:
    seconds = count()
    budget = Budget(seconds=6, clock=lambda: float(next(seconds)))
    late = bounded(Toy, of(MmuPages(), 2, 2), 3, budget=budget)
    # The clock is looked at once when the budget is made, and before each play.
    assert len(list(late)) == 5
    assert (late.complete, late.covered) == (False, 0)
    assert (budget.left, budget.late) == (False, True)


def test_a_search_within_exactly_its_budget_is_complete() -> None:
    search = bounded(Toy, of(MmuPages(), 1, 1), 0, budget=Budget(plays=2))
    assert len(list(search)) == 2
    assert search.complete


def test_bounded_notices_a_target_that_changes_its_mind() -> None:
    plays = iter(range(100))

    class Fickle(Toy):
        def __init__(self, hook: Hook) -> None:
            super().__init__(hook)
            self.locked = next(plays) > 0

    told = (
        r"^at decision 1 of the same schedule thread 1 could run before, "
        r"and now only \(2,\) can$"
    )
    with pytest.raises(NotRepeatableError, match=told):
        list(bounded(Fickle, Scenario(threads=((CountRmaps(),), (CountRmaps(),))), 2))


def test_sampled_is_a_function_of_its_seed_and_finds_the_lost_update() -> None:
    scenario = of(MmuPages(), 2, 2)
    one = list(sampled(Toy, scenario, random.Random(7), 40))
    two = list(sampled(Toy, scenario, random.Random(7), 40))
    assert one == two
    assert len(one) == 40
    assert any(lost(p) for p in one[::2])
    assert any(lost(p) for p in one[1::2])


@pytest.mark.parametrize("operation", [MmuPages(), CountRmaps()])
def test_replay_repeats_what_was_played(operation: MmuPages | CountRmaps) -> None:
    scenario = of(operation, 2, 2, 1)
    for played in sampled(Toy, scenario, random.Random(1), 50):
        assert replay(Toy, scenario, played.schedule) == played


def test_replay_says_where_it_diverges() -> None:
    scenario = of(MmuPages(), 1, 1)
    early = replay(Toy, scenario, (Run(1, 5), Run(2, 1)))
    assert early.diverged == "at decision 3 thread 1 cannot go on for another 3"
    absent = replay(Toy, scenario, (Run(3, 1),))
    assert absent.diverged == "at decision 1 thread 3 cannot go on for another 1"
    unused = replay(Toy, scenario, (Run(1, 2), Run(2, 2), Run(1, 1)))
    assert unused.diverged == "at decision 5 thread 1 cannot go on for another 1"
    # What was played instead has a schedule of its own, and that can be followed.
    assert replay(Toy, scenario, early.schedule).diverged is None


def test_the_self_check_passes_a_deterministic_target() -> None:
    scenario = of(CountRmaps(), 2, 2)
    assert self_check(Toy, scenario, (Run(2, 2), Run(1, 1))) is None


def test_the_self_check_names_the_first_step_that_differs() -> None:
    found = self_check(Toy, Scenario(prefix=(MmuPages(), TssBase())))
    assert found is not None
    assert found.step == 5
    assert isinstance(found.first, TableLoaded)
    assert isinstance(found.second, TableLoaded)
    assert str(found).startswith("the same schedule went two ways: step 5 was Table")


def test_the_self_check_names_a_play_that_went_on() -> None:
    lengths = iter((1, 2))

    class Growing(Toy):
        def __init__(self, hook: Hook) -> None:
            super().__init__(hook)
            self.length = next(lengths)

        def tss_base(self) -> int:
            for _ in range(self.length):
                self.hook.point(MmuLocked)
            return 0

    found = self_check(Growing, Scenario(prefix=(TssBase(),)))
    assert found == Nondeterministic(3, Return(0, Number(0)), MmuLocked(0))


def test_one_play_that_broke_is_enough_to_be_told_of() -> None:
    whole = Played(events=(Call(0, TssBase()), Return(0, Number(0))))
    broken = Played(events=whole.events[:1], error=TargetFault(0, TssBase(), "broken"))
    for pair in ((whole, broken), (broken, whole)):
        found = first_difference(*pair)
        assert found is not None
        assert (found.step, found.error) == (2, "broken")


def test_a_difference_is_told_with_what_broke_the_target_if_anything_did() -> None:
    went = "the same schedule went two ways: step 3 was None, and the second time None"
    assert str(Nondeterministic(3, None, None)) == went
    broke = Nondeterministic(3, None, None, "KeyError: 1")
    assert str(broke) == f"{went}; it broke by KeyError: 1"


def test_schedules_are_joined_and_renumbered() -> None:
    schedule = (Run(1, 2), Run(2, 3), Run(1, 0), Run(2, 1), Run(3, 1))
    assert joined(schedule) == (Run(1, 2), Run(2, 4), Run(3, 1))
    assert without_thread(schedule, 2) == (Run(1, 2), Run(2, 1))
    assert without_thread(schedule, 1) == (Run(1, 4), Run(2, 1))
