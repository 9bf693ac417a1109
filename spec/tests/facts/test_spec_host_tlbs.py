"""Facts and clauses on TLBs: who has to flush what."""

from __future__ import annotations

import pytest

from host_histories import (
    DELETE,
    FLUSH,
    GET,
    GOING,
    HERE,
    HOST,
    LOG_OF_17,
    MAPPED,
    NONE,
    PAGE_17,
    PUT,
    READ_17,
    UNLOG,
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
from memslot_spec.history.points.dirty import DirtyBitsCleared
from memslot_spec.history.points.host import TlbFlushed
from memslot_spec.history.points.tables import Attached, UpdateLocked
from memslot_spec.model.operations import UnmapHva
from memslot_spec.model.replies import Accessed, DirtyLog, Done
from memslot_spec.model.values import Gfn, Hva, Slot, table_of


@pytest.mark.parametrize("flush", [(), FLUSH])
def test_a_log_is_flushed_by_its_answer(flush: tuple[Event, ...]) -> None:
    """Today's kernel flushes after `mmu_lock`, under `slots_lock`."""
    get = called(1, GET, LOG_OF_17, *locked(1, gone(1)), *flush)
    assert holds("MMU-6", *MAPPED, *get) == bool(flush)


@pytest.mark.parametrize("flush", [(), FLUSH])
def test_protection_in_place_is_flushed_too(flush: tuple[Event, ...]) -> None:
    get = called(1, GET, LOG_OF_17, *locked(1, mapped(writable=False)), *flush)
    assert holds("MMU-6", *MAPPED, *get) == bool(flush)
    assert holds("MMU-7", *MAPPED, *with_cleared(get))


def test_what_another_takes_away_later_is_its_own_to_flush() -> None:
    get = (Call(1, GET), *locked(1, gone(1)), TlbFlushed(1), mapped())
    assert holds("MMU-6", *MAPPED, *get, *locked(2, gone(2)), Return(1, LOG_OF_17))


def test_what_another_took_away_before_is_relied_on() -> None:
    get = called(1, GET, LOG_OF_17, *locked(1))
    assert not holds("MMU-6", *MAPPED, *locked(2, gone(2)), *get)


def test_a_log_that_looks_at_no_spte_relies_on_none() -> None:
    get = called(1, GET, DirtyLog((0,)))
    assert is_left_alone("MMU-6", *MAPPED, *locked(2, gone(2)), *get)


def with_cleared(get: tuple[Event, ...]) -> tuple[Event, ...]:
    return (get[0], DirtyBitsCleared(1, 1, (1,)), *get[1:])


def test_a_page_out_of_the_log_has_no_writable_spte() -> None:
    assert not holds("MMU-7", *MAPPED, *with_cleared(called(1, GET, LOG_OF_17)))
    other = called(1, GET, DirtyLog((1,)), DirtyBitsCleared(1, 1, (0,)))
    assert holds("MMU-7", *MAPPED, *other)
    again = called(1, GET, LOG_OF_17, gone(1), mapped())
    assert holds("MMU-7", *MAPPED, *with_cleared((*again[:2], again[3])))
    assert holds("MMU-7", *MAPPED, again[0], again[1], *after_clearing(again[2:]))


def after_clearing(rest: tuple[Event, ...]) -> tuple[Event, ...]:
    return (DirtyBitsCleared(1, 1, (1,)), *rest)


def test_a_bitmap_swapped_by_publication_is_cleared() -> None:
    first, second = Attached(0, 0, 1), Attached(0, 0, 2)
    begun = (*MAPPED, *called(0, PUT, Done(), published(HERE, first)))
    swap = published(HERE, second, thread=1)
    assert not holds("MMU-7", *begun, *called(1, GET, LOG_OF_17, swap))
    assert holds("MMU-7", *begun, *called(1, GET, LOG_OF_17, swap, gone(1)))
    same = published(HERE, first, thread=1)
    assert is_left_alone("MMU-7", *begun, *called(1, GET, LOG_OF_17, same))


def test_a_mapping_that_permits_more_needs_no_flush() -> None:
    read = (*created(), mapped(writable=False))
    fault = called(1, READ_17, Accessed(PAGE_17), *locked(1, gone(1), mapped()))
    assert holds("MMU-11", *read, *fault)


@pytest.mark.parametrize(
    "new", [mapped(writable=False), mapped(17 + 1), mapped(index=3)]
)
def test_any_other_mapping_in_its_place_needs_one(new: Event) -> None:
    taken = locked(1, gone(1), new)
    fault = (Call(1, READ_17), *taken)
    end = Return(1, Accessed(PAGE_17))
    assert not holds("MMU-11", *MAPPED, *fault, end)
    assert holds("MMU-11", *MAPPED, *fault, TlbFlushed(2), end)


def test_a_fault_answers_for_its_own_alone() -> None:
    fault = (Call(1, READ_17), *locked(1, gone(1), mapped()), *locked(2, gone(2)))
    assert holds("MMU-11", *MAPPED, *fault, Return(1, Accessed(PAGE_17)))


def test_who_finds_a_page_unmapped_flushes_it_all_the_same() -> None:
    unmap = (Call(2, UNMAP_17), *locked(2))
    begun = (*MAPPED, *locked(1, gone(1)))
    assert not holds("MMU-9", *begun, *unmap, Return(2, Done()))
    flushed = (*begun, *unmap, TlbFlushed(1), Return(2, Done()))
    assert is_left_alone("MMU-9", *flushed)
    mine = called(2, UNMAP_17, Done(), *locked(2, gone(2)), TlbFlushed(1))
    assert holds("MMU-9", *MAPPED, *mine)
    beside = called(2, UnmapHva(HOST + 2 * PAGE_SIZE), Done(), *locked(2))
    assert is_left_alone("MMU-9", *begun, *beside)


def test_a_slot_goes_when_no_tlb_has_it() -> None:
    begun = (*MAPPED, Call(0, DELETE), UpdateLocked(0), published(GOING))
    zapped = (*begun, *locked(0, gone(0)))
    assert not holds("MMU-10", *zapped, published(NONE))
    assert holds("MMU-10", *zapped, TlbFlushed(0), published(NONE))


def test_logging_begins_with_the_tlbs_flushed() -> None:
    begun = (
        *MAPPED,
        *called(0, UNLOG, Done(), published(table_of(Slot(0, Gfn(16), 4, Hva(HOST))))),
    )
    start = (Call(0, PUT), UpdateLocked(0), published(HERE), *locked(0, gone(0)))
    assert not holds("MMU-8", *begun, *start, Return(0, Done()))
    assert holds("MMU-8", *begun, *start, TlbFlushed(0), Return(0, Done()))
