"""The scheduler: what is recorded, where it switches, and how a play ends."""

from __future__ import annotations

import gc
import weakref
from ctypes import CFUNCTYPE
from itertools import pairwise

import pytest
from greenlet import greenlet  # type: ignore[import-untyped, unused-ignore]

from memslot_conformance.adapter.protocols import Implementation
from memslot_conformance.play.explore import replay
from memslot_conformance.play.played import Played
from memslot_conformance.play.scheduler import Play, play, stay
from memslot_conformance.play.stepping import SteppingHook
from memslot_conformance.scenarios.scenario import Run, Scenario
from memslot_spec.history.events import Call, Event, Finished, Observed, Return
from memslot_spec.history.header import Interleaving
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.mmu import MmuLocked, MmuUnlocked
from memslot_spec.history.points.tables import TableLoaded, TableRead, UpdateLocked
from memslot_spec.history.views import View
from memslot_spec.model.operations import CountRmaps, Halt, MmuPages, TssBase
from memslot_spec.model.replies import Done, Number, Reply
from memslot_spec.model.values import EMPTY, MemoryRegion


class Toy:
    """A counter: `mmu_pages` adds one to it, with a place to switch in between."""

    interleaving = Interleaving.POINTS

    def __init__(self, hook: Hook) -> None:
        self.hook = hook
        self.count = 0

    def set_region(self, region: MemoryRegion) -> Reply:  # noqa: ARG002
        return Done()

    def mmu_pages(self) -> int:
        count = self.count
        self.hook.point(TableLoaded, count)
        self.hook.point(TableRead, count, "count")
        self.count = count + 1
        return self.count

    def observe(self) -> View:
        self.hook.point(TableLoaded, 99)
        return View(table=EMPTY)


class Locks(Toy):
    """Two locks, taken in the one order or in the other."""

    def __init__(self, hook: Hook) -> None:
        super().__init__(hook)
        self.held: set[object] = set()
        self.ended: list[str] = []

    def take(self, kind: type[MmuLocked | UpdateLocked]) -> None:
        self.hook.wait(lambda: kind not in self.held, f"{kind.__name__} is held")
        self.held.add(kind)
        self.hook.point(kind)

    def count_rmaps(self) -> int:
        return self.both(MmuLocked, UpdateLocked)

    def tss_base(self) -> int:
        return self.both(UpdateLocked, MmuLocked)

    def both(self, *kinds: type[MmuLocked | UpdateLocked]) -> int:
        try:
            for kind in kinds:
                self.take(kind)
            self.held.clear()
            self.hook.point(MmuUnlocked)
        finally:
            self.ended.append(type(self).__name__)
            self.hook.point(MmuUnlocked)
        return 0


TWO = Scenario(threads=((MmuPages(),), (MmuPages(),)))


def points(played: Played) -> list[Event]:
    return [e for e in played.events if not isinstance(e, Observed)]


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
        runnable: tuple[int, ...], current: int | None, _last: Event | None
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
        runnable: tuple[int, ...], current: int | None, last: Event | None
    ) -> int:
        seen.append((runnable, current, last))
        return stay(runnable, current, last)

    play(Toy, TWO, choose)
    assert seen == [
        ((1, 2), None, None),
        ((1, 2), 1, TableLoaded(1, 0)),
        ((2,), None, Return(1, Number(1))),
        ((2,), 2, TableLoaded(2, 1)),
    ]


def test_refuses_a_choice_that_cannot_run() -> None:
    with pytest.raises(ValueError, match=r"thread 7 was chosen, but only \(1, 2\)"):
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


def greenlets() -> int:
    gc.collect()
    return sum(isinstance(o, greenlet) and bool(o) for o in gc.get_objects())


def test_no_greenlet_outlives_its_play() -> None:
    before = greenlets()
    made: list[Locks] = []

    def make(hook: Hook) -> Implementation:
        made.append(Locks(hook))
        return made[-1]

    scenario = Scenario(threads=((CountRmaps(),), (TssBase(),)))
    played = replay(make, scenario, (Run(1, 1), Run(2, 1)))
    assert greenlets() == before
    # The parked threads ran their `finally`, and announced nothing by it.
    assert made[0].ended == ["Locks", "Locks"]
    assert not any(isinstance(e, MmuUnlocked) for e in played.events)
    gone = weakref.ref(made.pop())
    gc.collect()
    assert gone() is None


def test_a_target_that_swallows_its_end_is_ended_at_the_next_point() -> None:
    survived: list[str] = []

    class Stubborn(Locks):
        def count_rmaps(self) -> int:
            try:
                return super().count_rmaps()
            except BaseException:  # noqa: BLE001 - that is the point
                survived.append("first")
            self.hook.point(MmuUnlocked)
            survived.append("second")
            return 0

    before = greenlets()
    scenario = Scenario(threads=((CountRmaps(), Halt()), (TssBase(),)))
    played = replay(Stubborn, scenario, (Run(1, 1), Run(2, 1)))
    assert played.events[-1] == Finished(0, (1, 2))
    assert len(played.events) == 5
    assert survived == ["first"]
    assert greenlets() == before


