"""Scenarios of cached host pages: activated, used, taken away, refreshed."""

from __future__ import annotations

from memslot_conformance.scenarios.notation import FixedRace, delete, put, race
from memslot_conformance.scenarios.scenario import Operations
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE
from memslot_spec.model.operations import (
    ActivatePfnCache,
    DeactivatePfnCache,
    InvalidateRange,
    RefreshPfnCache,
    UnmapHva,
    UsePfnCache,
)
from memslot_spec.model.values import BIT_1, LOG_DIRTY_PAGES, Failure

S0 = put(0, 16, 4, 0x1000)
LOGGED = put(0, 16, 4, 0x1000, LOG_DIRTY_PAGES)
READONLY = put(2, 32, 2, 0x3000, BIT_1)
MOVED = put(0, 32, 4, 0x1000)
IN_PLACE_OF_S0 = put(1, 16, 4, 0x2000)

AT_17 = ActivatePfnCache(2, (17 << PAGE_SHIFT) + 16, 8)
TO_THE_END = ActivatePfnCache(2, (17 << PAGE_SHIFT) + PAGE_SIZE - 8, 8)
SPLIT = ActivatePfnCache(2, (17 << PAGE_SHIFT) + PAGE_SIZE - 8, 9)
IN_A_HOLE = ActivatePfnCache(2, 40 << PAGE_SHIFT, 8)
IN_READONLY = ActivatePfnCache(2, 32 << PAGE_SHIFT, 8)
REFRESH, USE, OFF = RefreshPfnCache(2), UsePfnCache(2), DeactivatePfnCache(2)
UNMAP_17 = UnmapHva(0x1001000)
UNMAP_18 = UnmapHva(0x1002000)
OF_18 = InvalidateRange(0x1002000, 0x1003000)
RANGE_OF_17 = InvalidateRange(0x1001000, 0x1002000)

SEQUENTIAL: tuple[FixedRace, ...] = (
    race(
        "a cached page over changes of the slots",
        (
            *(S0, AT_17, USE, delete(0), USE, REFRESH, USE, IN_PLACE_OF_S0, USE),
            *(REFRESH, USE, delete(1), S0, USE, REFRESH, USE, LOGGED, REFRESH, USE),
        ),
    ),
    race(
        "a cached page that the host takes away",
        (
            *(S0, AT_17, UNMAP_17, USE, REFRESH, USE, RANGE_OF_17, USE, REFRESH, USE),
            *(UNMAP_18, USE, REFRESH, USE),
        ),
    ),
    race(
        "ranges of a cached page",
        (S0, READONLY, TO_THE_END, USE, OFF, SPLIT, USE, REFRESH, IN_READONLY, USE),
    ),
    race(
        "a cached page that is none",
        (
            *(USE, REFRESH, S0, IN_A_HOLE, USE, REFRESH, OFF, USE, REFRESH, AT_17),
            *(USE, OFF, USE, REFRESH, SPLIT, USE, REFRESH, USE, AT_17, SPLIT, USE),
        ),
    ),
)
"""What one thread can get wrong."""

BEFORE: Operations = (S0, AT_17)

RACES: tuple[FixedRace, ...] = (
    *(
        race(f"a cached page beside {what}", BEFORE, (other,), uses, after=(USE,))
        for what, other, uses in (
            ("a delete", delete(0), (USE, REFRESH, USE)),
            ("a delete that fails", delete(0, failure=Failure.PREPARE), (USE, USE)),
            ("a move", MOVED, (REFRESH, USE)),
            ("a log that is turned on", LOGGED, (USE, REFRESH)),
            ("an unmap", UNMAP_17, (USE, REFRESH)),
            ("a range", RANGE_OF_17, (REFRESH, USE)),
            ("a refresh", REFRESH, (USE, USE)),
            ("its end", OFF, (USE, REFRESH)),
        )
    ),
    race("a cached page found beside an unmap", (S0,), (UNMAP_17,), (AT_17,)),
    race("a cached page found beside a range", (S0,), (RANGE_OF_17,), (AT_17,)),
    race("a cached page found beside another range", (S0,), (OF_18,), (AT_17,)),
    race(
        "two refreshes after a delete", (*BEFORE, delete(0), S0), (REFRESH,), (REFRESH,)
    ),
)
"""An update, the host and another user beside it."""
