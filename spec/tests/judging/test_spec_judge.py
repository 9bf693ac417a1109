"""The judge on histories written by hand, and with and without their points."""

from __future__ import annotations

from judged_histories import (
    AT_17,
    BLIND,
    HAVE_A,
    HAVE_TWO,
    NOWHERE,
    ONE,
    POINTS,
    PUT_A,
    SIGHTED,
    asked,
    done,
    found,
    header,
)
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.events import Call, Finished, Observed, Return
from memslot_spec.history.header import History
from memslot_spec.history.points.mmu import MmuLocked, MmuUnlocked
from memslot_spec.history.points.srcu import GracePeriodBegun, GracePeriodEnded
from memslot_spec.history.views import View
from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.judging.blind import blind, without_points
from memslot_spec.judging.judge import judge
from memslot_spec.judging.judgement import Finding
from memslot_spec.model.operations import GfnToHva, SetRegion, TssBase
from memslot_spec.model.replies import Done, FoundHva, Number, Refused
from memslot_spec.model.values import Errno, MemoryRegion


def test_a_sound_history_is_without_findings() -> None:
    events = (*HAVE_TWO, *asked(1, GfnToHva(17), AT_17), Finished(0, ()))
    judgement = judge(History(BLIND, events), CLAUSES)
    assert judgement.findings == ()
    assert judgement.contradiction is None
    assert judgement.undecided is None
    assert judgement.complete
    assert judgement.reached["LOOK-4"] == 1
    assert judgement.reached["LOOK-3"] == 0


def test_a_history_without_an_end_is_not_complete() -> None:
    assert not judge(History(BLIND, HAVE_A), CLAUSES).complete


def test_a_finding_says_clause_step_expected_and_observed() -> None:
    events = (*HAVE_A, *asked(1, GfnToHva(17), NOWHERE), Finished(0, ()))
    judgement = judge(History(BLIND, events), CLAUSES)
    assert judgement.findings == (Finding("LOOK-4", 3, "hva 0x101000", "error hva"),)
    assert not judgement.complete


def test_nothing_is_judged_after_the_first_broken_step() -> None:
    wrong = asked(1, GfnToHva(17), NOWHERE)
    assert found(BLIND, *HAVE_A, *wrong, *wrong) == [("LOOK-4", 3)]


def test_one_step_may_break_several_clauses() -> None:
    big = MemoryRegion(0, 0, 0xFFFF_FFF << 12, 0)
    events = (*asked(0, SetRegion(big), Done()), *asked(0, TssBase(), Number(7)))
    assert found(BLIND, *events) == [("TSS-1", 3)]
    wrong = asked(0, SetRegion(MemoryRegion(40, 1, 1, 1)), Done())
    clauses = [clause for clause, _ in found(BLIND, *wrong)]
    assert clauses == ["REQ-1", "REQ-2", "REQ-5"]


def test_a_request_is_judged_on_the_table_that_it_started_from() -> None:
    overlapping = SetRegion(MemoryRegion(2, 18 << 12, 4 << 12, 0))
    assert found(BLIND, *HAVE_A, *asked(0, overlapping, Done())) == [("REQ-19", 3)]
    eexist = asked(0, overlapping, Refused(Errno.EEXIST))
    assert found(BLIND, *HAVE_A, *eexist) == []
    untold = asked(0, overlapping, Refused(None))
    assert found(BLIND, *HAVE_A, *untold) == []


def test_a_thread_stuck_for_ever_breaks_the_clause_on_progress() -> None:
    stuck = (Call(0, PUT_A), GracePeriodBegun(0), Finished(0, (0,)))
    assert found(BLIND, *without_points(stuck)) == [("PROG-1", 1)]


def test_an_update_and_a_reader_stuck_together_wait_in_a_circle() -> None:
    calls = (Call(0, PUT_A), Call(1, GfnToHva(17)))
    assert found(BLIND, *calls, Finished(0, (0, 1))) == [("PROG-2", 2)]
    assert found(BLIND, *calls, Return(0, Done()), Finished(0, (1,))) == [("PROG-2", 3)]


def test_too_many_orders_are_undecided_and_break_nothing() -> None:
    requests = [SetRegion(MemoryRegion(i, i << 12, 0x1000, 0)) for i in range(7)]
    calls = [Call(thread, request) for thread, request in enumerate(requests)]
    events = (*calls, *asked(9, GfnToHva(5), FoundHva(0)))
    judgement = judge(History(BLIND, events), CLAUSES)
    assert judgement.findings == ()
    assert judgement.undecided == "overlapping updates left too many possible orders"


def test_clauses_that_do_not_apply_are_not_counted() -> None:
    judgement = judge(History(BLIND, HAVE_A), CLAUSES)
    assert "SRCU-2" not in judgement.reached
    assert "SIZE-1" in judgement.reached
    assert set(judgement.reached) == {
        c.id for c in ApplicableClauses(BLIND, CLAUSES).clauses
    }


def test_a_state_at_rest_is_raised_when_the_lock_is_given_back() -> None:
    events = (
        *done(PUT_A, (1, ONE)),
        Call(1, GfnToHva(17)),
        MmuLocked(1),
        MmuUnlocked(1),
        Return(1, AT_17),
    )
    judgement = judge(History(header(announces=POINTS), events), CLAUSES)
    assert judgement.reached["RMAP-1"] == 0


def test_without_points_leaves_what_every_target_shows() -> None:
    events = (
        Call(0, PUT_A),
        GracePeriodBegun(0),
        GracePeriodEnded(0),
        Return(0, Done()),
        Observed(0, View()),
        Finished(0, ()),
    )
    assert without_points(events) == (events[0], *events[3:])
    assert blind(SIGHTED).capabilities.announces == ()
    assert blind(SIGHTED).capabilities.shows == SIGHTED.capabilities.shows
