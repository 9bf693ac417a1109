"""Facts and clauses of the host: ranges, moves and translations."""

from __future__ import annotations

from dataclasses import replace

import pytest

from host_histories import (
    AT_18,
    BASE,
    DELETE,
    GOING,
    HERE,
    HOST,
    LOAD,
    MAPPED,
    MOVE,
    NONE,
    PAGE_17,
    PUT,
    UNMAP_17,
    A,
    called,
    created,
    gone,
    header,
    holds,
    is_left_alone,
    mapped,
    published,
    put,
)
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.clauses import clause_by_id
from memslot_spec.history.events import Call, Event, Return
from memslot_spec.history.header import History
from memslot_spec.history.points.host import (
    InvalidationBegun,
    InvalidationEnded,
    MetadataAllocated,
    MetadataFreed,
)
from memslot_spec.history.points.mmu import (
    RmapIndexed,
    RmapUse,
)
from memslot_spec.history.points.tables import Attached, UpdateLocked
from memslot_spec.judging.judge import judge
from memslot_spec.model.operations import (
    AgeHva,
    DestroyVm,
    GfnToHvaProt,
    GuestAccess,
    InvalidateRange,
    MemslotId,
    UnmapHva,
)
from memslot_spec.model.profile import V2_6_34
from memslot_spec.model.replies import (
    Accessed,
    Done,
    FoundHostPage,
    FoundId,
    Mmio,
    Refused,
    Touched,
)
from memslot_spec.model.values import (
    Errno,
    Gfn,
    Hva,
    HvaError,
    Slot,
    table_of,
)

WALKED = RmapIndexed(2, RmapUse.HVA_WALK, 0, BASE, 1, 17, 1)


# Ranges.


@pytest.mark.parametrize(
    ("start", "end", "clause"),
    [
        (PAGE_17 - 1, PAGE_17, None),
        (PAGE_17, PAGE_17 + 1, "HVA-10"),
        (PAGE_17 + 1, PAGE_17 + 2, "HVA-10"),
        (PAGE_17 + PAGE_SIZE - 1, PAGE_17 + PAGE_SIZE, "HVA-10"),
        (PAGE_17 + PAGE_SIZE - 1, PAGE_17 + PAGE_SIZE + 1, "HVA-10"),
        (PAGE_17, PAGE_17 + PAGE_SIZE, "HVA-3"),
        (PAGE_17 - 1, PAGE_17 + PAGE_SIZE + 1, "HVA-3"),
        (PAGE_17 + PAGE_SIZE, PAGE_17 + 2 * PAGE_SIZE, None),
        (0, 1 << 47, "HVA-3"),
    ],
)
def test_a_range_is_every_page_that_it_touches(
    start: int, end: int, clause: str | None
) -> None:
    operation = InvalidateRange(start, end)
    whole = (*MAPPED, *called(2, operation, Done()))
    for other in {"HVA-3", "HVA-10"} - {clause}:
        assert is_left_alone(other, *whole)
    if clause is not None:
        assert not holds(clause, *whole)
        assert holds(clause, *MAPPED, *called(2, operation, Done(), gone(2)))
    opened = (*created(), Call(2, operation), InvalidationBegun(2, start, end))
    assert holds("HVA-5", *opened, mapped()) is (clause is None)


def test_a_mapping_before_or_after_is_no_matter_of_the_range() -> None:
    begun, ended = (InvalidationBegun(2, 0, 1 << 47), InvalidationEnded(2, 0, 1 << 47))
    assert is_left_alone("HVA-5", *MAPPED, begun, ended, mapped())


@pytest.mark.parametrize("end", [PAGE_17, PAGE_17 - 1])
def test_an_empty_range_takes_nothing(end: int) -> None:
    empty = InvalidateRange(PAGE_17, end)
    assert not holds("HVA-4", *MAPPED, *called(2, empty, Done(), gone(2)))
    assert holds("HVA-4", *MAPPED, *called(2, empty, Done(), gone(3)))
    assert is_left_alone("HVA-3", *MAPPED, *called(2, empty, Done()))


