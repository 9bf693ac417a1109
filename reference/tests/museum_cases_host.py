"""Cases of the museum: ranges, TLBs, arrays of slots, failures, translations."""

from __future__ import annotations

from memslot_conformance.scenarios.scenario import Scenario
from memslot_reference.lawful import variant_named
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.model.operations import (
    AgeHva,
    AllocateRoot,
    DestroyVm,
    GetDirtyLog,
    GfnToHva,
    GfnToHvaProt,
    GfnToMemslot,
    GuestAccess,
    InvalidateRange,
    SetRegion,
)
from memslot_spec.model.profile import V2_6_34
from memslot_spec.model.values import BIT_1, LOG_DIRTY_PAGES, Failure
from museum_cases import (
    LOGGED,
    MOVED,
    READ_17,
    S0,
    S1,
    UNMAP_17,
    Case,
    alone,
    delete,
    private,
    put,
    raced,
    region,
)

PAGE_17 = 0x1001 * PAGE_SIZE
RANGE_17 = InvalidateRange(PAGE_17, PAGE_17 + PAGE_SIZE)
WRITE_17 = GuestAccess(17, write=True)
READONLY = put(0, 16, 4, 0x1000, BIT_1)
MOVED_AND_LOGGED = put(0, 32, 4, 0x1000, LOG_DIRTY_PAGES)
SHADOWED = (
    GuestAccess(17, write=True, direct=False),
    GuestAccess(18, write=True),
)
LARGE = put(0, 0x200, 0x400, 0x1200)
LARGE_LOGGED = put(0, 0x200, 0x400, 0x1200, LOG_DIRTY_PAGES)


def failing(flags: int = 0) -> SetRegion:
    """A request that fails after it allocated what it needs."""
    return SetRegion(region(0, 16, 4, 0x1000, flags), failure=Failure.PREPARE)


SCANS_USERS = variant_named("scans-user-slots").make
OVERLAPPING = Scenario((private(V2_6_34, 17), S0, GfnToMemslot(17)))

RANGES: tuple[Case, ...] = (
    raced("HVA-8", "K50", (S0,), (UNMAP_17,), (READ_17,)),
    alone(
        "HVA-3",
        "range-stops-short",
        S0,
        READ_17,
        GuestAccess(18),
        InvalidateRange(PAGE_17, PAGE_17 + 2 * PAGE_SIZE),
    ),
    alone(
        "HVA-10",
        "range-forgets-last-page",
        S0,
        READ_17,
        InvalidateRange(PAGE_17 - 1, PAGE_17 + 1),
    ),
    alone(
        "HVA-10",
        "range-forgets-first-page",
        S0,
        READ_17,
        InvalidateRange(PAGE_17 + 1, PAGE_17 + PAGE_SIZE),
    ),
    alone(
        "HVA-4",
        "empty-range-is-a-page",
        S0,
        READ_17,
        InvalidateRange(PAGE_17, PAGE_17),
    ),
    raced(
        "HVA-5",
        "maps-open-ranges",
        (S0, S1),
        (RANGE_17,),
        (GuestAccess(21), READ_17),
        preemptions=1,
    ),
    raced(
        "MMU-18",
        "leaves-large-pages-whole",
        (put(2, 0x400, 0x400, 0x4000),),
        (InvalidateRange(0x4000 * PAGE_SIZE, 0x4001 * PAGE_SIZE),),
        (GuestAccess(0x401),),
        preemptions=1,
    ),
    raced("HVA-6", "K42", (S0, READ_17), (RANGE_17,), (S1,)),
    raced("HVA-7", "ages-valid-slots", (S0, READ_17), (delete(0),), (AgeHva(PAGE_17),)),
)

TLBS: tuple[Case, ...] = (
    alone("MMU-6", "never-flushes", LOGGED, WRITE_17, GetDirtyLog(0)),
    alone("MMU-7", "skips-shadowed-pages", LOGGED, *SHADOWED, GetDirtyLog(0)),
    alone("MMU-8", "never-flushes", S0, WRITE_17, LOGGED),
    alone("MMU-9", "never-flushes", S0, READ_17, UNMAP_17),
    alone("MMU-9", "unmaps-quietly", S0, READ_17, UNMAP_17),
    alone("MMU-19", "unmaps-quietly", S0, READ_17, RANGE_17),
    raced("MMU-9", "flushes-after-unlock", (S0, READ_17), (UNMAP_17,), (UNMAP_17,)),
    raced("MMU-9", "K25", (S0, WRITE_17), (LOGGED,), (UNMAP_17,)),
    alone("MMU-10", "never-flushes", S0, READ_17, delete(0)),
    alone(
        "MMU-11",
        "K61",
        LARGE_LOGGED,
        GuestAccess(0x201, direct=False),
        GuestAccess(0x401, direct=False),
    ),
    alone(
        "MMU-11",
        "K59",
        LARGE_LOGGED,
        GuestAccess(0x201),
        LARGE,
        GuestAccess(0x202),
    ),
    alone("PROG-1", "K46", S0, AllocateRoot(17), delete(0)),
)

MOVES: tuple[Case, ...] = (
    alone("MOVE-4", "K13", S0, MOVED),
    alone("MOVE-5", "K12", S0, READ_17, MOVED, GuestAccess(33), READ_17, is_blind=True),
    alone("MOVE-6", "overlaps-itself", S0, put(0, 18, 4, 0x1000)),
    alone("MOVE-7", "move-keeps-flags", S0, MOVED_AND_LOGGED),
    Case(
        "HVA-1",
        "K53",
        Scenario((LOGGED,), ((S0,), (READ_17,)), (UNMAP_17,)),
        preemptions=1,
    ),
)

FAILURES: tuple[Case, ...] = (
    alone("ERR-3", "leaks-arrays", failing(), DestroyVm()),
    alone(
        "ERR-3",
        "leaks-bitmap",
        S0,
        failing(LOG_DIRTY_PAGES),
        DestroyVm(),
    ),
    alone(
        "ERR-4",
        "frees-inherited",
        S0,
        failing(LOG_DIRTY_PAGES),
    ),
    alone("ERR-5", "fails-late", S0, failing(LOG_DIRTY_PAGES)),
)

TRANSLATIONS: tuple[Case, ...] = (
    alone("LOOK-8", "K57", READONLY, GfnToHvaProt(17)),
    alone("LOOK-9", "writes-readonly", READONLY, GfnToHvaProt(17, write=True)),
    alone("LOOK-3", "translates-readonly", READONLY, GfnToHva(17)),
    raced(
        "LOOK-9",
        "readonly-first",
        (READONLY,),
        (delete(0),),
        (GfnToHvaProt(17, write=True),),
    ),
    Case(
        "LOOK-13",
        "prefers-highest-id",
        OVERLAPPING,
        witness=variant_named("scans-user-slots").make,
    ),
    alone("REQ-27", "K58", put(0, 1 << 40, 4, 0x1000)),
)

CASES: tuple[Case, ...] = (*RANGES, *TLBS, *MOVES, *FAILURES, *TRANSLATIONS)
