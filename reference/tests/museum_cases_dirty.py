"""Cases of the museum: the dirty log."""

from __future__ import annotations

from memslot_spec.model.operations import (
    ClearDirtyLog,
    DestroyVm,
    EnableManualProtect,
    GetDirtyLog,
    GuestAccess,
    InitHvaCache,
    UseHvaCache,
)
from memslot_spec.model.values import LOG_DIRTY_PAGES, Failure
from museum_cases import LOGGED, READ_17, S0, UNMAP_17, Case, alone, delete, put, raced

NOBODY = 40_000
"""An id that no slot has."""

LARGE = put(0, 0x200, 0x200, 0x1200)
LARGE_LOGGED = put(0, 0x200, 0x200, 0x1200, LOG_DIRTY_PAGES)
LOGGED_MOVED = put(0, 32, 4, 0x1000, LOG_DIRTY_PAGES)
RAGGED = put(0, 16, 100, 0x1000, LOG_DIRTY_PAGES)
VAST = put(0, 0, 1 << 35, 0, LOG_DIRTY_PAGES)

READ_18 = GuestAccess(18)
WRITE_17 = GuestAccess(17, write=True)
WRITE_18 = GuestAccess(18, write=True)
WRITE_99 = GuestAccess(16 + 99, write=True)
WRITE_LARGE = GuestAccess(0x201, write=True)
GET = GetDirtyLog(0)
MANUAL = EnableManualProtect(1)
ALL_DIRTY = EnableManualProtect(3)
CLEAR_1 = ClearDirtyLog(0, 0, 4, (0b10,))
CLEAR_LARGE = ClearDirtyLog(0, 0, 0x200, (0b10, *(0,) * 7))
CLEAR_END = ClearDirtyLog(0, 64, 36, (1 << 35,))
CLEAR_RAGGED = ClearDirtyLog(0, 0, 100, (1, 1 << 35))

TRACKING = (
    alone("DIRTY-1", "marks-late", LOGGED, WRITE_17),
    raced("DIRTY-2", "K24", (LOGGED, WRITE_17), (GET,), (WRITE_17,)),
    alone("DIRTY-2", "swaps-only", LOGGED, WRITE_17, GET),
    alone("DIRTY-3", "K62", LOGGED, WRITE_17, GET, UNMAP_17),
    alone("DIRTY-20", "clears-unprotected", MANUAL, LOGGED, WRITE_17, CLEAR_1),
    alone(
        "DIRTY-20",
        "protects-small-pages-only",
        ALL_DIRTY,
        LARGE,
        WRITE_LARGE,
        LARGE_LOGGED,
        CLEAR_LARGE,
    ),
    alone(
        "DIRTY-1",
        "fast-fault-never-marks",
        LOGGED,
        READ_17,
        WRITE_17,
        READ_18,
    ),
    alone("DIRTY-2", "leaves-dirty-bits", LOGGED, WRITE_17, GET),
    alone("DIRTY-30", "leaves-dirty-bits", S0, WRITE_17, LOGGED),
    alone("DIRTY-27", "K20", VAST),
    alone("DIRTY-28", "keeps-bitmaps", LOGGED, S0, DestroyVm()),
    alone("DIRTY-28", "keeps-bitmaps", LOGGED, delete(0, 16), DestroyVm()),
    alone("DIRTY-29", "frees-bitmaps-early", LOGGED, WRITE_17, GET),
    raced("DIRTY-30", "K68", (S0, WRITE_17), (LOGGED,), (WRITE_17,)),
    raced("DIRTY-30", "K68", (LARGE,), (LARGE_LOGGED,), (WRITE_LARGE,)),
    alone("DIRTY-30", "leaves-old-mappings", S0, WRITE_17, LOGGED),
    raced(
        "DIRTY-30",
        "asks-for-the-option-twice",
        (S0, WRITE_17),
        (LOGGED,),
        (ALL_DIRTY,),
    ),
    raced(
        "DIRTY-30",
        "asks-for-the-option-twice",
        (LARGE,),
        (LARGE_LOGGED,),
        (ALL_DIRTY, WRITE_LARGE),
    ),
)

