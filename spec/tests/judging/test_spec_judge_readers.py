"""What the judge says of readers beside updates: which tables may explain them."""

from __future__ import annotations

from judged_histories import (
    AT_17,
    AT_33,
    BLIND,
    DELETE_A,
    GOING,
    HAVE_A,
    HAVE_TWO,
    NOWHERE,
    ONE,
    PUT_A,
    PUT_B,
    TABLES_ONLY,
    TWO,
    asked,
    done,
    found,
    header,
    spy,
)
from memslot_spec.facts.facts import Facts
from memslot_spec.history.events import Call, Event, Return
from memslot_spec.history.header import Header, History
from memslot_spec.history.points.srcu import SectionEntered, SectionLeft
from memslot_spec.history.points.tables import TableLoaded, TablePublished, TableRead
from memslot_spec.judging.judge import judge
from memslot_spec.model.operations import GfnToHva, TssBase
from memslot_spec.model.replies import Done, Number
from memslot_spec.model.values import EMPTY
from memslot_spec.moments.replies import Answered


def answers(head: Header, *events: Event) -> list[Answered]:
    """What was put before the clauses on replies."""
    seen: list[Answered] = []

    def look(facts: Facts, answered: Answered) -> bool:
        del facts
        seen.append(answered)
        return False

    judge(History(head, events), [spy(look)])
    return seen


DURING_DELETE = (
    *HAVE_A,
    Call(0, DELETE_A),
    *asked(1, GfnToHva(17), NOWHERE),
    Return(0, Done()),
)


def test_blind_candidates_are_all_that_may_have_been_current() -> None:
    (answer,) = answers(BLIND, *DURING_DELETE)
    assert answer.candidates == (ONE, GOING, EMPTY)
    assert answer.stale == (EMPTY,)
    assert answer.explained
    assert not answer.explained_stale


def test_with_points_the_candidates_are_the_tables_loaded() -> None:
    (answer,) = answers(
        TABLES_ONLY,
        *done(PUT_A, (1, ONE)),
        Call(0, DELETE_A),
        TablePublished(0, 2, GOING),
        Call(1, GfnToHva(17)),
        TableLoaded(1, 2),
        TablePublished(0, 3, EMPTY),
        Return(1, NOWHERE),
    )
    assert answer.candidates == (GOING,)
    assert answer.stale == (EMPTY, ONE)


def test_with_points_a_call_that_loaded_nothing_may_have_used_any_since_its_floor() -> (
    None
):
    (answer,) = answers(
        TABLES_ONLY,
        *done(PUT_A, (1, ONE)),
        Call(1, GfnToHva(17)),
        Call(0, DELETE_A),
        TablePublished(0, 2, GOING),
        Return(1, NOWHERE),
    )
    assert answer.candidates == (ONE, GOING)


def test_a_handle_means_the_version_it_published_last() -> None:
    (answer,) = answers(
        TABLES_ONLY,
        *done(PUT_A, (1, ONE)),
        *done(DELETE_A, (2, GOING), (1, EMPTY)),
        Call(1, GfnToHva(17)),
        TableLoaded(1, 1),
        Return(1, NOWHERE),
    )
    assert answer.candidates == (EMPTY,)


def test_a_reader_after_a_result_starts_from_it() -> None:
    (answer,) = answers(BLIND, *HAVE_TWO, *asked(1, GfnToHva(17), AT_17))
    assert answer.candidates == (TWO,)
    assert answer.stale == (EMPTY, ONE)


def test_a_reader_after_a_reader_starts_from_what_that_one_saw() -> None:
    _, answer = answers(
        BLIND,
        Call(0, PUT_A),
        *asked(1, GfnToHva(17), AT_17),
        *asked(2, GfnToHva(17), AT_17),
    )
    assert answer.candidates == (ONE,)


def test_one_candidate_names_the_lookups_own_clause() -> None:
    events = (*HAVE_A, *asked(1, GfnToHva(17), NOWHERE))
    assert found(BLIND, *events) == [("LOOK-4", 3)]


def test_no_table_at_all_names_the_clause_on_one_table() -> None:
    events = (*HAVE_A, Call(0, DELETE_A), *asked(1, GfnToHva(17), AT_33))
    assert found(BLIND, *events) == [("SRCU-1", 4)]


def test_an_older_table_names_the_clause_on_later_readers() -> None:
    events = (
        *HAVE_A,
        *asked(0, DELETE_A, Done()),
        Call(0, PUT_B),
        *asked(1, GfnToHva(17), AT_17),
    )
    assert found(BLIND, *events) == [("SRCU-18", 6)]


def test_going_back_behind_another_reader_names_the_clause_on_later_readers() -> None:
    events = (
        *HAVE_A,
        Call(0, DELETE_A),
        *asked(1, GfnToHva(17), NOWHERE),
        *asked(2, GfnToHva(17), AT_17),
    )
    assert found(BLIND, *events) == [("SRCU-18", 6)]


def test_readers_that_overlap_may_see_tables_in_any_order() -> None:
    events = (
        *HAVE_A,
        Call(0, DELETE_A),
        Call(2, GfnToHva(17)),
        *asked(1, GfnToHva(17), NOWHERE),
        Return(2, AT_17),
    )
    assert found(BLIND, *events) == []


def test_a_replaced_table_that_was_loaded_names_the_clause_on_later_readers() -> None:
    events = (
        *done(PUT_A, (1, ONE)),
        *done(DELETE_A, (2, GOING), (3, EMPTY)),
        Call(1, GfnToHva(17)),
        TableLoaded(1, 1),
        Return(1, AT_17),
    )
    assert found(TABLES_ONLY, *events) == [("SRCU-18", 9)]


def test_two_tables_in_one_answer_name_the_clause_on_one_table() -> None:
    events = (
        *done(PUT_A, (1, ONE)),
        Call(1, TssBase()),
        TableLoaded(1, 1),
        Call(0, DELETE_A),
        TablePublished(0, 2, GOING),
        TablePublished(0, 3, EMPTY),
        TableLoaded(1, 3),
        Return(1, Number((16 - 3) << 12)),
    )
    assert found(TABLES_ONLY, *events) == [("SRCU-1", 9)]


def in_section(*events: Event) -> tuple[Event, ...]:
    return (SectionEntered(1, 0), *events, SectionLeft(1, 0))


def test_a_torn_read_is_found_in_what_was_read() -> None:
    events = (
        Call(1, TssBase()),
        *in_section(
            TableLoaded(1, 0),
            TableRead(1, 0, "base_gfn"),
            Call(0, PUT_A),
            TablePublished(0, 1, ONE),
            TableLoaded(1, 1),
            TableRead(1, 1, "npages"),
        ),
        Return(1, Number((4 - 3) << 12)),
    )
    head = header(
        announces=(
            "TableLoaded",
            "TablePublished",
            "TableRead",
            "SectionEntered",
            "SectionLeft",
        )
    )
    assert found(head, *events) == [("SRCU-1", 9), ("TSS-2", 9)]
