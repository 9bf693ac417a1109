"""Caches of host pages: ranges in one page to look up, and what is done with them.

A race gives each of its threads the cache of its own number. Several may share one, and
the fixed scenarios have that; but then less is known of what is in it.
"""

from __future__ import annotations

from memslot_conformance.scenarios.drawn.situation import Situation
from memslot_conformance.scenarios.drawn.weights import (
    OFFSETS_IN_PAGE,
    OWNERS,
    PFN_LENGTHS,
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
    gpa = (gfn << PAGE_SHIFT) + rng.choice(OFFSETS_IN_PAGE)
    return ActivatePfnCache(rng.choice(OWNERS), gpa, rng.choice(PFN_LENGTHS))


def draw_refresh(draw: Situation) -> Operation:
    """A cache to be looked up again."""
    return RefreshPfnCache(draw.rng.choice(OWNERS))


def draw_page_use(draw: Situation) -> Operation:
    """A cache to be used."""
    return UsePfnCache(draw.rng.choice(OWNERS))


def draw_deactivation(draw: Situation) -> Operation:
    """A cache to be given up."""
    return DeactivatePfnCache(draw.rng.choice(OWNERS))
