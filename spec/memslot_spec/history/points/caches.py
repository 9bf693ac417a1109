"""The points that a target announces of generations and of cached MMIO.

Only today's kernel has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class MmioPlace(Enum):
    """Where a frame is cached as MMIO."""

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
    """The caches were prepared for a new generation (`kvm_arch_memslots_updated`).

    `dropped` says that every MMIO spte was zapped, as it must be where the bits of
    the generation that an entry holds have wrapped.
    """

    thread: int
    generation: int
    dropped: bool


@dataclass(frozen=True, slots=True)
class MmioCached:
    """A frame was cached as MMIO.

    `generation` is what the entry holds: the bits for which it has room. `table`
    is the handle of the table in which no slot was found. `bits` is how many bits
    there is room for, the lowest; None where the target does not tell.
    """

    thread: int
    place: MmioPlace
    gfn: int
    as_id: int
    generation: int
    table: int
    bits: int | None = None


@dataclass(frozen=True, slots=True)
class MmioHit:
    """An access was treated as MMIO because its frame was cached as MMIO.

    `table` is the handle of the table whose generation the entry was compared with.
    """

    thread: int
    place: MmioPlace
    gfn: int
    as_id: int
    table: int


@dataclass(frozen=True, slots=True)
class PfnCacheValid:
    """A `gfn_to_pfn_cache` became valid for the host page at this address.

    Announced where `gpc->valid` is set, after the last look at what the host does.
    """

    thread: int
    cache: int
    hva: int


CachePoint = GenerationSet | CachesUpdated | MmioCached | MmioHit | PfnCacheValid
