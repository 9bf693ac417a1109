"""How long a play may take: each search hands its limit on, and means it exactly."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from memslot_conformance.play.bounded import bounded
from memslot_conformance.play.determinism import Nondeterministic, self_check
from memslot_conformance.play.explore import replay, sampled
from memslot_conformance.play.played import Played
from memslot_conformance.play.scheduler import play
from memslot_conformance.play.shrink import shrink_scenario, shrink_schedule
from memslot_conformance.play.stepping import (
    MOST_STEPS,
    STEP_LIMIT,
    STEPS_OF_AN_OPERATION,
    SteppingHook,
    overrun_words,
    step_limit_of,
)
from memslot_conformance.scenarios.scenario import Run, Scenario
from memslot_spec.history.events import Call, Finished, Return
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.tables import TableLoaded, TableRead
from memslot_spec.model.operations import Halt, MmuPages, TssBase
from memslot_spec.model.replies import Number
from toys import TWO, Locks, Toy

LIMIT = 5
"""Fewer events than a race of two additions has."""

TOO_LONG = overrun_words(LIMIT)


def is_too_long(played: Played) -> bool:
    return played.error is not None and played.error.message == TOO_LONG


def does_not_end(_: Played) -> bool:
    return True


PLAYS: dict[str, Callable[[], Played]] = {
    "play": lambda: play(Toy, TWO, step_limit=LIMIT),
    "replay": lambda: replay(Toy, TWO, (Run(1, 1),), step_limit=LIMIT),
    "bounded": lambda: next(bounded(Toy, TWO, 1, step_limit=LIMIT)),
    "sampled": lambda: next(sampled(Toy, TWO, Random(0), 1, step_limit=LIMIT)),
    "shrink_schedule": lambda: shrink_schedule(
        Toy, TWO, (Run(1, 1),), does_not_end, step_limit=LIMIT
    ),
}


@pytest.mark.parametrize("way", PLAYS)
def test_every_way_to_play_hands_its_limit_on(way: str) -> None:
    assert is_too_long(PLAYS[way]())


def test_a_scenario_is_shrunk_within_the_limit_by_replay_and_by_search() -> None:
    scenario = Scenario(threads=((MmuPages(), MmuPages()), (MmuPages(), Halt())))
    shrunk = shrink_scenario(Toy, scenario, (), is_too_long, step_limit=LIMIT)
    assert is_too_long(shrunk.played)
    # An addition is four events, so two of them are needed.
    assert shrunk.scenario.operations == 2


def test_the_self_check_hands_its_limit_on_to_both_plays() -> None:
    lengths = iter(range(10, 100))

    class Growing(Toy):
        """It announces what differs after the limit alone."""

        def tss_base(self) -> int:
            for number in range(LIMIT):
                self.hook.point(TableRead, number, "number")
            self.hook.point(TableRead, next(lengths), "length")
            return 0

    scenario = Scenario(prefix=(TssBase(),))
    assert self_check(Growing, scenario, step_limit=LIMIT) is None
    assert self_check(Growing, scenario) == Nondeterministic(
        LIMIT + 2, TableRead(0, 10, "length"), TableRead(0, 11, "length")
    )


def test_the_self_check_has_no_limit_of_its_own() -> None:
    class Patient(Toy):
        def tss_base(self) -> int:
            for number in range(STEP_LIMIT // 2):
                self.hook.point(TableRead, number, "number")
            return 0

    played = play(Patient, Scenario(prefix=(TssBase(),)))
    assert played.error is None
    assert len(played.events) == STEP_LIMIT // 2 + 4


def test_a_play_may_have_exactly_as_many_events_as_the_limit() -> None:
    whole = play(Toy, Scenario(threads=((MmuPages(),),)))
    # What is observed, and that it is finished, is no step of the target.
    steps = sum(not isinstance(event, (Call, Return)) for event in whole.events)
    assert (len(whole.events), steps) == (6, 4)
    ends = {limit: play(Toy, TWO, step_limit=limit).error for limit in range(1, 10)}
    assert [limit for limit, error in ends.items() if error is None] == [7, 8, 9]


def test_a_switch_at_the_limit_is_within_it() -> None:
    class Loading(Toy):
        def halt(self) -> None:
            for number in range(LIMIT - 1):
                self.hook.point(TableLoaded, number)

    scenario = Scenario(threads=((Halt(),),))
    played = play(Loading, scenario, step_limit=LIMIT)
    assert played.error is None
    assert len(played.events) == LIMIT + 3
    late = play(Loading, scenario, step_limit=LIMIT - 1)
    assert late.error is not None
    assert late.error.message == overrun_words(LIMIT - 1)
    assert len(late.events) == LIMIT


def test_the_limit_holds_again_after_a_race_that_left_threads_waiting() -> None:
    class Endless(Locks):
        def halt(self) -> None:
            while True:
                self.hook.point(TableRead, 0, "again")

    scenario = Scenario((MmuPages(),), ((MmuPages(),), (MmuPages(),)), (Halt(),))
    played = play(Endless, scenario, step_limit=40)
    assert played.error is not None
    assert (played.error.thread, played.error.operation) == (0, Halt())
    assert len(played.events) == 41


def test_a_new_hook_records_under_thread_0_and_stops_nowhere() -> None:
    hook = SteppingHook()
    hook.point(TableLoaded, 3)
    assert hook.events == [TableLoaded(0, 3)]
    assert (hook.limit, hook.over, hook.overrun) == (STEP_LIMIT, False, False)
    hook.wait(lambda: True, "nothing")
    assert hook.waiting == {}


def test_what_a_target_announces_while_it_is_made_is_of_thread_0() -> None:
    class Announcing(Toy):
        def __init__(self, hook: Hook) -> None:
            super().__init__(hook)
            hook.point(TableLoaded, 7)

    played = play(Announcing, Scenario(prefix=(MmuPages(),)))
    assert played.events[0] == TableLoaded(0, 7)
    assert Return(0, Number(1)) in played.events
    assert isinstance(played.events[-1], Finished)


def test_a_search_for_a_smaller_scenario_keeps_to_the_limit() -> None:
    longest = 0

    def second_is_first_and_too_long(played: Played) -> bool:
        nonlocal longest
        longest = max(longest, len(played.events))
        return is_too_long(played) and played.events[0].thread == 2

    shrink_scenario(
        Toy, TWO, (Run(2, 1),), second_is_first_and_too_long, step_limit=LIMIT
    )
    # Two whole additions would be ten events.
    assert longest <= LIMIT + 2


def test_many_operations_may_take_more_events_unless_a_limit_is_given() -> None:
    class Patient(Toy):
        def tss_base(self) -> int:
            for number in range(STEPS_OF_AN_OPERATION // 2):
                self.hook.point(TableRead, number, "number")
            return 0

        def halt(self) -> None:
            while True:
                self.hook.point(TableRead, 0, "again")

    many = 2 * STEP_LIMIT // STEPS_OF_AN_OPERATION + 4
    scenario = Scenario(prefix=(TssBase(),) * many)
    played = play(Patient, scenario)
    assert played.error is None
    assert len(played.events) > STEP_LIMIT
    late = play(Patient, scenario, step_limit=STEP_LIMIT).error
    assert late is not None
    assert late.message == overrun_words(STEP_LIMIT)
    endless = play(Patient, Scenario(scenario.prefix, after=(Halt(),))).error
    assert endless is not None
    limit = step_limit_of(many + 1)
    assert limit == (many + 1) * STEPS_OF_AN_OPERATION
    assert endless.message == overrun_words(limit)


def test_no_number_of_operations_may_take_events_without_end() -> None:
    assert step_limit_of(0) == step_limit_of(1) == STEP_LIMIT
    assert step_limit_of(1 << 40) == MOST_STEPS
