"""Dirty logs without a race: what one thread can see of them."""

from __future__ import annotations

from memslot_conformance.scenarios.fixed.dirty import (
    ALL_DIRTY,
    CACHE_17,
    CACHE_EDGE,
    CLEAR_1,
    CLEAR_ALL,
    CLEAR_END,
    CLEAR_LARGE,
    CLEAR_RAGGED,
    GET,
    GET_OTHER,
    LARGE,
    LARGE_LOGGED,
    LOGGED,
    MANUAL,
    MOVED,
    PLAIN,
    RAGGED,
    READ_17,
    USE_17,
    USE_EDGE,
    WRITE_17,
    WRITE_18,
    WRITE_33,
    WRITE_99,
    WRITE_LARGE,
)
from memslot_conformance.scenarios.notation import FixedRace, delete, put, race
from memslot_spec.history.header import Header
from memslot_spec.history.points.dirty import BitmapAllocated
from memslot_spec.model.operations import (
    ClearDirtyLog,
    DestroyVm,
    EnableManualProtect,
    GetDirtyLog,
)
from memslot_spec.model.values import LOG_DIRTY_PAGES, Failure

VERY_MANY_PAGES: tuple[FixedRace, ...] = (
    race(
        "a log of more pages than 32 bits count bytes for",
        (put(0, 0, 1 << 35, 0, LOG_DIRTY_PAGES), delete(0)),
    ),
)
"""Only for those who say how large their bitmaps are, and nobody reads the log."""


def sequential(header: Header) -> tuple[FixedRace, ...]:
    """What one thread can see of logs."""
    nobody = header.limits.user_slots
    vast = BitmapAllocated.__name__ in header.capabilities.announces
    return (
        *(VERY_MANY_PAGES if vast else ()),
        race(
            "GET of what was written",
            (LOGGED, WRITE_17, READ_17, GET, GET, WRITE_17, GET),
        ),
        race(
            "GET where there is no log",
            (
                GET,
                PLAIN,
                GET,
                GetDirtyLog(nobody),
                GetDirtyLog(nobody | 1 << 16),
                GET_OTHER,
            ),
        ),
        race(
            "a log that begins, ends and begins",
            (
                PLAIN,
                WRITE_17,
                LOGGED,
                GET,
                WRITE_17,
                GET,
                WRITE_18,
                PLAIN,
                GET,
                LOGGED,
                GET,
                PLAIN,
                DestroyVm(),
            ),
        ),
        race(
            "a log that moves, and a delete",
            (
                LOGGED,
                WRITE_17,
                MOVED,
                GET,
                WRITE_33,
                delete(0, 32),
                GET,
                LOGGED,
                GET,
                delete(0, 16),
                DestroyVm(),
            ),
        ),
        race(
            "a log and requests that fail",
            (
                LOGGED,
                WRITE_17,
                put(0, 16, 8, 0x1000, LOG_DIRTY_PAGES),
                delete(0, 16, failure=Failure.PREPARE),
                delete(0, 16, failure=Failure.ALLOCATE),
                put(0, 32, 4, 0x1000, LOG_DIRTY_PAGES, Failure.PREPARE),
                put(0, 16, 4, 0x1000, 0, Failure.PREPARE),
                GET,
            ),
        ),
        race(
            "requests for a log that fail",
            (
                PLAIN,
                put(0, 16, 4, 0x1000, LOG_DIRTY_PAGES, Failure.PREPARE),
                GET,
                put(0, 16, 4, 0x1000, LOG_DIRTY_PAGES, Failure.ALLOCATE),
                GET,
            ),
        ),
        race(
            "a log of a hundred pages", (RAGGED, WRITE_99, WRITE_17, GET, WRITE_99, GET)
        ),
        race(
            "a write through a cache over two pages of a log",
            (LOGGED, CACHE_EDGE, USE_EDGE, GET, USE_EDGE, GET, CACHE_17, USE_17, GET),
        ),
        race(
            "a large page and a log",
            (LARGE, WRITE_LARGE, LARGE_LOGGED, GET, WRITE_LARGE, GET, GET),
        ),
        race(
            "GET that clears nothing, and CLEAR",
            (
                MANUAL,
                LOGGED,
                WRITE_17,
                WRITE_18,
                GET,
                GET,
                CLEAR_1,
                GET,
                WRITE_17,
                GET,
                CLEAR_ALL,
                GET,
            ),
        ),
        race(
            "a log that begins with every page",
            (
                ALL_DIRTY,
                RAGGED,
                GET,
                GET,
                CLEAR_END,
                GET,
                CLEAR_RAGGED,
                GET,
                WRITE_99,
                GET,
            ),
        ),
        race(
            "a large page and a log that begins with every page",
            (
                ALL_DIRTY,
                LARGE,
                WRITE_LARGE,
                LARGE_LOGGED,
                CLEAR_LARGE,
                WRITE_LARGE,
                GET,
            ),
        ),
        race(
            "CLEAR that is refused",
            (
                ClearDirtyLog(0, 0, 4, (1,)),
                ClearDirtyLog(0, 1, 3, (1,)),
                PLAIN,
                ClearDirtyLog(0, 0, 4, (1,)),
                ALL_DIRTY,
                delete(0, 16),
                RAGGED,
                ClearDirtyLog(0, 1, 3, (1,)),
                ClearDirtyLog(0, 0, 36, (1,)),
                ClearDirtyLog(0, 64, 37, (1,)),
                ClearDirtyLog(0, 128, 0, ()),
                ClearDirtyLog(nobody, 0, 4, (1,)),
                GET,
            ),
        ),
        race(
            "CLEAR at the edges of a slot",
            (
                ALL_DIRTY,
                put(0, 16, 128, 0x1000, LOG_DIRTY_PAGES),
                ClearDirtyLog(0, 128, 0, ()),
                ClearDirtyLog(0, 64, 64, (1,)),
                ClearDirtyLog(0, 0, 64, (1 << 63,)),
                ClearDirtyLog(0, 0, 0, ()),
                GET,
            ),
        ),
        race(
            "options of manual protection",
            tuple(
                EnableManualProtect(options) for options in (0, 1, 3, 2, 4, 1 << 63, 0)
            ),
        ),
        race(
            "manual protection turned back",
            (MANUAL, LOGGED, WRITE_17, GET, EnableManualProtect(0), GET, GET),
        ),
    )
