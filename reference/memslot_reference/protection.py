"""Write protection of one frame, for whoever has to notice the next write to it.

After `rmap_write_protect`, which today is `kvm_mmu_slot_gfn_write_protect`.
"""

from __future__ import annotations

from memslot_reference.memslots import MemorySlot
from memslot_reference.mmu import ShadowMmu
from memslot_reference.shadow import PAGES_AT_LEVEL, ShadowPage
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
        for page, index in places:
            self.protect_leaf(page, index)
        if self.has_to_flush(places):
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

    def has_to_flush(self, places: tuple[tuple[ShadowPage, int], ...]) -> bool:
        """A TLB may hold a translation by which the frame can be written."""
        return bool(places)

    def protect_leaf(self, page: ShadowPage, index: int) -> None:
        """Clear the W bit of a small spte, and drop a large one, which maps more."""
        spte = page.sptes.get(index)
        if spte is None or not spte.writable:
            return
        if spte.level == 1:
            self.protect_spte(page, index)
        else:
            self.drop_spte(page, index)
