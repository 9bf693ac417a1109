"""Races of dirty logs: writes beside GET and CLEAR, and logs that begin and end."""

from __future__ import annotations

from memslot_conformance.scenarios.notation import FixedRace, delete, put, race
from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.model.operations import (
    ClearDirtyLog,
    EnableManualProtect,
    GetDirtyLog,
    GuestAccess,
    InitHvaCache,
    UseHvaCache,
)
from memslot_spec.model.values import LOG_DIRTY_PAGES, Failure

PLAIN = put(0, 16, 4, 0x1000)
LOGGED = put(0, 16, 4, 0x1000, LOG_DIRTY_PAGES)
MOVED = put(0, 32, 4, 0x1000, LOG_DIRTY_PAGES)
OTHER = put(1, 20, 4, 0x2000, LOG_DIRTY_PAGES)
LARGE = put(0, 0x200, 0x200, 0x1200)
LARGE_LOGGED = put(0, 0x200, 0x200, 0x1200, LOG_DIRTY_PAGES)
RAGGED = put(0, 16, 100, 0x1000, LOG_DIRTY_PAGES)

READ_17 = GuestAccess(17)
WRITE_17 = GuestAccess(17, write=True)
WRITE_18 = GuestAccess(18, write=True)
WRITE_21 = GuestAccess(21, write=True)
WRITE_33 = GuestAccess(33, write=True)
WRITE_LARGE = GuestAccess(0x201, write=True)
WRITE_99 = GuestAccess(16 + 99, write=True)

CACHE_17 = InitHvaCache(2, 17 << PAGE_SHIFT, 16)
USE_17 = UseHvaCache(2, 0, 8, write=True)
CACHE_EDGE = InitHvaCache(0, (17 << PAGE_SHIFT) - 8, 16)
USE_EDGE = UseHvaCache(0, 0, 16, write=True)

GET = GetDirtyLog(0)
GET_OTHER = GetDirtyLog(1)
MANUAL = EnableManualProtect(1)
ALL_DIRTY = EnableManualProtect(3)
CLEAR_1 = ClearDirtyLog(0, 0, 4, (0b10,))
CLEAR_ALL = ClearDirtyLog(0, 0, 4, (0b1111,))
CLEAR_LARGE = ClearDirtyLog(0, 0, 0x200, (0b10, *(0,) * 7))
CLEAR_END = ClearDirtyLog(0, 64, 36, (1 << 35,))
CLEAR_RAGGED = ClearDirtyLog(0, 0, 100, ((1 << 64) - 1, (1 << 36) - 1))

FAULTS_BESIDE_GET: tuple[FixedRace, ...] = (
    race("write beside GET", (LOGGED, WRITE_17), (GET,), (WRITE_18,), after=(GET, GET)),
    race(
        "write of a page that GET shows",
        (LOGGED, WRITE_17),
        (GET,),
        (WRITE_17, WRITE_17),
        after=(WRITE_17, GET, GET),
    ),
    race(
        "two writers beside GET",
        (LOGGED, WRITE_17),
        (GET,),
        (WRITE_17,),
        (WRITE_18,),
        after=(WRITE_17, WRITE_18, GET),
    ),
    race(
        "read and write beside GET",
        (LOGGED, WRITE_17),
        (GET,),
        (READ_17, WRITE_17),
        after=(WRITE_17, GET),
    ),
    race(
        "GET beside GET",
        (LOGGED, WRITE_17, WRITE_18),
        (GET,),
        (GET,),
        after=(WRITE_17, GET),
    ),
    race(
        "GET and write beside GET of another slot",
        (LOGGED, OTHER, WRITE_17, WRITE_21),
        (GET,),
        (GET_OTHER, WRITE_17),
        after=(WRITE_17, WRITE_21, GET, GET_OTHER),
    ),
)

BY_WAY_OF_A_CACHE: tuple[FixedRace, ...] = (
    race(
        "write through a cache beside GET",
        (LOGGED, CACHE_17, USE_17),
        (GET,),
        (USE_17,),
        after=(GET, GET),
    ),
    race(
        "write through a cache beside a log that begins",
        (PLAIN, CACHE_17),
        (LOGGED,),
        (USE_17,),
        after=(USE_17, GET),
    ),
)

LOGS_BEGIN_AND_END: tuple[FixedRace, ...] = (
    race(
        "write beside a log that begins",
        (PLAIN, WRITE_17),
        (LOGGED,),
        (WRITE_18,),
        after=(WRITE_17, WRITE_18, GET, GET),
    ),
    race(
        "write of a large page beside a log that begins",
        (LARGE,),
        (LARGE_LOGGED,),
        (WRITE_LARGE,),
        after=(WRITE_LARGE, GuestAccess(0x202, write=True), GET),
    ),
    race(
        "write beside a log that ends",
        (LOGGED, WRITE_17),
        (PLAIN, LOGGED),
        (WRITE_18,),
        after=(GET, WRITE_17, GET),
    ),
    race(
        "GET beside a log that ends and begins",
        (LOGGED, WRITE_17),
        (PLAIN, LOGGED),
        (GET,),
        after=(GET,),
    ),
    race(
        "write beside a move of a slot that logs",
        (LOGGED, WRITE_17),
        (MOVED,),
        (WRITE_18, WRITE_33),
        after=(GET, GET),
    ),
    race(
        "GET beside a move of a slot that logs",
        (LOGGED, WRITE_17),
        (MOVED,),
        (GET,),
        after=(WRITE_33, GET),
    ),
    race(
        "write beside a delete of a slot that logs",
        (LOGGED, WRITE_17),
        (delete(0, 16), LOGGED),
        (WRITE_18,),
        after=(GET,),
    ),
    race(
        "GET beside a delete of a slot that logs",
        (LOGGED, WRITE_17),
        (delete(0, 16),),
        (GET,),
        after=(GET,),
    ),
    race(
        "write beside a move that fails",
        (LOGGED, WRITE_17),
        (put(0, 32, 4, 0x1000, LOG_DIRTY_PAGES, Failure.PREPARE),),
        (WRITE_18,),
        after=(GET,),
    ),
)

WRITES_BESIDE_CLEAR: tuple[FixedRace, ...] = (
    race(
        "write beside CLEAR",
        (MANUAL, LOGGED, WRITE_17, WRITE_18),
        (CLEAR_1,),
        (WRITE_17,),
        after=(WRITE_17, GET, GET),
    ),
    race(
        "CLEAR beside GET",
        (MANUAL, LOGGED, WRITE_17, WRITE_18),
        (CLEAR_ALL,),
        (GET,),
        after=(GET, WRITE_17, GET),
    ),
    race(
        "CLEAR beside a log that begins",
        (ALL_DIRTY, PLAIN, WRITE_17),
        (LOGGED,),
        (CLEAR_1,),
        after=(WRITE_17, GET),
    ),
    race(
        "write of a large page beside CLEAR",
        (ALL_DIRTY, LARGE, WRITE_LARGE, LARGE_LOGGED),
        (CLEAR_LARGE,),
        (WRITE_LARGE,),
        after=(WRITE_LARGE, GET),
    ),
)

RACES: tuple[FixedRace, ...] = (
    *FAULTS_BESIDE_GET,
    *BY_WAY_OF_A_CACHE,
    *LOGS_BEGIN_AND_END,
    *WRITES_BESIDE_CLEAR,
)
