"""Where ranges of host memory are drawn: at the edges of pages and of slots."""

from __future__ import annotations

from memslot_conformance.scenarios.drawn.situation import Situation
from memslot_conformance.scenarios.drawn.weights import (
    CHANGED_WRITABLE,
    EVEN,
    FROM_OUTSIDE,
    RANGE_LENGTHS,
)
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE, U64
from memslot_spec.model.operations import (
    AgeHva,
    ChangePte,
    GfnToHvaProt,
    InvalidateRange,
    Operation,
    UnmapHva,
    WriteProtectGfn,
)
from memslot_spec.model.values import Slot


def draw_host_page(draw: Situation) -> Operation:
    """The host page behind a frame, for reading or for writing."""
    gfn, _ = draw.frame()
    return GfnToHvaProt(gfn, write=draw.rng.chance(EVEN))


def draw_unmap(draw: Situation) -> Operation:
    """The host unmaps a page."""
    return UnmapHva(host_address(draw))


def draw_age(draw: Situation) -> Operation:
    """The host asks for a page whether it was touched."""
    return AgeHva(host_address(draw))


def draw_change(draw: Situation) -> Operation:
    """The host puts another page in the place of one, most often one that is shared."""
    hva = host_address(draw)
    return ChangePte(hva, writable=draw.rng.chance(CHANGED_WRITABLE))


def draw_protection(draw: Situation) -> Operation:
    """A frame whose next write somebody has to notice."""
    return WriteProtectGfn(*draw.frame())


def draw_range(draw: Situation) -> Operation:
    """The host takes a range away."""
    return InvalidateRange(*host_range(draw))


def host_address(draw: Situation) -> int:
    """A host byte address that may lie in a slot."""
    rng = draw.rng
    inside = rng.choice((0, 0, 1, PAGE_SIZE - 1))
    gfn, as_id = draw.frame()
    held = draw.table.at(gfn, as_id)
    if held is not None:
        return held.hva_of(gfn) + inside
    if draw.table.slots and rng.chance(EVEN):
        slot = rng.choice(draw.table.slots)
        end = slot.hva + (slot.npages << PAGE_SHIFT)
        address = rng.choice((slot.hva, end - 1, end, max(slot.hva - 1, 0)))
        return min(address, U64 - 1)
    return (draw.host_page(gfn, 1) << PAGE_SHIFT) + inside


def host_range(draw: Situation) -> tuple[int, int]:
    """A range about a page of a slot, or about where the slot begins or ends.

    First byte and end. Other slots that have the same host pages are met as well.
    """
    rng = draw.rng
    gfn, as_id = draw.frame()
    slot = draw.table.at(gfn, as_id)
    if slot is not None:
        return _range_at(draw, slot, gfn)
    start = host_address(draw)
    return start, min(start + rng.choice(RANGE_LENGTHS), U64 - 1)


def _range_at(draw: Situation, slot: Slot, gfn: int) -> tuple[int, int]:
    rng = draw.rng
    page = slot.hva_of(gfn)
    if rng.chance(EVEN):
        return page, min(page + rng.choice((1, PAGE_SIZE, PAGE_SIZE)), U64 - 1)
    first, stop = slot.hva, slot.hva + (slot.npages << PAGE_SHIFT)
    start = rng.choice((page, page, page + 1, page + PAGE_SIZE - 1, first, stop - 1))
    if rng.chance(FROM_OUTSIDE):
        start = max(first - rng.choice((1, PAGE_SIZE)), 0)
    end = rng.choice(
        (start + 1, start + PAGE_SIZE, page + PAGE_SIZE, first + 1, stop, stop + 1)
    )
    return min(start, U64 - 1), min(end, U64 - 1)
