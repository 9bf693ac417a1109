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
from memslot_spec.history.events import Call, Observed, Return
from memslot_spec.history.header import History
from memslot_spec.history.points.srcu import (
    GracePeriodBegun,
    GracePeriodEnded,
    SectionEntered,
)
from memslot_spec.history.points.tables import TablePublished
from memslot_spec.history.views import ShadowPte, View
from memslot_spec.history.words.tables import describe_difference
from memslot_spec.judging.judge import judge
from memslot_spec.model.operations import GfnToHva
from memslot_spec.model.replies import Done


def test_a_reply_without_a_call_is_an_error_of_the_target() -> None:
    judgement = judge(History(BLIND, (*HAVE_A, Return(3, Done()))), CLAUSES)
    assert judgement.findings == ()
    assert judgement.contradiction == "thread 3 returned without a call"


def test_a_table_shown_that_was_not_published_is_an_error_of_the_target() -> None:
    shown = Observed(0, View(table=TWO))
    judgement = judge(History(TABLES_ONLY, (*done(PUT_A, (1, ONE)), shown)), CLAUSES)
    assert judgement.findings == ()
    assert judgement.contradiction == (
        "introspection does not show the table published last: it shows "
        f"{describe_difference(TWO, ONE)}"
    )


def test_without_points_the_same_table_breaks_a_clause() -> None:
    shown = Observed(0, View(table=TWO))
    assert found(BLIND, *HAVE_A, shown) == [("SLOT-8", 2)]


def test_sptes_shown_that_no_point_told_of_are_an_error_of_the_target() -> None:
    spte = ShadowPte(1, 17, 17, 1, writable=False, hva=0x10_1000)
    shown = Observed(0, View(sptes=(spte,)))
    judgement = judge(History(SIGHTED, (shown,)), CLAUSES)
    assert judgement.findings == ()
    assert judgement.contradiction == (
        "introspection shows spte 1[17] of gfn 0x11, but the points tell of no spte"
    )


def test_clauses_that_read_no_spte_are_judged_on_where_sptes_disagree() -> None:
    spte = ShadowPte(1, 17, 17, 1, writable=False, hva=0x10_1000)
    shown = Observed(0, View(sptes=(spte,)))
    wrong = asked(1, GfnToHva(17), NOWHERE)
    events = (*done(PUT_A, (1, ONE)), shown, shown, *wrong)
    asked_of = ("RMAP-1", "MMU-9", "DEL-9", "LOOK-4", "SRCU-5", "MMU-4")
    judgement = judge(History(SIGHTED, events), [*map(clause_by_id, asked_of)])
    assert [finding.clause for finding in judgement.findings] == ["LOOK-4"]
    told = "introspection shows spte 1[17] of gfn 0x11, but the points tell of no spte"
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
