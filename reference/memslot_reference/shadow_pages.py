"""Shadow pages: made, found, written to and zapped, all under `mmu_lock`.

After `kvm_mmu_get_page`, `mmu_set_spte`, `page_header_update_slot`,
`kvm_mmu_zap_page` and `kvm_mmu_slot_remove_write_access`.
"""

from __future__ import annotations

from memslot_reference.dirty_marks import DirtyMarks
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.shadow import PageKey, ShadowPage, Spte, index_of
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.mmu import (
    Flushed,
    ShadowPageCreated,
    ShadowPageZapped,
    SlotBitSet,
    SpteMapped,
)
from memslot_spec.model.profile import Limits, Profile


class ShadowPages(DirtyMarks):
    """The live shadow pages of a VM (`active_mmu_pages`)."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM without shadow pages."""
        super().__init__(hook, profile, limits)
        self.pages: dict[PageKey, ShadowPage] = {}
        self.pages_made = 0

    def slot_bitmap_capacity(self) -> int:
        """How many ids a bitmap holds: private slots have bits too."""
        return self.limits.user_slots + self.promises.private_slots

    def get_page(self, key: PageKey) -> ShadowPage:
        """The live page of this key, or a new one with an empty bitmap."""
        page = self.pages.get(key)
        if page is not None:
            return page
        page = self.new_page(key)
        self.pages[key] = page
        self.hook.point(
            ShadowPageCreated,
            page.handle,
            page.gfn,
            page.direct,
            self.slot_bitmap_capacity(),
            tuple(page.slot_bitmap),
            as_id=page.as_id,
        )
        return page

    def new_page(self, key: PageKey) -> ShadowPage:
        """A page that nothing is in yet (`kvm_mmu_alloc_page`)."""
        direct, gfn, level, as_id = key
        self.pages_made += 1
        return ShadowPage(self.pages_made, gfn, direct, level, as_id)

    def page_header_update_slot(
        self, table: Memslots, slot: MemorySlot, page: ShadowPage, gfn: int
    ) -> None:
        """Note in a page that it maps a frame of the slot it was found in."""
        del gfn
        self.read(table, "id")
        self.set_slot_bit(page, slot.id)

    def set_slot_bit(self, page: ShadowPage, slot_id: int) -> None:
        """`__set_bit(slot, sp->slot_bitmap)`."""
        page.slot_bitmap.add(slot_id)
        self.hook.point(SlotBitSet, page.handle, slot_id)

    def set_spte(
        self, table: Memslots, slot: MemorySlot, page: ShadowPage, spte: Spte
    ) -> None:
        """Install a leaf spte from a translation through this table's slot."""
        index = index_of(spte.gfn, spte.level)
        if index in page.sptes:
            self.make_room(page, index, spte)
        self.page_header_update_slot(table, slot, page, spte.gfn)
        if spte.writable:
            self.mark_page_dirty(slot, spte.gfn)
        page.sptes[index] = spte
        self.hook.point(
            SpteMapped,
            page.handle,
            index,
            spte.gfn,
            spte.level,
            spte.writable,
            spte.hva,
            table.handle,
            page.as_id,
        )
        self.rmap_add(table, slot, page, index)

    def make_room(self, page: ShadowPage, index: int, spte: Spte) -> None:
        """Drop what stands in the place of a new spte.

        A processor may go on with the old one until the TLBs are flushed. That
        does no harm where the new one maps the same, and permits as much or more.
        """
        old = page.sptes[index]
        self.drop_spte(page, index)
        if not spte.stands_for(old):
            self.flush_tlbs()

    def zap_page(self, page: ShadowPage) -> None:
        """Let a page go, its sptes first."""
        for index in tuple(page.sptes):
            self.drop_spte(page, index)
        del self.pages[page.key]
        self.hook.point(ShadowPageZapped, page.handle)

    def zap_all(self) -> None:
        """`kvm_mmu_zap_all`, the lock held."""
        for page in tuple(self.pages.values()):
            self.zap_page(page)
        self.flush_tlbs()

    def flush_shadow(self, slot: MemorySlot) -> None:
        """Leave no spte of the slot; zapping every page does more than that."""
        del slot
        self.flush_all()

    def flush_all(self) -> None:
        """`kvm_arch_flush_shadow`: zap every page."""
        self.lock_mmu()
        self.zap_all()
        self.hook.point(Flushed, None)
        self.unlock_mmu()

    def slot_remove_write_access(self, slot_id: int) -> None:
        """Leave no writable spte in the pages that have the slot's bit."""
        self.lock_mmu()
        for page in tuple(self.pages.values()):
            if slot_id in page.slot_bitmap:
                self.write_protect(page)
        self.flush_tlbs()
        self.unlock_mmu()

    def write_protect(self, page: ShadowPage) -> None:
        """Leave no writable spte in a page, whichever slot it belongs to."""
        for index, spte in tuple(page.sptes.items()):
            if spte.writable:
                self.protect_spte(page, index)
