"""The scheduler: what is recorded, where it switches, and who waits for whom."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest

from memslot_conformance.play.explore import replay
from memslot_conformance.play.scheduler import Play, play, stay
from memslot_conformance.play.stepping import SteppingHook
from memslot_conformance.scenarios.scenario import Run, Scenario
from memslot_spec.history.events import Call, Event, Finished, Observed, Return
from memslot_spec.history.header import Interleaving
from memslot_spec.history.points.mmu import MmuLocked, MmuUnlocked
from memslot_spec.history.points.tables import TableLoaded, TableRead, UpdateLocked
from memslot_spec.history.views import View
from memslot_spec.model.operations import (
    CountRmaps,
    Halt,
    MmuPages,
    Operation,
    TssBase,
)
from memslot_spec.model.replies import Number
from memslot_spec.model.values import EMPTY
from toys import TWO, Locks, Toy, points


def test_a_play_records_calls_points_replies_and_what_is_observed() -> None:
    scenario = Scenario((MmuPages(),), ((MmuPages(),),))
    observed = Observed(0, View(table=EMPTY))
    assert play(Toy, scenario).events == (
        Call(0, MmuPages()),
        TableLoaded(0, 0),
        TableRead(0, 0, "count"),
        Return(0, Number(1)),
        Call(1, MmuPages()),
        TableLoaded(1, 1),
        TableRead(1, 1, "count"),
        Return(1, Number(2)),
        observed,
        Finished(0, ()),
    )


def test_the_default_schedule_is_empty_and_runs_threads_one_by_one() -> None:
    played = play(Toy, TWO)
    assert [e.thread for e in points(played)] == [1] * 4 + [2] * 4 + [0]
    assert played.schedule == ()
    assert played.preemptions == 0
    assert played.decisions == 4


def test_a_switch_happens_at_switching_points_alone() -> None:
    def alternate(
        runnable: tuple[int, ...], current: int | None, _events: Sequence[Event]
    ) -> int:
        return next((t for t in runnable if t != current), runnable[0])

    played = play(Toy, TWO, alternate)
    assert points(played)[:-1] == [
        Call(1, MmuPages()),
        TableLoaded(1, 0),
        Call(2, MmuPages()),
        TableLoaded(2, 0),
        TableRead(1, 0, "count"),
        Return(1, Number(1)),
        TableRead(2, 0, "count"),
        Return(2, Number(1)),
    ]
    assert played.preemptions == 2
    assert played.schedule == (Run(1, 1), Run(2, 1), Run(1, 1))
    threads = [run.thread for run in played.schedule]
    assert sum(one != other for one, other in pairwise(threads)) == 2


def test_a_thread_can_be_kept_from_beginning_its_next_operation() -> None:
    scenario = Scenario(threads=((Halt(), Halt()), (Halt(),)))

    class Halting(Toy):
        def halt(self) -> None:
            return

    played = replay(Halting, scenario, (Run(1, 1), Run(2, 1)))
    threads = [e.thread for e in played.events if isinstance(e, Call)]
    assert threads == [1, 2, 1]
    assert played.diverged is None


def test_the_chooser_sees_who_can_run_and_the_newest_event() -> None:
    seen: list[tuple[tuple[int, ...], int | None, Event | None]] = []

    def choose(
        runnable: tuple[int, ...], current: int | None, events: Sequence[Event]
    ) -> int:
        seen.append((runnable, current, events[-1] if events else None))
        return stay(runnable, current, events)

    play(Toy, TWO, choose)
    assert seen == [
        ((1, 2), None, None),
        ((1, 2), 1, TableLoaded(1, 0)),
        ((2,), None, Return(1, Number(1))),
        ((2,), 2, TableLoaded(2, 1)),
    ]


def test_refuses_a_choice_that_cannot_run() -> None:
    with pytest.raises(
        ValueError, match=r"^thread 7 was chosen, but only \(1, 2\) can run$"
    ):
        play(Toy, TWO, lambda _runnable, _current, _last: 7)


def test_a_deadlock_ends_the_history_with_who_is_stuck() -> None:
    scenario = Scenario(threads=((CountRmaps(),), (TssBase(),)), after=(TssBase(),))
    played = replay(Locks, scenario, (Run(1, 1), Run(2, 1)))
    assert played.error is None
    assert played.events == (
        Call(1, CountRmaps()),
        MmuLocked(1),
        Call(2, TssBase()),
        UpdateLocked(2),
        Finished(0, (1, 2)),
    )
    assert played.waits == ("UpdateLocked is held", "MmuLocked is held")


def test_without_the_preemption_there_is_no_deadlock() -> None:
    scenario = Scenario(threads=((CountRmaps(),), (TssBase(),)))
    assert play(Locks, scenario).events[-1] == Finished(0, ())


def test_a_wait_of_the_only_thread_is_for_ever() -> None:
    class Forgetful(Locks):
        def count_rmaps(self) -> int:
            self.take(MmuLocked)
            return 0

    scenario = Scenario(prefix=(CountRmaps(), CountRmaps()), threads=((TssBase(),),))
    played = play(Forgetful, scenario)
    assert played.events[-2:] == (Call(0, CountRmaps()), Finished(0, (0,)))


def test_nothing_runs_between_a_wait_that_came_true_and_its_return() -> None:
    class Exclusive(Locks):
        def count_rmaps(self) -> int:
            self.hook.wait(lambda: not self.held, "held")
            assert not self.held
            self.held.add(1)
            self.hook.point(MmuLocked)
            self.held.clear()
            self.hook.point(MmuUnlocked)
            return 0

    scenario = Scenario(threads=((CountRmaps(),) * 2,) * 3)
    # Each takes the lock while the other two are waiting for it.
    played = replay(Exclusive, scenario, (Run(1, 1), Run(2, 1), Run(3, 1)))
    assert played.error is None
    assert played.events[-1] == Finished(0, ())


def test_a_target_not_made_to_be_stepped_is_switched_between_operations() -> None:
    class Plain(Toy):
        interleaving = Interleaving.NONE

    scenario = Scenario(threads=((MmuPages(),) * 2, (MmuPages(),) * 2))
    played = replay(Plain, scenario, (Run(1, 1), Run(2, 1), Run(1, 1)))
    calls = [e.thread for e in played.events if isinstance(e, (Call, Return))]
    assert calls == [1, 1, 2, 2, 1, 1, 2, 2]
    assert played.diverged is None


def test_a_play_can_be_driven_one_operation_at_a_time() -> None:
    play_of_one = Play(Toy)
    assert play_of_one.alone((MmuPages(),))
    seen = len(play_of_one.events)
    assert play_of_one.alone((MmuPages(),))
    assert play_of_one.events[seen:][-2] == Return(0, Number(2))
    assert play_of_one.played().events[-1] == Finished(0, ())


def test_refuses_to_stop_where_nothing_else_can_run() -> None:
    told = "^the implementation cannot stop here: nothing else can run$"
    with pytest.raises(RuntimeError, match=told):
        SteppingHook().pause()
    with pytest.raises(RuntimeError, match=told):
        SteppingHook().wait(lambda: False, "never")


def test_values_have_reprs_that_are_python() -> None:
    scenario = Scenario(threads=((MmuPages(),),), after=(Halt(),))
    schedule = (Run(1, 2), Run(thread=2, points=1))
    assert eval(repr(scenario)) == scenario  # noqa: S307 - of our own making
    assert eval(repr(schedule)) == schedule  # noqa: S307
    assert scenario.operations == 2


def test_a_race_says_whether_it_is_still_going() -> None:
    adds: tuple[Operation, ...] = (MmuPages(),)
    fine = Play(Toy)
    assert fine.race((adds, adds), stay) is True
    seen = len(fine.events)
    assert fine.race((), stay) is True
    assert len(fine.events) == seen

    def by_turns(
        runnable: tuple[int, ...], current: int | None, _events: Sequence[Event]
    ) -> int:
        return next((t for t in runnable if t != current), runnable[0])

    stuck = Play(Locks)
    assert stuck.race(((CountRmaps(),), (TssBase(),)), by_turns) is False
    seen = len(stuck.events)
    assert stuck.race((adds,), stay) is False
    assert stuck.race((), stay) is False
    assert stuck.alone(adds) is False
    assert len(stuck.events) == seen
    assert stuck.played().events[-1] == Finished(0, (1, 2))
