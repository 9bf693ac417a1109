"""What events add about the host: ranges, TLBs, and what slots have with them.

These go before those of the shadow MMU: an spte that is replaced or removed is
still among the facts when they look for it.
"""

from __future__ import annotations

from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.facts.absorbing.on import Additions, on
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.host import BITMAP, METADATA, Cleared, HostPages
from memslot_spec.history.events import Call
from memslot_spec.history.points.dirty import (
    BitmapAllocated,
    BitmapFreed,
    DirtyBitsCleared,
    DirtyBitSet,
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
    RootsInvalidated,
    SpteMapped,
    SpteRemoved,
)
from memslot_spec.history.points.tables import TablePublished
from memslot_spec.model.operations import (
    ChangePte,
    DestroyVm,
    GetDirtyLog,
    GuestAccess,
    UnmapHva,
)


def _call(facts: Facts, event: Call) -> None:
    facts.host.called(event.thread)


def _mmu_locked(facts: Facts, event: MmuLocked) -> None:
    """The page of an unmap or a change is gone when its sptes are looked for."""
    call = facts.calls.get(event.thread)
    if call is not None and isinstance(call.operation, UnmapHva | ChangePte):
        start = call.operation.hva - call.operation.hva % PAGE_SIZE
        facts.host.unmapped(start, start + PAGE_SIZE)


def _host_page_found(facts: Facts, event: HostPageFound) -> None:
    """A large page has the same offset in guest frames and in host pages."""
    call, faulted = facts.calls.get(event.thread), None
    if call is not None and isinstance(call.operation, GuestAccess):
        faulted = event.hva + call.operation.gfn % max(event.npages, 1) * PAGE_SIZE
    pages = HostPages(event.hva, event.npages, faulted=faulted)
    facts.host.looked_up[event.thread] = pages


def _mmu_unlocked(facts: Facts, event: MmuUnlocked) -> None:
    facts.host.unlocked_at[event.thread] = facts.step


def _spte_mapped(facts: Facts, event: SpteMapped) -> None:
    """A TLB may still hold the spte that this one replaces."""
    place = (event.page, event.index)
    old = facts.shadow.sptes.get(place)
    if old is not None and facts.watches_tlbs:
        facts.host.removed(old, place, event.thread, facts.step)


def _spte_removed(facts: Facts, event: SpteRemoved) -> None:
    """A TLB may still hold the spte."""
    facts.host.removed_at[event.thread] = facts.step
    place = (event.page, event.index)
    old = facts.shadow.sptes.get(place)
    if old is not None and facts.watches_tlbs:
        facts.host.removed(old, place, event.thread, facts.step)


def _tlb_flushed(facts: Facts, event: TlbFlushed) -> None:
    del event
    facts.host.stale.clear()


def _roots_invalidated(facts: Facts, event: RootsInvalidated) -> None:
    del event
    facts.host.roots_invalidated(facts.shadow.serial)


def _rmap_indexed(facts: Facts, event: RmapIndexed) -> None:
    call = facts.calls.get(event.thread)
    if call is not None and event.use is RmapUse.HVA_WALK and event.slot_id is not None:
        call.walked |= {(event.as_id, event.slot_id)}


def _invalidation_begun(facts: Facts, event: InvalidationBegun) -> None:
    facts.host.unmaps(event.start, event.end)
    key = (event.thread, event.start, event.end)
    facts.host.open[key] = facts.tables.newest


def _invalidation_ended(facts: Facts, event: InvalidationEnded) -> None:
    """A fault must not use a host page that it found while the range was open."""
    facts.host.unmapped(event.start, event.end)
    facts.host.open.pop((event.thread, event.start, event.end), None)


def _metadata_allocated(facts: Facts, event: MetadataAllocated) -> None:
    facts.host.metadata[event.metadata] = event
    facts.host.allocated(event.thread, (METADATA, event.metadata))
    if facts.update_of(event.thread) is None:
        facts.host.late[event.as_id, event.slot_id] = event.metadata


def _metadata_freed(facts: Facts, event: MetadataFreed) -> None:
    facts.host.metadata.pop(event.metadata, None)
    late = facts.host.late
    for key in [key for key, arrays in late.items() if arrays == event.metadata]:
        del late[key]
    facts.host.deallocated(event.thread, (METADATA, event.metadata))


def _bitmap_allocated(facts: Facts, event: BitmapAllocated) -> None:
    facts.host.bitmaps.add(event.bitmap)
    facts.host.allocated(event.thread, (BITMAP, event.bitmap))


def _bitmap_freed(facts: Facts, event: BitmapFreed) -> None:
    facts.host.bitmaps.discard(event.bitmap)
    facts.host.deallocated(event.thread, (BITMAP, event.bitmap))


def _bits_cleared(facts: Facts, event: DirtyBitsCleared) -> None:
    """Sptes mapped so far must not let the guest write to these pages."""
    serial = facts.shadow.serial
    facts.host.cleared[event.thread] = Cleared(serial, event.bitmap, event.pages)


def _bit_set(facts: Facts, event: DirtyBitSet) -> None:
    for cleared in facts.host.cleared.values():
        if cleared.bitmap == event.bitmap:
            cleared.again.add(event.page)


def _table_published(facts: Facts, event: TablePublished) -> None:
    """A GET that publishes another bitmap has taken all pages of the old one.

    Where the teardown publishes, the notifier is gone: ranges that were left open
    are open no more.
    """
    host = facts.host
    call = facts.calls.get(event.thread)
    if call is not None and isinstance(call.operation, DestroyVm):
        host.open.clear()
    if call is not None and isinstance(call.operation, GetDirtyLog):
        key = as_id_of(call.operation.slot), id_of(call.operation.slot)
        before = host.attached.get(key)
        host.publish(event.slots, event.attached)
        after = host.attached.get(key)
        if before is not None and after is not None and before.bitmap != after.bitmap:
            serial = facts.shadow.serial
            host.cleared[event.thread] = Cleared(serial, after.bitmap, None)
        return
    host.publish(event.slots, event.attached)


ABSORB: Additions = (
    on(Call, _call),
    on(MmuLocked, _mmu_locked),
    on(MmuUnlocked, _mmu_unlocked),
    on(HostPageFound, _host_page_found),
    on(SpteMapped, _spte_mapped),
    on(SpteRemoved, _spte_removed),
    on(TlbFlushed, _tlb_flushed),
    on(RootsInvalidated, _roots_invalidated),
    on(RmapIndexed, _rmap_indexed),
    on(InvalidationBegun, _invalidation_begun),
    on(InvalidationEnded, _invalidation_ended),
    on(MetadataAllocated, _metadata_allocated),
    on(MetadataFreed, _metadata_freed),
    on(BitmapAllocated, _bitmap_allocated),
    on(BitmapFreed, _bitmap_freed),
    on(DirtyBitsCleared, _bits_cleared),
    on(DirtyBitSet, _bit_set),
    on(TablePublished, _table_published),
)
