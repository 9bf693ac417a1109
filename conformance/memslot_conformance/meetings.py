"""Operations that meet what an earlier one left behind in a cache.

A cache of host addresses belongs to one thread, and so does what a vCPU
remembers: that two threads use one at a time is the caller's bug, so no race asks
it. Thread 0 may use them all, before a race and after it.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from memslot_conformance.scenario import Operations
from memslot_spec.history import Header
from memslot_spec.operations import (
    GuestAccess,
    InitHvaCache,
    Operation,
    SetRegion,
    UseHvaCache,
    VcpuGfnToMemslot,
)
from memslot_spec.ranges import PAGE_SHIFT
from memslot_spec.slot_word import as_id_of
from memslot_spec.values import Slot

OFTEN = 0.3
"""How often a race about a new slot begins with accesses to its frames."""


def owned(operations: Operations, thread: int) -> Operations:
    """The operations, with caches and a vCPU that only this thread has."""
    return tuple(_owned(operation, thread) for operation in operations)


def _owned(operation: Operation, thread: int) -> Operation:
    if isinstance(operation, InitHvaCache | UseHvaCache):
        return replace(operation, cache=thread)
    if isinstance(operation, VcpuGfnToMemslot):
        return replace(operation, vcpu=thread)
    return operation


def accesses_of(update: SetRegion, header: Header, rng: Random) -> Operations:
    """Now and then, accesses to the first frame of a range that is asked for.

    Where no slot is yet, they are remembered to be MMIO.
    """
    region, as_id = update.region, as_id_of(update.region.slot)
    end = region.base + region.npages
    if region.npages == 0 or rng.random() > OFTEN:
        return ()
    if as_id >= header.limits.address_spaces or end > header.domain.largest_gfn:
        return ()
    access = GuestAccess(region.base, as_id=as_id)
    elsewhere = replace(access, gfn=end)
    return rng.choice(((access,), (access, elsewhere), (access, elsewhere, access)))


def around(slot: Slot, rng: Random) -> int:
    """A frame at an edge of a slot, on this side or the other."""
    last = slot.base + slot.npages - 1
    frames = (slot.base, slot.base, last, last, last + 1, max(slot.base - 1, 0))
    return rng.choice(frames)


def at_edge(init: InitHvaCache, slot: Slot, rng: Random) -> InitHvaCache:
    """A range in a slot, or one that begins in it and reaches beyond its end."""
    last = slot.base + slot.npages - 1
    gfn = rng.choice((slot.base, slot.base, min(slot.base + 1, last), last))
    within = init.gpa % (1 << PAGE_SHIFT)
    return replace(init, gpa=(gfn << PAGE_SHIFT) + within)
