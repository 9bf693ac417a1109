"""Cases of the museum: ranges of guest memory that KVM reads, writes or maps."""

from __future__ import annotations

from memslot_conformance.scenarios.scenario import Operations
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE, U64
from memslot_spec.model.operations import (
    ActivatePfnCache,
    DeactivatePfnCache,
    GetDirtyLog,
    InvalidateRange,
    PreFault,
    ReadGuest,
    RefreshPfnCache,
    UsePfnCache,
    WriteGuest,
)
from memslot_spec.model.values import LOG_DIRTY_PAGES
from museum_cases import IN_PLACE_OF_S0, S0, S1, UNMAP_17, Case, alone, delete, put
from museum_cases import raced as race

OVER_THE_EDGE = (19 << PAGE_SHIFT) + PAGE_SIZE - 8
READ_OVER = ReadGuest(OVER_THE_EDGE, 16)
READ_TO_THE_END = ReadGuest(OVER_THE_EDGE, 8)
WRAPPING = ReadGuest(17 << PAGE_SHIFT, U64 - (17 << PAGE_SHIFT))
LOGGED = put(0, 16, 4, 0x1000, LOG_DIRTY_PAGES)
IN_SMM = put(1 << 16, 16, 4, 0x4000)
WRITE_TWO = WriteGuest(17 << PAGE_SHIFT, 2 * PAGE_SIZE)
OFF_THE_END = WriteGuest(19 << PAGE_SHIFT, 2 * PAGE_SIZE)

COPIES = (
    alone("LOOK-16", "copy-looks-once", S0, S1, READ_OVER, is_blind=True),
    alone("LOOK-16", "copy-keeps-offset", S0, S1, READ_OVER, is_blind=True),
    alone("LOOK-16", "copy-forgets-tail", S0, S1, READ_OVER, is_blind=True),
    alone("LOOK-16", "copy-in-space-0", S0, IN_SMM, ReadGuest(17 << PAGE_SHIFT, 8, 1)),
    alone("LOOK-17", "copy-wraps", S0, WRAPPING, is_blind=True),
    alone("LOOK-17", "copy-skips-holes", S0, READ_OVER, is_blind=True),
    alone("LOOK-17", "copy-says-einval", S0, READ_OVER, is_blind=True),
    race("LOOK-17", "copy-of-any-slot", (S0,), (delete(0),), (READ_TO_THE_END,)),
    alone("LOOK-18", "copy-one-too-many", S0, READ_TO_THE_END, is_blind=True),
    alone("DIRTY-4", "copy-marks-first", LOGGED, WRITE_TWO, GetDirtyLog(0)),
    alone("DIRTY-4", "copy-marks-done", LOGGED, OFF_THE_END, GetDirtyLog(0)),
)

HUGE = put(0, 0x200, 0x400, 0x1200)
AHEAD = PreFault(17, 1)
DELETED: tuple[Operations, Operations] = ((S0,), (delete(0),))

PREFAULTS = (
    race("PROG-2", "K44", *DELETED, (AHEAD,), is_blind=True),
    race("DEL-18", "prefault-invalid-hole", *DELETED, (AHEAD,)),
    alone("ERR-8", "prefault-hole-again", AHEAD, is_blind=True),
    alone("ERR-9", "prefault-counts-holes", S0, PreFault(18, 4), is_blind=True),
    alone("ERR-9", "prefault-beyond", HUGE, PreFault(0x200, 4), is_blind=True),
    alone("ERR-10", "prefault-loses-pages", S0, PreFault(18, 4), is_blind=True),
    alone("ERR-11", "prefault-counts-large", HUGE, PreFault(0x3FF, 4)),
    alone("ERR-11", "prefault-only-looks", S0, AHEAD),
    alone("ERR-12", "prefault-of-nothing", S0, PreFault(17, 0), is_blind=True),
)

AT_17 = ActivatePfnCache(1, (17 << PAGE_SHIFT) + 16, 8)
SPLIT = ActivatePfnCache(1, (17 << PAGE_SHIFT) + PAGE_SIZE - 8, 16)
TO_THE_END = ActivatePfnCache(1, (17 << PAGE_SHIFT) + PAGE_SIZE - 8, 8)
REFRESH, USE, OFF = RefreshPfnCache(1), UsePfnCache(1), DeactivatePfnCache(1)
RANGE = InvalidateRange(0x1001000, 0x1002000)
REPLACED = (delete(0), IN_PLACE_OF_S0)

PAGES = (
    alone("CACHE-19", "page-of-any-table", S0, AT_17, *REPLACED, USE, is_blind=True),
    alone("CACHE-19", "page-without-offset", S0, AT_17, USE, is_blind=True),
    alone("CACHE-20", "page-stays", S0, AT_17, UNMAP_17, USE, is_blind=True),
    alone("CACHE-20", "page-stays-last", S0, AT_17, RANGE, USE, is_blind=True),
    race("CACHE-21", "K50-cache", (S0,), (RANGE,), (AT_17,)),
    race("CACHE-21", "page-while-taken", (S0,), (RANGE,), (AT_17,)),
    alone("CACHE-22", "page-after-its-end", S0, AT_17, OFF, USE, is_blind=True),
    alone("CACHE-23", "page-of-two", S0, SPLIT, is_blind=True),
    alone("CACHE-24", "page-of-nothing", AT_17, is_blind=True),
    alone("CACHE-25", "page-without-its-end", S0, TO_THE_END, is_blind=True),
    alone("CACHE-26", "P25", S0, AT_17, OFF, SPLIT, REFRESH, is_blind=True),
)

CASES: tuple[Case, ...] = (*COPIES, *PREFAULTS, *PAGES)
