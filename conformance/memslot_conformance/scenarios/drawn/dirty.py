"""Dirty logs where there are some: GET and CLEAR aimed at slots that log."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from memslot_spec.arithmetic.bitmaps import BITS_PER_WORD, words_for
from memslot_spec.arithmetic.slot_word import pack
from memslot_spec.model.operations import ClearDirtyLog, GetDirtyLog
from memslot_spec.model.values import (
    LOG_DIRTY_PAGES,
    PAGES_PER_HUGE_PAGE,
    MemoryRegion,
    Slot,
    SlotTable,
)

LARGEST_LOGGED = 4 * PAGES_PER_HUGE_PAGE
"""Pages of the largest slot that is asked to log: an answer has a bit for each."""

DRAINED_FIRST = 0.2
"""How often a race of a slot that logs is about its log, and not about an update."""

_EVERY_BIT = (1 << BITS_PER_WORD) - 1
_WORDS = (0, 1, 0b10, 0b1111, _EVERY_BIT, _EVERY_BIT)


def within_reason(region: MemoryRegion) -> MemoryRegion:
    """The request, without logging where the slot is too large for it."""
    if region.npages <= LARGEST_LOGGED:
        return region
    return replace(region, flags=region.flags & ~LOG_DIRTY_PAGES)


def logging_slot(table: SlotTable, rng: Random) -> Slot | None:
    """One of the slots that log, or else any, or None of an empty table."""
    logging = [slot for slot in table if slot.log_dirty]
    return rng.choice(logging or table.slots) if table.slots else None


def get_at(slot: Slot) -> GetDirtyLog:
    """The log of this slot."""
    return GetDirtyLog(pack(slot.as_id, slot.id))


def clear_at(slot: Slot, rng: Random) -> ClearDirtyLog:
    """Some pages of this slot, in a range that now and then does not fit it."""
    first = 0
    if slot.npages > BITS_PER_WORD:
        first = rng.choice((0, BITS_PER_WORD, slot.npages // 2))
    left = min(slot.npages - first, LARGEST_LOGGED)
    counts = (left, left, left, min(left, BITS_PER_WORD), left + 1, max(left - 1, 0))
    count = rng.choice(counts)
    words = tuple(rng.choice(_WORDS) for _ in range(words_for(count)))
    return ClearDirtyLog(pack(slot.as_id, slot.id), first, count, words)
