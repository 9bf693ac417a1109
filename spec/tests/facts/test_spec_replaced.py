"""Pages that the host replaces, and what is asked of a single spte."""

from __future__ import annotations

import pytest

from host_histories import (
    HOST,
    LOAD,
    MAPPED,
    PAGE_17,
    READ_17,
    UNMAP_17,
    called,
    created,
    gone,
    holds,
    is_left_alone,
    locked,
    mapped,
    published,
)
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.history.events import Call, Event, Return
from memslot_spec.history.points.host import (
    HostPageFound,
    InvalidationBegun,
    TlbFlushed,
)
from memslot_spec.history.points.mmu import (
    MmuLocked,
    RootsInvalidated,
    SpteMapped,
    SpteUpdated,
)
from memslot_spec.model.operations import (
    ChangePte,
    GuestAccess,
    InvalidateRange,
    Operation,
    WriteProtectGfn,
)
from memslot_spec.model.profile import V2_6_34
from memslot_spec.model.replies import Accessed, Done
from memslot_spec.model.values import Gfn, Hva, Slot, table_of

CHANGE = ChangePte(PAGE_17 + 8)
OTHER_PAGE = SpteUpdated(2, 1, 17, writable=False, other_page=True)
PROTECT = WriteProtectGfn(17)
PROTECTED = SpteUpdated(2, 1, 17, writable=False)


def changed(*inside: Event) -> tuple[Event, ...]:
    return called(2, CHANGE, Done(), *locked(2, *inside))


# change_pte.


def test_nothing_is_left_of_the_page_of_before() -> None:
    assert holds("HVA-11", *MAPPED, *changed(OTHER_PAGE))
    assert holds("HVA-11", *MAPPED, *changed(gone(2)))
    assert not holds("HVA-11", *MAPPED, *changed())
    assert not holds("HVA-11", *MAPPED, *changed(PROTECTED))
    assert is_left_alone("HVA-11", *created(), *changed())


def test_a_processor_does_not_use_the_page_of_before() -> None:
    assert not holds("MMU-9", *MAPPED, *changed(OTHER_PAGE))
    assert holds("MMU-9", *MAPPED, *changed(OTHER_PAGE, TlbFlushed(2)))


def test_an_other_page_is_writable_where_the_host_lets_it_be() -> None:
    writable = SpteUpdated(2, 1, 17, writable=True, other_page=True)
    shared = (*MAPPED, *changed(writable))
    assert not holds("HVA-12", *shared, profile=V2_6_34)
    assert holds("HVA-12", *MAPPED, *changed(OTHER_PAGE), profile=V2_6_34)
    copied = called(2, ChangePte(PAGE_17, writable=True), Done(), writable)
    assert is_left_alone("HVA-12", *MAPPED, *copied, profile=V2_6_34)


def test_a_fault_looks_a_page_up_again_that_was_replaced() -> None:
    found = HostPageFound(1, PAGE_17, 1)
    beside = Call(2, CHANGE), MmuLocked(2), mapped()
    assert not holds("HVA-8", *created(), Call(1, READ_17), found, *beside)
    again = Call(1, READ_17), found, Call(2, CHANGE), MmuLocked(2), found, mapped()
    assert holds("HVA-8", *created(), *again)


def test_a_change_may_map_in_the_range_around_it() -> None:
    around = Call(2, CHANGE), InvalidationBegun(2, PAGE_17, PAGE_17 + PAGE_SIZE)
    assert is_left_alone("HVA-5", *created(), *around, mapped(thread=2))
    assert not holds("HVA-5", *created(), *around, mapped(thread=1))
    others = InvalidationBegun(3, PAGE_17, PAGE_17 + 1)
    assert not holds("HVA-5", *created(), *around, others, mapped(thread=2))


# Which page an access reaches.


def reached(replaced: int | None, gfn: int = 17) -> tuple[Event, ...]:
    hva = HOST + (gfn - 16) * PAGE_SIZE
    return called(1, GuestAccess(gfn), Accessed(hva, replaced))


@pytest.mark.parametrize(
    ("operation", "times"),
    [
        (UNMAP_17, 1),
        (CHANGE, 1),
        (InvalidateRange(PAGE_17, PAGE_17 + PAGE_SIZE), 1),
        (InvalidateRange(0, 1 << 47), 1),
        (InvalidateRange(PAGE_17 + 1, PAGE_17 + PAGE_SIZE), 0),
        (InvalidateRange(PAGE_17, PAGE_17 + PAGE_SIZE - 1), 0),
        (InvalidateRange(PAGE_17, PAGE_17), 0),
    ],
)
def test_an_access_reaches_the_page_of_now(operation: Operation, times: int) -> None:
    before = (*created(), *called(2, operation, Done()))
    for replaced in (0, 1, 2):
        assert holds("HVA-13", *before, *reached(replaced)) is (replaced == times)
    assert holds("HVA-13", *before, *reached(0, gfn=19)) is (operation != EVERYTHING)


