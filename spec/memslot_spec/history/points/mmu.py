"""The points that a target announces of its shadow MMU.

Its lock, shadow pages, leaf sptes, reverse maps, flushes and roots. A shadow page
goes by an opaque handle, an spte by its page and its index there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class MmuLocked:
    """The lock over all shadow state was taken (`mmu_lock`)."""

    thread: int


@dataclass(frozen=True, slots=True)
class MmuUnlocked:
    """The lock over all shadow state was released."""

    thread: int


@dataclass(frozen=True, slots=True)
class ShadowPageCreated:
    """A shadow page was allocated, with the slot ids already in its bitmap.

    A `direct` page covers `npages` guest frames from `gfn` on; otherwise it
    shadows the guest page table at `gfn`. `capacity` is how many slot ids its
    bitmap holds. A `root` is made when a vCPU loads its roots, for no frame of its own.
    """

    thread: int
    page: int
    gfn: int
    direct: bool
    capacity: int
    slot_ids: tuple[int, ...] = ()
    npages: int = 512
    as_id: int = 0
    root: bool = False


@dataclass(frozen=True, slots=True)
class ShadowPageZapped:
    """A shadow page was zapped; its sptes were removed before it."""

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
class SpteUpdated:
    """The bits of a present leaf spte were changed in place (`mmu_spte_update`).

    It maps the pages of before, or an `other_page` that the host has put behind the
    address (`kvm_set_pte_rmapp`). `writable` is its W bit from now on. `dirty` is its D
    bit, also where the processor sets it; a target that does not track by D bits
    leaves it as it is here.
    """

    thread: int
    page: int
    index: int
    writable: bool
    dirty: bool = True
    other_page: bool = False


class RmapUse(Enum):
    """What a reverse-map index was computed for."""

    ADD = "ADD"
    REMOVE = "REMOVE"
    HVA_WALK = "HVA_WALK"

    def __repr__(self) -> str:
        return f"RmapUse.{self.name}"


@dataclass(frozen=True, slots=True)
class RmapIndexed:
    """A reverse-map position was computed, in the slot with this id.

    `base` is the slot's base where it was computed; `slot_id` is None where no
    slot was found for the gfn. `as_id` is the slot's address space, None where the
    target does not tell, as one with a single space need not.
    """

    thread: int
    use: RmapUse
    slot_id: int | None
    base: int
    level: int
    gfn: int
    index: int
    as_id: int | None = None


@dataclass(frozen=True, slots=True)
class RmapAdded:
    """An spte was added to the reverse map `(slot_id, level, rmap_index)`.

    `as_id` is the slot's address space; None stands for the spte's.
    """

    thread: int
    page: int
    index: int
    slot_id: int
    level: int
    rmap_index: int
    as_id: int | None = None


@dataclass(frozen=True, slots=True)
class RmapRemoved:
    """An spte was removed from a reverse map; `as_id` as where it was added."""

    thread: int
    page: int
    index: int
    slot_id: int
    level: int
    rmap_index: int
    as_id: int | None = None


@dataclass(frozen=True, slots=True)
class RmapsCounted:
    """The audit counted the sptes on all reverse maps, under `mmu_lock`."""

    thread: int
    count: int


@dataclass(frozen=True, slots=True)
class Flushed:
    """The shadow state of a slot was removed (None: of every slot)."""

    thread: int
    slot_id: int | None


@dataclass(frozen=True, slots=True)
class RootsInvalidated:
    """Every vCPU has left the guest, and enters it again on a new root, flushed.

    So no processor can use an spte that is present now, nor what a TLB holds of one
    that was removed before, though no TLB has been flushed yet
    (`kvm_mmu_zap_all_fast`).
    """

    thread: int


@dataclass(frozen=True, slots=True)
class RootGranted:
    """A shadow root was made for the guest page table at this gfn.

    `table` is the handle of the table in which the frame was looked up.
    """

    thread: int
    gfn: int
    table: int


MmuPoint = (
    MmuLocked
    | MmuUnlocked
    | ShadowPageCreated
    | ShadowPageZapped
    | SlotBitSet
    | SpteMapped
    | SpteRemoved
    | SpteUpdated
    | RmapIndexed
    | RmapAdded
    | RmapRemoved
    | RmapsCounted
    | Flushed
    | RootsInvalidated
    | RootGranted
)
