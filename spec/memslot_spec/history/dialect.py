"""What type hints do not say of the JSON form of a history: tags, widths, additions."""

from __future__ import annotations

from typing import get_args

from memslot_spec.history.events import Event
from memslot_spec.history.header import Domain
from memslot_spec.history.json_form import Dialect
from memslot_spec.history.points.caches import MmioCached
from memslot_spec.history.points.mmu import (
    RmapAdded,
    RmapIndexed,
    RmapRemoved,
    ShadowPageCreated,
    SpteUpdated,
)
from memslot_spec.history.points.srcu import Slept
from memslot_spec.history.points.tables import TableWritten
from memslot_spec.model.operations import GuestAccess, Operation
from memslot_spec.model.profile import Limits
from memslot_spec.model.replies import Accessed, Reply
from memslot_spec.model.values import MemoryRange, MemoryRegion

TAGS = {get_args(Operation): "op", get_args(Reply): "reply", get_args(Event): "e"}
"""Under which key a member of each closed union says its class."""

REQUESTS: frozenset[type] = frozenset((*get_args(Operation), MemoryRange, MemoryRegion))
"""The records whose numbers userspace chooses: unsigned, of a fixed width."""

BITS: dict[tuple[type, str], int] = {
    (MemoryRegion, "slot"): 32,
    (MemoryRegion, "flags"): 32,
}
"""The width of a request's field where it is not 64."""


def bits_of(kind: type, name: str) -> int | None:
    """How wide a field of a class is; None where it may be any integer."""
    return BITS.get((kind, name), 64 if kind in REQUESTS else None)


CAME_LATER: frozenset[tuple[type, str]] = frozenset(
    {
        (Domain, "dirty_tracking"),
        (Domain, "overlaps_private"),
        (Domain, "origins"),
        (Domain, "tracks_accesses"),
        (Domain, "names_host_pages"),
        (Domain, "largest_slot"),
        (Domain, "ranges"),
        (Limits, "holes"),
        (Limits, "enough_pages"),
        (GuestAccess, "origin"),
        (MmioCached, "bits"),
        (RmapAdded, "as_id"),
        (RmapIndexed, "as_id"),
        (RmapRemoved, "as_id"),
        (ShadowPageCreated, "root"),
        (Slept, "for_page"),
        (Accessed, "replaced"),
        (SpteUpdated, "other_page"),
        (TableWritten, "field"),
    }
)
"""Fields of records that were written before: their defaults are left out."""

DIALECT = Dialect(TAGS, bits_of, CAME_LATER)
"""How the parts of a history are said in JSON."""
