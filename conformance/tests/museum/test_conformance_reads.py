"""What the check of a clause reads, and when two histories look the same to it."""

from __future__ import annotations

from memslot_conformance.museum.reads import Reads, Recorded, reads
from memslot_spec.clauses import CLAUSES, clause_by_id
from memslot_spec.history.events import Call, Event, Observed, Return, is_point
from memslot_spec.history.points.dirty import DirtyBitSet
from memslot_spec.history.points.mmu import MmuUnlocked, SpteMapped, SpteRemoved
from memslot_spec.history.points.srcu import GracePeriodEnded
from memslot_spec.history.points.tables import (
    Attached,
    TableLoaded,
    TablePublished,
    TableRead,
)
from memslot_spec.history.views import View
from memslot_spec.model.operations import GfnToHva, SetRegion
from memslot_spec.model.replies import Done
from memslot_spec.model.values import EMPTY, Gfn, Hva, MemoryRegion, Slot, table_of

LOADS = Reads(frozenset({TableLoaded, TableRead}))
REQUEST = SetRegion(MemoryRegion(0, 0, 0, 0))


def test_every_clause_reads_something() -> None:
    assert all(reads(clause).kinds for clause in CLAUSES)


def test_a_clause_on_a_point_reads_it_and_the_points_that_it_names() -> None:
    seen = reads(clause_by_id("DEL-2"))
    assert {kind.__name__ for kind in seen.kinds} == {
        "Flushed",
        "TablePublished",
        "GracePeriodBegun",
        "GracePeriodEnded",
    }
    assert not seen.operations


def test_a_clause_on_requests_reads_their_replies_alone() -> None:
    assert reads(clause_by_id("REQ-1")) == Reads(
        frozenset({Return}), frozenset({"SetRegion"})
    )


def test_a_clause_on_answers_reads_those_of_its_operations() -> None:
    seen = reads(clause_by_id("LOOK-4"))
    assert seen.operations == {"GfnToHva"}
    assert "SetRegion" not in reads(clause_by_id("SRCU-1")).operations


def test_a_clause_at_rest_reads_when_the_lock_is_given_back() -> None:
    kinds = reads(clause_by_id("RMAP-1")).kinds
    assert {MmuUnlocked, SpteMapped, SpteRemoved} <= kinds


def test_a_clause_on_what_is_shown_reads_the_part_that_it_names() -> None:
    seen = reads(clause_by_id("ERR-2"))
    assert seen == Reads(frozenset({Observed}), shows=("table",))
    assert not any(map(is_point, seen.kinds))


def same(what: Reads, first: list[Event], second: list[Event]) -> bool:
    return Recorded(first).as_read(what) == Recorded(second).as_read(what)


def test_handles_may_be_others_as_long_as_they_name_the_same() -> None:
    first: list[Event] = [TableLoaded(0, 4), TableRead(0, 4, "id"), TableLoaded(0, 6)]
    renamed: list[Event] = [TableLoaded(0, 1), TableRead(0, 1, "id"), TableLoaded(0, 9)]
    mixed: list[Event] = [TableLoaded(0, 1), TableRead(0, 1, "id"), TableLoaded(0, 1)]
    assert same(LOADS, first, renamed)
    assert not same(LOADS, first, mixed)


def test_events_of_other_kinds_are_not_seen() -> None:
    first: list[Event] = [TableLoaded(0, 4)]
    assert same(LOADS, first, [GracePeriodEnded(0), TableLoaded(0, 4)])
    assert not same(LOADS, first, [TableLoaded(1, 4)])


def test_a_page_of_a_slot_is_a_number_and_no_handle() -> None:
    marks = Reads(frozenset({DirtyBitSet}))
    assert same(marks, [DirtyBitSet(0, 1, 3)], [DirtyBitSet(0, 2, 3)])
    assert not same(marks, [DirtyBitSet(0, 1, 3)], [DirtyBitSet(0, 1, 4)])


def test_what_slots_have_with_them_is_named_by_handles() -> None:
    tables = Reads(frozenset({TablePublished}))

    def shown(bitmap: int | None) -> list[Event]:
        return [TablePublished(0, 1, EMPTY, 0, (Attached(0, 0, bitmap, 7),))]

    assert same(tables, shown(1), shown(2))
    assert not same(tables, shown(1), shown(None))


def test_replies_are_read_by_their_operation() -> None:
    requests = Reads(frozenset({Return}), frozenset({"SetRegion"}))
    first: list[Event] = [Call(0, REQUEST), Return(0, Done())]
    beside: list[Event] = [Call(1, GfnToHva(Gfn(1))), Return(1, Done()), *first]
    assert same(requests, first, beside)
    assert not same(requests, first, [])


def test_views_are_read_by_their_parts() -> None:
    table = Reads(frozenset({Observed}), shows=("table",))
    slot = table_of(Slot(0, Gfn(1), 1, Hva(0)))
    empty: list[Event] = [Observed(0, View(EMPTY, ()))]
    assert same(table, empty, [Observed(0, View(EMPTY, None))])
    assert not same(table, empty, [Observed(0, View(slot, ()))])
