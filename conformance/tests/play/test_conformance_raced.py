"""Races on OS threads: what is recorded, and how a race that hangs ends."""

from __future__ import annotations

import sys
import threading

from memslot_conformance.adapter.protocols import Implementation
from memslot_conformance.play.played import Played, TargetFault
from memslot_conformance.play.threads import raced
from memslot_conformance.scenarios.scenario import Scenario
from memslot_spec.history.events import Call, Finished, Observed, Return
from memslot_spec.history.header import Interleaving
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.tables import TableLoaded
from memslot_spec.history.views import View
from memslot_spec.model.operations import CountRmaps, Halt, MmuPages, TssBase
from memslot_spec.model.replies import Done, Number, Reply
from memslot_spec.model.values import EMPTY, MemoryRegion

TOGETHER = 3

HANGS = 120.0
"""Seconds after which a race that ought to end is given up."""


class Toy:
    """A counter under a lock, and a meeting that needs all threads at once."""

    interleaving = Interleaving.THREADS

    def __init__(self, hook: Hook) -> None:
        self.hook = hook
        self.count = 0
        self.lock = threading.Lock()
        self.meeting = threading.Barrier(TOGETHER)
        self.halting = threading.Event()
        self.released = threading.Event()

    def set_region(self, region: MemoryRegion) -> Reply:  # noqa: ARG002
        return Done()

    def mmu_pages(self) -> int:
        self.hook.point(TableLoaded, 0)
        with self.lock:
            self.count += 1
            return self.count

    def count_rmaps(self) -> int:
        return self.meeting.wait(timeout=HANGS)

    def tss_base(self) -> int:
        message = "no TSS"
        raise LookupError(message)

    def halt(self) -> None:
        self.halting.set()
        self.released.wait(timeout=HANGS)

    def observe(self) -> View:
        return View(table=EMPTY)


def calls_and_returns_pair(played: Played) -> bool:
    """Each thread by turns calls and is answered."""
    calling: set[int] = set()
    for event in played.events:
        if isinstance(event, Call):
            if event.thread in calling:
                return False
            calling.add(event.thread)
        elif isinstance(event, Return):
            if event.thread not in calling:
                return False
            calling.remove(event.thread)
    return not calling


def test_a_race_records_calls_replies_and_what_is_observed() -> None:
    interval = sys.getswitchinterval()
    scenario = Scenario(
        prefix=(MmuPages(),), threads=((MmuPages(),) * 50,) * 3, after=(MmuPages(),)
    )
    played = raced(Toy, scenario, seconds=HANGS)
    assert played.error is None
    assert calls_and_returns_pair(played)
    replies = [e.reply for e in played.events if isinstance(e, Return)]
    assert sorted(replies, key=repr) == sorted(
        (Number(n) for n in range(1, 153)), key=repr
    )
    observed = Observed(0, View(table=EMPTY))
    assert played.events[:3] == (
        Call(0, MmuPages()),
        Return(0, Number(1)),
        observed,
    )
    assert played.events[-5:] == (
        observed,
        Call(0, MmuPages()),
        Return(0, Number(152)),
        observed,
        Finished(0, ()),
    )
    assert sys.getswitchinterval() == interval


def test_the_threads_run_at_the_same_time() -> None:
    played = raced(Toy, Scenario(threads=((CountRmaps(),),) * TOGETHER), seconds=HANGS)
    assert played.error is None
    replies = {e.reply for e in played.events if isinstance(e, Return)}
    assert replies == {Number(n) for n in range(TOGETHER)}


def test_a_thread_that_raises_is_an_error_and_ends_the_play() -> None:
    scenario = Scenario(threads=((TssBase(), MmuPages()),), after=(MmuPages(),))
    played = raced(Toy, scenario, seconds=HANGS)
    assert played.error is not None
    assert (played.error.thread, played.error.operation) == (1, TssBase())
    assert played.error.message == "LookupError: no TSS"
    assert played.events == (Call(1, TssBase()),)


def test_a_race_that_hangs_is_an_error_once_it_was_waited_for() -> None:
    made: list[Toy] = []
    waited: list[float] = []
    halting = threading.Event()

    def make(hook: Hook) -> Implementation:
        made.append(Toy(hook))
        made[0].halting = halting
        return made[-1]

    def wait_for_the_halt(director: threading.Thread, seconds: float) -> None:
        waited.append(seconds)
        assert director.is_alive()
        assert halting.wait(HANGS)

    scenario = Scenario(threads=((MmuPages(),), (Halt(),)))
    played = raced(make, scenario, seconds=0.3, wait=wait_for_the_halt)
    assert waited == [0.3]
    made[0].released.set()
    assert played.error is not None
    assert (played.error.thread, played.error.operation) == (2, Halt())
    assert played.error.message == "did not finish within 0.3 seconds"
    assert Call(2, Halt()) in played.events