def test_the_table_stays_while_a_range_is_open() -> None:
    begun, ended = InvalidationBegun(2, 0, 1), InvalidationEnded(2, 0, 1)
    assert holds("HVA-6", *created(), begun, ended, published(GOING))
    assert not holds("HVA-6", *created(), begun, published(GOING), ended)
    history = (*created(), begun, published(GOING), ended)
    clause = (clause_by_id("HVA-6"),)
    assert judge(History(header(V2_6_34), history), clause).findings == ()


def test_the_teardown_may_publish_in_a_range_that_never_ends() -> None:
    begun, ended = InvalidationBegun(2, 0, 1), InvalidationEnded(2, 0, 1)
    left = (*created(), begun, *called(0, DestroyVm(), Done(), published(NONE)))
    assert is_left_alone("HVA-6", *left)
    assert is_left_alone("HVA-6", *left, ended)


def test_a_walk_of_the_slot_of_that_id_in_another_space_is_another_walk() -> None:
    elsewhere = replace(WALKED, as_id=1)
    here = replace(WALKED, as_id=0)
    mapped = (*MAPPED, published(table_of(A, replace(A, as_id=1))))
    begun = (*mapped, Call(0, DELETE), UpdateLocked(0), published(GOING))
    age = (AgeHva(PAGE_17), Touched(young=False))
    assert not holds("HVA-7", *begun, *called(2, *age, elsewhere))
    assert holds("HVA-7", *begun, *called(2, *age, elsewhere, here))
    assert not holds("HVA-9", *mapped, *called(2, UNMAP_17, Done(), elsewhere))
    assert holds("HVA-9", *mapped, *called(2, UNMAP_17, Done(), here))


def test_ageing_looks_at_the_slot_that_is_going() -> None:
    begun = (*MAPPED, Call(0, DELETE), UpdateLocked(0), published(GOING))
    age = AgeHva(PAGE_17)
    assert not holds("HVA-7", *begun, *called(2, age, Touched(young=False)))
    assert holds("HVA-7", *begun, *called(2, age, Touched(young=False), WALKED))
    flushed = called(2, age, Touched(young=False), gone(0))
    assert is_left_alone("HVA-7", *begun, *flushed)


# Unmaps.


def test_an_unmap_looks_in_every_slot_that_maps_the_page() -> None:
    invalid = (*MAPPED, Call(0, DELETE), UpdateLocked(0), published(GOING))
    for begun in (MAPPED, invalid):
        assert not holds("HVA-9", *begun, *called(2, UNMAP_17, Done()))
        assert holds("HVA-9", *begun, *called(2, UNMAP_17, Done(), WALKED))
        beside = UnmapHva(HOST - 1)
        assert is_left_alone("HVA-9", *begun, *called(2, beside, Done()))


def test_an_unmap_that_leaves_no_spte_need_not_have_looked_anywhere() -> None:
    """Another thread may have removed it, or a walk of the page tables."""
    assert holds("HVA-9", *MAPPED, *called(2, UNMAP_17, Done(), gone(2)))
    assert holds("HVA-9", *MAPPED, *called(2, UNMAP_17, Done(), gone(3)))


def test_an_unmap_need_not_look_in_a_slot_without_sptes() -> None:
    """Today's kernel has no reverse maps to look in before the first of them."""
    assert is_left_alone("HVA-9", *created(), *called(2, UNMAP_17, Done()))


# Moves and what slots have with them.


def moving(*arrays: Event, final: Attached) -> tuple[Event, ...]:
    first = MetadataAllocated(0, 1, 0, 0, BASE, 4)
    create = (Call(0, PUT), UpdateLocked(0), first)
    have = (*create, published(HERE, Attached(0, 0, metadata=1)), Return(0, Done()))
    going = (Call(0, MOVE), UpdateLocked(0), published(GOING))
    return (*have, *going, *arrays, published(AT_18, final))


