"""Caches of host pages: ranges in one page to look up, and what is done with them.

A race gives each of its threads the cache of its own number. Several may share one, and
the fixed scenarios have that; but then less is known of what is in it.
"""

from __future__ import annotations

from memslot_conformance.scenarios.drawn.situation import Situation
from memslot_conformance.scenarios.drawn.weights import (
    ODD_IN_A_RACE,
    OFFSETS_IN_PAGE,
    OWNERS,
    PFN_LENGTHS,
    PLAIN_LENGTHS,
    PLAIN_OFFSETS,
)
from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.model.operations import (
    ActivatePfnCache,
    DeactivatePfnCache,
    Operation,
    RefreshPfnCache,
    UsePfnCache,
)


def draw_activation(draw: Situation) -> Operation:
    """A range in one page to be looked up, seldom one that is in two."""
    rng = draw.rng
    gfn, _ = draw.frame()
    plain = draw.is_raced and not rng.chance(ODD_IN_A_RACE)
    gpa = (gfn << PAGE_SHIFT) + rng.choice(PLAIN_OFFSETS if plain else OFFSETS_IN_PAGE)
    length = rng.choice(PLAIN_LENGTHS if plain else PFN_LENGTHS)
    return ActivatePfnCache(rng.choice(OWNERS), gpa, length)


def draw_refresh(draw: Situation) -> Operation:
    """A cache to be looked up again."""
    return RefreshPfnCache(draw.rng.choice(OWNERS))


def draw_page_use(draw: Situation) -> Operation:
    """A cache to be used."""
    return UsePfnCache(draw.rng.choice(OWNERS))


def draw_deactivation(draw: Situation) -> Operation:
    """A cache to be given up."""
    return DeactivatePfnCache(draw.rng.choice(OWNERS))
