"""Dirty logs where there are some: GET and CLEAR aimed at slots that log."""

from __future__ import annotations

from random import Random

from memslot_conformance.scenarios.drawn.values import slot_word
from memslot_conformance.scenarios.drawn.weights import (
    AIMED_WORDS,
    FIRST_PAGES,
    LARGE_SLOT,
    LARGEST_LOGGED,
    OPTIONS,
    PAGE_COUNTS,
    WORDS,
)
from memslot_spec.arithmetic.bitmaps import BITS_PER_WORD, words_for
from memslot_spec.arithmetic.slot_word import pack
from memslot_spec.history.header import Header
from memslot_spec.model.operations import (
    ClearDirtyLog,
    EnableManualProtect,
    GetDirtyLog,
    Operation,
)
from memslot_spec.model.values import (
    Slot,
    SlotTable,
)


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
    words = tuple(rng.choice(AIMED_WORDS) for _ in range(words_for(count)))
    return ClearDirtyLog(pack(slot.as_id, slot.id), first, count, words)


def draw_get(rng: Random, header: Header, gfn: int, hva: int) -> Operation:
    """The log of some slot."""
    del gfn, hva
    return GetDirtyLog(slot_word(rng, header))


def draw_clear(rng: Random, header: Header, gfn: int, hva: int) -> Operation:
    """Some pages of some slot."""
    del gfn, hva
    first = rng.choice(FIRST_PAGES)
    to_the_end = max(LARGE_SLOT - first, 0)
    count = rng.choice((*PAGE_COUNTS, to_the_end))
    words = tuple(rng.choice(WORDS) for _ in range(words_for(count)))
    return ClearDirtyLog(slot_word(rng, header), first, count, words)


def draw_options(rng: Random, header: Header, gfn: int, hva: int) -> Operation:
    """Options of manual protection."""
    del header, gfn, hva
    return EnableManualProtect(rng.choice(OPTIONS))
