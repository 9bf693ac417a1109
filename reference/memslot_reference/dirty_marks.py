"""Dirty bitmaps: made for a slot that logs, marked by writers, freed.

A page is marked before the guest can write to it a second time without a fault:
under `mmu_lock`, before its writable spte is installed. After
`kvm_create_dirty_bitmap`, `mark_page_dirty_in_slot` and
`kvm_destroy_dirty_bitmap`.
"""

from __future__ import annotations

from collections.abc import Iterable

from memslot_reference.dirty_bitmap import DirtyBitmap
from memslot_reference.memslots import MemorySlot
from memslot_reference.rmaps import ReverseMaps
from memslot_reference.shadow import PAGES_AT_LEVEL
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.dirty import BitmapAllocated, BitmapFreed, DirtyBitSet
from memslot_spec.model.profile import Limits, Profile


class DirtyMarks(ReverseMaps):
    """The bitmaps of the slots that log, and the marks in them."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM that has made no bitmap yet."""
        super().__init__(hook, profile, limits)
        self.bitmaps_made = 0

    def begins_all_set(self) -> bool:
        """Whether a new log begins with every page dirty."""
        return False

    def bitmap_pages(self, slot: MemorySlot) -> int:
        """The pages for which a slot's bitmap has room."""
        return slot.npages

    def new_bitmap(self, slot: MemorySlot, *, all_set: bool) -> DirtyBitmap:
        """A bitmap for a slot that nothing has marked."""
        self.bitmaps_made += 1
        npages = self.bitmap_pages(slot)
        bitmap = DirtyBitmap(self.bitmaps_made, npages, all_set=all_set)
        self.hook.point(
            BitmapAllocated, bitmap.handle, slot.as_id, slot.id, npages, all_set
        )
        return bitmap

    def free_bitmap(self, bitmap: DirtyBitmap) -> None:
        """Give a bitmap back that no reader can have any more."""
        self.hook.point(BitmapFreed, bitmap.handle)

    def mark_page_dirty(self, slot: MemorySlot, gfn: int) -> None:
        """Note a write to a frame of a slot, if the slot logs."""
        bitmap = slot.dirty_bitmap
        if bitmap is None:
            return
        page = gfn - slot.base_gfn
        bitmap.mark(page)
        self.hook.point(DirtyBitSet, bitmap.handle, page)

    def protect_pages(self, slot: MemorySlot, pages: Iterable[int]) -> None:
        """Clear the W bit of every spte of these pages, whatever it maps beside them.

        `kvm_arch_mmu_enable_log_dirty_pt_masked`, `mmu_lock` held.
        """
        for page in pages:
            for level in PAGES_AT_LEVEL:
                place = self.rmap_index(slot, slot.base_gfn + page, level)
                for owner, index in tuple(slot.rmaps[level].get(place, ())):
                    spte = owner.sptes.get(index)
                    if spte is not None and spte.writable:
                        self.protect_spte(owner, index)
