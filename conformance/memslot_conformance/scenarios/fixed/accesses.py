"""Scenarios of accesses to guest memory that are not the processor's."""

from __future__ import annotations

from memslot_conformance.scenarios.fixed.slots import S0
from memslot_conformance.scenarios.notation import FixedRace, delete, put, race
from memslot_conformance.scenarios.scenario import Operations
from memslot_spec.model.operations import GetDirtyLog, GuestAccess, Origin
from memslot_spec.model.values import BIT_1, LOG_DIRTY_PAGES, Failure

LOGGED = put(1, 32, 4, 0x2000, LOG_DIRTY_PAGES)
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

RACES: tuple[FixedRace, ...] = tuple(
    race(name, (S0,), (delete(0, failure=Failure.PREPARE),), (access,), after=(access,))
    for name, access in (
        ("emulated access beside a delete that fails", EMULATED_17),
        ("walk beside a delete that fails", WALK_17),
        ("KVM's own access beside a delete that fails", KVM_17),
    )
)
"""An INVALID slot that comes back."""
