"""Races of updates with readers, faults and host events: what every slot code has."""

from __future__ import annotations

from memslot_conformance.scenarios.notation import FixedRace, delete, put, race
from memslot_conformance.scenarios.scenario import Operations
from memslot_spec.model.operations import (
    AllocateRoot,
    CountRmaps,
    GfnToHva,
    GfnToHvaProt,
    GfnToMemslot,
    GuestAccess,
    Halt,
    IsVisibleGfn,
    MemslotId,
    MmuPages,
    ReleaseNotifier,
    TssBase,
    UnmapHva,
)
from memslot_spec.model.values import LOG_DIRTY_PAGES, Failure

S0 = put(0, 16, 4, 0x1000)
S1 = put(1, 20, 4, 0x2000)
OVER_S0 = put(1, 18, 4, 0x2000)
HUGE = put(0, 0x100, 0x400, 0x1100)
READ_17 = GuestAccess(17)
WRITE_18 = GuestAccess(18, write=True)
LOOKUPS: Operations = (
    GfnToMemslot(17),
    GfnToHva(17),
    GfnToHva(21),
    IsVisibleGfn(17),
    MemslotId(17),
    TssBase(),
    MmuPages(),
)

RACES: tuple[FixedRace, ...] = (
    race("TSS base beside a delete", (S0,), (delete(0),), (TssBase(),)),
    race("TSS base beside a create", (), (S0,), (TssBase(),), after=LOOKUPS),
    race(
        "lookups beside a delete",
        (S0, S1),
        (delete(0),),
        (GfnToMemslot(17), GfnToHva(17)),
        after=LOOKUPS,
    ),
    race(
        "translation for writing beside a delete",
        (S0,),
        (delete(0),),
        (GfnToHvaProt(17, write=True),),
    ),
    race("two lookups beside a create", (S0,), (S1,), (GfnToHva(21), GfnToHva(17))),
    race(
        "lookups of a slot that stays",
        (S0, S1),
        (delete(0),),
        (GfnToHva(21), IsVisibleGfn(21)),
    ),
    race(
        "id and visibility beside a move",
        (S0,),
        (put(0, 32, 4, 0x1000),),
        (MemslotId(17), IsVisibleGfn(33)),
        after=LOOKUPS,
    ),
    race(
        "an address beside a move",
        (S0,),
        (put(0, 32, 4, 0x1000),),
        (GfnToHva(17),),
    ),
    race(
        "fault beside a delete",
        (S0, READ_17),
        (delete(0),),
        (WRITE_18,),
        after=(READ_17, *LOOKUPS, CountRmaps()),
    ),
    race(
        "fault beside a move",
        (S0, READ_17),
        (put(0, 32, 4, 0x1000),),
        (WRITE_18,),
        after=(READ_17, GuestAccess(33), CountRmaps()),
    ),
    race(
        "fault in another slot beside a delete",
        (S0, S1, READ_17),
        (delete(0),),
        (GuestAccess(21),),
        after=(CountRmaps(),),
    ),
    race(
        "fault far from a slot that is deleted",
        (S0, put(1, 0x600, 4, 0x2000)),
        (delete(0),),
        (GuestAccess(0x601), READ_17),
    ),
    race(
        "fault beside a delete and another slot in its place",
        (S0,),
        (delete(0), put(1, 16, 4, 0x2000)),
        (READ_17,),
        after=(READ_17, WRITE_18),
    ),
    race(
        "fault beside a create",
        (S1,),
        (S0,),
        (READ_17, READ_17),
    ),
    race(
        "host unmap beside a delete",
        (S0, READ_17),
        (delete(0),),
        (UnmapHva(0x1001 << 12),),
        after=(READ_17,),
    ),
    race(
        "host unmap beside a fault",
        (S0,),
        (READ_17,),
        (UnmapHva(0x1001 << 12),),
        after=(CountRmaps(),),
    ),
    race(
        "delete that fails beside a fault",
        (S0, READ_17),
        (delete(0, failure=Failure.PREPARE),),
        (WRITE_18,),
        after=(READ_17, *LOOKUPS),
    ),
    race(
        "delete that fails beside a fault for a guest page table",
        (S0, S1),
        (delete(0, failure=Failure.PREPARE),),
        (GuestAccess(21, direct=False),),
        after=(GuestAccess(17, direct=False), CountRmaps()),
    ),
    race(
        "two updates",
        (S0,),
        (delete(0),),
        (S1,),
        after=(*LOOKUPS, GuestAccess(21)),
    ),
    race(
        "audit beside a delete",
        (S0, READ_17),
        (delete(0),),
        (CountRmaps(),),
    ),
    race(
        "logging turned on beside a write",
        (S0, READ_17),
        (put(0, 16, 4, 0x1000, LOG_DIRTY_PAGES),),
        (WRITE_18,),
    ),
    race(
        "huge page beside a delete",
        (HUGE,),
        (delete(0),),
        (GuestAccess(0x201),),
        after=(CountRmaps(),),
    ),
    race("sleep beside a delete", (S0,), (delete(0),), (Halt(), GfnToHva(17))),
    race("root beside a delete", (S0,), (delete(0),), (AllocateRoot(17),)),
    race(
        "release beside a delete",
        (S0, READ_17),
        (delete(0),),
        (ReleaseNotifier(),),
    ),
    race("two creates of one frame", (), (S0,), (OVER_S0,), after=LOOKUPS),
    race("two creates and a lookup", (), (S0,), (S1,), (GfnToHva(17),)),
    race(
        "delete, fault and TSS base",
        (S0, READ_17),
        (delete(0),),
        (WRITE_18,),
        (TssBase(),),
    ),
    race(
        "delete, create and lookup",
        (S0,),
        (delete(0),),
        (S1,),
        (GfnToHva(17),),
    ),
    race(
        "delete, fault and unmap",
        (S0, READ_17),
        (delete(0),),
        (READ_17,),
        (UnmapHva(0x1001 << 12),),
    ),
)
