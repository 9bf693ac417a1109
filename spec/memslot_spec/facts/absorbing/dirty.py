"""What events add about dirty logs and dirty bitmaps.

These go before those of the shadow MMU: an spte that is replaced or removed is
still among the facts when they look for it.
"""

from __future__ import annotations

from memslot_spec.facts.absorbing.on import Additions, on
from memslot_spec.facts.bitmaps import Bitmap, OpenLogCall
from memslot_spec.facts.dirty_calls import log_call
from memslot_spec.facts.facts import Facts
from memslot_spec.history.events import Call, Return
from memslot_spec.history.points.dirty import (
    BitmapAllocated,
    BitmapFreed,
    DirtyBitsCleared,
    DirtyBitSet,
)
from memslot_spec.history.points.host import HostPageDirtied
from memslot_spec.history.points.mmu import MmuLocked, SpteMapped, SpteRemoved
from memslot_spec.history.points.tables import TablePublished
from memslot_spec.model.dirty_log import slot_key
from memslot_spec.model.operations import ClearDirtyLog, GetDirtyLog


def _call(facts: Facts, event: Call) -> None:
    """What a GET or CLEAR takes counts as dirty until it has reported it."""
    if not facts.dirty.watching:
        return
    operation = event.operation
    log_call(facts.dirty, event.thread, operation)
    if isinstance(operation, GetDirtyLog | ClearDirtyLog):
        facts.bitmaps.taken[event.thread] = OpenLogCall(slot_key(operation.slot))


def _returned(facts: Facts, event: Return) -> None:
    facts.bitmaps.taken.pop(event.thread, None)


def _bitmap_allocated(facts: Facts, event: BitmapAllocated) -> None:
    facts.bitmaps.live[event.bitmap] = Bitmap(event.npages, event.all_set)


def _bitmap_freed(facts: Facts, event: BitmapFreed) -> None:
    facts.bitmaps.live.pop(event.bitmap, None)


def _dirty_bit_set(facts: Facts, event: DirtyBitSet) -> None:
    bitmap = facts.bitmaps.live.get(event.bitmap)
    if bitmap is not None:
        bitmap.put(event.page, dirty=True)


def _dirty_bits_cleared(facts: Facts, event: DirtyBitsCleared) -> None:
    """The pages are clean, except for the open GET or CLEAR that took their bits."""
    bitmap = facts.bitmaps.live.get(event.bitmap)
    taken = facts.bitmaps.taken.get(event.thread)
    for page in event.pages:
        if bitmap is not None:
            bitmap.put(page, dirty=False)
        if taken is not None:
            taken.pages.add((event.bitmap, page))


def _table_published(facts: Facts, event: TablePublished) -> None:
    taken = facts.bitmaps.taken.get(event.thread)
    facts.bitmaps.publish(event.slots, event.attached, taken)


def _mmu_locked(facts: Facts, event: MmuLocked) -> None:
    """Removed sptes, and pages reported to the host, are counted for each lock."""
    del event
    facts.bitmaps.removed.clear()
    facts.bitmaps.told.clear()


def _spte_mapped(facts: Facts, event: SpteMapped) -> None:
    """An spte that was open is gone where the new one maps less."""
    old = facts.shadow.sptes.get((event.page, event.index))
    if old is None or not old.was_open:
        return
    if not event.writable or event.hva != old.hva:
        facts.bitmaps.removed.append(old)


def _spte_removed(facts: Facts, event: SpteRemoved) -> None:
    old = facts.shadow.sptes.get((event.page, event.index))
    if old is not None and old.was_open:
        facts.bitmaps.removed.append(old)


def _host_page_dirtied(facts: Facts, event: HostPageDirtied) -> None:
    facts.bitmaps.tell(event.hva, facts.shadow.sptes.values())


ABSORB: Additions = (
    on(Call, _call),
    on(Return, _returned),
    on(BitmapAllocated, _bitmap_allocated),
    on(BitmapFreed, _bitmap_freed),
    on(DirtyBitSet, _dirty_bit_set),
    on(DirtyBitsCleared, _dirty_bits_cleared),
    on(TablePublished, _table_published),
    on(MmuLocked, _mmu_locked),
    on(SpteMapped, _spte_mapped),
    on(SpteRemoved, _spte_removed),
    on(HostPageDirtied, _host_page_dirtied),
)
