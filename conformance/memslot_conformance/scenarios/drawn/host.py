"""Where ranges of host memory are drawn: at the edges of pages and of slots."""

from __future__ import annotations

from random import Random

from memslot_conformance.scenarios.drawn.values import address_space
from memslot_conformance.scenarios.drawn.weights import (
    CHANGED_WRITABLE,
    EVEN,
    FROM_OUTSIDE,
    RANGE_LENGTHS,
)
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE
from memslot_spec.history.header import Header
from memslot_spec.model.operations import (
    ChangePte,
    GfnToHvaProt,
    InvalidateRange,
    Operation,
    WriteProtectGfn,
)
from memslot_spec.model.values import Slot


def range_at(slot: Slot, gfn: int, rng: Random) -> InvalidateRange:
    """A range about a page of a slot, or about where the slot begins or ends.

    Other slots that have the same host pages are met as well.
    """
    page = slot.hva_of(gfn)
    first, stop = slot.hva, slot.hva + (slot.npages << PAGE_SHIFT)
    start = rng.choice((page, page, page + 1, page + PAGE_SIZE - 1, first, stop - 1))
    if rng.random() < FROM_OUTSIDE:
        start = max(first - rng.choice((1, PAGE_SIZE)), 0)
    end = rng.choice(
        (start + 1, start + PAGE_SIZE, page + PAGE_SIZE, first + 1, stop, stop + 1)
    )
    return InvalidateRange(start, end)


def draw_host_page(rng: Random, header: Header, gfn: int, hva: int) -> Operation:
    """The host page behind a frame, for reading or for writing."""
    del header, hva
    return GfnToHvaProt(gfn, write=rng.random() < EVEN)


def draw_range(rng: Random, header: Header, gfn: int, hva: int) -> Operation:
    """A range that begins at this host address."""
    del header, gfn
    length = rng.choice(RANGE_LENGTHS)
    return InvalidateRange(hva, hva + length)


def draw_change(rng: Random, header: Header, gfn: int, hva: int) -> Operation:
    """Another page behind this host address, most often one that is shared."""
    del header, gfn
    return ChangePte(hva, writable=rng.random() < CHANGED_WRITABLE)


def draw_protection(rng: Random, header: Header, gfn: int, hva: int) -> Operation:
    """A frame whose next write somebody has to notice."""
    del hva
    return WriteProtectGfn(gfn, address_space(rng, header))
