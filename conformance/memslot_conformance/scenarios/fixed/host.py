"""Races with the host: ranges, ageing, flushes; and what requests leave behind."""

from __future__ import annotations

from memslot_conformance.scenarios.notation import FixedRace, delete, put, race
from memslot_conformance.scenarios.scenario import Operations
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.history.header import Header
from memslot_spec.model.operations import (
    AgeHva,
    CountRmaps,
    GetDirtyLog,
    GfnToHva,
    GfnToHvaProt,
    GfnToMemslot,
    GuestAccess,
    InvalidateRange,
    Operation,
    UnmapHva,
)
from memslot_spec.model.values import BIT_1, LOG_DIRTY_PAGES, Failure

S0 = put(0, 16, 4, 0x1000)
S1 = put(1, 20, 4, 0x2000)
LOGGED = put(0, 16, 4, 0x1000, LOG_DIRTY_PAGES)
MOVED = put(0, 18, 4, 0x1000)
READ_17 = GuestAccess(17)
WRITE_17 = GuestAccess(17, write=True)
WRITE_18 = GuestAccess(18, write=True)
START = 0x1000 * PAGE_SIZE
PAGE_17 = START + PAGE_SIZE
RANGE_17 = InvalidateRange(PAGE_17, PAGE_17 + PAGE_SIZE)
HUGE_LOGGED = put(0, 0x200, 0x400, 0x1200, LOG_DIRTY_PAGES)
HUGE = put(0, 0x200, 0x400, 0x1200)
HUGE_PAGE = 0x1200 * PAGE_SIZE
HUGE_AT_2 = put(2, 0x400, 0x400, 0x4000)
HUGE_START = 0x4000 * PAGE_SIZE

RACES: tuple[FixedRace, ...] = (
    race(
        "a log beside sptes for guest page tables",
        (
            LOGGED,
            GuestAccess(17, write=True, direct=False),
            WRITE_18,
            GetDirtyLog(0),
            GuestAccess(17, write=True, direct=False),
            GetDirtyLog(0),
        ),
    ),
    race(
        "range beside a fault in it",
        (S0, READ_17),
        (RANGE_17,),
        (WRITE_17,),
        after=(READ_17, CountRmaps()),
    ),
    race(
        "range beside a fault in another page",
        (S0, S1),
        (RANGE_17,),
        (GuestAccess(21),),
        after=(CountRmaps(),),
    ),
    race(
        "range in a large page beside a fault in another part of it",
        (HUGE_AT_2,),
        (InvalidateRange(HUGE_START, HUGE_START + PAGE_SIZE),),
        (GuestAccess(0x401),),
        after=(GuestAccess(0x400), CountRmaps()),
    ),
    race(
        "range beside a delete",
        (S0, READ_17, WRITE_18),
        (delete(0),),
        (InvalidateRange(PAGE_17 + 1, PAGE_17 + PAGE_SIZE + 1),),
        after=(CountRmaps(),),
    ),
    race("range beside a create", (S0, READ_17), (S1,), (RANGE_17,)),
    race(
        "huge page beside a range elsewhere in it",
        (HUGE,),
        (InvalidateRange(HUGE_PAGE + 9 * PAGE_SIZE, HUGE_PAGE + 10 * PAGE_SIZE),),
        (GuestAccess(512, write=True),),
        after=(CountRmaps(),),
    ),
    race("ageing beside a delete", (S0, READ_17), (delete(0),), (AgeHva(PAGE_17),)),
    race(
        "unmap beside the start of logging",
        (S0, WRITE_17),
        (LOGGED,),
        (UnmapHva(PAGE_17),),
        after=(WRITE_17,),
    ),
    race(
        "two unmaps of one page",
        (S0, READ_17),
        (UnmapHva(PAGE_17),),
        (UnmapHva(PAGE_17),),
    ),
    race(
        "unmap beside a log that is fetched",
        (LOGGED, WRITE_17),
        (GetDirtyLog(0),),
        (UnmapHva(PAGE_17), WRITE_17),
        after=(GetDirtyLog(0),),
    ),
    race(
        "accesses beside a move onto itself",
        (S0, READ_17),
        (MOVED,),
        (GuestAccess(19), WRITE_18),
        after=(GuestAccess(16), GuestAccess(21)),
    ),
    race(
        "translations of a READONLY slot that is deleted",
        (put(0, 16, 4, 0x1000, BIT_1),),
        (delete(0),),
        (GfnToHvaProt(17, write=True), GfnToHvaProt(17)),
    ),
)