def test_a_thread_is_switched_under_a_frame_of_c() -> None:
    class Foreign(Toy):
        def mmu_pages(self) -> int:
            count = self.count
            point = CFUNCTYPE(None)(lambda: self.hook.point(TableLoaded, count))
            point()
            self.count = count + 1
            return self.count

    played = replay(Foreign, TWO, (Run(1, 1), Run(2, 2)))
    replies = [e.reply for e in played.events if isinstance(e, Return)]
    assert replies == [Number(1), Number(1)]
    assert played.diverged is None


def test_an_exception_of_the_chooser_ends_every_thread() -> None:
    before = greenlets()
    calls = iter(range(2))

    def choose(runnable: tuple[int, ...], *_: object) -> int:
        next(calls)
        return runnable[-1]

    with pytest.raises(StopIteration):
        play(Toy, TWO, choose)
    assert greenlets() == before


class Raising(Toy):
    """It does not survive the second addition."""

    def mmu_pages(self) -> int:
        count = super().mmu_pages()
        if count == 2:
            message = "poisoned"
            raise ValueError(message)
        return count


def test_a_target_that_raises_ends_the_play_as_an_error() -> None:
    scenario = Scenario(
        prefix=(MmuPages(),), threads=((MmuPages(),), (MmuPages(),)), after=(Halt(),)
    )
    played = play(Raising, scenario)
    assert played.error is not None
    assert played.error.thread == 1
    assert played.error.operation == MmuPages()
    assert played.error.message == "ValueError: poisoned"
    assert "in mmu_pages" in played.error.traceback
    assert "in perform" not in played.error.traceback
    assert played.events[-1] == TableRead(1, 1, "count")


def test_a_target_that_exits_or_cannot_be_made_is_an_error() -> None:
    class Exiting(Toy):
        def mmu_pages(self) -> int:
            raise SystemExit(3)

    def unmakable(hook: Hook) -> Implementation:
        message = f"no {hook.__class__.__name__} wanted"
        raise OSError(message)

    exited = play(Exiting, TWO).error
    assert exited is not None
    assert exited.message == "SystemExit: 3"
    played = play(unmakable, TWO)
    assert played.error is not None
    assert (played.error.thread, played.error.operation) == (0, None)
    assert played.error.message == "OSError: no SteppingHook wanted"
    assert played.events == ()


def test_a_predicate_that_raises_is_an_error_of_its_thread() -> None:
    class BadPredicate(Toy):
        def halt(self) -> None:
            asked = iter((False,))
            self.hook.wait(lambda: next(asked), "twice")

    played = play(BadPredicate, Scenario(threads=((Halt(),), (MmuPages(),))))
    assert played.error is not None
    assert (played.error.thread, played.error.operation) == (1, Halt())


@pytest.mark.parametrize("place", ["prefix", "race", "after"])
def test_a_target_that_does_not_finish_is_an_error(place: str) -> None:
    class Endless(Toy):
        def halt(self) -> None:
            while True:
                self.hook.point(TableRead, 0, "again")

    scenario = {
        "prefix": Scenario(prefix=(Halt(),)),
        "race": Scenario(threads=((Halt(),), (MmuPages(),))),
        "after": Scenario(after=(Halt(),)),
    }[place]
    before = greenlets()
    played = play(Endless, scenario, step_limit=100)
    assert played.error is not None
    assert played.error.operation == Halt()
    assert played.error.message == "did not finish within 100 steps"
    assert len(played.events) == 101
    assert greenlets() == before


def test_introspection_that_breaks_or_waits_is_an_error() -> None:
    class Broken(Toy):
        def observe(self) -> View:
            raise KeyError(0)

    class Waiting(Toy):
        def observe(self) -> View:
            self.hook.wait(lambda: False, "mmu_lock")
            return View()

    for make, message in (
        (Broken, "KeyError: 0"),
        (Waiting, "observe() waits for ever: mmu_lock"),
    ):
        played = play(make, Scenario(prefix=(MmuPages(),)))
        assert played.error is not None
        assert (played.error.operation, played.error.message) == (None, message)
        assert played.events[-1] == Return(0, Number(1))


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
    with pytest.raises(RuntimeError, match="nothing else can run"):
        SteppingHook().pause()
    with pytest.raises(RuntimeError, match="nothing else can run"):
        SteppingHook().wait(lambda: False, "never")


def test_values_have_reprs_that_are_python() -> None:
    scenario = Scenario(threads=((MmuPages(),),), after=(Halt(),))
    schedule = (Run(1, 2), Run(thread=2, points=1))
    assert eval(repr(scenario)) == scenario  # noqa: S307 - of our own making
    assert eval(repr(schedule)) == schedule  # noqa: S307
    assert scenario.operations == 2