EVERYTHING = InvalidateRange(0, 1 << 47)


def test_while_the_host_replaces_a_page_either_may_be_reached() -> None:
    for replaced in (0, 1):
        beside = (*created(), Call(2, UNMAP_17), *reached(replaced))
        assert holds("HVA-13", *beside)
        spans = (
            *(*created(), Call(1, READ_17)),
            *called(2, UNMAP_17, Done()),
            Return(1, Accessed(PAGE_17, replaced)),
        )
        assert holds("HVA-13", *spans)


def test_who_does_not_tell_the_page_is_left_alone() -> None:
    assert is_left_alone("HVA-13", *created(), *reached(None))


def test_replies_that_differ_in_the_page_alone_are_equal() -> None:
    assert Accessed(PAGE_17, 1) == Accessed(PAGE_17)
    assert Accessed(PAGE_17, 1) != Accessed(PAGE_17 + 1, 1)


# One spte by itself.


def large(gfn: int, hva: int, *, writable: bool = True) -> Event:
    return SpteMapped(1, 1, 0, gfn, 2, writable, hva, 1)


@pytest.mark.parametrize(
    ("npages", "at", "is_within"),
    [(0x200, 0, True), (0x1FF, 0, False), (0x400, 0x200, True), (0x400, 0x100, False)],
)
def test_every_frame_of_an_spte_is_in_one_slot(
    npages: int,
    at: int,
    is_within: bool,  # noqa: FBT001
) -> None:
    slot = Slot(0, Gfn(0x400), npages, Hva(HOST))
    event = large(0x400 + at, HOST + at * PAGE_SIZE)
    if at == 0x100:
        event = large(0x400 + at, HOST)
    history = (LOAD, published(table_of(slot)), event)
    assert holds("MMU-20", *history[1:]) is is_within


def test_two_slots_side_by_side_are_not_one() -> None:
    first = Slot(0, Gfn(0x400), 0x100, Hva(HOST))
    second = Slot(1, Gfn(0x500), 0x100, Hva(HOST + 0x100 * PAGE_SIZE))
    table = published(table_of(first, second))
    assert not holds("MMU-20", table, large(0x400, HOST))


@pytest.mark.parametrize("off", [0, 1, 0x1FF])
def test_a_large_spte_is_of_host_memory_that_is_aligned(off: int) -> None:
    hva = 0x7F00_0000_0000 + off * PAGE_SIZE
    table = published(table_of(Slot(0, Gfn(0x400), 0x200, Hva(hva))))
    assert holds("MMU-29", table, large(0x400, hva)) is (off == 0)


def test_an_spte_of_a_readonly_slot_is_not_writable() -> None:
    readonly = Slot(0, Gfn(16), 4, Hva(HOST), readonly=True)
    table = published(table_of(readonly))
    assert not holds("MMU-21", table, mapped())
    assert holds("MMU-21", table, mapped(writable=False))
    assert is_left_alone("MMU-21", *created(), mapped())


# Protection on request.


def protected(*inside: Event) -> tuple[Event, ...]:
    return called(2, PROTECT, Done(), *locked(2, *inside))


def test_a_protection_reaches_what_could_be_written_when_it_began() -> None:
    assert not holds("MMU-22", *MAPPED, *protected())
    assert holds("MMU-22", *MAPPED, *protected(PROTECTED))
    assert holds("MMU-22", *MAPPED, *protected(gone(2)))
    opened = SpteUpdated(1, 1, 17, writable=True)
    assert holds("MMU-22", *MAPPED, *protected(PROTECTED, opened))
    assert holds("MMU-22", *MAPPED, *protected(PROTECTED, gone(1), mapped()))
    assert is_left_alone("MMU-22", *created(), *protected())
    assert holds("MMU-22", *MAPPED, RootsInvalidated(3), *protected())
    other = called(2, WriteProtectGfn(18), Done(), *locked(2))
    assert is_left_alone("MMU-22", *MAPPED, *other)


def test_a_protection_relies_on_every_tlb() -> None:
    by_another = SpteUpdated(3, 1, 17, writable=False)
    assert not holds("MMU-23", *MAPPED, *protected(PROTECTED))
    assert holds("MMU-23", *MAPPED, *protected(PROTECTED, TlbFlushed(2)))
    assert not holds("MMU-23", *MAPPED, by_another, *protected())
    assert is_left_alone("MMU-23", *MAPPED, by_another, *protected(TlbFlushed(2)))
    assert is_left_alone("MMU-23", *MAPPED, by_another, TlbFlushed(3), *protected())
