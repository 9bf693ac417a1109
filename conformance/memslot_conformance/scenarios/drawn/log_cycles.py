"""A log through its life: begun over what is mapped, read or cleared, and read again.

Each of its steps is drawn by itself, too; but that all of them are about one page, in
this order, hardly ever is, and a log that has lost a write shows it to nobody else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from memslot_conformance.scenarios.drawn import shapes
from memslot_conformance.scenarios.drawn.accesses import draw_access, draw_write
from memslot_conformance.scenarios.drawn.scenario_weights import (
    CYCLE_OPTIONS,
    MAPPED_BEFORE_THE_LOG,
    PROTECTED_BY_HAND,
    TAKEN_BY,
    WRITTEN_BETWEEN,
)
from memslot_conformance.scenarios.drawn.situation import Situation
from memslot_conformance.scenarios.drawn.weights import LARGEST_LOGGED
from memslot_spec.arithmetic.bitmaps import ALL_SET, BITS_PER_WORD, words_for
from memslot_spec.arithmetic.slot_word import pack
from memslot_spec.model.operations import (
    ClearDirtyLog,
    EnableManualProtect,
    GetDirtyLog,
    GuestAccess,
    Operation,
    SetRegion,
)
from memslot_spec.model.values import LOG_DIRTY_PAGES, Slot


def log_cycle(draw: Situation) -> Iterator[Operation]:
    """The operations of one cycle, about the slot in view; none where it cannot log."""
    slot = _slot_in_view(draw)
    asked = draw.header.capabilities.operations
    if slot is None or not {GetDirtyLog.__name__, GuestAccess.__name__} <= set(asked):
        return
    rng, word, region = draw.rng, pack(slot.as_id, slot.id), shapes.same(slot)
    if slot.log_dirty:
        yield SetRegion(replace(region, flags=region.flags & ~LOG_DIRTY_PAGES))
    if EnableManualProtect.__name__ in asked and rng.chance(PROTECTED_BY_HAND):
        yield EnableManualProtect(rng.choice(CYCLE_OPTIONS))
    if rng.chance(MAPPED_BEFORE_THE_LOG):
        yield draw_access(draw)
    yield SetRegion(replace(region, flags=region.flags | LOG_DIRTY_PAGES))
    if rng.chance(WRITTEN_BETWEEN):
        yield draw_write(draw)
    taken = rng.pick(TAKEN_BY)
    if taken == "clear" and ClearDirtyLog.__name__ in asked:
        yield _clear(draw, slot)
    elif taken != "nothing":
        yield GetDirtyLog(word)
    yield draw_write(draw)
    yield GetDirtyLog(word)


def _slot_in_view(draw: Situation) -> Slot | None:
    view = draw.view
    if view is None or view.slot_id is None:
        return None
    slot = draw.table.find(view.as_id, view.slot_id)
    return slot if slot is not None and slot.npages <= LARGEST_LOGGED else None


def _clear(draw: Situation, slot: Slot) -> Operation:
    """Every page of the slot, or of the word of the log that the page in view is in."""
    first, count = 0, slot.npages
    view = draw.in_view()
    if view is not None and slot.covers(view.gfn):
        first = (view.gfn - slot.base) // BITS_PER_WORD * BITS_PER_WORD
        count = min(BITS_PER_WORD, slot.npages - first)
    words = (ALL_SET,) * words_for(count)
    return ClearDirtyLog(pack(slot.as_id, slot.id), first, count, words)
