"""Reverse maps: from a slot's frame back to the sptes that map it.

Everything here runs under `mmu_lock`. After `gfn_to_rmap`, `rmap_add` and
`rmap_remove` of `arch/x86/kvm/mmu.c`.
"""

from __future__ import annotations

from memslot_reference.lookups import SlotReaders
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.shadow import PAGES_AT_LEVEL, ShadowPage, Spte
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.host import HostPageDirtied, TlbFlushed
from memslot_spec.history.points.mmu import (
    MmuLocked,
    MmuUnlocked,
    RmapAdded,
    RmapIndexed,
    RmapRemoved,
    RmapsCounted,
    RmapUse,
    SpteRemoved,
    SpteUpdated,
)
from memslot_spec.model.profile import Limits, Profile


class ReverseMaps(SlotReaders):
    """The lock over all shadow state, and the way back from slots to sptes."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM in which nothing is mapped."""
        super().__init__(hook, profile, limits)
        self.mmu_lock = False

    def mmu_lock_is_free(self) -> bool:
        """Nobody works on the shadow state."""
        return not self.mmu_lock

    def lock_mmu(self) -> None:
        """`spin_lock(&kvm->mmu_lock)`, inside any read section."""
        self.hook.wait(self.mmu_lock_is_free, "mmu_lock")
        self.mmu_lock = True
        self.hook.point(MmuLocked)

    def unlock_mmu(self) -> None:
        """`spin_unlock(&kvm->mmu_lock)`."""
        self.mmu_lock = False
        self.hook.point(MmuUnlocked)

    def rmap_index(self, slot: MemorySlot, gfn: int, level: int) -> int:
        """Where a frame's sptes are listed in the slot's array of a level.

        The array begins with the large page in which the slot begins, also
        where the slot begins in the middle of it.
        """
        pages = PAGES_AT_LEVEL[level]
        return gfn // pages - slot.base_gfn // pages

    def hva_walk_index(self, slot: MemorySlot, gfn: int, level: int) -> int:
        """Where the walk from a host address looks for a frame's sptes."""
        return self.rmap_index(slot, gfn, level)

    def index_rmap(
        self, use: RmapUse, slot: MemorySlot, gfn: int, level: int, index: int
    ) -> None:
        """Announce a position that is about to be used."""
        self.hook.point(
            RmapIndexed,
            use,
            slot.id,
            slot.base_gfn,
            level,
            gfn,
            index,
            self.told_space(slot),
        )

    def told_space(self, slot: MemorySlot) -> int | None:
        """The slot's address space, where there is more than one."""
        return slot.as_id if self.limits.address_spaces > 1 else None

    def rmap_add(
        self, table: Memslots, slot: MemorySlot, page: ShadowPage, index: int
    ) -> None:
        """List a new spte in the slot that it was translated through."""
        spte = page.sptes[index]
        self.read(table, "rmap")
        place = self.rmap_index(slot, spte.gfn, spte.level)
        self.index_rmap(RmapUse.ADD, slot, spte.gfn, spte.level, place)
        slot.rmaps[spte.level].setdefault(place, []).append((page, index))
        self.hook.point(
            RmapAdded,
            page.handle,
            index,
            slot.id,
            spte.level,
            place,
            self.told_space(slot),
        )

    def rmap_remove(self, page: ShadowPage, index: int, spte: Spte) -> None:
        """Take an spte off the list of the slot that now covers its frame.

        The table is loaded afresh, under the lock: it holds the slot of every
        spte that is present, for a slot leaves the table only after a flush.
        """
        slot = self.search_memslots(self.load_table(page.as_id), spte.gfn)
        if slot is None:
            # The kernel goes on through the NULL. Only a flawed update gets here.
            self.hook.point(
                RmapIndexed, RmapUse.REMOVE, None, 0, spte.level, spte.gfn, 0
            )
            return
        place = self.rmap_index(slot, spte.gfn, spte.level)
        self.index_rmap(RmapUse.REMOVE, slot, spte.gfn, spte.level, place)
        head = slot.rmaps[spte.level].get(place, [])
        if (page, index) not in head:
            # BUG() in the kernel. Only a flawed update gets here.
            return
        head.remove((page, index))
        self.hook.point(
            RmapRemoved,
            page.handle,
            index,
            slot.id,
            spte.level,
            place,
            self.told_space(slot),
        )

    def drop_spte(self, page: ShadowPage, index: int) -> None:
        """Clear a present spte, after nothing leads to it any more."""
        spte = page.sptes[index]
        self.rmap_remove(page, index, spte)
        del page.sptes[index]
        if spte.writable:
            self.set_pfn_dirty(spte)
        self.hook.point(SpteRemoved, page.handle, index)

    def protect_spte(self, page: ShadowPage, index: int) -> None:
        """Clear the W bit in place, and tell the host while that is known.

        `spte_write_protect`; commit 9ed5520dd3c. The caller sees to the TLBs.
        """
        spte = page.sptes[index]
        self.set_pfn_dirty(spte)
        spte.writable = False
        self.hook.point(SpteUpdated, page.handle, index, writable=False)

    def set_pfn_dirty(self, spte: Spte) -> None:
        """Tell the host that the guest could write to the page until now."""
        self.hook.point(HostPageDirtied, spte.hva)

    def flush_tlbs(self) -> None:
        """`kvm_flush_remote_tlbs`: no processor keeps what is in no spte."""
        self.hook.point(TlbFlushed)

    def count_rmaps(self) -> int:
        """The sptes that the reverse maps of all slots hold (the MMU audit)."""
        section = self.srcu.read_lock()
        self.lock_mmu()
        count = 0
        for table in self.load_tables():
            self.read(table, "rmap")
            count += sum(
                len(head)
                for slot in table.slots.values()
                for heads in slot.rmaps.values()
                for head in heads.values()
            )
        self.hook.point(RmapsCounted, count)
        self.unlock_mmu()
        self.srcu.read_unlock(section)
        return count
