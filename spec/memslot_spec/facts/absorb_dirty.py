"""How the facts about dirty logs and dirty bitmaps grow.

These go before the others of their kind: an spte that is removed is still in the
facts when they see it.
"""

from __future__ import annotations

from memslot_spec.facts.absorb_host import Absorb, on
from memslot_spec.facts.bitmaps import Bitmap, Taken
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


def call(facts: Facts, event: Call) -> None:
    """What the call is about is watched; what it will take counts as dirty."""
    if not facts.dirty.watching:
        return
    operation = event.operation
    log_call(facts.dirty, event.thread, operation)
    if isinstance(operation, GetDirtyLog | ClearDirtyLog):
        facts.bitmaps.taken[event.thread] = Taken(slot_key(operation.slot))


def returned(facts: Facts, event: Return) -> None:
    """What the call took is reported, or lost."""
    facts.bitmaps.taken.pop(event.thread, None)


def bitmap_allocated(facts: Facts, event: BitmapAllocated) -> None:
    """A bitmap is there."""
    facts.bitmaps.live[event.bitmap] = Bitmap(event.npages, event.all_set)


def bitmap_freed(facts: Facts, event: BitmapFreed) -> None:
    """A bitmap is gone."""
    facts.bitmaps.live.pop(event.bitmap, None)


def dirty_bit_set(facts: Facts, event: DirtyBitSet) -> None:
    """A page is dirty."""
    bitmap = facts.bitmaps.live.get(event.bitmap)
    if bitmap is not None:
        bitmap.put(event.page, dirty=True)


def dirty_bits_cleared(facts: Facts, event: DirtyBitsCleared) -> None:
    """Pages are clean, but for whoever took their bits and has not answered."""
    bitmap = facts.bitmaps.live.get(event.bitmap)
    taken = facts.bitmaps.taken.get(event.thread)
    for page in event.pages:
        if bitmap is not None:
            bitmap.put(page, dirty=False)
        if taken is not None:
            taken.pages.add((event.bitmap, page))


def table_published(facts: Facts, event: TablePublished) -> None:
    """The slots of the table have these bitmaps."""
    taken = facts.bitmaps.taken.get(event.thread)
    facts.bitmaps.publish(event.slots, event.attached, taken)


def mmu_locked(facts: Facts, event: MmuLocked) -> None:
    """What the host has to be told of is counted anew."""
    del event
    facts.bitmaps.removed.clear()
    facts.bitmaps.told.clear()


def spte_mapped(facts: Facts, event: SpteMapped) -> None:
    """An spte that stood in the place is replaced; it may have been writable."""
    old = facts.shadow.sptes.get((event.page, event.index))
    if old is None or not old.writable:
        return
    if not event.writable or event.hva != old.hva:
        facts.bitmaps.removed.append(old)


def spte_removed(facts: Facts, event: SpteRemoved) -> None:
    """A writable spte is gone."""
    old = facts.shadow.sptes.get((event.page, event.index))
    if old is not None and old.writable:
        facts.bitmaps.removed.append(old)


def host_page_dirtied(facts: Facts, event: HostPageDirtied) -> None:
    """The host knows that the page was written to."""
    facts.bitmaps.told.add(event.hva)


DIRTY: tuple[tuple[type, Absorb], ...] = (
    on(Call, call),
    on(Return, returned),
    on(BitmapAllocated, bitmap_allocated),
    on(BitmapFreed, bitmap_freed),
    on(DirtyBitSet, dirty_bit_set),
    on(DirtyBitsCleared, dirty_bits_cleared),
    on(TablePublished, table_published),
    on(MmuLocked, mmu_locked),
    on(SpteMapped, spte_mapped),
    on(SpteRemoved, spte_removed),
    on(HostPageDirtied, host_page_dirtied),
)
"""What each kind of event adds to the facts about dirty logs."""
