"""Cases of the museum: what the host replaces and ages, and what is protected."""

from __future__ import annotations

from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.model.operations import (
    AgeHva,
    ChangePte,
    GetDirtyLog,
    GuestAccess,
    UnmapHva,
    WriteProtectGfn,
)
from memslot_spec.model.values import BIT_1, LOG_DIRTY_PAGES
from museum_cases import (
    LOGGED,
    READ_17,
    READ_21,
    S0,
    S1,
    Case,
    alone,
    delete,
    put,
    raced,
)

PAGE_17 = 0x1001 * PAGE_SIZE
SHARED_17 = ChangePte(PAGE_17)
AGE_17 = AgeHva(PAGE_17)
WRITE_17 = GuestAccess(17, write=True)
TWIN = put(1, 32, 4, 0x1001)
READONLY = put(0, 16, 4, 0x1000, BIT_1)
LARGE = put(0, 0x200, 0x400, 0x1200)
LARGE_LOGGED = put(0, 0x200, 0x400, 0x1200, LOG_DIRTY_PAGES)
ALIGNED, UNALIGNED = put(0, 0x200, 0x200, 0x1200), put(1, 0x600, 0x200, 0x2201)
NOT_ALL_LARGE = put(0, 0x200, 0x300, 0x1200)
WRITE_LARGE = GuestAccess(0x201, write=True)

CASES: tuple[Case, ...] = (
    raced(
        "DEL-5",
        "maps-for-an-invalid-slot",
        (S0, S1, READ_17),
        (delete(0),),
        (SHARED_17, READ_21),
    ),
    alone("HVA-11", "changes-one-spte", S0, TWIN, READ_17, GuestAccess(32), SHARED_17),
    alone("HVA-12", "shares-writable", S0, WRITE_17, SHARED_17),
    alone(
        "HVA-13", "keeps-the-old-page", S0, READ_17, SHARED_17, READ_17, is_blind=True
    ),
    alone("MMU-9", "changes-quietly", S0, READ_17, SHARED_17),
    raced("HVA-8", "changes-uncounted", (S0,), (SHARED_17,), (READ_17,)),
    alone("HVA-14", "ages-nothing", S0, READ_17, AGE_17),
    alone("HVA-14", "ages-nothing", S0, READ_17, AGE_17, READ_17, AGE_17),
    alone("HVA-15", "never-ages", S0, READ_17, AGE_17, AGE_17),
    alone("MMU-20", "maps-past-the-slot", NOT_ALL_LARGE, GuestAccess(0x401)),
    alone(
        "MMU-29",
        "maps-unaligned-large",
        ALIGNED,
        GuestAccess(0x201),
        UNALIGNED,
        GuestAccess(0x601),
    ),
    alone("MMU-21", "maps-readonly-writable", READONLY, READ_17),
    alone("MMU-22", "protects-small-sptes", LARGE, WRITE_LARGE, WriteProtectGfn(0x280)),
    raced(
        "MMU-23",
        "trusts-the-w-bit",
        (LOGGED, WRITE_17),
        (GetDirtyLog(0),),
        (WriteProtectGfn(17),),
    ),
    alone(
        "MMU-9",
        "collapses-quietly",
        S1,
        READ_21,
        UnmapHva(0x2001 * PAGE_SIZE),
        LARGE_LOGGED,
        WRITE_LARGE,
        LARGE,
        UnmapHva(0x1201 * PAGE_SIZE),
    ),
)
