"""What a history is made of: calls, replies, and points from inside.

Every event names the logical thread it happened on. A *point* is announced by
the implementation at the access itself, so the order of points is the order of
the accesses. Tables and shadow pages are named by opaque handles that the
implementation chooses; a handle may be used again after it was reclaimed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from memslot_spec.cache_points import (
    CachesUpdated,
    GenerationSet,
    MmioCached,
    MmioHit,
)
from memslot_spec.dirty_points import (
    BitmapAllocated,
    BitmapFreed,
    DirtyBitsCleared,
    DirtyBitSet,
)
from memslot_spec.host_points import (
    HostPageDirtied,
    HostPageFound,
    InvalidationBegun,
    InvalidationEnded,
    MetadataAllocated,
    MetadataFreed,
    TlbFlushed,
)
from memslot_spec.operations import Operation, Reply
from memslot_spec.values import SlotTable


class RmapUse(Enum):
    """What a reverse-map index was computed for."""

    ADD = "ADD"
    REMOVE = "REMOVE"
    HVA_WALK = "HVA_WALK"

    def __repr__(self) -> str:
        return f"RmapUse.{self.name}"


@dataclass(frozen=True, slots=True)
class ShadowPte:
    """One present leaf spte, as introspection shows it.

    `level` 1 maps one 4 KiB page, 2 maps 512; `gfn` is the first one mapped.
    """

    page: int
    index: int
    gfn: int
    level: int
    writable: bool
    hva: int


@dataclass(frozen=True, slots=True)
class ShadowPage:
    """One live shadow page with the slot ids set in its bitmap."""

    page: int
    gfn: int
    direct: bool
    slot_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """What introspection shows at rest: the table, and the shadow state.

    A part is None where the target cannot show it. Tuples are sorted.
    """

    table: SlotTable | None = None
    sptes: tuple[ShadowPte, ...] | None = None
    pages: tuple[ShadowPage, ...] | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """An operation begins."""

    thread: int
    operation: Operation


@dataclass(frozen=True, slots=True)
class Return:
    """The operation of this thread has answered."""

    thread: int
    reply: Reply


@dataclass(frozen=True, slots=True)
class Observed:
    """What introspection showed when an operation had ended."""

    thread: int
    view: View


@dataclass(frozen=True, slots=True)
class SectionEntering:
    """A reader took the index of the counter that it is going to raise."""

    thread: int
    index: int


@dataclass(frozen=True, slots=True)
class SectionEntered:
    """A read section began: the counter is raised (`srcu_read_lock`)."""

    thread: int
    index: int


@dataclass(frozen=True, slots=True)
class SectionLeft:
    """A read section ended: the counter is lowered (`srcu_read_unlock`)."""

    thread: int
    index: int


@dataclass(frozen=True, slots=True)
class GracePeriodBegun:
    """An updater began to wait for the readers (`synchronize_srcu`)."""

    thread: int


@dataclass(frozen=True, slots=True)
class IndexFlipped:
    """New readers raise the other counter from here on."""

    thread: int
    index: int


@dataclass(frozen=True, slots=True)
class GracePeriodEnded:
    """The updater's wait is over."""

    thread: int


@dataclass(frozen=True, slots=True)
class DomainDestroyed:
    """The SRCU domain is gone (`cleanup_srcu_struct`)."""

    thread: int


@dataclass(frozen=True, slots=True)
class TableLoaded:
    """The table pointer was loaded (`rcu_dereference`)."""

    thread: int
    table: int
    as_id: int = 0


@dataclass(frozen=True, slots=True)
class TableRead:
    """Something was read out of a table: the field that was read."""

    thread: int
    table: int
    field: str


@dataclass(frozen=True, slots=True)
class TableWritten:
    """Something was stored into a table."""

    thread: int
    table: int


@dataclass(frozen=True, slots=True)
class Attached:
    """What a published slot has with it, each by its handle; None is nothing."""

    as_id: int
    slot_id: int
    bitmap: int | None = None
    metadata: int | None = None


@dataclass(frozen=True, slots=True)
class TablePublished:
    """A table became the current one (`rcu_assign_pointer`).

    `slots` is the VM's whole picture. Where each address space has a table of its
    own, `as_id` names the one whose table this is. `attached` has an entry for
    each slot that has something attached and that the implementation tells of.
    """

    thread: int
    table: int
    slots: SlotTable
    as_id: int = 0
    attached: tuple[Attached, ...] = ()


@dataclass(frozen=True, slots=True)
class TableReclaimed:
    """A table's memory was freed, or taken for the next update."""

    thread: int
    table: int


@dataclass(frozen=True, slots=True)
class UpdateLocked:
    """An updater took the lock that excludes the others (`slots_lock`)."""

    thread: int


@dataclass(frozen=True, slots=True)
class UpdateUnlocked:
    """The updater gave the lock back."""

    thread: int


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
class Slept:
    """The thread sleeps with no bound on how long."""

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


@dataclass(frozen=True, slots=True)
class Finished:
    """No thread can go on. `stuck` are those that wait for ever."""

    thread: int
    stuck: tuple[int, ...]


Point = (
    SectionEntering
    | SectionEntered
    | SectionLeft
    | GracePeriodBegun
    | IndexFlipped
    | GracePeriodEnded
    | DomainDestroyed
    | TableLoaded
    | TableRead
    | TableWritten
    | TablePublished
    | TableReclaimed
    | UpdateLocked
    | UpdateUnlocked
    | MmuLocked
    | MmuUnlocked
    | GuestEntered
    | Retried
    | Slept
    | ShadowPageCreated
    | ShadowPageZapped
    | SlotBitSet
    | SpteMapped
    | SpteRemoved
    | RmapIndexed
    | RmapAdded
    | RmapRemoved
    | RmapsCounted
    | Flushed
    | RootGranted
    | InvalidationBegun
    | InvalidationEnded
    | TlbFlushed
    | HostPageFound
    | HostPageDirtied
    | MetadataAllocated
    | MetadataFreed
    | BitmapAllocated
    | BitmapFreed
    | DirtyBitSet
    | DirtyBitsCleared
    | GenerationSet
    | CachesUpdated
    | MmioCached
    | MmioHit
)

Event = Call | Return | Observed | Finished | Point
