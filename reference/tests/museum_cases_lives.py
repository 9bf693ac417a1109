"""Cases of the museum: what is published, what is freed, and what a refusal leaves."""

from __future__ import annotations

from memslot_spec.model.operations import (
    AllocateRoot,
    ClearDirtyLog,
    DestroyVm,
    EnableManualProtect,
    GetDirtyLog,
    GfnToHvaProt,
    GfnToMemslot,
    GuestAccess,
    InvalidateRange,
    MmuPages,
    ReleaseNotifier,
)
from memslot_spec.model.values import BIT_1, LOG_DIRTY_PAGES, Failure
from museum_cases import LOGGED, READ_17, S0, S1, Case, alone, delete, put

WRITE_17 = GuestAccess(17, write=True)
WRITE_18 = GuestAccess(18, write=True)
GET = GetDirtyLog(0)
MANUAL = EnableManualProtect(1)
TOO_LARGE = put(1, 20, 1 << 31, 0x2000)
READONLY_LOGGED = put(0, 16, 4, 0x1000, BIT_1 | LOG_DIRTY_PAGES)
RANGE_17 = InvalidateRange(0x1001 << 12, 0x1002 << 12)
OVER_S0 = put(1, 18, 4, 0x2000)
FAILS = delete(0, failure=Failure.PREPARE)

PUBLICATIONS = (
    alone("SLOT-12", "get-drops-slots", LOGGED, S1, WRITE_17, GET, GfnToMemslot(21)),
    alone("SRCU-21", "get-publishes-unlocked", LOGGED, WRITE_17, GET),
    alone("SLOT-13", "flags-in-two-steps", S0, LOGGED),
    alone("DEL-17", "unlocks-in-the-window", S0, FAILS),
    alone("SLOT-18", "shows-another-table", S0),
    alone("MMU-17", "hides-sptes", S0, WRITE_17),
)

LIVES = (
    alone("SLOT-14", "frees-arrays-twice", S0, delete(0)),
    alone("SLOT-15", "keeps-arrays-for-ever", S0, delete(0), DestroyVm()),
    alone("SLOT-16", "frees-arrays-early", S0, delete(0)),
    alone("SLOT-17", "puts-back-without-arrays", S0, FAILS),
    alone("SLOT-19", "arrays-too-short", S0),
    alone("DIRTY-33", "frees-bitmaps-twice", LOGGED, S0),
    alone("DIRTY-28", "leaks-spare-bitmap", LOGGED, GET, DestroyVm()),
    alone("DIRTY-34", "marks-what-is-freed", LOGGED, WRITE_17, S0, WRITE_18, LOGGED),
    alone("DIRTY-35", "logs-readonly", READONLY_LOGGED, WRITE_17, GET),
    alone("SRCU-22", "reclaims-twice", S0),
    alone("SRCU-23", "destroys-domain-twice", DestroyVm()),
    alone("MMU-14", "end-leaves-mapped", S0, READ_17, DestroyVm()),
    alone("MMU-15", "end-leaves-mapped", S0, READ_17, DestroyVm()),
    alone("MMU-15", "end-keeps-pages", S0, READ_17, DestroyVm()),
    alone("MMU-16", "release-keeps-mapped", S0, READ_17, ReleaseNotifier()),
    alone("MMU-18", "unmaps-at-the-end", S0, READ_17, RANGE_17),
    alone("MMU-19", "flushes-at-the-end", S0, READ_17, RANGE_17),
    alone("MMU-13", "refuses-roots", LOGGED, AllocateRoot(17)),
)

REFUSALS = (
    alone("ERR-6", "counts-what-is-refused", S0, MmuPages(), OVER_S0, MmuPages()),
    alone(
        "ERR-7",
        "refusal-resets-options",
        *(MANUAL, LOGGED, WRITE_17, GET, GET, TOO_LARGE, GET, GET),
    ),
    alone(
        "ERR-7",
        "stores-refused-options",
        *(MANUAL, LOGGED, WRITE_17, GET, GET, EnableManualProtect(2), GET, GET),
    ),
    alone(
        "DIRTY-26",
        "refused-clear-clears",
        *(MANUAL, LOGGED, WRITE_17, ClearDirtyLog(0, 0, 3, (0b10,)), GET),
    ),
    alone("LOOK-14", "reads-unwritable", S0, GfnToHvaProt(17)),
    alone("LOOK-15", "hole-is-readonly", S0, GfnToHvaProt(40)),
)

CASES: tuple[Case, ...] = (*PUBLICATIONS, *LIVES, *REFUSALS)
