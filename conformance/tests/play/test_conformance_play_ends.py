"""How a play ends: every thread is over, and a target that breaks is an error."""

from __future__ import annotations

import gc
import weakref
from ctypes import CFUNCTYPE

import pytest
from greenlet import greenlet  # type: ignore[import-untyped, unused-ignore]

from memslot_conformance.adapter.protocols import Implementation
from memslot_conformance.play.explore import replay
from memslot_conformance.play.scheduler import play
from memslot_conformance.play.stepping import overrun_words
from memslot_conformance.scenarios.scenario import Run, Scenario
from memslot_spec.history.events import Finished, Return
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.mmu import MmuUnlocked
from memslot_spec.history.points.tables import TableLoaded, TableRead
from memslot_spec.history.views import View
from memslot_spec.model.operations import CountRmaps, Halt, MmuPages, TssBase
from memslot_spec.model.replies import Number
from toys import TWO, Locks, Toy


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
    assert played.error.message == overrun_words(100)
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
