"""Cases of the museum: readers under SRCU, deletes and moves."""

from __future__ import annotations

from memslot_spec.model.operations import (
    CountRmaps,
    DestroyVm,
    GfnToHva,
    GfnToMemslot,
    GuestAccess,
    Halt,
    InvalidateRange,
    IsVisibleGfn,
    MemslotId,
    MmuPages,
    Origin,
    ReleaseNotifier,
    TssBase,
)
from memslot_spec.model.values import BIT_1, Failure
from museum_cases import (
    FAR,
    HUGE,
    LOGGED,
    MOVED,
    OVER_S0,
    READ_17,
    READ_21,
    S0,
    S1,
    UNMAP_17,
    alone,
    delete,
    put,
    raced,
)

READONLY = put(2, 64, 4, 0x3000, BIT_1)
EMULATED_17 = GuestAccess(17, origin=Origin.EMULATOR)
WALK_17 = GuestAccess(17, origin=Origin.TABLE_WALK)
KVM_READS_17 = GuestAccess(17, origin=Origin.KVM)
KVM_WRITES_65 = GuestAccess(65, write=True, origin=Origin.KVM)

RANGE_17 = InvalidateRange(0x1001 << 12, 0x1002 << 12)

SECTIONS = (
    raced("SRCU-1", "K01", (), (S0,), (TssBase(),)),
    raced("SRCU-1", "K02", (), (S0,), (TssBase(),)),
    raced("SRCU-2", "early-reclaim", (), (S0,), (GfnToHva(17),)),
    alone("SRCU-3", "keeps-pointer", S0, IsVisibleGfn(17), S1, IsVisibleGfn(17)),
    raced("SRCU-3", "K07", (S0,), (S1,), (MmuPages(),)),
    alone("SRCU-4", "early-reclaim", S0, S1),
    raced(
        "SRCU-5",
        "single-flip",
        (),
        (S0,),
        (S1,),
        (GfnToHva(17),),
        preemptions=2,
    ),
    alone(
        "SRCU-6",
        "loads-backwards",
        S0,
        READ_17,
        GfnToMemslot(17),
        S1,
        GfnToMemslot(17),
        UNMAP_17,
    ),
    raced("SRCU-7", "publishes-twice", (S0, READ_17), (LOGGED,), (UNMAP_17,)),
    raced("SRCU-8", "locks-without-waiting", (), (S0,), (S1,)),
    alone("SRCU-9", "publishes-unlocked", S0),
    alone("SRCU-10", "locks-inside", S0, MmuPages()),
    alone("SRCU-11", "waits-inside", S0, MmuPages()),
    alone("SRCU-12", "guest-inside", S0, READ_17),
    alone("SRCU-13", "sleeps-inside", Halt()),
    raced("SRCU-14", "retries-inside", (S0,), (delete(0),), (READ_17,)),
    alone("SRCU-15", "K05", S0, READ_17, ReleaseNotifier()),
    alone("SRCU-15", "K06", READ_17),
    raced("SRCU-3", "K06", (S0,), (S1,), (GuestAccess(40),)),
    alone("SRCU-15", "K07", S0, MmuPages()),
    alone("SRCU-15", "K08", S0, GfnToHva(17)),
    raced("SRCU-3", "K08", (S0,), (S1,), (GfnToHva(17),)),
    alone("SRCU-16", "destroys-inside", DestroyVm()),
    alone("SRCU-17", "K04", S0, READ_17, DestroyVm()),
    alone("SRCU-20", "leaks-tables", S0, DestroyVm()),
    raced(
        "SRCU-18",
        "remembers-answers",
        (GfnToMemslot(17), S0),
        (S1,),
        (GfnToMemslot(17),),
    ),
)

FAILING = delete(0, failure=Failure.PREPARE)
SHADOWED_21 = GuestAccess(21, direct=False)

LOCKS = (
    alone("SRCU-24", "notifier-locks-slots", S0, UNMAP_17),
    alone("SRCU-25", "notifier-locks-arch", S0, RANGE_17),
    alone("SRCU-26", "publishes-arch-unlocked", S0),
    alone("SRCU-26", "retakes-arch-lock", S0),
    alone("SRCU-27", "holds-arch-lock", S0),
    alone("SRCU-28", "waits-under-mmu-lock", S0, delete(0)),
    raced("SRCU-29", "loses-late-arrays", (S0, S1), (FAILING,), (SHADOWED_21,)),
)

BALANCE = (
    raced("SRCU-1", "gives-up", (S0,), (S1,), (GfnToHva(17),)),
    alone("SRCU-30", "leaves-twice", MemslotId(17)),
    alone("SRCU-31", "returns-inside", MemslotId(17)),
    alone("SRCU-32", "unlocks-slots-twice", S0, OVER_S0),
    alone("SRCU-33", "keeps-the-lock", S0, OVER_S0),
    raced("SRCU-34", "shares-arch-lock", (S0, S1), (delete(0),), (SHADOWED_21,)),
    alone("SRCU-35", "unlocks-arch-twice", S0),
    alone("SRCU-36", "keeps-arch-lock", S0, delete(0, failure=Failure.ALLOCATE)),
    alone("MMU-24", "unlocks-mmu-twice", CountRmaps()),
    alone("MMU-25", "keeps-mmu-lock", CountRmaps()),
    alone("MMU-26", "maps-unlocked", S0, READ_17),
    alone("MMU-27", "drops-unlocked", S0, READ_17, UNMAP_17),
    alone("MMU-28", "zaps-twice", S0, READ_17, delete(0)),
    alone("HVA-16", "ends-twice", S0, RANGE_17),
    alone("HVA-17", "never-ends", S0, RANGE_17),
)

DELETES = (
    alone("DEL-1", "no-invalid-step", S0, delete(0)),
    alone("DEL-2", "flushes-early", S0, delete(0)),
    alone("DEL-3", "skips-window", S0, delete(0)),
    alone("DEL-4", "no-flush", S0, delete(0)),
    raced("DEL-5", "maps-invalid", (S0, S1), (delete(0),), (READ_21, READ_17)),
    raced(
        "DEL-6", "maps-invalid", (S0, FAR), (delete(0),), (READ_17, GuestAccess(0x601))
    ),
    raced("DEL-7", "notifier-skips-invalid", (S0, READ_17), (delete(0),), (UNMAP_17,)),
    alone("DEL-8", "hides-invalid", S0, READ_17, delete(0)),
    alone("DEL-9", "flush-misses-huge", HUGE, GuestAccess(0x201), delete(0)),
    raced("DEL-10", "reaches-invalid", (S0,), (delete(0),), (READ_17,)),
    raced("DEL-11", "invalid-is-mmio", (S0,), (delete(0),), (READ_17,)),
    alone("DEL-12", "retries-holes", READ_17),
    raced("DEL-13", "stops-while-invalid", (S0, S1), (delete(0),), (GfnToMemslot(21),)),
    raced("DEL-10", "emulates-invalid", (S0,), (delete(0),), (EMULATED_17,)),
    alone("DEL-14", "writes-by-software", READONLY, KVM_WRITES_65),
    raced("DEL-14", "emulates-invalid", (S0,), (delete(0),), (KVM_READS_17,)),
    alone("DEL-15", "walks-as-mmio", WALK_17),
    raced("DEL-16", "emulation-fails", (S0,), (delete(0),), (EMULATED_17,)),
    alone("MOVE-1", "K12", S0, MOVED),
    alone("MOVE-1", "no-invalid-step", S0, MOVED),
    alone("MOVE-2", "skips-window", S0, MOVED),
    alone("MOVE-3", "no-flush", S0, MOVED),
)
