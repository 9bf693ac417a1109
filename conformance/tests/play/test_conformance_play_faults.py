"""What is said of a target that breaks: its own words, and none of our frames."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import cast

import pytest

from memslot_conformance.adapter.answers import TargetError
from memslot_conformance.adapter.protocols import Implementation
from memslot_conformance.play.played import Played, TargetFault, fault_of
from memslot_conformance.play.scheduler import Play, play
from memslot_conformance.play.threads import raced
from memslot_conformance.play.trace import Trace
from memslot_conformance.scenarios.scenario import Scenario
from memslot_spec.history.events import Call, Finished, Observed, Return
from memslot_spec.history.hook import Hook
from memslot_spec.history.views import View
from memslot_spec.model.operations import CountRmaps, Halt, MmuPages, TssBase
from memslot_spec.model.replies import Number
from toys import TWO, Toy

STUCK = "the implementation cannot stop here: nothing else can run"

ONE = Scenario(prefix=(MmuPages(),))


def broken(message: str = "broken") -> RuntimeError:
    return RuntimeError(message)


class BrokenCall(Toy):
    """Its addition raises."""

    def mmu_pages(self) -> int:
        raise broken()


class BrokenHalt(Toy):
    """It raises where its vCPU is to sleep."""

    def halt(self) -> None:
        raise broken()


class BrokenView(Toy):
    """Its introspection raises."""

    def observe(self) -> View:
        raise broken()


class BrokenMaking(Toy):
    """It cannot be made."""

    def __init__(self, hook: Hook) -> None:
        super().__init__(hook)
        raise broken()


class BrokenPredicate(Toy):
    """It raises when it is asked whether a wait is over, for the second time."""

    def mmu_pages(self) -> int:
        asked = iter((False,))

        def is_over() -> bool:
            for answer in asked:
                return answer
            raise broken()

        self.hook.wait(is_over, "nothing")
        return 0


BREAKING: dict[str, Callable[[], Played]] = {
    "a call": lambda: play(BrokenCall, ONE),
    "a call that is no lookup": lambda: play(BrokenHalt, Scenario((Halt(),))),
    "a call in a race": lambda: play(BrokenCall, TWO),
    "a view": lambda: play(BrokenView, ONE),
    "making it": lambda: play(BrokenMaking, ONE),
    "a predicate": lambda: play(BrokenPredicate, TWO),
    "a call on a thread": lambda: raced(BrokenCall, TWO),
    "a view on a thread": lambda: raced(BrokenView, ONE),
    "making it on a thread": lambda: raced(BrokenMaking, ONE),
}


@pytest.mark.parametrize("what", BREAKING)
def test_a_traceback_begins_in_the_target(what: str) -> None:
    fault = BREAKING[what]().error
    assert fault is not None
    assert fault.message == "RuntimeError: broken"
    assert fault.traceback.startswith("Traceback (most recent call last):\n")
    assert fault.traceback.endswith("RuntimeError: broken\n")
    files = re.findall(r'File "(.+?)"', fault.traceback)
    assert files[0] == __file__
    assert "/memslot_conformance/" not in fault.traceback


def test_an_answer_of_the_wrong_type_has_no_frames_at_all() -> None:
    class Wordy(Toy):
        def mmu_pages(self) -> int:
            return cast("int", "many")

    fault = play(Wordy, ONE).error
    message = "mmu_pages() gave 'many', which is no int"
    assert fault == TargetFault(
        0,
        MmuPages(),
        f"TargetError: {message}",
        f"{TargetError.__module__}.TargetError: {message}\n",
    )


def test_a_fault_of_nothing_raised_in_a_frame_has_no_frames() -> None:
    fault = fault_of(3, Halt(), KeyError("gone"))
    assert fault == TargetFault(3, Halt(), "KeyError: 'gone'", "KeyError: 'gone'\n")


@pytest.mark.parametrize("place", ["made", "observed"])
def test_a_target_that_waits_where_nobody_else_can_run_is_told_so(place: str) -> None:
    class Waiting(Toy):
        def __init__(self, hook: Hook) -> None:
            super().__init__(hook)
            if place == "made":
                hook.wait(lambda: False, "somebody")

        def observe(self) -> View:
            self.hook.wait(lambda: False, "somebody")
            return View()

    fault = play(Waiting, ONE).error
    assert fault is not None
    assert fault.operation is None
    assert (
        fault.message
        == {
            "made": f"RuntimeError: {STUCK}",
            "observed": "observe() waits for ever: somebody",
        }[place]
    )


class Closing(Toy):
    """Says when it is given back, and by then knows what was asked."""

    def __init__(self, hook: Hook, closed: list[int]) -> None:
        super().__init__(hook)
        self.closed = closed

    def close(self) -> None:
        self.closed.append(self.count)


@pytest.mark.parametrize("scenario", [ONE, TWO, Scenario(after=(MmuPages(),) * 3)])
def test_a_target_is_given_back_once_when_all_was_asked(scenario: Scenario) -> None:
    closed: list[int] = []

    def make(hook: Hook) -> Implementation:
        return Closing(hook, closed)

    played = play(make, scenario)
    assert closed == [scenario.operations]
    assert played.error is None


def test_what_could_not_be_made_or_has_no_close_is_not_given_back() -> None:
    for make in (BrokenMaking, Toy):
        run = Play(make)
        run.close()
        assert run.going is (make is Toy)

    class Closed(Toy):
        close = 7

    assert play(Closed, ONE).error is None


def test_the_first_fault_is_the_one_that_is_told() -> None:
    trace = Trace()
    trace.doing[2] = Halt()
    trace.broke(2, broken("first"))
    trace.broke(1, broken("second"))
    assert trace.fault is not None
    told = trace.fault.thread, trace.fault.operation, trace.fault.message
    assert told == (2, Halt(), "RuntimeError: first")


def test_nothing_is_added_to_a_closed_trace() -> None:
    trace = Trace()
    trace.closed = True
    trace.broke(0, broken())
    trace.add(Finished(0, ()))
    assert (trace.events, trace.fault) == ([], None)


def test_after_a_fault_nothing_more_is_asked() -> None:
    class Second(Toy):
        def mmu_pages(self) -> int:
            if self.count == 1:
                raise broken()
            return super().mmu_pages()

    pages = (MmuPages(),) * 3
    before = play(Second, Scenario(pages, (pages,), pages))
    race = play(Second, Scenario((), (pages, pages), pages))
    for played, thread in ((before, 0), (race, 1)):
        assert played.error is not None
        assert played.error.thread == thread
        assert [e for e in played.events if isinstance(e, Call)] == [
            Call(thread, MmuPages())
        ] * 2
        assert not any(isinstance(e, Finished) for e in played.events)


def test_what_is_alone_is_observed_after_each_operation_if_it_is_watched() -> None:
    seen: list[list[str]] = []
    for watched in (True, False):
        run = Play(Toy)
        assert run.alone((MmuPages(), MmuPages()), watched=watched)
        kept = (e for e in run.events if isinstance(e, (Return, Observed)))
        seen.append([type(event).__name__ for event in kept])
    assert seen == [["Return", "Observed"] * 2, ["Return"] * 2]
    run = Play(Toy)
    assert run.alone(())
    assert run.events == []
    assert run.alone((MmuPages(),))
    assert isinstance(run.events[-1], Observed)


def test_a_prefix_is_watched_where_no_race_follows() -> None:
    views = [
        sum(isinstance(e, Observed) for e in play(Toy, scenario).events)
        for scenario in (
            Scenario((MmuPages(), MmuPages())),
            Scenario((MmuPages(), MmuPages()), ((MmuPages(),),)),
            Scenario((), ((MmuPages(),),), (MmuPages(), MmuPages())),
            Scenario((), ((),), (MmuPages(),)),
        )
    ]
    assert views == [2, 1, 3, 2]


def test_a_thread_that_waits_for_ever_in_the_end_is_the_only_one_that_is_stuck() -> (
    None
):
    class Sleeper(Toy):
        def count_rmaps(self) -> int:
            self.hook.wait(lambda: False, "for ever")
            return 0

        def tss_base(self) -> int:
            return 5

    scenario = Scenario(threads=((CountRmaps(),), (TssBase(),)), after=(MmuPages(),))
    played = play(Sleeper, scenario)
    assert played.events == (
        Call(1, CountRmaps()),
        Call(2, TssBase()),
        Return(2, Number(5)),
        Finished(0, (1,)),
    )
    assert played.waits == ("for ever",)
    after = play(Sleeper, Scenario(after=(CountRmaps(), MmuPages())))
    assert after.events == (Call(0, CountRmaps()), Finished(0, (0,)))
    assert after.waits == ("for ever",)


def test_a_fault_at_the_limit_is_the_fault_and_of_thread_0_in_a_view() -> None:
    twice = Scenario(threads=((MmuPages(), MmuPages()),))
    fault = play(BrokenCall, twice, step_limit=0).error
    assert fault is not None
    assert fault.message == "RuntimeError: broken"

    class WaitingView(Toy):
        def observe(self) -> View:
            self.hook.wait(lambda: False, "somebody")
            return View()

    waiting = play(WaitingView, ONE).error
    told = "observe() waits for ever: somebody"
    assert waiting == TargetFault(0, None, told)
    bare = Played(events=())
    assert (bare.preemptions, bare.decisions) == (0, 0)


def test_a_view_that_raises_is_no_fault_of_the_operation_before_it() -> None:
    fault = play(BrokenView, Scenario(prefix=(MmuPages(),), threads=((),))).error
    assert fault is not None
    assert (fault.thread, fault.operation) == (0, None)
