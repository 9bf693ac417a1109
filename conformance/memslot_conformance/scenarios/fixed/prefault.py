"""Scenarios of prefaults: pages that are mapped ahead of their first access."""

from __future__ import annotations

from memslot_conformance.scenarios.notation import FixedRace, delete, put, race
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, U64
from memslot_spec.model.operations import (
    AgeHva,
    GetDirtyLog,
    GuestAccess,
    InvalidateRange,
    PreFault,
    UnmapHva,
)
from memslot_spec.model.values import BIT_1, LOG_DIRTY_PAGES, Failure

S0 = put(0, 16, 4, 0x1000)
S1 = put(1, 20, 4, 0x2000)
LOGGED = put(0, 16, 4, 0x1000, LOG_DIRTY_PAGES)
READONLY = put(2, 32, 2, 0x3000, BIT_1)
MOVED = put(0, 40, 4, 0x1000)
HUGE = put(3, 0x200, 0x400, 0x1200)
PAST_THE_END = (U64 >> PAGE_SHIFT) - 2

ONE, ALL_OF_S0 = PreFault(17, 1), PreFault(16, 4)
OVER_THE_EDGE, INTO_A_HOLE = PreFault(18, 4), PreFault(22, 4)
WRITE_17 = GuestAccess(17, write=True)

SEQUENTIAL: tuple[FixedRace, ...] = (
    race(
        "pages mapped ahead, in slots and in none",
        (
            *(S0, S1, READONLY, ONE, ALL_OF_S0, OVER_THE_EDGE, INTO_A_HOLE),
            *(PreFault(32, 2), PreFault(15, 2), PreFault(40, 1), GuestAccess(40)),
            *(delete(0), ONE, OVER_THE_EDGE, INTO_A_HOLE, MOVED, PreFault(40, 4)),
        ),
    ),
    race(
        "ranges that are none",
        (S0, PreFault(17, 0), PreFault(PAST_THE_END, 2), PreFault(PAST_THE_END, 1)),
    ),
    race(
        "large pages mapped ahead",
        (
            *(HUGE, PreFault(0x3F0, 0x10), PreFault(0x400, 4), PreFault(0x5FF, 2)),
            PreFault(0x200, 0x400),
        ),
    ),
    race(
        "pages mapped ahead in a slot that logs",
        (LOGGED, ALL_OF_S0, GetDirtyLog(0), WRITE_17, GetDirtyLog(0)),
    ),
    race(
        "pages mapped ahead, and taken away",
        (S0, ONE, AgeHva(0x1001000), UnmapHva(0x1001000), ONE, WRITE_17),
    ),
)
"""What one thread can get wrong."""

RACES: tuple[FixedRace, ...] = tuple(
    race(f"a prefault beside {what}", before, (update,), (prefault,), after=(prefault,))
    for what, before, update, prefault in (
        ("a delete", (S0,), delete(0), ONE),
        ("a delete of its second slot", (S0, S1), delete(1), PreFault(19, 2)),
        ("a delete that fails", (S0,), delete(0, failure=Failure.PREPARE), ONE),
        ("a create", (), S0, ONE),
        ("a move", (S0,), MOVED, ONE),
        ("a log that is turned on", (S0,), LOGGED, ONE),
        ("an unmap", (S0,), UnmapHva(0x1001000), ONE),
        ("a range", (S0,), InvalidateRange(0x1001000, 0x1002000), ONE),
        ("a fault", (S0,), WRITE_17, ONE),
        ("another", (S0,), ONE, ONE),
    )
)
"""An update, the host and another user beside it."""
