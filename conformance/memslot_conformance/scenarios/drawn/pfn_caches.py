"""Operations on cached host pages: what an earlier one looked up is used again.

A race gives each of its threads the cache of its own number. Several may share one, and
the fixed scenarios have that; but then less is known of what is in it.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from memslot_conformance.scenarios.drawn.weights import (
    OFFSETS_IN_PAGE,
    OWNERS,
    PFN_LENGTHS,
)
from memslot_conformance.scenarios.scenario import Operations
from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.history.header import Header
from memslot_spec.model.operations import (
    ActivatePfnCache,
    DeactivatePfnCache,
    Operation,
    PfnCacheOperation,
    RefreshPfnCache,
    UsePfnCache,
)
from memslot_spec.model.values import Slot, SlotTable


def draw_activation(rng: Random, header: Header, gfn: int, hva: int) -> Operation:
    """A range in one page to be looked up, seldom one that is in two."""
    del header, hva
    gpa = (gfn << PAGE_SHIFT) + rng.choice(OFFSETS_IN_PAGE)
    return ActivatePfnCache(rng.choice(OWNERS), gpa, rng.choice(PFN_LENGTHS))


def draw_refresh(rng: Random, header: Header, gfn: int, hva: int) -> Operation:
    """A cache to be looked up again."""
    del header, gfn, hva
    return RefreshPfnCache(rng.choice(OWNERS))


def draw_page_use(rng: Random, header: Header, gfn: int, hva: int) -> Operation:
    """A cache to be used."""
    del header, gfn, hva
    return UsePfnCache(rng.choice(OWNERS))


def draw_deactivation(rng: Random, header: Header, gfn: int, hva: int) -> Operation:
    """A cache to be given up."""
    del header, gfn, hva
    return DeactivatePfnCache(rng.choice(OWNERS))


def activation_at(drawn: ActivatePfnCache, gfn: int) -> ActivatePfnCache:
    """The same of a frame of a slot that is there."""
    return replace(drawn, gpa=(gfn << PAGE_SHIFT) + drawn.gpa % (1 << PAGE_SHIFT))


def first_activation(
    operations: Operations, thread: int, table: SlotTable, rng: Random
) -> Operations:
    """An activation for a thread that uses or refreshes a cache, before it does."""
    kinds = [type(one) for one in operations if isinstance(one, PfnCacheOperation)]
    slots: tuple[Slot, ...] = tuple(slot for slot in table if slot.as_id == 0)
    if not kinds or ActivatePfnCache in kinds or not slots:
        return ()
    return (ActivatePfnCache(thread, rng.choice(slots).base << PAGE_SHIFT, 8),)
