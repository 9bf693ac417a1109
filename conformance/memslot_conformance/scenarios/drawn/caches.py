"""Operations aimed at stale caches: what an earlier one left behind is used again.

A cache of host addresses belongs to one thread, and so does what a vCPU
remembers: that two threads use one at a time is the caller's bug, so no race asks
it. Thread 0 may use them all, before a race and after it.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from memslot_conformance.scenarios.drawn.weights import (
    ACCESSES_FIRST,
    AT_THE_TOP,
    CACHE_LENGTHS,
    EVEN,
    LENGTHS_AT_THE_TOP,
    OFFSETS_IN_PAGE,
    OWNERS,
    USED_OFFSETS,
)
from memslot_conformance.scenarios.scenario import Operations
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, U64
from memslot_spec.arithmetic.slot_word import as_id_of
from memslot_spec.history.header import Header
from memslot_spec.model.operations import (
    GuestAccess,
    InitHvaCache,
    Operation,
    PfnCacheOperation,
    SetRegion,
    UseHvaCache,
    VcpuGfnToMemslot,
)
from memslot_spec.model.values import Slot, SlotTable


def owned(operations: Operations, thread: int) -> Operations:
    """The operations, with caches and a vCPU that only this thread has."""
    return tuple(_owned(operation, thread) for operation in operations)


def _owned(operation: Operation, thread: int) -> Operation:
    if isinstance(operation, InitHvaCache | UseHvaCache | PfnCacheOperation):
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
    if region.npages == 0 or rng.random() > ACCESSES_FIRST:
        return ()
    if as_id >= header.limits.address_spaces or end > header.domain.largest_gfn:
        return ()
    access = GuestAccess(region.base, as_id=as_id)
    elsewhere = replace(access, gfn=end)
    return rng.choice(((access,), (access, elsewhere), (access, elsewhere, access)))


def first_uses(
    operations: Operations, thread: int, table: SlotTable, rng: Random
) -> Operations:
    """What a thread's caches and its vCPU have to have done before, one time in two.

    A cache is resolved at a slot that is there, a vCPU looks up the same frame.
    """
    if rng.random() < EVEN:
        return ()
    kinds = [type(operation) for operation in operations]
    before: list[Operation] = []
    if UseHvaCache in kinds and InitHvaCache not in kinds and table.slots:
        length = rng.choice((16, 1 << PAGE_SHIFT, 2 << PAGE_SHIFT))
        init = InitHvaCache(thread, rng.choice((0, 0, 8)), length)
        before.append(at_edge(init, rng.choice(table.slots), rng))
        before.append(UseHvaCache(thread, 0, 8))
    before += [op for op in operations if isinstance(op, VcpuGfnToMemslot)][:1]
    return owned(tuple(before), thread)


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


def draw_vcpu_lookup(rng: Random, header: Header, gfn: int, hva: int) -> Operation:
    """A lookup by way of the hint of some vCPU."""
    del header, hva
    return VcpuGfnToMemslot(rng.choice(OWNERS), gfn)


def draw_init(rng: Random, header: Header, gfn: int, hva: int) -> Operation:
    """A guest range to resolve, seldom one that cannot be."""
    del header, hva
    gpa = (gfn << PAGE_SHIFT) + rng.choice(OFFSETS_IN_PAGE)
    length = rng.choice(CACHE_LENGTHS)
    if rng.random() < AT_THE_TOP:
        gpa, length = U64 - 8, rng.choice(LENGTHS_AT_THE_TOP)
    return InitHvaCache(rng.choice(OWNERS), gpa, length)


def draw_use(rng: Random, header: Header, gfn: int, hva: int) -> Operation:
    """An access to some part of a range that may have been resolved."""
    del header, gfn, hva
    offset = rng.choice(USED_OFFSETS)
    write = rng.random() < EVEN
    return UseHvaCache(rng.choice(OWNERS), offset, 8, write)