def sequential(header: Header) -> tuple[FixedRace, ...]:
    """What one thread can already get wrong."""
    del header
    return (
        race("ranges at the edges of slots", _edges()),
        race("mappings that take the place of others", _replaced()),
        race("requests that fail with something in hand", _failing()),
        race(
            "moves onto itself, with and without logging",
            (
                S0,
                READ_17,
                put(0, 18, 4, 0x1000, LOG_DIRTY_PAGES),
                GuestAccess(19, write=True),
                GuestAccess(16),
                put(0, 17, 4, 0x1000, LOG_DIRTY_PAGES),
                GetDirtyLog(0),
                put(0, 0x300, 4, 0x1000),
                GuestAccess(0x301),
                GuestAccess(19),
                CountRmaps(),
            ),
        ),
        race(
            "translations for reading and for writing",
            (
                S0,
                put(1, 20, 4, 0x2000, BIT_1),
                *(GfnToHvaProt(gfn) for gfn in (17, 21, 40)),
                *(GfnToHvaProt(gfn, write=True) for gfn in (17, 21, 40)),
                GfnToMemslot(21),
                GfnToHva(21),
            ),
        ),
    )


def _edges() -> Operations:
    """Two slots share a host page; ranges end and begin in the middle of pages."""
    faults = tuple(GuestAccess(gfn) for gfn in (16, 17, 18, 19, 32, 33))
    ends = (
        (START, START),
        (START + 8, START),
        (START - PAGE_SIZE, START),
        (START - 1, START + 1),
        (START + 4 * PAGE_SIZE - 1, START + 6 * PAGE_SIZE),
        (START + 4 * PAGE_SIZE, START + 5 * PAGE_SIZE),
        (PAGE_17 + 8, PAGE_17 + PAGE_SIZE + 8),
        (0, 1 << 40),
    )
    operations: list[Operation] = [S0, put(1, 32, 4, 0x1001)]
    for start, end in ends:
        operations += [*faults, InvalidateRange(start, end), CountRmaps()]
    return (
        *operations,
        HUGE_AT_2,
        GuestAccess(0x401),
        InvalidateRange(HUGE_START - 1, HUGE_START + 1),
        CountRmaps(),
    )


def _replaced() -> Operations:
    """Other pages at the same place, and large ones in the place of small ones."""
    shadowed = tuple(
        GuestAccess(gfn, write=write, direct=False)
        for gfn, write in ((0x401, False), (0x201, False), (0x201, True))
    )
    return (
        HUGE_LOGGED,
        *shadowed,
        GuestAccess(0x201),
        GuestAccess(0x202, write=True),
        HUGE,
        GuestAccess(0x203),
        UnmapHva(0x1201 << 12),
        GuestAccess(0x203),
        HUGE_LOGGED,
        GuestAccess(0x201, write=True),
        UnmapHva(0x1201 << 12),
        GetDirtyLog(0),
        CountRmaps(),
    )


def _failing() -> Operations:
    """Creates, moves and changes of flags that fail after they allocated."""
    log = LOG_DIRTY_PAGES
    operations: list[Operation] = []
    for failure in (Failure.PREPARE, Failure.ALLOCATE):
        operations += [
            put(0, 16, 4, 0x1000, log, failure),
            S0,
            put(0, 16, 4, 0x1000, log, failure),
            put(0, 32, 4, 0x1000, log, failure),
            LOGGED,
            WRITE_17,
            put(0, 32, 4, 0x1000, log, failure),
            put(0, 32, 4, 0x1000, 0, failure),
            delete(0, failure=failure),
            GetDirtyLog(0),
            delete(0),
        ]
    return tuple(operations)
