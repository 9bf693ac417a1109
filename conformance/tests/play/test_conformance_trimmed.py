"""Histories in hand: what overlaps in them, and what they can do without."""

from __future__ import annotations

from memslot_conformance.play.overlaps import overlaps
from memslot_conformance.play.trimmed import scenario_of, trimmed
from memslot_conformance.scenarios.fixed.slots import S0, S1
from memslot_conformance.scenarios.scenario import Scenario
from memslot_spec.history.events import Call, Event, Finished, Observed, Return
from memslot_spec.history.views import View
from memslot_spec.model.operations import GfnToHva, GuestAccess
from memslot_spec.model.replies import Accessed, Done, FoundHva, Refused
from memslot_spec.model.values import EMPTY, Errno

LOOK = GfnToHva(17)
WRONG = Return(2, FoundHva(1))

HISTORY: tuple[Event, ...] = (
    *(Call(0, S0), Return(0, Done()), Observed(0, View(table=EMPTY))),
    *(Call(2, LOOK), Return(2, FoundHva(None))),
    *(Call(1, S1), Call(2, GuestAccess(17)), Return(2, Accessed(5)), Call(2, LOOK)),
    *(WRONG, Call(3, LOOK), Return(1, Done()), Return(3, FoundHva(None))),
    *(Call(1, S0), Return(1, Refused(Errno.EEXIST)), Call(0, LOOK)),
    *(Return(0, FoundHva(None)), Finished(0, ())),
)
AT = HISTORY.index(WRONG)


def test_calls_overlap_where_one_of_them_is_a_request() -> None:
    assert overlaps(HISTORY) == 3
    assert overlaps(HISTORY[:5]) == 0
    assert overlaps((Call(1, LOOK), Call(2, LOOK))) == 0


def test_of_what_does_not_matter_nothing_is_left() -> None:
    left = trimmed(HISTORY, AT, lambda events: WRONG in events)
    assert left == (
        *(Call(0, S0), Return(0, Done()), Call(1, S1), Call(2, LOOK), WRONG),
        *(Return(1, Done()), Finished(0, ())),
    )


def test_what_was_called_after_the_break_goes_and_all_requests_before_stay() -> None:
    left = trimmed(HISTORY, AT, lambda events: HISTORY[7] in events)
    assert HISTORY[7] in left
    assert Call(1, S0) not in left
    assert [e.operation for e in left if isinstance(e, Call) and e.thread < 2] == [
        S0,
        S1,
    ]


def test_what_breaks_no_more_by_its_first_part_is_left_as_far_as_it_went() -> None:
    left = trimmed(HISTORY, AT, lambda _: False)
    assert left[: AT + 1] == HISTORY[: AT + 1]


def test_the_scenario_is_who_asked_what() -> None:
    assert scenario_of(HISTORY) == Scenario(
        prefix=(S0,),
        threads=((S1, S0), (LOOK, GuestAccess(17), LOOK), (LOOK,)),
        after=(LOOK,),
    )
