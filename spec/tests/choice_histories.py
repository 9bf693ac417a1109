"""Histories that show each option of each choice, and a judge that counts them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import get_args

from memslot_spec.arithmetic.ranges import U64
from memslot_spec.arithmetic.sizing import tss_base
from memslot_spec.choice import AnyChoice, OptionCounts
from memslot_spec.choices import (
    CHOICES,
    caches,
    delete,
    errors,
    mmu,
    readers,
    requests,
)
from memslot_spec.clause import AnyClause
from memslot_spec.history.events import Call, Event, Point, Return
from memslot_spec.history.header import Capabilities, Domain, Header, Interleaving
from memslot_spec.history.points.mmu import Flushed, RmapAdded, RmapsCounted
from memslot_spec.history.points.srcu import (
    GracePeriodBegun,
    GracePeriodEnded,
    SectionEntered,
    SectionLeft,
    Slept,
)
from memslot_spec.history.points.tables import (
    TableLoaded,
    TablePublished,
    TableReclaimed,
)
from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.judging.judge import judge_events
from memslot_spec.model.operations import (
    GfnToHva,
    GuestAccess,
    InitHvaCache,
    Operation,
    Origin,
    SetRegion,
    TssBase,
)
from memslot_spec.model.profile import V2_6_34, HostHole, Limits
from memslot_spec.model.replies import (
    Accessed,
    Done,
    FoundHva,
    GuestPageFault,
    Mmio,
    Number,
    Refused,
    Reply,
    Retry,
)
from memslot_spec.model.values import (
    EMPTY,
    Errno,
    Failure,
    Gfn,
    Hva,
    MemoryRegion,
    Slot,
    SlotTable,
    table_of,
)

POINTS = tuple(kind.__name__ for kind in get_args(Point))
OPERATIONS = tuple(kind.__name__ for kind in get_args(Operation))
HOLE = HostHole(0x10_3000, 0x10_4000)
LIMITS = Limits(user_slots=32, largest_gfn=0xFFFF, holes=(HOLE,), enough_pages=0x1000)

A = Slot(0, Gfn(16), 4, Hva(0x10_0000))
B = Slot(1, Gfn(32), 4, Hva(0x20_0000))
ONE, GOING, TWO = table_of(A), table_of(A.as_invalid()), table_of(A, B)
REGION = MemoryRegion(0, 16 << 12, 4 << 12, 0x10_0000)
PUT_A, DELETE_A = SetRegion(REGION), SetRegion(MemoryRegion(0, 0, 0, 0))
OF_B = MemoryRegion(1, 32 << 12, 4 << 12, 0x20_0000)
FAILS = SetRegion(OF_B, failure=Failure.PREPARE)
FAILS_TO_GO = replace(DELETE_A, failure=Failure.PREPARE)
FLAGGED = SetRegion(replace(OF_B, flags=1 << 5))
BEYOND = SetRegion(replace(OF_B, userspace_addr=LIMITS.hva_end))
ELSEWHERE = SetRegion(replace(REGION, userspace_addr=0x30_0000))
PRIVATE = SetRegion(replace(REGION, slot=32), private=True)
BOTH_WRONG = SetRegion(replace(REGION, slot=1, flags=1 << 5))
INVALID_ARGUMENT, EXISTS, NO_MEMORY = (
    Refused(Errno.EINVAL),
    Refused(Errno.EEXIST),
    Refused(Errno.ENOMEM),
)
Events = tuple[Event, ...]


def header(profile: str) -> Header:
    """A target that shows everything."""
    return Header(
        target="by hand",
        profile=profile,
        limits=LIMITS,
        capabilities=Capabilities(
            operations=OPERATIONS,
            interleaving=Interleaving.POINTS,
            announces=POINTS,
        ),
        domain=Domain(
            private_slots=3,
            failures=("PREPARE", "ALLOCATE"),
            origins=tuple(origin.name for origin in Origin),
        ),
    )


def taken(
    events: Iterable[Event],
    profile: str = V2_6_34.name,
    clauses: tuple[AnyClause, ...] = (),
) -> OptionCounts:
    """What a judge that knows these clauses and every choice counts."""
    applicable = ApplicableClauses(header(profile), clauses, CHOICES)
    return judge_events(applicable, events).taken


def request(operation: SetRegion, reply: Reply, *tables: SlotTable) -> Events:
    """A request on thread 0 that publishes these tables; handles count from 2."""
    published = (TablePublished(0, 2 + n, table) for n, table in enumerate(tables))
    return (Call(0, operation), *published, Return(0, reply))


PUT = (Call(0, PUT_A), TablePublished(0, 1, ONE), Return(0, Done()))
OPEN = (*PUT, Call(0, DELETE_A), TablePublished(0, 2, GOING))
CREATES = (Call(0, SetRegion(OF_B)), TablePublished(0, 2, TWO))
ENTERS, LOADS_1, LOADS_2, LOADS_3 = (
    Call(1, GuestAccess(Gfn(17))),
    TableLoaded(1, 1),
    TableLoaded(1, 2),
    TableLoaded(1, 3),
)
ASKS, ANSWERED = Call(1, GfnToHva(Gfn(17))), Return(1, FoundHva(Hva(0x10_1000)))
REACHED = Return(1, Accessed(0x10_1000))
EMULATES, WALKS = (
    Call(1, GuestAccess(Gfn(17), origin=origin))
    for origin in (Origin.EMULATOR, Origin.TABLE_WALK)
)
MMIO, RETRY, FAULTED = (Return(1, r) for r in (Mmio(), Retry(), GuestPageFault()))
GONE = TablePublished(0, 3, EMPTY)
BEGUN, ENDED = GracePeriodBegun(0), GracePeriodEnded(0)

ENTERS_HOLE = (Call(1, GuestAccess(Gfn(19))), LOADS_1)
EMULATES_HOLE = (Call(1, GuestAccess(Gfn(19), origin=Origin.EMULATOR)), LOADS_1)
KERNELS = Slot(33, Gfn(40), 1, Hva(0x40_0000))
ENTERS_PRIVATE = (
    *request(PUT_A, Done(), table_of(A, KERNELS)),
    Call(1, GuestAccess(Gfn(40))),
    LOADS_2,
)
SMALL_AND_LARGE = (RmapAdded(0, 3, 0, 0, 1, 1), RmapAdded(0, 3, 1, 0, 2, 0))
HUGE = SetRegion(replace(OF_B, memory_size=0x2000 << 12))
LARGE = replace(B, npages=0x2000)
ROUND = Call(1, InitHvaCache(0, (16 << 12) + 0x800, U64 - 0x400))
DELETE_AT_9 = SetRegion(MemoryRegion(0, 9 << 12, 0, 0))
DELETED_AT_9 = (
    *PUT,
    *request(DELETE_AT_9, Done(), GOING, EMPTY),
    Call(1, TssBase()),
    LOADS_3,
)

WITNESSES: tuple[tuple[AnyChoice, str, Events], ...] = (
    (delete.window_2009, delete.MMIO, (*OPEN, ENTERS, LOADS_2, Return(1, Mmio()))),
    (delete.window_2009, delete.RETRIED, (*OPEN, ENTERS, LOADS_2, Return(1, Retry()))),
    (delete.window_2009, delete.STANDING, (*OPEN, ENTERS, REACHED)),
    (delete.window_2009, delete.LATER, (*OPEN, ENTERS, LOADS_2, REACHED)),
    (delete.window_today, delete.RETRIED, (*OPEN, ENTERS, LOADS_2, Return(1, Retry()))),
    (delete.window_today, delete.STANDING, (*OPEN, ENTERS, REACHED)),
    (delete.window_today, delete.LATER, (*OPEN, ENTERS, LOADS_2, REACHED)),
    (delete.window_emulated, delete.MMIO, (*OPEN, EMULATES, LOADS_2, MMIO)),
    (delete.window_emulated, delete.RETRIED, (*OPEN, EMULATES, LOADS_2, RETRY)),
    (delete.window_walk, delete.GUEST_FAULT, (*OPEN, WALKS, LOADS_2, FAULTED)),
    (delete.window_walk, delete.RETRIED, (*OPEN, WALKS, LOADS_2, RETRY)),
    (readers.sleep_for_page, readers.OUTSIDE, (Slept(1, for_page=True),)),
    (
        readers.sleep_for_page,
        readers.INSIDE,
        (SectionEntered(1, 0), Slept(1, for_page=True)),
    ),
    (
        readers.reclaim,
        readers.BY_ITS_UPDATE,
        (*PUT, *CREATES, TableReclaimed(0, 1), Return(0, Done())),
    ),
    (
        readers.reclaim,
        readers.LATER,
        (*PUT, *CREATES, Return(0, Done()), TableReclaimed(0, 1)),
    ),
    (readers.reader_table, readers.OLD, (*PUT, ASKS, LOADS_1, *CREATES, ANSWERED)),
    (readers.reader_table, readers.NEW, (*PUT, ASKS, *CREATES, LOADS_2, ANSWERED)),
    (
        readers.reader_table_of_delete,
        readers.OLD,
        (*PUT, ASKS, LOADS_1, *OPEN[len(PUT) :], ANSWERED),
    ),
    (
        readers.reader_table_of_delete,
        readers.WITH_INVALID,
        (*OPEN, ASKS, LOADS_2, GONE, Return(1, FoundHva(None))),
    ),
    (
        readers.reader_table_of_delete,
        readers.WITHOUT,
        (*OPEN, ASKS, GONE, LOADS_3, Return(1, FoundHva(None))),
    ),
    (delete.flush_extent, delete.THE_SLOT, (*OPEN, Flushed(0, 0))),
    (delete.flush_extent, delete.EVERYTHING, (*OPEN, Flushed(0, None))),
    (
        readers.grace_period,
        readers.WAITED,
        (SectionEntered(1, 0), BEGUN, SectionLeft(1, 0), ENDED),
    ),
    (readers.grace_period, readers.NOBODY, (BEGUN, SectionEntered(1, 0), ENDED)),
    (requests.no_op, requests.PUBLISHED, (*PUT, *request(PUT_A, Done(), ONE))),
    (requests.no_op, requests.SILENT, (*PUT, *request(PUT_A, Done()))),
    (requests.absent_delete, requests.PUBLISHED, request(DELETE_A, Done(), EMPTY)),
    (requests.absent_delete, requests.SILENT, request(DELETE_A, Done())),
    (requests.unknown_flag, requests.REFUSED, request(FLAGGED, INVALID_ARGUMENT)),
    (requests.unknown_flag, requests.IGNORED, request(FLAGGED, Done(), table_of(B))),
    (requests.unusable_hva, requests.REFUSED, request(BEYOND, INVALID_ARGUMENT)),
    (requests.unusable_hva, requests.ACCEPTED, request(BEYOND, Done(), table_of(B))),
    (requests.new_hva, requests.REFUSED, (*PUT, *request(ELSEWHERE, INVALID_ARGUMENT))),
    (
        requests.new_hva,
        requests.IN_TWO,
        (*PUT, *request(ELSEWHERE, Done(), GOING, ONE)),
    ),
    (requests.new_hva, requests.IN_ONE, (*PUT, *request(ELSEWHERE, Done(), ONE))),
    (requests.private_overlap, requests.REFUSED, (*PUT, *request(PRIVATE, EXISTS))),
    (
        requests.private_overlap,
        requests.ACCEPTED,
        (*PUT, *request(PRIVATE, Done(), ONE)),
    ),
    (requests.which_refusal, "EEXIST", (*PUT, *request(BOTH_WRONG, EXISTS))),
    (requests.which_refusal, "EINVAL", (*PUT, *request(BOTH_WRONG, INVALID_ARGUMENT))),
    (errors.injected_failure, errors.MET, request(FAILS, NO_MEMORY)),
    (errors.injected_failure, errors.PASSED_BY, request(FAILS, Done(), table_of(B))),
    (
        errors.rollback,
        errors.PUT_BACK,
        (*PUT, *request(FAILS_TO_GO, NO_MEMORY, GOING, ONE)),
    ),
    (errors.rollback, errors.BEFORE, (*PUT, *request(FAILS_TO_GO, NO_MEMORY))),
    (
        mmu.host_hole,
        mmu.EFAULT,
        (*PUT, *ENTERS_HOLE, Return(1, Refused(Errno.EFAULT))),
    ),
    (mmu.host_hole, mmu.REACHED, (*PUT, *ENTERS_HOLE, Return(1, Accessed(0x10_3000)))),
    (mmu.host_hole, mmu.AS_NO_SLOT, (*PUT, *EMULATES_HOLE, Return(1, Mmio()))),
    (mmu.private_access, mmu.EMULATED, (*ENTERS_PRIVATE, Return(1, Mmio()))),
    (
        mmu.private_access,
        mmu.REACHED,
        (*ENTERS_PRIVATE, Return(1, Accessed(0x40_0000))),
    ),
    (mmu.audit_extent, mmu.USERS_SMALL, (*SMALL_AND_LARGE, RmapsCounted(0, 1))),
    (mmu.audit_extent, mmu.EVERY_LIST, (*SMALL_AND_LARGE, RmapsCounted(0, 2))),
    (errors.no_memory, errors.NO_MEMORY, request(HUGE, NO_MEMORY)),
    (errors.no_memory, errors.ENOUGH, request(HUGE, Done(), table_of(LARGE))),
    (caches.wraps_in_a_frame, caches.BY_FRAMES, (*PUT, ROUND, Return(1, Done()))),
    (
        caches.wraps_in_a_frame,
        caches.BY_BYTES,
        (*PUT, ROUND, LOADS_1, Return(1, INVALID_ARGUMENT)),
    ),
    (
        caches.tss_of_deleted,
        caches.AT_ZERO,
        (*DELETED_AT_9, Return(1, Number(tss_base(0, 0)))),
    ),
    (
        caches.tss_of_deleted,
        caches.WHERE_DELETED,
        (*DELETED_AT_9, Return(1, Number(tss_base(9, 0)))),
    ),
)
