"""Points of the shadow MMU: its lock, shadow pages, sptes, reverse maps, flushes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class RmapUse(Enum):
    """What a reverse-map index was computed for."""

    ADD = "ADD"
    REMOVE = "REMOVE"
    HVA_WALK = "HVA_WALK"

    def __repr__(self) -> str:
        return f"RmapUse.{self.name}"


@dataclass(frozen=True, slots=True)
class MmuLocked:
    """The lock over all shadow state was taken (`mmu_lock`)."""

    thread: int


@dataclass(frozen=True, slots=True)
class MmuUnlocked:
    """The lock over all shadow state was given back."""

    thread: int


@dataclass(frozen=True, slots=True)
class GuestEntered:
    """The vCPU runs guest code from here."""

    thread: int


@dataclass(frozen=True, slots=True)
class Retried:
    """A fault found its slot INVALID, and the access is going to be made again."""

    thread: int


@dataclass(frozen=True, slots=True)
class ShadowPageCreated:
    """A shadow page came to be, with the slot ids already in its bitmap.

    A `direct` page covers `npages` guest frames from `gfn` on; otherwise it
    shadows the guest page table at `gfn`. `capacity` is how many slot ids its
    bitmap holds.
    """

    thread: int
    page: int
    gfn: int
    direct: bool
    capacity: int
    slot_ids: tuple[int, ...] = ()
    npages: int = 512
    as_id: int = 0


@dataclass(frozen=True, slots=True)
class ShadowPageZapped:
    """A shadow page is gone; its sptes went before it."""

    thread: int
    page: int


@dataclass(frozen=True, slots=True)
class SlotBitSet:
    """A slot id was set in a shadow page's bitmap."""

    thread: int
    page: int
    slot_id: int


@dataclass(frozen=True, slots=True)
class SpteMapped:
    """A leaf spte was installed, from a translation through `table`.

    `table` is the handle of the table whose slot gave the host address.
    """

    thread: int
    page: int
    index: int
    gfn: int
    level: int
    writable: bool
    hva: int
    table: int
    as_id: int = 0


@dataclass(frozen=True, slots=True)
class SpteRemoved:
    """A leaf spte was cleared."""

    thread: int
    page: int
    index: int


@dataclass(frozen=True, slots=True)
class RmapIndexed:
    """A reverse-map position was computed, in the slot with this id.

    `base` is the slot's base where it was computed; `slot_id` is None where no
    slot was found for the gfn.
    """

    thread: int
    use: RmapUse
    slot_id: int | None
    base: int
    level: int
    gfn: int
    index: int


@dataclass(frozen=True, slots=True)
class RmapAdded:
    """An spte was put on the reverse map `(slot_id, level, rmap_index)`."""

    thread: int
    page: int
    index: int
    slot_id: int
    level: int
    rmap_index: int


@dataclass(frozen=True, slots=True)
class RmapRemoved:
    """An spte was taken off a reverse map."""

    thread: int
    page: int
    index: int
    slot_id: int
    level: int
    rmap_index: int


@dataclass(frozen=True, slots=True)
class RmapsCounted:
    """The audit counted the entries of every reverse map, under `mmu_lock`."""

    thread: int
    count: int


@dataclass(frozen=True, slots=True)
class Flushed:
    """The shadow state of a slot is gone (None: of every slot)."""

    thread: int
    slot_id: int | None


@dataclass(frozen=True, slots=True)
class RootGranted:
    """A shadow root was made for the guest page table at this gfn.

    `table` is the handle of the table in which the frame was looked up.
    """

    thread: int
    gfn: int
    table: int
