"""Scenarios of accesses to guest memory that are not the processor's."""

from __future__ import annotations

from memslot_conformance.scenarios.fixed.slots import S0
from memslot_conformance.scenarios.notation import FixedRace, delete, put, race
from memslot_conformance.scenarios.scenario import Operations
from memslot_spec.model.operations import GetDirtyLog, GuestAccess, Origin
from memslot_spec.model.values import BIT_1, LOG_DIRTY_PAGES, Failure

LOGGED = put(1, 32, 4, 0x2000, LOG_DIRTY_PAGES)
QUIET = put(1, 32, 4, 0x2000)
MOVED = put(1, 48, 4, 0x2000, LOG_DIRTY_PAGES)
WRITTEN = GuestAccess(34, write=True, origin=Origin.KVM)
READONLY = put(2, 64, 4, 0x3000, BIT_1)
SLOTS: Operations = (S0, LOGGED, READONLY)
IN_SLOTS_AND_NOT = (17, 33, 65, 40)

EMULATED: Operations = tuple(
    GuestAccess(gfn, write, origin=Origin.EMULATOR)
    for gfn in IN_SLOTS_AND_NOT
    for write in (False, True)
)
WALKED: Operations = tuple(
    GuestAccess(gfn, origin=Origin.TABLE_WALK) for gfn in IN_SLOTS_AND_NOT
)
KVMS_OWN: Operations = tuple(
    GuestAccess(gfn, write, origin=Origin.KVM)
    for gfn in IN_SLOTS_AND_NOT
    for write in (False, True)
)
EMULATED_17 = GuestAccess(17, origin=Origin.EMULATOR)
WALK_17 = GuestAccess(17, origin=Origin.TABLE_WALK)
KVM_17 = GuestAccess(17, write=True, origin=Origin.KVM)

SEQUENTIAL: tuple[FixedRace, ...] = tuple(
    race(name, (*SLOTS, *accesses, GetDirtyLog(1), delete(0), accesses[0]))
    for name, accesses in (
        ("accesses of the emulator", EMULATED),
        ("walks of the guest's page table", WALKED),
        ("KVM's own accesses", KVMS_OWN),
    )
)
"""What one thread can get wrong: in memory, in a READONLY slot, in none."""

OF_INVALID: tuple[FixedRace, ...] = tuple(
    race(name, (S0,), (delete(0, failure=Failure.PREPARE),), (access,), after=(access,))
    for name, access in (
        ("emulated access beside a delete that fails", EMULATED_17),
        ("walk beside a delete that fails", WALK_17),
        ("KVM's own access beside a delete that fails", KVM_17),
    )
)
"""An INVALID slot that comes back."""

OF_LOGS: tuple[FixedRace, ...] = tuple(
    race(
        f"{name} beside {what}",
        before,
        (beside,),
        (GuestAccess(33, write=True, origin=origin),),
        after=(GetDirtyLog(1),),
    )
    for name, origin in (
        ("emulated write", Origin.EMULATOR),
        ("KVM's own write", Origin.KVM),
    )
    for what, before, beside in (
        ("a log that is read", (LOGGED, WRITTEN), GetDirtyLog(1)),
        ("a log that is turned on", (QUIET,), LOGGED),
        ("a log that is turned off", (LOGGED, WRITTEN), QUIET),
        ("a move of a slot that logs", (LOGGED,), MOVED),
    )
)
"""Writes that a log is to have, by those who make no spte for them."""

RACES: tuple[FixedRace, ...] = (*OF_INVALID, *OF_LOGS)
