"""Histories that contradict themselves: an error of the target, and no finding."""

from __future__ import annotations

from judged_histories import (
    BLIND,
    HAVE_A,
    NOWHERE,
    ONE,
    PUT_A,
    SIGHTED,
    TABLES_ONLY,
    TWO,
    asked,
    done,
    found,
)
from memslot_spec.clauses import CLAUSES, clause_by_id
from memslot_spec.history.events import Call, Event, Finished, Observed, Return
from memslot_spec.history.header import History
from memslot_spec.history.points.mmu import RootsInvalidated, SpteMapped
from memslot_spec.history.points.srcu import (
    GracePeriodBegun,
    GracePeriodEnded,
    SectionEntered,
)
from memslot_spec.history.points.tables import TablePublished
from memslot_spec.history.views import ShadowPte, View
from memslot_spec.history.words import describe_operation
from memslot_spec.history.words.tables import describe_difference
from memslot_spec.judging.judge import judge
from memslot_spec.model.operations import GfnToHva
from memslot_spec.model.replies import Done


def test_a_reply_without_a_call_is_an_error_of_the_target() -> None:
    judgement = judge(History(BLIND, (*HAVE_A, Return(3, Done()))), CLAUSES)
    assert judgement.findings == ()
    assert judgement.contradiction == "thread 3 returned without a call"


def test_a_call_that_never_returned_is_an_error_of_the_target() -> None:
    judgement = judge(History(BLIND, (Call(3, PUT_A), Finished(0, ()))), CLAUSES)
    assert judgement.findings == ()
    assert judgement.reached["PROG-1"] == 0
    assert not judgement.complete
    assert judgement.contradiction == (
        "it is finished, but these calls never returned: "
        f"T3 ({describe_operation(PUT_A)})"
    )


def test_a_call_that_waits_for_ever_is_no_excuse_for_one_that_is_lost() -> None:
    calls = (Call(1, PUT_A), Call(2, GfnToHva(17)))
    judgement = judge(History(BLIND, (*calls, Finished(0, (1,)))), CLAUSES)
    assert judgement.findings == ()
    assert "T2" in (judgement.contradiction or "")
    assert "T1" not in (judgement.contradiction or "")


def test_a_call_before_the_last_one_returned_is_an_error_of_the_target() -> None:
    calls = (Call(1, GfnToHva(17)), *asked(1, GfnToHva(17), NOWHERE))
    judgement = judge(History(BLIND, (*calls, Finished(0, ()))), CLAUSES)
    assert judgement.findings == ()
    assert judgement.contradiction == (
        "thread 1 calls again, but its call never returned: hva of gfn 0x11"
    )


def test_a_table_shown_that_was_not_published_breaks_a_clause() -> None:
    shown = Observed(0, View(table=TWO))
    assert found(TABLES_ONLY, *done(PUT_A, (1, ONE)), shown) == [("SLOT-18", 3)]


def test_without_that_clause_it_is_an_error_of_the_target() -> None:
    shown = Observed(0, View(table=TWO))
    events = (*done(PUT_A, (1, ONE)), shown)
    judgement = judge(History(TABLES_ONLY, events), [clause_by_id("LOOK-4")])
    assert judgement.findings == ()
    assert judgement.contradiction == (
        "introspection does not show the table published last: it shows "
        f"{describe_difference(TWO, ONE)}"
    )


def test_without_points_the_same_table_breaks_a_clause() -> None:
    shown = Observed(0, View(table=TWO))
    assert found(BLIND, *HAVE_A, shown) == [("SLOT-8", 2)]


SPTE = ShadowPte(1, 17, 17, 1, writable=False, hva=0x10_1000)
MAPPED = SpteMapped(0, 1, 17, 17, 1, writable=False, hva=0x10_1000, table=0)


def test_sptes_shown_that_no_point_told_of_break_a_clause() -> None:
    assert found(SIGHTED, Observed(0, View(sptes=(SPTE,)))) == [("MMU-17", 0)]


def shows_none_after(*events: Event) -> list[tuple[str, int]]:
    shown = Observed(0, View(sptes=()))
    history = History(SIGHTED, (MAPPED, *events, shown))
    judgement = judge(history, [clause_by_id("MMU-17")])
    assert judgement.reached["MMU-17"] == 1
    return [(finding.clause, finding.step) for finding in judgement.findings]


def test_sptes_that_points_tell_of_are_shown() -> None:
    assert shows_none_after() == [("MMU-17", 1)]


def test_sptes_of_roots_that_no_vcpu_uses_need_not_be_shown() -> None:
    assert shows_none_after(RootsInvalidated(0)) == []
    again = SpteMapped(0, 2, 17, 17, 1, writable=False, hva=0x10_1000, table=0)
    assert shows_none_after(RootsInvalidated(0), again) == [("MMU-17", 3)]


def test_clauses_that_read_no_spte_are_judged_on_where_sptes_disagree() -> None:
    spte = ShadowPte(1, 17, 17, 1, writable=False, hva=0x10_1000)
    shown = Observed(0, View(sptes=(spte,)))
    wrong = asked(1, GfnToHva(17), NOWHERE)
    events = (*done(PUT_A, (1, ONE)), shown, shown, *wrong)
    asked_of = ("RMAP-1", "MMU-9", "DEL-9", "LOOK-4", "SRCU-5", "MMU-4")
    judgement = judge(History(SIGHTED, events), [*map(clause_by_id, asked_of)])
    assert [finding.clause for finding in judgement.findings] == ["LOOK-4"]
    told = (
        "introspection shows spte 1[17] of gfn 0x11 at level 1, hva 0x101000, but the "
        "points tell of no spte"
    )
    assert judgement.contradiction == told
    assert judgement.withheld == frozenset({"RMAP-1", "MMU-9", "DEL-9"})


def test_clauses_that_read_no_table_are_judged_on_where_tables_disagree() -> None:
    shown = Observed(0, View(table=TWO))
    early = (SectionEntered(1, 0), GracePeriodBegun(0), GracePeriodEnded(0))
    wrong = asked(1, GfnToHva(17), NOWHERE)
    events = (*done(PUT_A, (1, ONE)), shown, *wrong, *early)
    asked_of = ("LOOK-4", "REQ-1", "SRCU-5")
    judgement = judge(History(SIGHTED, events), [*map(clause_by_id, asked_of)])
    assert [finding.clause for finding in judgement.findings] == ["SRCU-5"]
    assert judgement.withheld == frozenset({"LOOK-4", "REQ-1"})


def test_what_is_shown_in_the_middle_of_an_update_contradicts_nothing() -> None:
    shown = Observed(1, View(table=TWO))
    events = (Call(0, PUT_A), shown, TablePublished(0, 1, ONE), Return(0, Done()))
    assert found(TABLES_ONLY, *events) == []


def test_nothing_is_judged_after_a_contradiction() -> None:
    wrong = asked(1, GfnToHva(17), NOWHERE)
    judgement = judge(History(BLIND, (Return(3, Done()), *HAVE_A, *wrong)), CLAUSES)
    assert judgement.findings == ()
    assert sum(judgement.reached.values()) == 0
