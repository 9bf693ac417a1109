"""Races of what is cached: cached MMIO, vCPU hints, host addresses, generations."""

from __future__ import annotations

from memslot_conformance.scenarios.notation import FixedRace, delete, put, race
from memslot_conformance.scenarios.scenario import Operations
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE, U64
from memslot_spec.history.header import Header
from memslot_spec.model.operations import (
    GfnToMemslot,
    GuestAccess,
    InitHvaCache,
    UseHvaCache,
    VcpuGfnToMemslot,
)
from memslot_spec.model.values import BIT_1, Failure

S0 = put(0, 16, 4, 0x1000)
S1 = put(1, 20, 4, 0x2000)
FAR = put(1, 0x600, 4, 0x2000)
IN_PLACE_OF_S0 = put(2, 16, 4, 0x3000)
MOVED = put(0, 32, 4, 0x1000)

READ_17 = GuestAccess(17)
READ_40 = GuestAccess(40)
FIND_17 = VcpuGfnToMemslot(2, 17)

AT_17 = InitHvaCache(2, 17 << PAGE_SHIFT, 16)
ROUND_TO_17 = InitHvaCache(2, (17 << PAGE_SHIFT) + 0x800, U64 - 0x400)
OVER_THE_EDGE = InitHvaCache(2, (19 << PAGE_SHIFT) + PAGE_SIZE - 8, 16)
USE = UseHvaCache(2, 0, 8)
WRITE_ALL = UseHvaCache(2, 0, 16, write=True)

RACES: tuple[FixedRace, ...] = (
    race(
        "MMIO cached with the vCPU beside a create",
        (READ_17, READ_17),
        (S0,),
        (READ_17, READ_17),
        after=(READ_17,),
    ),
    race(
        "MMIO cached in an spte beside a create",
        (FAR, READ_17, READ_40),
        (S0,),
        (READ_17,),
        after=(READ_40, READ_17),
    ),
    race(
        "MMIO cached while an update is open",
        (FAR,),
        (S1,),
        (READ_17, READ_40),
        after=(READ_17, READ_40, READ_17),
    ),
    race(
        "cached MMIO beside a delete and a create",
        (S0, READ_40),
        (delete(0), IN_PLACE_OF_S0),
        (READ_17,),
        after=(READ_17,),
    ),
    race(
        "a vCPU's hint beside a delete",
        (S0, FIND_17),
        (delete(0),),
        (FIND_17, FIND_17),
        after=(FIND_17,),
    ),
    race(
        "a vCPU's hint beside a move",
        (S0, FIND_17),
        (MOVED,),
        (FIND_17, VcpuGfnToMemslot(2, 33)),
        after=(FIND_17, VcpuGfnToMemslot(2, 33)),
    ),
    race(
        "a cached address beside a delete",
        (S0, AT_17, USE),
        (delete(0),),
        (USE, USE),
        after=(USE,),
    ),
    race(
        "a cached address beside a delete and another slot in its place",
        (S0, AT_17, USE),
        (delete(0), IN_PLACE_OF_S0),
        (USE,),
        after=(USE,),
    ),
    race(
        "a cached address beside a delete that fails",
        (S0, AT_17, USE),
        (delete(0, failure=Failure.PREPARE),),
        (USE,),
        after=(USE,),
    ),
    race(
        "a cached range of two slots beside a delete of one",
        (S0, S1, OVER_THE_EDGE),
        (delete(1),),
        (WRITE_ALL,),
        after=(USE, WRITE_ALL),
    ),
    race(
        "a range resolved beside a create",
        (S1,),
        (S0,),
        (OVER_THE_EDGE, WRITE_ALL),
        after=(OVER_THE_EDGE, WRITE_ALL),
    ),
)

EDGES: Operations = tuple(
    lookup
    for gfn in (0, 1, 3, 15, 16, 19, 20, 23, 24, 40)
    for lookup in (GfnToMemslot(gfn), VcpuGfnToMemslot(0, gfn))
)

WHOLE = InitHvaCache(0, (16 << PAGE_SHIFT) + 8, 3 * PAGE_SIZE)
CACHES: Operations = (
    WHOLE,
    UseHvaCache(0, 0, 8),
    UseHvaCache(0, PAGE_SIZE, 8, write=True),
    UseHvaCache(0, 3 * PAGE_SIZE - 8, 8),
    UseHvaCache(0, 3 * PAGE_SIZE, 8),
    InitHvaCache(1, (17 << PAGE_SHIFT) + 16, 16),
    UseHvaCache(1, 0, 8),
    UseHvaCache(1, 8, 8, write=True),
    UseHvaCache(1, 16, 8),
)


def sequential(header: Header) -> tuple[FixedRace, ...]:
    """What one thread can get wrong."""
    return (
        race(
            "lookups at the edges of slots",
            (
                *EDGES,
                put(0, 0, 4, 0x1000),
                *EDGES,
                put(1, 16, 4, 0x2000),
                *EDGES,
                put(2, 20, 4, 0x3000),
                *EDGES,
                delete(1),
                *EDGES,
                delete(2),
                *EDGES,
                delete(0),
                *EDGES,
            ),
        ),
        race(
            "cached addresses over changes of the slots",
            (
                S0,
                *CACHES,
                S1,
                *CACHES[1:5],
                *CACHES[6:],
                delete(0),
                *CACHES,
                S0,
                *CACHES[1:5],
                *CACHES[6:],
            ),
        ),
        race(
            "a cached range over two slots",
            (S0, S1, OVER_THE_EDGE, USE, WRITE_ALL, delete(1), USE, FAR, S1, USE),
        ),
        race(
            "a cached range that wraps",
            (
                S0,
                AT_17,
                USE,
                InitHvaCache(2, U64 - 8, 16),
                USE,
                AT_17,
                USE,
                ROUND_TO_17,
                USE,
            ),
        ),
        race(
            "a cached range of a slot for reading",
            (put(0, 16, 4, 0x1000, BIT_1), AT_17, USE, delete(0), S0, USE, AT_17, USE),
        ),
        *_over_a_wrap(header),
    )


def _over_a_wrap(header: Header) -> tuple[FixedRace, ...]:
    """Cached MMIO, and as many updates as it takes for few bits to come again.

    That a target keeps so few bits is not to be expected; where it does, they
    are met.
    """
    spaces = min(header.limits.address_spaces, 2)
    return tuple(
        race(
            f"cached MMIO of address space {as_id} over eight generations",
            (
                put(as_id << 16, 0x600, 4, 0x2000),
                *_cached(as_id),
                *(
                    put(as_id << 16 | number, 0x600 + 8 * number, 4, 0x2000)
                    for number in range(1, 8 // spaces)
                ),
                put(as_id << 16 | 8, 16, 4, 0x1000),
                *_cached(as_id),
            ),
        )
        for as_id in range(spaces)
    )


def _cached(as_id: int) -> Operations:
    """Accesses that cache one frame in an MMIO spte, and another with the vCPU."""
    here, there = GuestAccess(17, as_id=as_id), GuestAccess(40, as_id=as_id)
    return here, there, here, there
