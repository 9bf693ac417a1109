"""Scenarios of copies: ranges of guest bytes that are read and written page by page."""

from __future__ import annotations

from memslot_conformance.scenarios.notation import FixedRace, delete, put, race
from memslot_conformance.scenarios.scenario import Operations
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE, U64
from memslot_spec.model.operations import (
    GetDirtyLog,
    InvalidateRange,
    ReadGuest,
    WriteGuest,
)
from memslot_spec.model.values import BIT_1, LOG_DIRTY_PAGES, Failure

S0 = put(0, 16, 4, 0x1000)
LOGGED = put(1, 20, 4, 0x2000, LOG_DIRTY_PAGES)
NOT_LOGGED = put(1, 20, 4, 0x2000)
READONLY = put(2, 32, 2, 0x3000, BIT_1)
BESIDE_IT = put(3, 34, 1, 0x3800)
MOVED = put(1, 40, 4, 0x2000, LOG_DIRTY_PAGES)
BACK = put(1, 20, 4, 0x2000, LOG_DIRTY_PAGES)
IN_SMM = put(1 << 16, 18, 2, 0x4000)
SLOTS: Operations = (S0, LOGGED, READONLY, BESIDE_IT)


def at(gfn: int, offset: int = 0) -> int:
    """The guest address of a byte in a frame."""
    return (gfn << PAGE_SHIFT) + offset


LAST_BYTE = PAGE_SIZE - 1
RANGES: tuple[tuple[int, int], ...] = (
    (at(17, 8), 16),
    (at(17, LAST_BYTE), 1),
    (at(17, LAST_BYTE), 2),
    (at(23), PAGE_SIZE),
    (at(22, 8), 2 * PAGE_SIZE - 8),
    (at(22, 8), 2 * PAGE_SIZE - 7),
    (at(19, LAST_BYTE), 2),
    (at(18, 16), 3 * PAGE_SIZE),
    (at(15, LAST_BYTE), 2),
    (at(33, 8), PAGE_SIZE),
    (at(40), 8),
    (U64 - 8, 16),
)
"""First addresses and lengths: inside a page, to its last byte, over it by one, over
the end of a slot into the next and into none, before a slot, and off the end."""

TO_THE_NEXT = (at(19, LAST_BYTE), 2)
READ_OVER, WRITE_OVER = ReadGuest(*TO_THE_NEXT), WriteGuest(*TO_THE_NEXT)
WRITE_THREE = WriteGuest(at(19, 16), 3 * PAGE_SIZE)
OFF_THE_END = WriteGuest(at(22), 3 * PAGE_SIZE)
ROUND_TO_16 = U64 - at(17) + PAGE_SIZE
"""The length with which a range that begins in frame 17 wraps, to end in frame 0."""

SEQUENTIAL: tuple[FixedRace, ...] = (
    race("copies from the guest", (*SLOTS, *(ReadGuest(*one) for one in RANGES))),
    race(
        "copies to the guest",
        (*SLOTS, *(WriteGuest(*one) for one in RANGES), GetDirtyLog(1)),
    ),
    race(
        "copies in another address space",
        (
            *SLOTS,
            IN_SMM,
            ReadGuest(at(19, 8), 8, 1),
            WriteGuest(at(19, 8), PAGE_SIZE, 1),
        ),
    ),
    race("a copy that would wrap", (S0, ReadGuest(at(17), ROUND_TO_16))),
    race(
        "a copy off the end of a slot that logs",
        (S0, LOGGED, OFF_THE_END, GetDirtyLog(1), WRITE_THREE, GetDirtyLog(1)),
    ),
    race(
        "copies over changes of the slots",
        (
            *(S0, READ_OVER, LOGGED, READ_OVER, MOVED, READ_OVER, WRITE_OVER, BACK),
            *(WRITE_OVER, GetDirtyLog(1), NOT_LOGGED, WRITE_OVER, delete(0)),
            *(READ_OVER, WRITE_OVER),
        ),
    ),
)
"""What one thread can get wrong."""

BOTH: Operations = (S0, LOGGED)

RACES: tuple[FixedRace, ...] = (
    race(
        "a copy beside a delete", BOTH, (delete(1),), (READ_OVER,), after=(READ_OVER,)
    ),
    race(
        "a copy beside a delete that fails",
        BOTH,
        (delete(0, failure=Failure.PREPARE),),
        (WRITE_OVER,),
        after=(WRITE_OVER, GetDirtyLog(1)),
    ),
    race("a copy beside a create", (S0,), (LOGGED,), (READ_OVER,), after=(READ_OVER,)),
    race(
        "a copy beside a move", BOTH, (MOVED,), (WRITE_OVER,), after=(GetDirtyLog(1),)
    ),
    race(
        "a copy beside a log that is turned on",
        (S0, NOT_LOGGED),
        (LOGGED,),
        (WRITE_THREE,),
        after=(WRITE_THREE, GetDirtyLog(1)),
    ),
    race(
        "a copy beside a log that is read",
        BOTH,
        (GetDirtyLog(1),),
        (OFF_THE_END,),
        after=(GetDirtyLog(1),),
    ),
    race(
        "a copy beside a range that is invalidated",
        BOTH,
        (InvalidateRange(0x1003000, 0x1004000),),
        (WRITE_OVER,),
    ),
    race(
        "two copies beside a delete",
        BOTH,
        (delete(0),),
        (READ_OVER,),
        (WRITE_OVER,),
        after=(READ_OVER,),
    ),
)
"""An update between two pages of one copy."""
