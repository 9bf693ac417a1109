"""Histories of mappings, logs and moves that the host takes part in."""

from __future__ import annotations

from typing import get_args

from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.clauses import clause_by_id
from memslot_spec.history.events import Call, Event, Point, Return
from memslot_spec.history.header import (
    Capabilities,
    Domain,
    Header,
    History,
    Interleaving,
)
from memslot_spec.history.points.host import TlbFlushed
from memslot_spec.history.points.mmu import (
    MmuLocked,
    MmuUnlocked,
    SpteMapped,
    SpteRemoved,
)
from memslot_spec.history.points.tables import (
    Attached,
    TableLoaded,
    TablePublished,
    UpdateLocked,
)
from memslot_spec.judging.judge import judge
from memslot_spec.model.operations import (
    GetDirtyLog,
    GuestAccess,
    Operation,
    SetRegion,
    UnmapHva,
)
from memslot_spec.model.profile import LINUX, Limits, Profile
from memslot_spec.model.replies import Accessed, DirtyLog, Done, Reply
from memslot_spec.model.values import (
    LOG_DIRTY_PAGES,
    Gfn,
    Hva,
    MemoryRegion,
    Slot,
    SlotTable,
    table_of,
)

BASE, HOST = 16, 0x10_0000
A = Slot(0, Gfn(BASE), 4, Hva(HOST), log_dirty=True)
THERE = Slot(0, Gfn(18), 4, Hva(HOST), log_dirty=True)
HERE, GOING, NONE = table_of(A), table_of(A.as_invalid()), table_of()
AT_18 = table_of(THERE)


def put(gfn: int, npages: int = 4, flags: int = LOG_DIRTY_PAGES) -> SetRegion:
    return SetRegion(MemoryRegion(0, gfn << 12, npages << 12, HOST, flags))


PUT, MOVE, DELETE = put(BASE), put(18), put(0, 0, 0)
UNLOG = put(BASE, flags=0)
GET = GetDirtyLog(0)
PAGE_17 = HOST + PAGE_SIZE
READ_17 = GuestAccess(17)
LOAD = TableLoaded(1, 1)
UNMAP_17 = UnmapHva(PAGE_17 + 8)
LOG_OF_17 = DirtyLog((0b10,))


def header(profile: Profile) -> Header:
    """A target that does and announces everything."""
    return Header(
        target="by hand",
        profile=profile.name,
        limits=Limits(user_slots=32),
        capabilities=Capabilities(
            operations=tuple(kind.__name__ for kind in get_args(Operation)),
            interleaving=Interleaving.POINTS,
            announces=tuple(kind.__name__ for kind in get_args(Point)),
        ),
        domain=Domain(
            private_slots=4,
            overlaps_private=True,
            tracks_accesses=True,
            names_host_pages=True,
        ),
    )


def holds(clause: str, *events: Event, profile: Profile = LINUX) -> bool:
    """The history keeps the clause, and comes to it. Errors: it does not come."""
    history = History(header(profile), events)
    judgement = judge(history, (clause_by_id(clause),))
    assert judgement.contradiction is None
    assert judgement.reached[clause] > 0
    return not judgement.findings


def is_left_alone(clause: str, *events: Event, profile: Profile = LINUX) -> bool:
    """The history does not come to the clause."""
    judgement = judge(History(header(profile), events), (clause_by_id(clause),))
    return judgement.reached[clause] == 0 and not judgement.findings


def published(table: SlotTable, *attached: Attached, thread: int = 0) -> Event:
    return TablePublished(thread, 1, table, attached=attached)


def created() -> tuple[Event, ...]:
    """The slot is there."""
    return (Call(0, PUT), UpdateLocked(0), published(HERE), Return(0, Done()))


def mapped(
    gfn: int = 17, index: int = 17, *, writable: bool = True, thread: int = 1
) -> Event:
    hva = HOST + (gfn - BASE) * PAGE_SIZE
    return SpteMapped(thread, 1, index, gfn, 1, writable, hva, 1)


def locked(thread: int, *events: Event) -> tuple[Event, ...]:
    """These under the lock over the shadow state."""
    return (MmuLocked(thread), *events, MmuUnlocked(thread))


def called(
    thread: int, operation: Operation, reply: Reply, *inside: Event
) -> tuple[Event, ...]:
    return (Call(thread, operation), *inside, Return(thread, reply))


FAULT = called(1, READ_17, Accessed(PAGE_17), *locked(1, mapped()))
MAPPED = (*created(), *FAULT)
FLUSH = (TlbFlushed(1),)


def gone(thread: int, index: int = 17) -> Event:
    return SpteRemoved(thread, 1, index)
