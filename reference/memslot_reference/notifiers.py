"""The host at work: pages it takes away, ages, and the end of the process.

After the MMU notifiers of `virt/kvm/kvm_main.c`, `kvm_handle_hva` of x86, and
`kvm_vcpu_block`.
"""

from __future__ import annotations

from collections.abc import Callable

from memslot_reference.memslots import MemorySlot
from memslot_reference.mmu import ShadowMmu
from memslot_reference.shadow import PAGES_AT_LEVEL, ShadowPage
from memslot_spec.events import RmapUse, Slept
from memslot_spec.ranges import PAGE_SIZE
from memslot_spec.values import Hva

Handler = Callable[[ShadowPage, int], bool]
"""What is done to one spte of the walk; the answers are or-ed together."""


class Notifiers(ShadowMmu):
    """The MMU notifiers, and a vCPU that sleeps."""

    def unmap_hva(self, hva: Hva) -> None:
        """The host takes the page at this address away (`invalidate_page`)."""
        section = self.srcu.read_lock()
        self.lock_mmu()
        self.mmu_notifier_seq += 1
        self.handle_hva(hva, self.unmap_spte)
        self.unlock_mmu()
        self.srcu.read_unlock(section)

    def age_hva(self, hva: Hva) -> bool:
        """Whether the page was touched since it was last asked."""
        section = self.srcu.read_lock()
        self.lock_mmu()
        young = self.handle_hva(hva, self.age_spte)
        self.unlock_mmu()
        self.srcu.read_unlock(section)
        return young

    def release_notifier(self) -> None:
        """The process dies: every mapping goes, inside a read section.

        Dropping an spte looks its slot up; commit eda2beda8356 added the section.
        """
        section = self.srcu.read_lock()
        self.lock_mmu()
        self.zap_all()
        self.unlock_mmu()
        self.srcu.read_unlock(section)

    def handle_hva(self, hva: int, handler: Handler) -> bool:
        """Hand every spte that maps a host address to the handler.

        The address may lie in several slots. INVALID ones are walked, for their
        sptes are there until the flush; address 0 is like any other.
        """
        table = self.load_table()
        self.read(table, "slots")
        answer = False
        for slot in table.slots.values():
            if self.walks(slot, hva):
                gfn = slot.base_gfn + (hva - slot.userspace_addr) // PAGE_SIZE
                answer |= self.handle_gfn(slot, gfn, handler)
        return answer

    def walks(self, slot: MemorySlot, hva: int) -> bool:
        """Whether the slot has the host address in it."""
        return 0 <= hva - slot.userspace_addr < slot.npages * PAGE_SIZE

    def handle_gfn(self, slot: MemorySlot, gfn: int, handler: Handler) -> bool:
        """Hand every spte of a slot's frame to the handler, level by level."""
        answer = False
        for level in PAGES_AT_LEVEL:
            place = self.hva_walk_index(slot, gfn, level)
            self.index_rmap(RmapUse.HVA_WALK, slot, gfn, level, place)
            for page, index in tuple(slot.rmaps[level].get(place, ())):
                answer |= handler(page, index)
        return answer

    def unmap_spte(self, page: ShadowPage, index: int) -> bool:
        """`kvm_unmap_rmapp` for one spte; it is gone if a flawed update lost it."""
        if index in page.sptes:
            self.drop_spte(page, index)
        return True

    def age_spte(self, page: ShadowPage, index: int) -> bool:
        """`kvm_age_rmapp` for one spte; it is gone if a flawed update lost it."""
        spte = page.sptes.get(index)
        if spte is None:
            return False
        young = spte.accessed
        spte.accessed = False
        return young

    def halt(self) -> None:
        """The vCPU leaves its run loop's read section to sleep, then goes on."""
        section = self.srcu.read_lock()
        self.srcu.read_unlock(section)
        self.hook.point(Slept)
        section = self.srcu.read_lock()
        self.srcu.read_unlock(section)
