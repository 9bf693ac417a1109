"""The notifiers of the patch, which flush the TLBs after `mmu_lock` is given back."""

from __future__ import annotations

from memslot_reference.kvm import Kvm
from memslot_spec.history.points.host import InvalidationBegun


class FlushesAfterUnlock(Kvm):
    """An unmap flushes after it gave the lock back, and only if it removed an spte.

    Of two unmaps of one page the second finds no spte, and returns before the first
    has flushed. Read in v2.6.34, virt/kvm/kvm_main.c:
    kvm_mmu_notifier_invalidate_page() and kvm_mmu_notifier_invalidate_range_start(),
    `need_tlb_flush`.
    """

    def invalidate_page(self, hva: int) -> None:
        """`kvm_mmu_notifier_invalidate_page` of the patch."""
        section = self.srcu.read_lock()
        self.lock_mmu()
        self.mmu_notifier_seq += 1
        removed = self.handle_hva(hva, self.unmap_spte)
        self.unlock_mmu()
        self.srcu.read_unlock(section)
        if removed:
            self.flush_tlbs()

    def invalidate_range_start(self, start: int, end: int) -> None:
        """`kvm_mmu_notifier_invalidate_range_start` of the patch."""
        section = self.srcu.read_lock()
        self.lock_mmu()
        self.open_ranges.append((start, end))
        self.hook.point(InvalidationBegun, start, end)
        removed = self.handle_hva_range(start, end, self.unmap_spte)
        self.unlock_mmu()
        self.srcu.read_unlock(section)
        if removed:
            self.flush_tlbs()
