"""Dirty or armed: in-place changes of sptes, D bits, and fast page faults, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from memslot_spec.clauses import CLAUSES
from memslot_spec.history.events import Call, Event, Return
from memslot_spec.history.header import (
    Capabilities,
    DirtyTracking,
    Domain,
    Header,
    History,
    Interleaving,
)
from memslot_spec.history.points.dirty import (
    BitmapAllocated,
    DirtyBitsCleared,
    DirtyBitSet,
)
from memslot_spec.history.points.host import HostPageDirtied, TlbFlushed
from memslot_spec.history.points.mmu import (
    MmuLocked,
    MmuUnlocked,
    SpteMapped,
    SpteRemoved,
    SpteUpdated,
)
from memslot_spec.history.points.tables import Attached, TableLoaded, TablePublished
from memslot_spec.judging.applies import not_applicable
from memslot_spec.judging.judge import judge
from memslot_spec.model.operations import (
    ClearDirtyLog,
    GetDirtyLog,
    GuestAccess,
    SetRegion,
    UnmapHva,
)
from memslot_spec.model.profile import LINUX, Limits
from memslot_spec.model.replies import Accessed, DirtyLog, Done
from memslot_spec.model.values import Gfn, Hva, Slot, table_of

SLOT = Slot(0, Gfn(16), 4, Hva(0x100000), log_dirty=True)
ANNOUNCED = (
    BitmapAllocated,
    DirtyBitSet,
    DirtyBitsCleared,
    HostPageDirtied,
    TlbFlushed,
    TablePublished,
    TableLoaded,
    SpteMapped,
    SpteRemoved,
    SpteUpdated,
    MmuLocked,
    MmuUnlocked,
)
HEADER = Header(
    target="by hand",
    profile=LINUX.name,
    limits=Limits(user_slots=8),
    capabilities=Capabilities(
        operations=tuple(
            kind.__name__
            for kind in (SetRegion, GuestAccess, GetDirtyLog, ClearDirtyLog, UnmapHva)
        ),
        interleaving=Interleaving.POINTS,
        announces=tuple(kind.__name__ for kind in ANNOUNCED),
    ),
)
BY_D = replace(HEADER, domain=Domain(dirty_tracking=DirtyTracking.DIRTY_BIT))
MINE = tuple(c for c in CLAUSES if c.id.startswith("DIRTY") or c.armed)

BEGUN: tuple[Event, ...] = (
    BitmapAllocated(0, 1, 0, 0, 4),
    TablePublished(0, 1, table_of(SLOT), attached=(Attached(0, 0, bitmap=1),)),
)
MAPPED = SpteMapped(0, 1, 17, 17, 1, writable=True, hva=0x101000, table=1)
READ_ONLY = SpteMapped(0, 1, 17, 17, 1, writable=False, hva=0x101000, table=1)
MARK = DirtyBitSet(0, 1, 1)
TOLD = HostPageDirtied(0, 0x101000)
GONE = SpteRemoved(0, 1, 17)
GET, GOT = Call(1, GetDirtyLog(0)), Return(1, DirtyLog((0b10,)))
CLEAR, CLEARED = Call(1, ClearDirtyLog(0, 0, 4, (0b10,))), Return(1, Done())
TAKEN = DirtyBitsCleared(1, 1, (1,))
WRITE = Call(2, GuestAccess(17, write=True))
WRITTEN = Return(2, Accessed(0x101000))


def w(value: int, *, thread: int = 1, d: int = 1) -> Event:
    return SpteUpdated(thread, 1, 17, writable=bool(value), dirty=bool(d))


def locked(*events: Event, thread: int = 0) -> tuple[Event, ...]:
    return (MmuLocked(thread), *events, MmuUnlocked(thread))


FAULTED = locked(MARK, MAPPED)


def found(*events: Event, header: Header = HEADER) -> set[str]:
    history = History(header, (*BEGUN, *events))
    return {finding.clause for finding in judge(history, MINE).findings}


def taken_and(
    *inside: Event, call: Event = GET, back: Event = GOT
) -> tuple[Event, ...]:
    """A GET or a CLEAR that takes the page out, and does this under `mmu_lock`."""
    return (call, *locked(TAKEN, *inside, thread=1), TlbFlushed(1), back)


@pytest.mark.parametrize(("call", "back"), [(GET, GOT), (CLEAR, CLEARED)])
def test_an_spte_protected_in_place_is_armed(call: Event, back: Event) -> None:
    armed = taken_and(TOLD, w(0), call=call, back=back)
    assert not found(*FAULTED, *armed)
    assert found(*FAULTED, *taken_and(call=call, back=back)) & {"DIRTY-2", "DIRTY-20"}


@pytest.mark.parametrize(("call", "back"), [(GET, GOT), (CLEAR, CLEARED)])
def test_a_clear_d_bit_arms_where_the_processor_logs(call: Event, back: Event) -> None:
    armed = taken_and(TOLD, w(1, d=0), call=call, back=back)
    assert not found(*FAULTED, *armed, header=BY_D)
    assert found(*FAULTED, *armed) & {"DIRTY-2", "DIRTY-20"}


def test_a_tlb_may_have_the_d_bit_still() -> None:
    unflushed = (GET, *locked(TAKEN, TOLD, w(1, d=0), thread=1), GOT)
    assert found(*FAULTED, *unflushed, header=BY_D) == {"MMU-6"}


def test_a_write_by_a_clear_d_bit_is_marked_when_the_guest_exits() -> None:
    armed = (*FAULTED, *taken_and(TOLD, w(1, d=0)))
    logged = (WRITE, w(1, thread=2), *locked(READ_ONLY_18), MARK, WRITTEN)
    assert not found(*armed, *logged, *locked(READ_ONLY_18), header=BY_D)
    forgotten = (WRITE, w(1, thread=2), WRITTEN, *locked(READ_ONLY_18))
    assert found(*armed, *forgotten, header=BY_D) == {"DIRTY-1"}


READ_ONLY_18 = SpteMapped(0, 1, 18, 18, 1, writable=False, hva=0x102000, table=1)


def test_what_a_fast_page_fault_opened_is_about_to_be_marked() -> None:
    begun = (*locked(READ_ONLY), WRITE, w(1, thread=2))
    assert not found(*begun, *locked(READ_ONLY_18), CLEAR, CLEARED, MARK, WRITTEN)
    assert found(*begun, WRITTEN, *locked(READ_ONLY_18)) == {"DIRTY-1"}
    other = replace(WRITE, operation=GuestAccess(18, write=True))
    beside = (*locked(READ_ONLY), other, w(1, thread=2))
    assert found(*beside, *locked(READ_ONLY_18)) == {"DIRTY-1"}


def test_a_fault_that_has_the_lock_marks_before_it_gives_it_back() -> None:
    opened = (*locked(READ_ONLY), WRITE, *locked(w(1, thread=2), thread=2))
    assert found(*opened) == {"DIRTY-1"}


@pytest.mark.parametrize(
    "told",
    [
        (*locked(MARK, MAPPED, TOLD), *locked(GONE)),
        (*locked(TOLD, MARK, MAPPED), *locked(GONE)),
        (*FAULTED, *locked(TOLD, w(0)), *locked(GONE)),
        (*FAULTED, *locked(w(0)), *locked(TOLD, GONE)),
        (*FAULTED, *locked(w(0)), *locked(GONE, TOLD)),
        (*locked(READ_ONLY), *locked(GONE)),
    ],
)
def test_the_host_is_told_no_later_than_the_removal(told: tuple[Event, ...]) -> None:
    assert not found(*told)


@pytest.mark.parametrize(
    "untold",
    [
        (*FAULTED, *locked(GONE)),
        (*FAULTED, *locked(w(0)), *locked(GONE)),
        (*locked(TOLD, READ_ONLY_18), *FAULTED, *locked(GONE)),
    ],
)
def test_a_host_that_was_never_told_of_the_spte(untold: tuple[Event, ...]) -> None:
    assert found(*untold) == {"DIRTY-3"}


def test_a_page_that_is_dirty_again_need_not_be_armed() -> None:
    again = (GET, *locked(TAKEN, thread=1), MARK, GOT)
    assert not found(*FAULTED, *again)


def test_an_unmap_finds_what_is_protected_and_not_yet_flushed() -> None:
    protected = (GET, *locked(TAKEN, TOLD, w(0), thread=1))
    unmap = (Call(3, UnmapHva(0x101000)), *locked(GONE, TlbFlushed(3), thread=3))
    assert not found(*FAULTED, *protected, *unmap, Return(3, Done()), GOT)


def test_where_the_bitmap_is_not_known_nothing_is_asked() -> None:
    published = TablePublished(0, 1, table_of(SLOT))
    history = History(HEADER, (published, *locked(MAPPED), GET, GOT))
    judgement = judge(history, MINE)
    assert not judgement.findings
    assert judgement.reached["DIRTY-1"] == judgement.reached["DIRTY-2"] == 0


def test_d_bits_that_are_not_announced_leave_the_clauses_aside() -> None:
    has = BY_D.capabilities
    announces = tuple(name for name in has.announces if name != "SpteUpdated")
    silent = replace(BY_D, capabilities=replace(has, announces=announces))
    of_arming = [clause for clause in MINE if clause.armed]
    assert {c.id for c in of_arming} >= {"DIRTY-1", "DIRTY-2", "DIRTY-20", "DIRTY-30"}
    assert all(not_applicable(clause, silent) for clause in of_arming)
