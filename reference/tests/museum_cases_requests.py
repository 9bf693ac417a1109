"""Cases of the museum: requests, the slot table, and lookups."""

from __future__ import annotations

from memslot_reference.reference import MAX_GFN
from memslot_spec.arithmetic.ranges import PAGE_SIZE, U64
from memslot_spec.model.operations import (
    AllocateRoot,
    GfnToHva,
    GfnToHvaProt,
    GfnToMemslot,
    IsVisibleGfn,
    MemslotId,
    SetRegion,
)
from memslot_spec.model.profile import LINUX, V2_6_34, Limits
from memslot_spec.model.values import BIT_1, LOG_DIRTY_PAGES, MemoryRegion
from museum_cases import (
    AT_ANOTHER_HVA,
    LOGGED,
    OVER_S0,
    S0,
    S1,
    alone,
    delete,
    private,
    put,
    raced,
)

REQUESTS = (
    alone(
        "REQ-1",
        "accepts-misaligned",
        SetRegion(MemoryRegion(0, 0x10008, 0x4000, 0x1000000)),
        SetRegion(MemoryRegion(0, 0x10000, 0x4200, 0x1000000)),
    ),
    alone(
        "REQ-2",
        "accepts-misaligned-hva",
        SetRegion(MemoryRegion(0, 0x10000, 0x4000, 0x1000008)),
    ),
    alone(
        "REQ-3",
        "K26",
        SetRegion(MemoryRegion(0, 0x10000, 0x4000, Limits().hva_end)),
    ),
    alone(
        "REQ-3",
        "K27",
        SetRegion(MemoryRegion(0, 0x10000, 0x4000, 0xB4 << 56 | 0x1000000)),
    ),
    alone(
        "REQ-3",
        "K28",
        SetRegion(MemoryRegion(0, 0x10000, 1 << 32, Limits().hva_end - 0x4000)),
    ),
    alone(
        "REQ-4",
        "U11",
        SetRegion(MemoryRegion(0, U64 - PAGE_SIZE, 0x4000, 0x1000000)),
    ),
    alone("REQ-5", "accepts-private-id", put(32, 16, 4, 0x1000)),
    alone("REQ-6", "accepts-any-address-space", put(1 << 16, 16, 4, 0x1000)),
    alone("REQ-7", "accepts-unknown-flag", put(0, 16, 4, 0x1000, 1 << 5)),
    alone("REQ-8", "K10", put(0, 16, 4, 0x1000, BIT_1)),
    alone("REQ-9", "K10", put(0, 16, 4, 0x1000, BIT_1), is_blind=True),
    alone("REQ-10", "K21", put(0, 0, 1 << 31, 0)),
    alone("REQ-11", "deletes-absent", delete(0)),
    alone("REQ-12", "refuses-absent", delete(0)),
    alone("REQ-13", "forgets-delete", S0, delete(0), is_blind=True),
    alone("REQ-14", "accepts-resize", S0, put(0, 16, 8, 0x1000)),
    alone("REQ-15", "applies-new-hva", S0, AT_ANOTHER_HVA),
    alone("REQ-16", "toggles-readonly", S0, put(0, 16, 4, 0x1000, BIT_1)),
    alone("REQ-17", "K14", S0, AT_ANOTHER_HVA),
    alone("REQ-18", "K14", S0, AT_ANOTHER_HVA, is_blind=True),
    alone("REQ-19", "wrong-errno-overlap", S0, OVER_S0),
    alone("REQ-20", "refuses-touching", S1, S0),
    alone("REQ-21", "overlaps-itself", S0, put(0, 18, 4, 0x1000)),
    alone("REQ-22", "K29", private(LINUX, 17), S0),
    alone("REQ-23", "deletes-anywhere", S0, S1, delete(1, gfn=17)),
    alone("REQ-24", "K67", S0, S1, delete(1, gfn=17)),
    alone("REQ-25", "eexist-first", S0, S1, put(1, 16, 8, 0x2000)),
    alone(
        "REQ-26",
        "guest-limit-first",
        put(0, MAX_GFN - 3, 4, 0x1000),
        put(1, MAX_GFN - 1, 4, 0x2000),
    ),
    alone("REQ-27", "accepts-beyond-guest", put(0, MAX_GFN - 1, 4, 0x1000)),
    alone("REQ-28", "refuses-frame-zero", put(0, 0, 4, 0x1000)),
)

ORDERS = (
    raced("REQ-29", "scans-before-the-lock", (), (S0,), (OVER_S0,), is_blind=True),
)

TABLES = (
    alone("SLOT-1", "one-page-long", S0),
    alone("SLOT-2", "starts-logging-others", S0, S1),
    alone("SLOT-3", "one-page-off", S0),
    alone("SLOT-3", "K66", private(V2_6_34, 16)),
    alone("SLOT-9", "drops-logging", put(0, 16, 4, 0x1000, LOG_DIRTY_PAGES)),
    alone("SLOT-4", "refuses-no-op", S0, S0),
    alone("SLOT-6", "U10", S0, S1, put(1, 18, 4, 0x2000)),
    alone("SLOT-7", "edits-in-place", S0, LOGGED),
    alone("SLOT-8", "one-page-off", S0, is_blind=True),
)

FOR_WRITING_17 = GfnToHvaProt(17, write=True)

LOOKUPS = (
    raced("LOOK-1", "hides-invalid", (S0,), (delete(0),), (GfnToMemslot(17),)),
    alone("LOOK-2", "finds-nearest", S0, GfnToMemslot(40)),
    raced("LOOK-3", "translates-invalid", (S0,), (delete(0),), (GfnToHva(17),)),
    raced("LOOK-9", "S20", (S0,), (delete(0),), (FOR_WRITING_17,)),
    alone("LOOK-4", "translates-without-base", S0, GfnToHva(17)),
    alone("LOOK-4", "U13", S0, GfnToHva(17)),
    alone("LOOK-5", "visible-private", private(V2_6_34, 17), IsVisibleGfn(17)),
    alone("MMU-5", "visible-private", private(V2_6_34, 17), AllocateRoot(17)),
    alone("LOOK-6", "answers-position", S1, MemslotId(21)),
    alone("LOOK-7", "K09", S0, MemslotId(40)),
)