LOGS = (
    alone(
        "DIRTY-4",
        "swaps-only",
        LOGGED,
        WRITE_17,
        GET,
        WRITE_17,
        GET,
        is_blind=True,
    ),
    alone(
        "DIRTY-4",
        "U12",
        LOGGED,
        InitHvaCache(0, (17 << 12) - 8, 16),
        UseHvaCache(0, 0, 16, write=True),
        GET,
    ),
    alone("DIRTY-5", "get-keeps-the-bits", LOGGED, WRITE_17, GET, GET),
    alone("DIRTY-6", "manual-get-takes", MANUAL, LOGGED, WRITE_17, GET, GET),
    alone("DIRTY-7", "bits-past-the-end", LOGGED, GET),
    alone("DIRTY-8", "whole-words-only", RAGGED, GET),
    alone("DIRTY-9", "get-of-no-id-is-absent", GetDirtyLog(NOBODY)),
    alone("DIRTY-10", "get-of-absent-is-invalid", GET),
    alone("DIRTY-11", "get-of-no-log-is-clean", S0, GET),
    alone("DIRTY-11", "get-of-no-log-is-clean", LOGGED, WRITE_17, S0, GET),
    alone("DIRTY-23", "begins-uncleared", LOGGED, GET),
    alone("DIRTY-24", "begins-clean-anyway", ALL_DIRTY, LOGGED, GET),
    alone("DIRTY-25", "move-forgets-the-log", LOGGED, WRITE_17, LOGGED_MOVED, GET),
    alone(
        "DIRTY-26",
        "refusal-forgets-the-log",
        LOGGED,
        WRITE_17,
        delete(0, 16, failure=Failure.PREPARE),
        GET,
    ),
)

CLEARS = (
    alone("DIRTY-12", "clear-of-no-id-is-absent", ClearDirtyLog(NOBODY, 0, 4, (1,))),
    alone("DIRTY-13", "looks-for-the-slot-first", ClearDirtyLog(0, 1, 3, (1,))),
    alone("DIRTY-14", "clear-of-no-log-is-done", S0, ClearDirtyLog(0, 0, 4, (1,))),
    alone("DIRTY-15", "K38", LOGGED, ClearDirtyLog(0, 64, 64, (1,))),
    alone("DIRTY-16", "K39", LOGGED, CLEAR_1),
    alone("DIRTY-16", "K40", RAGGED, CLEAR_END),
    alone(
        "DIRTY-17",
        "clears-whole-words",
        MANUAL,
        LOGGED,
        WRITE_17,
        WRITE_18,
        CLEAR_1,
        GET,
    ),
    alone("DIRTY-18", "K41", ALL_DIRTY, RAGGED, CLEAR_RAGGED, GET),
    alone(
        "DIRTY-18", "says-done-and-clears-nothing", ALL_DIRTY, RAGGED, CLEAR_END, GET
    ),
    alone(
        "DIRTY-19",
        "clears-unprotected",
        MANUAL,
        LOGGED,
        WRITE_17,
        CLEAR_1,
        WRITE_17,
        GET,
        is_blind=True,
    ),
    alone(
        "DIRTY-19",
        "protects-small-pages-only",
        ALL_DIRTY,
        LARGE,
        WRITE_LARGE,
        LARGE_LOGGED,
        CLEAR_LARGE,
        WRITE_LARGE,
        GET,
        is_blind=True,
    ),
    alone("DIRTY-21", "takes-any-option", EnableManualProtect(2)),
    alone("DIRTY-22", "cannot-be-turned-on", MANUAL),
    alone("DIRTY-31", "takes-one-option-only", ALL_DIRTY),
    alone("DIRTY-32", "cannot-be-turned-off", MANUAL, EnableManualProtect(0)),
)

CASES: tuple[Case, ...] = (*TRACKING, *LOGS, *CLEARS)
