"""Sptes that the host changes, ages and has protected: alone, and beside requests."""

from __future__ import annotations

from memslot_conformance.scenarios.fixed.host import (
    HUGE,
    HUGE_LOGGED,
    LOGGED,
    MOVED,
    PAGE_17,
    RANGE_17,
    READ_17,
    S0,
    START,
    WRITE_17,
    WRITE_18,
)
from memslot_conformance.scenarios.notation import FixedRace, delete, put, race
from memslot_conformance.scenarios.scenario import Operations
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.model.operations import (
    AgeHva,
    ChangePte,
    CountRmaps,
    GetDirtyLog,
    GuestAccess,
    Operation,
    Origin,
    UnmapHva,
    WriteProtectGfn,
)
from memslot_spec.model.values import BIT_1

SHARED_17 = ChangePte(PAGE_17)
COPIED_17 = ChangePte(PAGE_17, writable=True)
AGE_17 = AgeHva(PAGE_17)
PROTECT_17 = WriteProtectGfn(17)
SHADOWED_17 = GuestAccess(17, write=True, direct=False)
KVM_17 = GuestAccess(17, origin=Origin.KVM)
TWIN = put(1, 32, 4, 0x1001)
"""Slot 1 has host pages of slot 0: frame 17 of the one is frame 32 of the other."""

READONLY = put(0, 16, 4, 0x1000, BIT_1)
ODD_HUGE = put(0, 0x200, 0x300, 0x1200)
"""One large page, and a part of the next."""

IN_HUGE = 0x1201 * PAGE_SIZE
READ_HUGE, WRITE_HUGE = GuestAccess(0x201), GuestAccess(0x201, write=True)


def raced_by(name: str, prefix: Operations, mine: Operation) -> tuple[FixedRace, ...]:
    """An operation beside each of those that may take away what it works on."""
    others: tuple[tuple[str, Operations], ...] = (
        ("a delete", (delete(0),)),
        ("a move", (MOVED,)),
        ("the start of logging", (LOGGED,)),
        ("a range", (RANGE_17,)),
        ("an access", (WRITE_17,)),
    )
    return tuple(
        race(f"{name} beside {what}", prefix, other, (mine,), after=(READ_17,))
        for what, other in others
    )


RACES: tuple[FixedRace, ...] = (
    *raced_by("change_pte", (S0, WRITE_17), SHARED_17),
    *raced_by("ageing", (S0, WRITE_17, AGE_17), AGE_17),
    *raced_by("write protection", (S0, WRITE_17), PROTECT_17),
    race(
        "change_pte beside a fault", (S0,), (SHARED_17,), (READ_17,), after=(READ_17,)
    ),
    race(
        "change_pte beside an unmap of its page",
        (S0, TWIN, READ_17, GuestAccess(32)),
        (SHARED_17,),
        (UnmapHva(PAGE_17),),
        after=(READ_17, GuestAccess(32), CountRmaps()),
    ),
    race(
        "change_pte beside the end of logging",
        (LOGGED, WRITE_17),
        (S0,),
        (SHARED_17,),
        after=(WRITE_17, GetDirtyLog(0)),
    ),
    race(
        "write protection beside a log that is fetched",
        (LOGGED, WRITE_17),
        (GetDirtyLog(0),),
        (PROTECT_17,),
        after=(WRITE_17, GetDirtyLog(0)),
    ),
    race(
        "write protection beside the end of logging",
        (LOGGED, WRITE_17),
        (S0,),
        (PROTECT_17,),
        after=(WRITE_17,),
    ),
    race("two ageings of one page", (S0, READ_17), (AGE_17,), (AGE_17,)),
    race(
        "the end of logging beside an unmap",
        (HUGE_LOGGED, WRITE_HUGE),
        (HUGE,),
        (UnmapHva(IN_HUGE),),
        after=(WRITE_HUGE,),
    ),
    race(
        "the end of logging beside an access",
        (HUGE_LOGGED, WRITE_HUGE),
        (HUGE,),
        (GuestAccess(0x202, write=True),),
        after=(READ_HUGE,),
    ),
)

SEQUENTIAL: tuple[FixedRace, ...] = (
    race(
        "pages that the host replaces",
        (
            *(S0, TWIN, WRITE_17, GuestAccess(32), SHADOWED_17),
            *(SHARED_17, READ_17, WRITE_17, GuestAccess(32), KVM_17),
            *(COPIED_17, READ_17, GuestAccess(32), KVM_17, SHADOWED_17),
            *(UnmapHva(PAGE_17), READ_17, RANGE_17, READ_17, KVM_17),
            *(ChangePte(START + 9 * PAGE_SIZE), CountRmaps()),
        ),
    ),
    race(
        "a page of a large one that the host replaces",
        (
            HUGE,
            WRITE_HUGE,
            ChangePte(IN_HUGE),
            READ_HUGE,
            ChangePte(IN_HUGE, writable=True),
        ),
    ),
    race(
        "pages that the host ages",
        (
            *(AGE_17, S0, TWIN, AGE_17, READ_17, AGE_17, AGE_17),
            *(READ_17, AGE_17, GuestAccess(32), AGE_17, AGE_17, SHADOWED_17),
            *(AGE_17, WRITE_18, AGE_17, SHARED_17, AGE_17, AGE_17),
            *(UnmapHva(PAGE_17), AGE_17, READ_17, delete(0), AGE_17),
        ),
    ),
    race(
        "a large page that the host ages",
        (
            *(HUGE, READ_HUGE, AgeHva(IN_HUGE), AgeHva(IN_HUGE + PAGE_SIZE)),
            *(WRITE_HUGE, AgeHva(IN_HUGE), AgeHva(IN_HUGE)),
        ),
    ),
    race(
        "frames that are write-protected",
        (
            *(S0, PROTECT_17, WRITE_17, SHADOWED_17, WRITE_18, PROTECT_17, PROTECT_17),
            *(READ_17, WRITE_17, LOGGED, WRITE_17, PROTECT_17, GetDirtyLog(0)),
            *(WRITE_17, GetDirtyLog(0), WriteProtectGfn(0x900)),
            *(delete(0), HUGE, WRITE_HUGE, WriteProtectGfn(0x280), WRITE_HUGE),
        ),
    ),
    race(
        "small sptes that are dropped for large ones",
        (
            *(HUGE_LOGGED, WRITE_HUGE, READ_HUGE, HUGE, WRITE_HUGE),
            *(HUGE_LOGGED, WRITE_HUGE, HUGE, UnmapHva(IN_HUGE), WRITE_HUGE),
        ),
    ),
    race(
        "large pages at the ends of slots, and READONLY slots",
        (
            *(ODD_HUGE, GuestAccess(0x401), READ_HUGE, GuestAccess(0x4FF)),
            *(delete(0), READONLY, READ_17, GuestAccess(18), WRITE_17),
        ),
    ),
)
"""What one thread can already get wrong."""
