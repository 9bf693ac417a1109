"""Caches of host addresses and hints of vCPUs: ranges to resolve, and parts to use.

A cache of host addresses belongs to one thread, and so does what a vCPU
remembers: that two threads use one at a time is the caller's bug, so no race asks
it. Thread 0 may use them all, before a race and after it.
"""

from __future__ import annotations

from dataclasses import replace

from memslot_conformance.scenarios.drawn.situation import Situation
from memslot_conformance.scenarios.drawn.weights import (
    AT_THE_TOP,
    CACHE_LENGTHS,
    EVEN,
    LENGTHS_AT_THE_TOP,
    LENGTHS_TO_THE_EDGE,
    LONGEST_USE,
    ODD_IN_A_RACE,
    OFFSETS_IN_PAGE,
    OWNERS,
    PLAIN_LENGTHS,
    PLAIN_OFFSETS,
    USED_ACROSS,
    USED_LENGTHS,
    USED_OFFSETS,
    USED_TO_THE_END,
)
from memslot_conformance.scenarios.scenario import Operations
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE, U64
from memslot_spec.model.operations import (
    InitHvaCache,
    Operation,
    PfnCacheOperation,
    UseHvaCache,
    VcpuGfnToMemslot,
)


def owned(operations: Operations, thread: int) -> Operations:
    """The operations, with caches and a vCPU that only this thread has."""
    return tuple(_owned(operation, thread) for operation in operations)


def _owned(operation: Operation, thread: int) -> Operation:
    if isinstance(operation, InitHvaCache | UseHvaCache | PfnCacheOperation):
        return replace(operation, cache=thread)
    if isinstance(operation, VcpuGfnToMemslot):
        return replace(operation, vcpu=thread)
    return operation


def draw_vcpu_lookup(draw: Situation) -> Operation:
    """A lookup by way of the hint of some vCPU."""
    gfn, _ = draw.frame()
    return VcpuGfnToMemslot(draw.rng.choice(OWNERS), gfn)


def draw_init(draw: Situation) -> Operation:
    """A guest range to resolve, seldom one that cannot be."""
    rng = draw.rng
    gfn, as_id = draw.frame()
    if draw.is_raced and not rng.chance(ODD_IN_A_RACE):
        gpa = (gfn << PAGE_SHIFT) + rng.choice(PLAIN_OFFSETS)
        return InitHvaCache(rng.choice(OWNERS), gpa, rng.choice(PLAIN_LENGTHS))
    within = rng.choice(OFFSETS_IN_PAGE)
    gpa, length = (gfn << PAGE_SHIFT) + within, rng.choice(CACHE_LENGTHS)
    if rng.chance(AT_THE_TOP):
        gpa, length = U64 - 8, rng.choice(LENGTHS_AT_THE_TOP)
    elif rng.chance(EVEN):
        ends = [PAGE_SIZE, PAGE_SIZE + PAGE_SIZE // 2]
        ends += [
            slot.base + slot.npages - gfn << PAGE_SHIFT
            for slot in draw.table
            if slot.as_id == as_id and slot.base + slot.npages > gfn
        ]
        length = max(0, rng.choice(ends) - within + rng.choice(LENGTHS_TO_THE_EDGE))
    return InitHvaCache(rng.choice(OWNERS), gpa, length)


def _crosses(init: InitHvaCache) -> bool:
    return init.gpa % PAGE_SIZE + init.length > PAGE_SIZE


def draw_use(draw: Situation) -> Operation:
    """An access to some part of a range that may have been resolved."""
    rng = draw.rng
    cache = rng.choice(OWNERS)
    if draw.is_raced and not rng.chance(ODD_IN_A_RACE):
        return UseHvaCache(cache, 0, 8, rng.chance(EVEN))
    offset, length = rng.choice(USED_OFFSETS), rng.choice(USED_LENGTHS)
    init = draw.ranges.get(cache)
    if init is not None and _crosses(init) and rng.chance(USED_ACROSS):
        left = PAGE_SIZE - init.gpa % PAGE_SIZE
        offset, length = left - min(8, left), 16
    elif init is not None and rng.chance(USED_TO_THE_END):
        length = min(length, init.length)
        offset = init.length - length + rng.choice((0, 0, 0, 1))
        if rng.chance(EVEN) and init.length <= LONGEST_USE:
            offset, length = 0, init.length
    return UseHvaCache(cache, offset, length, rng.chance(EVEN))
