"""Where ranges of host memory are drawn: at the edges of pages and of slots."""

from __future__ import annotations

from random import Random

from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE
from memslot_spec.model.operations import InvalidateRange
from memslot_spec.model.values import Slot


def range_at(slot: Slot, gfn: int, rng: Random) -> InvalidateRange:
    """A range about a page of a slot, or about where the slot begins or ends.

    Other slots that have the same host pages are met as well.
    """
    page = slot.hva_of(gfn)
    first, stop = slot.hva, slot.hva + (slot.npages << PAGE_SHIFT)
    start = rng.choice((page, page, page + 1, page + PAGE_SIZE - 1, first, stop - 1))
    if rng.random() < 0.2:  # noqa: PLR2004 - now and then from outside
        start = max(first - rng.choice((1, PAGE_SIZE)), 0)
    end = rng.choice(
        (start + 1, start + PAGE_SIZE, page + PAGE_SIZE, first + 1, stop, stop + 1)
    )
    return InvalidateRange(start, end)
