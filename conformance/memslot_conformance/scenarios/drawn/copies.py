"""Ranges of guest memory, drawn at the edges of pages and of slots."""

from __future__ import annotations

from memslot_conformance.scenarios.drawn.situation import Situation
from memslot_conformance.scenarios.drawn.weights import (
    AT_AN_EDGE,
    AT_THE_TOP,
    COPIED_LENGTHS,
    LENGTHS_AT_THE_TOP,
    OFFSETS_OF_A_COPY,
    PAGES_AHEAD,
    PAGES_AHEAD_IN_A_RACE,
)
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, U64
from memslot_spec.model.operations import Operation, PreFault, ReadGuest, WriteGuest


def draw_read(draw: Situation) -> Operation:
    """A range of guest bytes to be read."""
    return ReadGuest(*guest_range(draw))


def draw_write(draw: Situation) -> Operation:
    """A range of guest bytes to be written."""
    return WriteGuest(*guest_range(draw))


def draw_prefault(draw: Situation) -> Operation:
    """Pages to be mapped ahead."""
    gfn, _ = draw.frame()
    few = PAGES_AHEAD_IN_A_RACE if draw.is_raced else PAGES_AHEAD
    return PreFault(gfn, draw.rng.choice(few))


def guest_range(draw: Situation) -> tuple[int, int, int]:
    """First byte, length and address space; often over the edge of a slot."""
    rng = draw.rng
    gfn, as_id = draw.frame()
    if rng.chance(AT_THE_TOP):
        return U64 - 8, rng.choice(LENGTHS_AT_THE_TOP), as_id
    slot = draw.table.at(gfn, as_id)
    if slot is not None and rng.chance(AT_AN_EDGE):
        last = slot.base + slot.npages - 1
        gfn = rng.choice((slot.base, last, last, max(slot.base - 1, 0)))
    gpa = (gfn << PAGE_SHIFT) + rng.choice(OFFSETS_OF_A_COPY)
    return gpa, rng.choice(COPIED_LENGTHS), as_id
