"""Frames, host addresses, slots and regions, drawn inside a target's domain.

A few regions step over the domain's edge, since refusing is half of the semantics.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from memslot_conformance.scenarios.drawn.weights import (
    BASES,
    EVEN,
    HOST_PAGES,
    LARGEST_LOGGED,
    MANY_PAGES,
    NO_SLOT,
    PAST_BASES,
    READONLY,
    SIZED,
    SIZES,
    SPACES,
    TWICE_ODD,
    VERY_LARGE,
)
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE, U64
from memslot_spec.history.header import Header
from memslot_spec.model.values import (
    BIT_1,
    LOG_DIRTY_PAGES,
    PAGES_PER_HUGE_PAGE,
    MemoryRegion,
)


def gfn(rng: Random, header: Header) -> int:
    """A frame that slots are likely to cover."""
    base = rng.choice(BASES) + rng.choice((*PAST_BASES, PAGES_PER_HUGE_PAGE))
    return min(base, header.domain.largest_gfn)


def hva(rng: Random) -> int:
    """A host byte address that slots are likely to be backed by."""
    page = rng.choice(HOST_PAGES) + rng.choice(BASES) + rng.choice(PAST_BASES)
    return (page << PAGE_SHIFT) + rng.choice((0, 0, 1, PAGE_SIZE - 1))


def address_space(rng: Random, header: Header) -> int:
    """An address space, where the target has several."""
    return rng.choice(SPACES) if header.limits.address_spaces > 1 else 0


def slot_word(rng: Random, header: Header) -> int:
    """The word of a slot, nearly always one that a request can have made."""
    if rng.random() < NO_SLOT:
        return header.limits.user_slots + rng.choice((0, 1 << 16))
    spaces = min(header.limits.address_spaces, 2)
    return rng.randrange(header.domain.slots) | rng.randrange(spaces) << 16


def within_reason(region: MemoryRegion) -> MemoryRegion:
    """The request, without logging where the slot is too large for it."""
    if region.npages <= LARGEST_LOGGED:
        return region
    return replace(region, flags=region.flags & ~LOG_DIRTY_PAGES)


def sound_region(rng: Random, header: Header, logging: float) -> MemoryRegion:
    """A region with which nothing is wrong by itself.

    `logging` is how often it asks for a log.
    """
    domain = header.domain
    grain = domain.page_granule
    word = rng.randrange(min(domain.slots, header.limits.user_slots))
    word |= address_space(rng, header) << 16
    base = rng.choice(BASES) // grain * grain
    npages = 0
    if rng.random() < SIZED:
        npages = max(rng.choice(SIZES) // grain, 1) * grain
        if rng.random() < VERY_LARGE:
            npages = MANY_PAGES // grain * grain
    last = max(domain.largest_gfn + 1 - npages, 0)
    base = min(base, last // grain * grain)
    page = rng.choice(HOST_PAGES)
    if npages >= PAGES_PER_HUGE_PAGE or rng.random() < EVEN:
        page += base
    flags = LOG_DIRTY_PAGES if rng.random() < logging else 0
    if rng.random() < READONLY:
        flags |= BIT_1
    return within_reason(
        MemoryRegion(
            word,
            base << PAGE_SHIFT,
            npages << PAGE_SHIFT,
            page << PAGE_SHIFT,
            flags,
        )
    )


def odd_region(rng: Random, header: Header, logging: float) -> MemoryRegion:
    """A region that is wrong in one way, or in two."""
    region = _spoiled(rng, sound_region(rng, header, logging), header)
    if rng.random() < TWICE_ODD:
        region = _spoiled(rng, region, header)
    return within_reason(region)


def _spoiled(rng: Random, region: MemoryRegion, header: Header) -> MemoryRegion:
    """The request with one thing made wrong."""
    word, gpa = region.slot, region.guest_phys_addr
    size, hva, flags = region.memory_size, region.userspace_addr, region.flags
    match rng.randrange(9):
        case 0:
            gpa += rng.choice((1, 512, PAGE_SIZE - 1))
        case 1:
            size += rng.choice((1, 512, PAGE_SIZE - 1))
        case 2:
            hva += rng.choice((1, 512, PAGE_SIZE - 1))
        case 3:
            size = size or PAGE_SIZE
            gpa = U64 - rng.choice((PAGE_SIZE, size))
        case 4:
            word = header.limits.user_slots + rng.choice((0, 1))
        case 5:
            word |= header.limits.address_spaces << 16
        case 6:
            flags |= rng.choice((BIT_1, BIT_1, 1 << 2, 1 << 15, 1 << 16, 1 << 31))
        case 7:
            hva = rng.choice((header.limits.hva_end, 1 << 62, U64 - PAGE_SIZE))
            size = size or PAGE_SIZE
        case _:
            size = rng.choice((1 << 31, 1 << 40)) << PAGE_SHIFT
            size = min(size, U64 - PAGE_SIZE)
    return MemoryRegion(word, gpa, size, hva, flags)