def test_a_target_that_cannot_be_made_is_an_error() -> None:
    def unmakable(hook: Hook) -> Implementation:
        raise OSError(hook.__class__.__name__)

    error = raced(unmakable, Scenario(prefix=(MmuPages(),)), seconds=HANGS).error
    assert error is not None
    assert (error.thread, error.operation) == (0, None)
    assert error.message == "OSError: Silent"


def test_a_target_that_hangs_while_it_is_made_hangs_in_no_operation() -> None:
    making, released = threading.Event(), threading.Event()

    def make(hook: Hook) -> Implementation:
        making.set()
        assert released.wait(HANGS)
        return Toy(hook)

    def wait_until_it_is_made(director: threading.Thread, _: float) -> None:
        assert director.is_alive()
        assert making.wait(HANGS)

    scenario = Scenario(prefix=(MmuPages(),))
    played = raced(make, scenario, seconds=2, wait=wait_until_it_is_made)
    released.set()
    assert played == Played(
        events=(),
        error=TargetFault(
            0, None, "did not finish within 2 seconds", is_left_behind=True
        ),
    )


def test_of_several_that_hang_the_last_is_told() -> None:
    made: list[Toy] = []
    halting = threading.Barrier(3)

    class Halting(Toy):
        def halt(self) -> None:
            halting.wait(HANGS)
            self.released.wait(HANGS)

    def make(hook: Hook) -> Implementation:
        made.append(Halting(hook))
        return made[-1]

    def wait_for_both(_: threading.Thread, __: float) -> None:
        halting.wait(HANGS)

    scenario = Scenario(threads=((MmuPages(), Halt()), (Halt(),)))
    played = raced(make, scenario, seconds=1, wait=wait_for_both)
    made[0].released.set()
    assert played.error == TargetFault(
        2, Halt(), "did not finish within 1 seconds", is_left_behind=True
    )
    assert Return(1, Number(1)) in played.events


def test_what_comes_after_it_was_given_up_is_neither_asked_nor_recorded() -> None:
    made: list[Toy] = []
    directors: list[threading.Thread] = []
    halting = threading.Event()

    def make(hook: Hook) -> Implementation:
        made.append(Toy(hook))
        made[0].halting = halting
        return made[-1]

    def wait_for_the_halt(director: threading.Thread, _: float) -> None:
        directors.append(director)
        assert halting.wait(HANGS)

    pages = (MmuPages(),)
    played = raced(
        make, Scenario((Halt(), *pages), (pages, pages), pages), wait=wait_for_the_halt
    )
    made[0].released.set()
    directors[0].join(HANGS)
    assert not directors[0].is_alive()
    assert made[0].count == 0
    assert played.events == (Call(0, Halt()),)


def test_threads_do_not_keep_the_process_and_are_switched_often() -> None:
    seen: list[tuple[bool, float]] = []
    waited: list[float] = []

    class Watched(Toy):
        def mmu_pages(self) -> int:
            seen.append((threading.current_thread().daemon, sys.getswitchinterval()))
            return super().mmu_pages()

    def wait(director: threading.Thread, seconds: float) -> None:
        waited.append(seconds)
        director.join(HANGS)

    pages = (MmuPages(),)
    played = raced(Watched, Scenario(pages, (pages, pages), pages), wait=wait)
    assert played.error is None
    assert {daemon for daemon, _ in seen} == {True}
    assert {round(interval * 1e6) for _, interval in seen} == {10}
    assert len(seen) == 4
    assert waited == [10.0]


def test_without_a_race_each_operation_is_observed() -> None:
    pages = (MmuPages(),)
    played = raced(Toy, Scenario(prefix=pages, after=pages), seconds=HANGS)
    observed = Observed(0, View(table=EMPTY))
    assert played.events == (
        *(Call(0, MmuPages()), Return(0, Number(1)), observed),
        *(Call(0, MmuPages()), Return(0, Number(2)), observed),
        Finished(0, ()),
    )


def test_after_a_fault_no_thread_asks_more_and_nothing_is_observed() -> None:
    asked_by_both = threading.Event()

    class Broken(Toy):
        def count_rmaps(self) -> int:
            assert asked_by_both.wait(HANGS)
            self.halting.set()
            message = "no rmaps"
            raise LookupError(message)

        def tss_base(self) -> int:
            asked_by_both.set()
            assert self.halting.wait(HANGS)
            return 0

    scenario = Scenario(
        threads=((CountRmaps(), MmuPages()), (TssBase(),)), after=(MmuPages(),)
    )
    played = raced(Broken, scenario, seconds=HANGS)
    assert played.error is not None
    assert (played.error.thread, played.error.operation) == (1, CountRmaps())
    kinds = {type(event) for event in played.events}
    assert kinds == {Call, Return}
    asked = {e.operation for e in played.events if isinstance(e, Call)}
    assert asked == {CountRmaps(), TssBase()}


def test_the_interpreter_switches_as_often_as_before_when_a_race_is_over() -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.25)
    try:
        raced(Toy, Scenario(threads=((MmuPages(),), (MmuPages(),))))
        assert sys.getswitchinterval() == 0.25
    finally:
        sys.setswitchinterval(before)
