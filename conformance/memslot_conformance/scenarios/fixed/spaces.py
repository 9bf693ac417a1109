"""Races of two address spaces, for targets that have them."""

from __future__ import annotations

from memslot_conformance.scenarios.notation import FixedRace, delete, put, race
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.history.header import Header
from memslot_spec.model.operations import (
    AgeHva,
    CountRmaps,
    GfnToHva,
    GfnToMemslot,
    GuestAccess,
    InvalidateRange,
    UnmapHva,
)

SMM = 1 << 16
"""What makes a slot's word one of address space 1, which is SMM's on x86."""

HERE = put(0, 16, 4, 0x1000)
THERE = put(SMM, 18, 4, 0x2000)
LOOKS = (
    GfnToMemslot(17),
    GfnToMemslot(17, 1),
    GfnToHva(19),
    GfnToHva(19, 1),
    GuestAccess(19, write=True),
    GuestAccess(19, write=True, as_id=1),
    GuestAccess(17, as_id=1),
)
PAGE_17 = 0x1001 * PAGE_SIZE
BOTH_MAP_17 = (GuestAccess(17), GuestAccess(17, as_id=1))


def sequential(header: Header) -> tuple[FixedRace, ...]:
    """What one thread can get wrong; nothing where there is one space."""
    if header.limits.address_spaces < 2:  # noqa: PLR2004 - the other space is 1
        return ()
    return (
        race(
            "two address spaces",
            (HERE, THERE, *LOOKS, delete(0), *LOOKS, HERE, delete(SMM), *LOOKS),
        ),
        race(
            "a move over the other space's slot",
            (HERE, THERE, put(SMM, 14, 4, 0x2000), *LOOKS, put(1 | SMM, 20, 2, 0x3000)),
        ),
        race(
            "a host page behind slots of both spaces, under one id",
            (
                HERE,
                put(SMM, 16, 4, 0x1000),
                *BOTH_MAP_17,
                UnmapHva(PAGE_17),
                *BOTH_MAP_17,
                AgeHva(PAGE_17),
                InvalidateRange(PAGE_17, PAGE_17 + PAGE_SIZE),
                CountRmaps(),
            ),
        ),
        race(
            "a lookup in one space beside updates of both",
            (HERE, THERE),
            (delete(0),),
            (delete(SMM),),
            (GfnToHva(19, 1), GfnToHva(19)),
        ),
        race(
            "an access in one space beside a delete in the other",
            (HERE, THERE, GuestAccess(19, as_id=1)),
            (delete(0),),
            (GuestAccess(19, as_id=1), GuestAccess(17)),
        ),
    )
