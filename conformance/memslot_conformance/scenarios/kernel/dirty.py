"""Requests about dirty logs for a real kernel, aimed at the slots that exist.

Nothing writes to the memory of a VM without vCPUs. That logs begin dirty where
that is asked for is what gives GET and CLEAR something to show.
"""

from __future__ import annotations

import random

from memslot_conformance.scenarios.drawn.dirty import clear_at, get_at, logging_slot
from memslot_conformance.targets.kvm.guards import MAX_SLOT_BYTES
from memslot_spec.arithmetic.bitmaps import BITS_PER_WORD, words_for
from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.arithmetic.slot_word import pack
from memslot_spec.model.operations import (
    ClearDirtyLog,
    EnableManualProtect,
    GetDirtyLog,
    Operation,
)
from memslot_spec.model.profile import Limits
from memslot_spec.model.values import SlotTable

DIRTY_PERCENT = 30
"""How often a request is about a log, where the kernel has them."""

OPTIONS = (0, 1, 1, 3, 3, 3, 3, 2, 4, 1 << 63)

ODD_PERCENT = 12
"""How often one of them names a word at random, or a range."""


def draw_dirty(
    rng: random.Random,
    table: SlotTable,
    limits: Limits,
    operations: frozenset[str],
) -> Operation | None:
    """One request about a log, of the kinds that the target has; None: rather not."""
    kinds = [kind for kind in _KINDS if kind in operations]
    if not kinds or rng.randrange(100) >= DIRTY_PERCENT:
        return None
    kind = rng.choice(kinds)
    if kind == EnableManualProtect.__name__:
        return EnableManualProtect(rng.choice(OPTIONS))
    slot = logging_slot(table, rng)
    odd = rng.randrange(100) < ODD_PERCENT
    if kind == GetDirtyLog.__name__:
        return GetDirtyLog(_word(rng, limits)) if odd or not slot else get_at(slot)
    return _clear(rng, limits) if odd or not slot else clear_at(slot, rng)


_KINDS = (
    *(GetDirtyLog.__name__,) * 5,
    *(ClearDirtyLog.__name__,) * 4,
    EnableManualProtect.__name__,
)
"""Each kind as often as it is to be drawn."""


def _word(rng: random.Random, limits: Limits) -> int:
    """A word that may name a slot, or none that can be."""
    slot_id = rng.choice((0, 1, limits.user_slots - 1, limits.user_slots, 0xFFFF))
    return pack(rng.choice((0, 0, limits.address_spaces)), slot_id)


def _clear(rng: random.Random, limits: Limits) -> ClearDirtyLog:
    """A range without regard to any slot."""
    first = rng.choice((0, 1, 63, BITS_PER_WORD, 1 << 20, 1 << 63))
    count = rng.choice((0, 1, 63, BITS_PER_WORD, MAX_SLOT_BYTES >> PAGE_SHIFT))
    words = tuple(rng.getrandbits(BITS_PER_WORD) for _ in range(words_for(count)))
    return ClearDirtyLog(_word(rng, limits), first, count, words)
