"""The judge on histories written by hand, and with and without their points."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import get_args

import pytest

from memslot_conformance.play.explore import sampled
from memslot_conformance.play.played import Played
from memslot_conformance.scenarios.drawn.requests import narrowed, palette_of
from memslot_conformance.scenarios.fixed import fixed_races
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.resolve import Target, resolve
from memslot_spec.clause import Clause
from memslot_spec.clauses import CLAUSES
from memslot_spec.facts.facts import Facts, by_kind
from memslot_spec.history.events import Call, Event, Finished, Observed, Point, Return
from memslot_spec.history.header import (
    Capabilities,
    Domain,
    Header,
    History,
    Interleaving,
)
from memslot_spec.history.points.mmu import MmuLocked, MmuUnlocked
from memslot_spec.history.points.srcu import (
    GracePeriodBegun,
    GracePeriodEnded,
    SectionEntered,
    SectionLeft,
)
from memslot_spec.history.points.tables import TableLoaded, TablePublished, TableRead
from memslot_spec.history.views import ShadowPte, View
from memslot_spec.judge.applies import ApplicableClauses, asks_about
from memslot_spec.judge.blind import blind, without_points
from memslot_spec.judge.judge import Finding, Judge, Judgement, judge, judge_events
from memslot_spec.model.operations import GfnToHva, Operation, SetRegion, TssBase
from memslot_spec.model.profile import BOTH, V2_6_34, Limits
from memslot_spec.model.replies import Done, FoundHva, Number, Refused, Reply
from memslot_spec.model.values import (
    EMPTY,
    Errno,
    Gfn,
    Hva,
    MemoryRegion,
    Slot,
    SlotTable,
    table_of,
)
from memslot_spec.moments.replies import Answered

POINTS = tuple(kind.__name__ for kind in get_args(Point))
OPERATIONS = tuple(kind.__name__ for kind in get_args(Operation))
LIMITS = Limits(user_slots=32)

A = Slot(0, Gfn(16), 4, Hva(0x10_0000))
A_GOING = A.as_invalid()
B = Slot(1, Gfn(32), 4, Hva(0x20_0000))
ONE, GOING, TWO = table_of(A), table_of(A_GOING), table_of(A, B)
PUT_A = SetRegion(MemoryRegion(0, 16 << 12, 4 << 12, 0x10_0000))
PUT_B = SetRegion(MemoryRegion(1, 32 << 12, 4 << 12, 0x20_0000))
DELETE_A = SetRegion(MemoryRegion(0, 0, 0, 0))
DELETE_B = SetRegion(MemoryRegion(1, 0, 0, 0))
AT_17, AT_33 = FoundHva(0x10_1000), FoundHva(0x20_1000)
NOWHERE = FoundHva(None)


def header(*, announces: tuple[str, ...] = ()) -> Header:
    """A target that can do everything and announces these points."""
    return Header(
        target="by hand",
        profile=V2_6_34.name,
        limits=LIMITS,
        capabilities=Capabilities(
            operations=OPERATIONS,
            interleaving=Interleaving.POINTS,
            announces=announces,
            shows=("table", "sptes", "pages"),
        ),
        domain=Domain(private_slots=4),
    )


SIGHTED, BLIND = header(announces=POINTS), header()
TABLES_ONLY = header(announces=("TableLoaded", "TablePublished"))


def asked(thread: int, operation: Operation, reply: Reply) -> tuple[Event, Event]:
    """A call with its reply, and nothing between them."""
    return Call(thread, operation), Return(thread, reply)


def done(operation: SetRegion, *tables: tuple[int, SlotTable]) -> tuple[Event, ...]:
    """An accepted request of thread 0 that publishes these tables."""
    published = [TablePublished(0, handle, table) for handle, table in tables]
    return (Call(0, operation), *published, Return(0, Done()))


def found(head: Header, *events: Event) -> list[tuple[str, int]]:
    """The clauses broken, each with its step."""
    judgement = judge(History(head, events), CLAUSES)
    assert judgement.contradiction is None
    return [(finding.clause, finding.step) for finding in judgement.findings]


HAVE_A = asked(0, PUT_A, Done())
HAVE_TWO = (*HAVE_A, *asked(0, PUT_B, Done()))


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


def expects_nothing(facts: Facts, answered: Answered) -> str:
    del facts, answered
    return ""


def spy(look: Callable[[Facts, Answered], bool]) -> Clause[Answered]:
    """A clause that looks at every answer and is about none."""
    return Clause(
        id="SPY-1",
        title="A look at every answer",
        must="",
        source="",
        rows=(),
        profiles=BOTH,
        on=Answered,
        premise=look,
        holds=look,
        expected=expects_nothing,
    )


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


def test_a_reply_without_a_call_is_an_error_of_the_target() -> None:
    judgement = judge(History(BLIND, (*HAVE_A, Return(3, Done()))), CLAUSES)
    assert judgement.findings == ()
    assert judgement.contradiction == "thread 3 returned without a call"


def test_a_table_shown_that_was_not_published_is_an_error_of_the_target() -> None:
    shown = Observed(0, View(table=TWO))
    judgement = judge(History(TABLES_ONLY, (*done(PUT_A, (1, ONE)), shown)), CLAUSES)
    assert judgement.findings == ()
    assert judgement.contradiction == (
        f"introspection shows {TWO!r}, but the table published last was {ONE!r}"
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
        "introspection shows sptes {(1, 17): 17}, but points told of {}"
    )


def test_what_is_shown_in_the_middle_of_an_update_contradicts_nothing() -> None:
    shown = Observed(1, View(table=TWO))
    events = (Call(0, PUT_A), shown, TablePublished(0, 1, ONE), Return(0, Done()))
    assert found(TABLES_ONLY, *events) == []


def test_nothing_is_judged_after_a_contradiction() -> None:
    wrong = asked(1, GfnToHva(17), NOWHERE)
    judgement = judge(History(BLIND, (Return(3, Done()), *HAVE_A, *wrong)), CLAUSES)
    assert judgement.findings == ()
    assert sum(judgement.reached.values()) == 0


def test_a_thread_stuck_for_ever_breaks_the_clause_on_progress() -> None:
    stuck = (Call(0, PUT_A), GracePeriodBegun(0), Finished(0, (0,)))
    assert found(BLIND, *without_points(stuck)) == [("PROG-1", 1)]


def test_an_update_and_a_reader_stuck_together_wait_in_a_circle() -> None:
    calls = (Call(0, PUT_A), Call(1, GfnToHva(17)))
    assert found(BLIND, *calls, Finished(0, (0, 1))) == [("PROG-2", 2)]
    assert found(BLIND, *calls, Return(0, Done()), Finished(0, (1,))) == [("PROG-2", 3)]


def test_too_many_orders_are_undecided_and_break_nothing() -> None:
    requests = [SetRegion(MemoryRegion(i, i << 12, 0x1000, 0)) for i in range(6)]
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


def drawn(target: Target, seed: int, races: int, plays: int) -> Iterator[Played]:
    """Plays of random races of the target, then of the fixed ones."""
    rng = Random(seed)
    palette = palette_of(target.header)
    scenarios = [fixed.scenario for fixed in fixed_races(target.header)]
    for _ in range(races):
        few = narrowed(palette, rng)
        prefix = tuple(palette.draw(rng) for _ in range(rng.randrange(5)))
        update = tuple(few.draw_request(rng) for _ in range(rng.choice((1, 1, 2))))
        others = tuple(
            tuple(few.draw(rng) for _ in range(rng.choice((1, 1, 2))))
            for _ in range(rng.choice((1, 1, 2)))
        )
        scenarios.append(Scenario(prefix, (update, *others), (palette.draw(rng),)))
    for scenario in scenarios:
        yield from sampled(target.make, scenario, rng, plays)


PATCH, REFERENCE = resolve("patch", None), resolve("reference", None)


def test_judging_twice_says_the_same() -> None:
    docket = ApplicableClauses(PATCH.header, CLAUSES)
    for played in drawn(PATCH, 1, 20, 2):
        first = judge_events(docket, played.events)
        assert judge_events(docket, played.events) == first
        assert judge(History(PATCH.header, played.events), CLAUSES) == first


def one_by_one(docket: ApplicableClauses, events: tuple[Event, ...]) -> Judgement:
    fold = Judge(docket)
    seen = [fold.see(event) for event in events]
    assert sum(map(bool, seen)) <= 1
    return fold.judgement()


def test_judging_event_by_event_says_the_same() -> None:
    docket = ApplicableClauses(PATCH.header, CLAUSES)
    for played in drawn(PATCH, 2, 20, 2):
        assert one_by_one(docket, played.events) == judge_events(docket, played.events)


def found_blind(seeds: range) -> tuple[list[str], int]:
    """What only the blind judge finds in the patch, and how often both find."""
    sighted = ApplicableClauses(PATCH.header, CLAUSES)
    unsighted = ApplicableClauses(blind(PATCH.header), CLAUSES)
    alone: list[str] = []
    both = 0
    for seed in seeds:
        for played in drawn(PATCH, seed, 60, 4):
            part = judge_events(unsighted, without_points(played.events)).findings
            if part and judge_events(sighted, played.events).findings:
                both += 1
            elif part:
                alone.append(part[0].clause)
    return alone, both


def test_blind_finds_nothing_in_the_patch_that_sighted_does_not() -> None:
    alone, both = found_blind(range(4))
    assert both > 100
    assert alone == []


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_found_in_the_reference(seed: int) -> None:
    sighted = ApplicableClauses(REFERENCE.header, CLAUSES)
    unsighted = ApplicableClauses(blind(REFERENCE.header), CLAUSES)
    for played in drawn(REFERENCE, seed, 40, 4):
        whole = judge_events(sighted, played.events)
        part = judge_events(unsighted, without_points(played.events))
        assert (whole.findings, whole.contradiction) == ((), None)
        assert (part.findings, part.contradiction) == ((), None)


def test_a_clause_on_replies_that_names_operations_is_about_no_other() -> None:
    # The docket asks it about those alone, so leaving it out must change nothing.
    premises = [
        (clause, by_kind(clause.premise))
        for clause in CLAUSES
        if clause.kind is Answered
    ]
    beside: set[tuple[str, str]] = set()

    def look(facts: Facts, answered: Answered) -> bool:
        name = type(answered.operation).__name__
        beside.update(
            (clause.id, name)
            for clause, premise in premises
            if not asks_about(clause, name) and premise(facts, answered)
        )
        return False

    docket = ApplicableClauses(REFERENCE.header, [spy(look)])
    for played in drawn(REFERENCE, 5, 40, 2):
        judge_events(docket, played.events)
    assert beside == set()
