"""Accesses to guest memory and lookups, at frames where something may be."""

from __future__ import annotations

from memslot_conformance.scenarios.drawn.situation import Situation
from memslot_conformance.scenarios.drawn.weights import (
    BY_SOFTWARE,
    DIRECT,
    ROOTS,
    WRITES,
    WRITES_IN_A_RACE,
)
from memslot_spec.model.operations import (
    AllocateRoot,
    GfnToHva,
    GfnToMemslot,
    GuestAccess,
    IsVisibleGfn,
    MemslotId,
    Operation,
    Origin,
)


def draw_access(draw: Situation) -> Operation:
    """An access by the guest's processor, or by software where there is such."""
    rng, origins = draw.rng, draw.header.domain.origins
    often = WRITES_IN_A_RACE if draw.is_raced else WRITES
    gfn, as_id = draw.frame()
    if origins and rng.chance(BY_SOFTWARE):
        origin = Origin[rng.choice(origins)]
        # A walk only reads.
        write = origin is not Origin.TABLE_WALK and rng.chance(often)
        return GuestAccess(gfn, write, as_id=as_id, origin=origin)
    direct = rng.chance(DIRECT)
    root = 0 if direct else rng.choice(ROOTS)
    return GuestAccess(gfn, rng.chance(often), direct, root, as_id)


def draw_write(draw: Situation) -> Operation:
    """A write by the guest's processor."""
    gfn, as_id = draw.frame()
    direct = draw.rng.chance(DIRECT)
    root = 0 if direct else draw.rng.choice(ROOTS)
    return GuestAccess(gfn, True, direct, root, as_id)  # noqa: FBT003 - it writes


def draw_slot_lookup(draw: Situation) -> Operation:
    """The slot of a frame, in its address space."""
    return GfnToMemslot(*draw.frame())


def draw_address_lookup(draw: Situation) -> Operation:
    """The host address of a frame, in its address space."""
    return GfnToHva(*draw.frame())


def draw_visible(draw: Situation) -> Operation:
    """Whether a frame is ordinary memory."""
    return IsVisibleGfn(draw.frame()[0])


def draw_id(draw: Situation) -> Operation:
    """The id of the slot at a frame."""
    return MemslotId(draw.frame()[0])


def draw_root(draw: Situation) -> Operation:
    """A shadow root for the page table at a frame."""
    return AllocateRoot(draw.frame()[0])
