"""Dirty logs where there are some: GET and CLEAR aimed at slots that log."""

from __future__ import annotations

from memslot_conformance.scenarios.drawn.numbers import longer
from memslot_conformance.scenarios.drawn.situation import Situation
from memslot_conformance.scenarios.drawn.weights import (
    AIMED_WORDS,
    ANY_RANGE,
    FIRST_PAGES,
    LARGEST_LOGGED,
    LOGGED,
    NO_SLOT,
    ODD_COUNTS,
    ODD_IN_A_RACE,
    OPTIONS,
    PAGE_COUNTS,
    RACED_OPTIONS,
    WORDS,
)
from memslot_spec.arithmetic.bitmaps import BITS_PER_WORD, words_for
from memslot_spec.arithmetic.slot_word import pack
from memslot_spec.model.operations import (
    ClearDirtyLog,
    EnableManualProtect,
    GetDirtyLog,
    Operation,
)
from memslot_spec.model.values import Slot


def logging_slot(draw: Situation) -> Slot | None:
    """One of the slots that log, the one in view if it does; or else any, or None.

    Of none that is too large to be told of: wrong answers take memory, too.
    """
    slots = [slot for slot in draw.slots() if slot.npages <= LARGEST_LOGGED]
    if not slots:
        return None
    logging = [slot for slot in slots if slot.log_dirty]
    slot = draw.live()
    if slot.npages > LARGEST_LOGGED:
        slot = draw.rng.choice(slots)
    if slot.log_dirty or not logging or not draw.rng.chance(LOGGED):
        return slot
    return draw.rng.choice(logging)


def draw_get(draw: Situation) -> Operation:
    """The log of some slot."""
    slot = logging_slot(draw)
    if slot is None or draw.rng.chance(NO_SLOT):
        return GetDirtyLog(_any_word(draw))
    return GetDirtyLog(pack(slot.as_id, slot.id))


def draw_clear(draw: Situation) -> Operation:
    """Some pages of some slot, in a range that now and then does not fit it."""
    rng = draw.rng
    slot = logging_slot(draw)
    if slot is None or rng.chance(ANY_RANGE):
        first, count = rng.choice(FIRST_PAGES), rng.choice(PAGE_COUNTS)
        words = tuple(rng.choice(WORDS) for _ in range(words_for(count)))
        return ClearDirtyLog(_any_word(draw), first, count, words)
    first = 0
    if slot.npages > BITS_PER_WORD:
        last = (slot.npages - 1) // BITS_PER_WORD * BITS_PER_WORD
        half = slot.npages // 2 // BITS_PER_WORD * BITS_PER_WORD
        first = rng.choice((0, BITS_PER_WORD, half, last))
        if rng.chance(ODD_IN_A_RACE if draw.is_raced else ODD_COUNTS):
            first = slot.npages // 2
        view = draw.in_view()
        if view is not None and slot.covers(view.gfn):
            first = (view.gfn - slot.base) // BITS_PER_WORD * BITS_PER_WORD
    left = min(slot.npages - first, LARGEST_LOGGED)
    count = rng.choice((left, left, left, min(left, BITS_PER_WORD)))
    if rng.chance(ODD_IN_A_RACE if draw.is_raced else ODD_COUNTS):
        count = rng.choice((left + 1, max(left - 1, 0)))
    words = tuple(rng.choice(AIMED_WORDS) for _ in range(words_for(count)))
    return ClearDirtyLog(pack(slot.as_id, slot.id), first, count, words)


def draw_options(draw: Situation) -> Operation:
    """Options of manual protection."""
    return EnableManualProtect(
        draw.rng.choice(RACED_OPTIONS if draw.is_raced else OPTIONS)
    )


def _any_word(draw: Situation) -> int:
    """A word that may name a slot, or none that can be."""
    top, count = draw.limits.user_slots, draw.limits.address_spaces
    over = min(top, 0xFFFF)
    word = draw.word()
    cut = longer(draw.rng, word, 0xFFFF_FFFF)
    words = (word, cut, top - 1, over, 0xFFFF, pack(count, 0))
    return draw.rng.choice(words)
