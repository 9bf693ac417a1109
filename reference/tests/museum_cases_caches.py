"""Cases of the museum: generations, and everything that is cached under them."""

from __future__ import annotations

from memslot_conformance.scenarios.scenario import Scenario
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE, U64
from memslot_spec.model.operations import (
    GfnToMemslot,
    GuestAccess,
    InitHvaCache,
    UseHvaCache,
    VcpuGfnToMemslot,
)
from memslot_spec.model.values import Failure
from museum_cases import FAR, IN_PLACE_OF_S0, READ_17, S0, S1, Case, alone, delete, put
from museum_cases import raced as race

SMM = 1 << 16
READ_40 = GuestAccess(40)
READ_17_IN_SMM = GuestAccess(17, as_id=1)
READ_40_IN_SMM = GuestAccess(40, as_id=1)
FIND_17 = VcpuGfnToMemslot(1, 17)

IN_SMM = tuple(put(SMM | n, 0x600 + 8 * n, 4, 0x2000 + 8 * n) for n in range(4))
S0_IN_SMM = put(SMM | 4, 16, 4, 0x1000)

AT_17 = InitHvaCache(1, 17 << PAGE_SHIFT, 16)
OVER_THE_EDGE = InitHvaCache(1, (19 << PAGE_SHIFT) + PAGE_SIZE - 8, 16)
TWO_PAGES = InitHvaCache(1, 16 << PAGE_SHIFT, 2 * PAGE_SIZE)
THREE_PAGES = InitHvaCache(1, 18 << PAGE_SHIFT, 3 * PAGE_SIZE)
WRAPPING = InitHvaCache(1, U64 - 8, 16)
USE = UseHvaCache(1, 0, 8)
USE_ALL = UseHvaCache(1, 0, 16)
USE_THE_TAIL = UseHvaCache(1, 8, 8)
USE_BEHIND = UseHvaCache(1, 16, 8)

NOTED_DURING_AN_UPDATE = Scenario(
    (FAR,), ((S1,), (READ_17,)), (READ_17, READ_40, READ_17)
)

GENERATIONS = (
    alone("GEN-1", "numbers-by-space", S0, S1, IN_SMM[0]),
    alone("GEN-2", "never-marks", S0),
    alone("GEN-3", "settles-early", S0),
    alone("GEN-4", "K36", S0),
    alone("GEN-5", "rolls-back-number", S0, delete(0, failure=Failure.PREPARE)),
    alone(
        "GEN-6",
        "K37",
        IN_SMM[0],
        READ_17_IN_SMM,
        READ_40_IN_SMM,
        READ_17_IN_SMM,
        READ_40_IN_SMM,
        *IN_SMM[1:],
        S0_IN_SMM,
        READ_17_IN_SMM,
    ),
    Case("GEN-7", "K33", NOTED_DURING_AN_UPDATE, preemptions=1),
)

MMIO = (
    alone("CACHE-1", "K34", READ_17, S0, READ_17, is_blind=True),
    alone(
        "CACHE-1",
        "dates-smm-by-space-0",
        READ_17_IN_SMM,
        S0_IN_SMM,
        READ_17_IN_SMM,
        is_blind=True,
    ),
    race("CACHE-2", "hits-during-update", (FAR, READ_17, READ_40), (S0,), (READ_17,)),
    alone("CACHE-2", "K34", READ_17, READ_17, S0, READ_17),
    race("CACHE-3", "K33", (FAR,), (S0,), (READ_17,)),
    alone("CACHE-3", "spte-high-bits", S0, S1, READ_40),
    alone("CACHE-3", "dates-smm-by-space-0", S0, IN_SMM[0], READ_17_IN_SMM),
    alone("CACHE-4", "K34", READ_17, READ_17, S0, READ_17),
    race("CACHE-5", "K35", (FAR,), (S1,), (READ_40,)),
)

ADDRESSES = (
    alone("CACHE-6", "cache-drops-offset", S0, AT_17, USE_THE_TAIL),
    alone("CACHE-7", "K52", S0, AT_17, USE, delete(0), IN_PLACE_OF_S0, USE),
    alone("CACHE-8", "U09", S0, S1, OVER_THE_EDGE, USE_ALL),
    alone("CACHE-9", "K48", S0, WRAPPING),
    alone("CACHE-10", "cache-first-page", S0, THREE_PAGES, is_blind=True),
    alone("CACHE-11", "cache-one-page", S0, TWO_PAGES),
    alone("CACHE-12", "cache-keeps-range", S0, AT_17, WRAPPING, USE),
    alone("CACHE-13", "K49", S0, S1, THREE_PAGES, USE, delete(1), USE),
    alone("CACHE-14", "K51", S0, AT_17, FAR, USE, USE_THE_TAIL),
    alone("CACHE-15", "cache-beyond", S0, AT_17, USE_BEHIND),
)

SEARCHES = (
    alone("LOOK-10", "K30", put(0, 0, 4, 0x1000), GfnToMemslot(0)),
    alone("LOOK-11", "K31", S0, GfnToMemslot(3)),
    alone("LOOK-11", "K32", S0, FAR, delete(1), GfnToMemslot(0x601)),
    alone(
        "LOOK-12", "set-keeps-hint", S0, GfnToMemslot(17), delete(0), GfnToMemslot(17)
    ),
    alone("CACHE-16", "vcpu-hint-for-all", S0, S1, FIND_17, VcpuGfnToMemslot(1, 21)),
    alone("CACHE-17", "vcpu-hint-for-all", S0, FIND_17, VcpuGfnToMemslot(1, 40)),
    alone("CACHE-18", "vcpu-keeps-hint", S0, FIND_17, delete(0), S1, FIND_17),
)

CASES: tuple[Case, ...] = (*GENERATIONS, *MMIO, *ADDRESSES, *SEARCHES)
