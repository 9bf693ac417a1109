"""Points of what is cached from a table: generations, and MMIO remembered.

`events.py` gathers them with the others. Only today's kernel has generations.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class MmioPlace(Enum):
    """Where it is remembered that an access is MMIO."""

    SPTE = "SPTE"
    VCPU = "VCPU"

    def __repr__(self) -> str:
        return f"MmioPlace.{self.name}"


@dataclass(frozen=True, slots=True)
class GenerationSet:
    """A table got its generation; `in_progress` is the mark of an open update.

    `generation` is the number without the mark.
    """

    thread: int
    table: int
    as_id: int
    generation: int
    in_progress: bool


@dataclass(frozen=True, slots=True)
class CachesUpdated:
    """What was cached was made ready for a new generation.

    `kvm_arch_memslots_updated`; `dropped` says that every MMIO entry went, as it
    must where the part of the generation that an entry holds begins anew.
    """

    thread: int
    generation: int
    dropped: bool


@dataclass(frozen=True, slots=True)
class MmioCached:
    """It was remembered that an access to this frame is MMIO.

    `generation` is what was stored with it: the bits that an entry can hold.
    `table` is the handle of the table that said so.
    """

    thread: int
    place: MmioPlace
    gfn: int
    as_id: int
    generation: int
    table: int


@dataclass(frozen=True, slots=True)
class MmioHit:
    """An access was taken for MMIO because it was remembered to be.

    `table` is the handle of the table whose generation the entry was held to.
    """

    thread: int
    place: MmioPlace
    gfn: int
    as_id: int
    table: int
