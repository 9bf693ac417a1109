"""How the facts about the host's side grow.

These go before the others of their kind: an spte that an event removes is still
in the facts when they see it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.facts.facts import Facts, by_kind
from memslot_spec.facts.host import BITMAP, METADATA, Cleared, LookedUp
from memslot_spec.history.events import Call
from memslot_spec.history.points.dirty import (
    BitmapAllocated,
    BitmapFreed,
    DirtyBitsCleared,
)
from memslot_spec.history.points.host import (
    HostPageFound,
    InvalidationBegun,
    InvalidationEnded,
    MetadataAllocated,
    MetadataFreed,
    TlbFlushed,
)
from memslot_spec.history.points.mmu import (
    MmuLocked,
    MmuUnlocked,
    RmapIndexed,
    RmapUse,
    SpteMapped,
    SpteRemoved,
)
from memslot_spec.history.points.tables import TablePublished
from memslot_spec.model.operations import GetDirtyLog, UnmapHva

E = TypeVar("E")

Absorb = Callable[[Facts, object], None]


def on(kind: type[E], action: Callable[[Facts, E], None]) -> tuple[type, Absorb]:
    """What this kind of event adds."""
    return kind, by_kind(action)


def call(facts: Facts, event: Call) -> None:
    """What the thread's call before this one did is over."""
    facts.host.called(event.thread)


def mmu_locked(facts: Facts, event: MmuLocked) -> None:
    """An unmap is about to drop what maps its page, which is gone by now."""
    call = facts.calls.get(event.thread)
    if call is not None and isinstance(call.operation, UnmapHva):
        start = call.operation.hva - call.operation.hva % PAGE_SIZE
        facts.host.unmapped(start, start + PAGE_SIZE)


def host_page_found(facts: Facts, event: HostPageFound) -> None:
    """The thread's fault holds these pages."""
    facts.host.looked_up[event.thread] = LookedUp(event.hva, event.npages)


def mmu_unlocked(facts: Facts, event: MmuUnlocked) -> None:
    """The thread relies on what it found, or did, under the lock."""
    facts.host.unlocked_at[event.thread] = facts.step


def spte_mapped(facts: Facts, event: SpteMapped) -> None:
    """An spte that stood in the place is replaced, and may be in a TLB."""
    place = (event.page, event.index)
    old = facts.shadow.sptes.get(place)
    if old is not None and facts.watches_tlbs:
        facts.host.removed(old, place, event.thread, facts.step)
    if facts.host.stale:
        facts.host.mapped(event)


def spte_removed(facts: Facts, event: SpteRemoved) -> None:
    """The spte may be in a TLB."""
    facts.host.removed_at[event.thread] = facts.step
    place = (event.page, event.index)
    old = facts.shadow.sptes.get(place)
    if old is not None and facts.watches_tlbs:
        facts.host.removed(old, place, event.thread, facts.step)


def tlb_flushed(facts: Facts, event: TlbFlushed) -> None:
    """Nothing is stale."""
    del event
    facts.host.stale.clear()


def rmap_indexed(facts: Facts, event: RmapIndexed) -> None:
    """The walk from a host address came to this slot."""
    call = facts.calls.get(event.thread)
    if call is not None and event.use is RmapUse.HVA_WALK and event.slot_id is not None:
        call.walked |= {event.slot_id}


def invalidation_begun(facts: Facts, event: InvalidationBegun) -> None:
    """The range is open."""
    facts.host.unmapped(event.start, event.end)
    key = (event.thread, event.start, event.end)
    facts.host.open[key] = facts.tables.newest


def invalidation_ended(facts: Facts, event: InvalidationEnded) -> None:
    """The range is closed; what was found in the middle of it is not to be used."""
    facts.host.unmapped(event.start, event.end)
    facts.host.open.pop((event.thread, event.start, event.end), None)


def metadata_allocated(facts: Facts, event: MetadataAllocated) -> None:
    """The arrays are there."""
    facts.host.metadata[event.metadata] = event
    facts.host.allocated(event.thread, (METADATA, event.metadata))


def metadata_freed(facts: Facts, event: MetadataFreed) -> None:
    """The arrays are gone."""
    facts.host.metadata.pop(event.metadata, None)
    facts.host.deallocated(event.thread, (METADATA, event.metadata))


def bitmap_allocated(facts: Facts, event: BitmapAllocated) -> None:
    """The bitmap is there."""
    facts.host.bitmaps.add(event.bitmap)
    facts.host.allocated(event.thread, (BITMAP, event.bitmap))


def bitmap_freed(facts: Facts, event: BitmapFreed) -> None:
    """The bitmap is gone."""
    facts.host.bitmaps.discard(event.bitmap)
    facts.host.deallocated(event.thread, (BITMAP, event.bitmap))


def bits_cleared(facts: Facts, event: DirtyBitsCleared) -> None:
    """Nothing mapped so far may write to these pages unnoticed."""
    facts.host.cleared[event.thread] = Cleared(facts.shadow.serial, event.pages)


def table_published(facts: Facts, event: TablePublished) -> None:
    """The slots have this with them; a new bitmap for a GET clears the old one."""
    host = facts.host
    call = facts.calls.get(event.thread)
    if call is not None and isinstance(call.operation, GetDirtyLog):
        key = as_id_of(call.operation.slot), id_of(call.operation.slot)
        before = host.attached.get(key)
        host.publish(event.slots, event.attached)
        after = host.attached.get(key)
        if before is not None and after is not None and before.bitmap != after.bitmap:
            host.cleared[event.thread] = Cleared(facts.shadow.serial, None)
        return
    host.publish(event.slots, event.attached)


HOST: tuple[tuple[type, Absorb], ...] = (
    on(Call, call),
    on(MmuLocked, mmu_locked),
    on(MmuUnlocked, mmu_unlocked),
    on(HostPageFound, host_page_found),
    on(SpteMapped, spte_mapped),
    on(SpteRemoved, spte_removed),
    on(TlbFlushed, tlb_flushed),
    on(RmapIndexed, rmap_indexed),
    on(InvalidationBegun, invalidation_begun),
    on(InvalidationEnded, invalidation_ended),
    on(MetadataAllocated, metadata_allocated),
    on(MetadataFreed, metadata_freed),
    on(BitmapAllocated, bitmap_allocated),
    on(BitmapFreed, bitmap_freed),
    on(DirtyBitsCleared, bits_cleared),
    on(TablePublished, table_published),
)
"""What each kind of event adds to the facts about the host's side."""
