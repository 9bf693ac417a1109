"""Write protection of one frame, for whoever has to notice the next write to it.

After `rmap_write_protect`, which today is `kvm_mmu_slot_gfn_write_protect`.
"""

from __future__ import annotations

from memslot_reference.memslots import MemorySlot
from memslot_reference.mmu import ShadowMmu
from memslot_reference.shadow import PAGES_AT_LEVEL, ShadowPage, Spte
from memslot_spec.history.points.mmu import SpteUpdated
from memslot_spec.model.values import Gfn


class FrameProtection(ShadowMmu):
    """Frames whose next write faults, wherever they are mapped."""

    def write_protect_gfn(self, gfn: Gfn, as_id: int = 0) -> None:
        """Leave nothing by which the frame can be written, in no TLB either.

        An spte that is not writable may be so in a TLB yet: somebody has protected
        it and not flushed. So whatever maps the frame is flushed.
        """
        section = self.srcu.read_lock()
        self.lock_mmu()
        table = self.load_table(as_id)
        slot = self.search_memslots(table, gfn)
        places = () if slot is None else self.leaves_of(slot, gfn)
        cleared = [self.protect_leaf(page, index) for page, index in places]
        if self.has_to_flush(cleared):
            self.flush_tlbs()
        self.unlock_mmu()
        self.srcu.read_unlock(section)

    def leaves_of(
        self, slot: MemorySlot, gfn: int
    ) -> tuple[tuple[ShadowPage, int], ...]:
        """The places of the sptes on the reverse maps of a frame, at each level."""
        return tuple(
            place
            for level in PAGES_AT_LEVEL
            for place in slot.rmaps[level].get(self.rmap_index(slot, gfn, level), ())
        )

    def has_to_flush(self, cleared: list[bool]) -> bool:
        """A TLB may hold a translation by which the frame can be written."""
        return bool(cleared)

    def protect_leaf(self, page: ShadowPage, index: int) -> bool:
        """Clear the W bit of a small spte, and drop a large one, which maps more."""
        spte = page.sptes.get(index)
        if spte is None or not spte.writable:
            return False
        if self.protects_in_place(spte):
            self.remove_write_access(page, index)
        else:
            self.drop_spte(page, index)
        return True

    def protects_in_place(self, spte: Spte) -> bool:
        """The spte stays, and a write through it faults."""
        return spte.level == 1

    def remove_write_access(self, page: ShadowPage, index: int) -> None:
        """Clear the W bit, however writes are tracked for a dirty log."""
        spte = page.sptes[index]
        self.set_pfn_dirty(spte)
        spte.writable = False
        self.hook.point(SpteUpdated, page.handle, index, writable=False)
