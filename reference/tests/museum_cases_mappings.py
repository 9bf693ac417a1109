"""Cases of the museum: mappings, sizing, the TSS, and requests that fail."""

from __future__ import annotations

from memslot_conformance.scenarios.scenario import Scenario
from memslot_reference.reference import reference
from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.model.operations import (
    AllocateRoot,
    CountRmaps,
    GuestAccess,
    MmuPages,
    TssBase,
    UnmapHva,
)
from memslot_spec.model.values import Failure
from museum_cases import (
    FAR,
    HUGE,
    IN_PLACE_OF_S0,
    LOGGED,
    OVER_S0,
    READ_17,
    READ_21,
    S0,
    S1,
    UNMAP_17,
    Case,
    alone,
    delete,
    put,
    raced,
)

SPACE_1 = put(1 << 16, 16, 4, 0x2000)

MAPPINGS = (
    alone("MMU-1", "translates-from-zero", S0, READ_17, is_blind=True),
    alone("MMU-20", "translates-from-zero", S0, READ_17),
    alone("MMU-2", "bit-only-on-create", S0, S1, READ_17, READ_21),
    raced("MMU-2", "late-bit", (S0,), (delete(0), IN_PLACE_OF_S0), (READ_17,)),
    alone("MMU-3", "bitmap-too-small", S0, READ_17),
    alone("MMU-4", "bitmap-not-empty", S0, FAR, READ_17, GuestAccess(0x601)),
    alone("MMU-5", "root-unchecked", AllocateRoot(17)),
    alone("RMAP-1", "rmap-wrong-list", S0, READ_17),
    Case(
        "MMU-12",
        "keeps-its-root",
        Scenario((S0, FAR, GuestAccess(0x601)), ((delete(0),), (GuestAccess(0x602),))),
        preemptions=1,
        witness=reference,
    ),
    alone("RMAP-1", "rmap-of-space-0", S0, SPACE_1, GuestAccess(17, as_id=1)),
    alone("RMAP-2", "K60", S0, READ_17, UNMAP_17),
    alone("RMAP-3", "K23", HUGE, GuestAccess(0x201), UnmapHva(0x1201 << PAGE_SHIFT)),
    alone("RMAP-4", "audit-first-slot-only", S0, S1, READ_17, READ_21, CountRmaps()),
    alone(
        "HVA-1",
        "notifier-first-slot-only",
        S0,
        put(1, 32, 4, 0x1000),
        READ_17,
        GuestAccess(33),
        UNMAP_17,
    ),
    alone(
        "HVA-9",
        "notifier-space-0-only",
        put(0, 16, 4, 0x2000),
        SPACE_1,
        READ_17,
        GuestAccess(17, as_id=1),
        UnmapHva(0x2001 << PAGE_SHIFT),
    ),
    alone(
        "HVA-9",
        "notifier-first-slot-only",
        S0,
        put(1, 32, 4, 0x1000),
        READ_17,
        GuestAccess(33),
        UNMAP_17,
    ),
    alone("HVA-2", "skips-hva-zero", put(0, 16, 4, 0), GuestAccess(16), UnmapHva(0)),
)

THE_REST = (
    alone("SIZE-1", "budget-half", put(0, 0, 100_000, 0), MmuPages()),
    alone("SIZE-2", "K22", put(0, 0, 300_000_000, 0), MmuPages()),
    alone("SIZE-3", "shares-budget", S0, MmuPages()),
    alone("TSS-1", "tss-off-by-one", S0, TssBase()),
    raced("TSS-2", "K01", (S0,), (delete(0),), (TssBase(),)),
    raced("TSS-2", "K02", (S0,), (delete(0),), (TssBase(),)),
    alone("DEL-17", "K11", S0, delete(0, failure=Failure.PREPARE)),
    alone(
        "ERR-1",
        "rolls-back-without-the-log",
        LOGGED,
        delete(0, failure=Failure.PREPARE),
    ),
    alone("ERR-2", "K11", S0, delete(0, failure=Failure.PREPARE), is_blind=True),
    alone("PROG-1", "loses-the-wakeup", S0, OVER_S0, S1),
)