def test_a_moved_slot_has_arrays_of_its_base() -> None:
    second, freed = MetadataAllocated(0, 2, 0, 0, 18, 4), MetadataFreed(0, 2)
    kept, new = Attached(0, 0, metadata=1), Attached(0, 0, metadata=2)
    assert holds("MOVE-4", *moving(second, final=new))
    assert not holds("MOVE-4", *moving(final=kept))
    assert not holds("MOVE-4", *moving(second, freed, final=new))
    smaller = MetadataAllocated(0, 2, 0, 0, 18, 2)
    assert not holds("MOVE-4", *moving(smaller, final=new))


@pytest.mark.parametrize("gfn", [16, 17, 18, 21])
@pytest.mark.parametrize("page", range(6))
def test_a_move_shows_the_page_of_either_base(gfn: int, page: int) -> None:
    hva = HOST + page * PAGE_SIZE
    begun = (*created(), Call(0, MOVE), UpdateLocked(0), Call(1, GuestAccess(gfn)))
    race = (*begun, published(GOING), published(AT_18), Return(1, Accessed(hva)))
    right = [base for base in (16, 18) if base <= gfn < base + 4 and gfn - base == page]
    assert holds("MOVE-5", *race) == bool(right)


def test_a_move_may_meet_itself_and_change_the_flag() -> None:
    done = called(0, MOVE, Done(), UpdateLocked(0), published(AT_18))
    assert holds("MOVE-6", *created(), *done)
    refused = called(0, MOVE, Refused(Errno.EEXIST))
    assert not holds("MOVE-6", *created(), *refused)
    both = put(18, flags=0)
    wrong = called(0, both, Done(), UpdateLocked(0), published(AT_18))
    assert not holds("MOVE-7", *created(), *wrong)
    right = table_of(Slot(0, Gfn(18), 4, Hva(HOST)))
    kept = called(0, both, Done(), UpdateLocked(0), published(right))
    assert holds("MOVE-7", *created(), *kept)
    assert not holds("MOVE-7", *created(), *called(0, both, Refused(Errno.EINVAL)))


# Failures.


@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize("invalid", [False, True])
def test_invalid_comes_before_readonly(*, write: bool, invalid: bool) -> None:
    slot = Slot(0, Gfn(16), 4, Hva(HOST), readonly=True, invalid=invalid)
    operation = GfnToHvaProt(17, write=write)
    bad = FoundHostPage(None, error=HvaError.BAD)
    forbidden = FoundHostPage(None, error=HvaError.RO_BAD)
    found = FoundHostPage(PAGE_17, writable=False)
    right = bad if invalid else forbidden if write else found
    clause = "LOOK-9" if write else "LOOK-8"
    begun = (published(table_of(slot)),)
    for reply in (bad, forbidden, found, FoundHostPage(PAGE_17, writable=True)):
        answer = called(1, operation, reply, LOAD)
        assert holds(clause, *begun, *answer) is (reply == right)


def test_the_lowest_id_is_found() -> None:
    over = table_of(A, Slot(33, Gfn(17), 1, Hva(0)))
    for slot_id in (0, 33):
        answer = called(1, MemslotId(17), FoundId(slot_id), LOAD)
        lowest = holds("LOOK-13", published(over), *answer, profile=V2_6_34)
        assert lowest is (slot_id == 0)
    alone = called(1, MemslotId(17), FoundId(0), LOAD)
    assert is_left_alone("LOOK-13", published(HERE), *alone, profile=V2_6_34)


def test_an_access_that_leaves_is_nothing_for_a_move() -> None:
    done = called(0, MOVE, Done(), UpdateLocked(0), published(AT_18))
    left = called(1, GuestAccess(16), Mmio())
    assert is_left_alone("MOVE-5", *created(), *done, *left)
