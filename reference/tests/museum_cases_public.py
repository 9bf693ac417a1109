"""Cases of the museum: bugs that others told of in public."""

from __future__ import annotations

from memslot_reference.reference import MAX_GFN
from memslot_spec.model.operations import (
    ClearDirtyLog,
    EnableManualProtect,
    GetDirtyLog,
    GuestAccess,
    InitHvaCache,
    InvalidateRange,
    SetRegion,
    UseHvaCache,
)
from memslot_spec.model.values import LOG_DIRTY_PAGES, Failure
from museum_cases import (
    FAR,
    LOGGED,
    READ_17,
    S0,
    S1,
    UNMAP_17,
    alone,
    delete,
    put,
    raced,
    region,
)

AT_THE_END = put(0, MAX_GFN - 3, 4, 0x1000)
BOTH = InvalidateRange(0x1001 << 12, 0x2004 << 12)
LARGE_LOGGED = put(0, 0x200, 0x200, 0x1200, LOG_DIRTY_PAGES)
FAILING = SetRegion(region(0, 16, 4, 0x1000), failure=Failure.PREPARE)
RAGGED = put(0, 16, 100, 0x1000, LOG_DIRTY_PAGES)
LOGGED_THERE = put(1 << 16, 16, 4, 0x1000, LOG_DIRTY_PAGES)
CLEAR_RAGGED = ClearDirtyLog(0, 0, 100, (1, 1 << 35))
READ_40 = GuestAccess(40)

CASES = (
    alone("GEN-6", "P02", READ_40, GuestAccess(41), READ_40, S0, S1, READ_40),
    raced("DEL-7", "P03", (S0, READ_17), (delete(0),), (UNMAP_17,)),
    alone("MMU-19", "P04", S0, FAR, READ_17, BOTH),
    alone("REQ-28", "P05", AT_THE_END),
    alone("REQ-28", "P06", AT_THE_END, delete(0, MAX_GFN - 3)),
    alone("DIRTY-1", "P09", LARGE_LOGGED, GuestAccess(0x201, write=True)),
    alone("SLOT-9", "P12", S1, FAILING),
    alone(
        "CACHE-14",
        "P13",
        S0,
        InitHvaCache(0, 0x10008, 16),
        S1,
        UseHvaCache(0, 0, 8, write=False),
    ),
    alone(
        "DIRTY-4",
        "P16",
        LOGGED,
        InitHvaCache(0, 0x10008, 16),
        UseHvaCache(0, 0, 8, write=True),
        GetDirtyLog(0),
    ),
    alone("DIRTY-1", "P17", LOGGED_THERE, GuestAccess(17, write=True, as_id=1)),
    alone(
        "DIRTY-18",
        "P18",
        EnableManualProtect(3),
        RAGGED,
        CLEAR_RAGGED,
        GetDirtyLog(0),
    ),
)
