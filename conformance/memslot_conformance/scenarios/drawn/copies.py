"""Ranges of guest memory, drawn at the edges of pages and of slots."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from memslot_conformance.scenarios.drawn.values import address_space
from memslot_conformance.scenarios.drawn.weights import (
    AT_THE_TOP,
    COPIED_LENGTHS,
    LENGTHS_AT_THE_TOP,
    OFFSETS_OF_A_COPY,
    PAGES_AHEAD,
)
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE, U64
from memslot_spec.history.header import Header
from memslot_spec.model.operations import GuestCopy, PreFault, ReadGuest, WriteGuest
from memslot_spec.model.values import Slot


def draw_read(rng: Random, header: Header, gfn: int, hva: int) -> ReadGuest:
    """A range of guest bytes to be read."""
    del hva
    return ReadGuest(*_range(rng, gfn), address_space(rng, header))


def draw_write(rng: Random, header: Header, gfn: int, hva: int) -> WriteGuest:
    """A range of guest bytes to be written."""
    del hva
    return WriteGuest(*_range(rng, gfn), address_space(rng, header))


def draw_prefault(rng: Random, header: Header, gfn: int, hva: int) -> PreFault:
    """Pages to be mapped ahead."""
    del header, hva
    return PreFault(gfn, rng.choice(PAGES_AHEAD))


def _range(rng: Random, gfn: int) -> tuple[int, int]:
    if rng.random() < AT_THE_TOP:
        return U64 - 8, rng.choice(LENGTHS_AT_THE_TOP)
    gpa = (gfn << PAGE_SHIFT) + rng.choice(OFFSETS_OF_A_COPY)
    return gpa, rng.choice(COPIED_LENGTHS)


def copy_at(copy: GuestCopy, slot: Slot, rng: Random) -> GuestCopy:
    """The copy in a slot, most often where the slot begins or ends."""
    last = slot.base + slot.npages - 1
    gfn = rng.choice((slot.base, last, last, max(slot.base - 1, 0)))
    return replace(
        copy, gpa=(gfn << PAGE_SHIFT) + copy.gpa % PAGE_SIZE, as_id=slot.as_id
    )
