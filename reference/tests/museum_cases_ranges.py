"""Cases of the museum: tables by ranges."""

from __future__ import annotations

from dataclasses import replace

from memslot_reference.changed import factory_of
from memslot_reference.lawful.ranges import CoveringRanges, CuttingRanges
from memslot_spec.model.operations import (
    AddRange,
    GetDirtyRange,
    GfnToHva,
    GuestAccess,
    RemoveRange,
    ReplaceTable,
)
from memslot_spec.model.values import MemoryRange
from museum_cases import Case, alone, raced

FIRST = MemoryRange(16, 4, 0x1000 << 12)
SECOND = MemoryRange(20, 4, 0x2000 << 12)
FAR = MemoryRange(32, 4, 0x3000 << 12)
OTHER = MemoryRange(16, 4, 0x4000 << 12)
OVER = MemoryRange(18, 4, 0x5000 << 12)


def add(one: MemoryRange) -> AddRange:
    return AddRange(one.gfn, one.npages, one.hva)


def remove(one: MemoryRange) -> RemoveRange:
    return RemoveRange(one.gfn, one.npages)


READ, WRITE = GuestAccess(17), GuestAccess(17, write=True)
LAST = GuestAccess(19, write=True)
LOG = GetDirtyRange(16, 4)
BOTH = RemoveRange(16, 20)
MIDDLE = RemoveRange(17, 2)


def covering(case: Case) -> Case:
    return replace(case, witness=factory_of(CoveringRanges))


def cutting(case: Case) -> Case:
    return replace(case, witness=factory_of(CuttingRanges))


CASES = (
    alone("RNG-1", "removes-the-last-alone", add(FIRST), add(FAR), remove(FIRST)),
    alone("RNG-2", "removes-by-the-start", add(FIRST), RemoveRange(16, 2)),
    covering(alone("RNG-3", "refuses-holes", add(FIRST), add(FAR), BOTH)),
    covering(alone("RNG-4", "bisects-ranges", add(FIRST), MIDDLE)),
    cutting(alone("RNG-5", "cuts-at-the-edge", add(FIRST), MIDDLE)),
    alone("RNG-6", "refuses-touching-ranges", add(FIRST), add(SECOND)),
    alone("RNG-7", "adds-over-ranges", add(FIRST), add(OVER), is_blind=True),
    alone("RNG-8", "replaces-beside-the-old", add(FIRST), ReplaceTable((OTHER,))),
    alone("RNG-9", "adds-over-ranges", ReplaceTable((FIRST, OVER)), is_blind=True),
    alone("RNG-10", "page-off-range", add(FIRST)),
    alone("RNG-11", "empties-first", add(FIRST), ReplaceTable((OTHER,))),
    raced(
        "RNG-12",
        "empties-first",
        (add(FIRST),),
        (ReplaceTable((OTHER, FAR)),),
        (GfnToHva(17),),
        is_blind=True,
    ),
    alone("RNG-13", "keeps-translations", add(FIRST), READ, remove(FIRST), READ),
    alone("RNG-14", "loses-the-last-page", add(FIRST), LAST, LOG),
    alone(
        "RNG-15", "inherits-the-log", add(FIRST), WRITE, remove(FIRST), add(OTHER), LOG
    ),
)
