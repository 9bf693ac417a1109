"""The virtual machine of today's kernel."""

from __future__ import annotations

from functools import partial

from memslot_reference.memslots import MemorySlot
from memslot_reference.prefault import Prefaults
from memslot_reference.shadow import ShadowPage, Spte
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.history.points.mmu import Flushed
from memslot_spec.history.points.srcu import Retried
from memslot_spec.model.replies import Reply, Retry
from memslot_spec.model.values import Gfn, Hva, Slot


class LinuxKvm(Prefaults):
    """A VM that swaps sets of slots, and retries faults on INVALID ones."""

    def gfn_to_memslot(self, gfn: Gfn, as_id: int = 0) -> Slot | None:
        """The slot that covers a frame of an address space, INVALID or not."""
        index = self.srcu.read_lock()
        slot = self.search_memslots(self.load_table(as_id), gfn)
        found = None if slot is None else slot.to_spec()
        self.srcu.read_unlock(index)
        return found

    def gfn_to_hva(self, gfn: Gfn, as_id: int = 0) -> Hva | None:
        """The host address behind a frame of an address space, for writing."""
        index = self.srcu.read_lock()
        slot = self.search_memslots(self.load_table(as_id), gfn)
        self.srcu.read_unlock(index)
        if slot is None or slot.invalid or slot.readonly:
            return None
        return Hva(slot.hva_of(gfn))

    def mmu_pages(self) -> int:
        """The shadow page budget: it counts the slots of every address space."""
        index = self.srcu.read_lock()
        budget = self.budget_of(self.load_tables())
        self.srcu.read_unlock(index)
        return budget

    def access(
        self, gfn: Gfn, *, write: bool, direct: bool, root: int, as_id: int = 0
    ) -> Reply:
        """One guest access; a fault on an INVALID slot is taken again.

        The fault has left its section by then: the update that it waits for waits
        for sections. The guest would run and fault again and again, so here it
        stands still until that can end differently.
        """
        while True:
            reply = super().access(
                gfn, write=write, direct=direct, root=root, as_id=as_id
            )
            if not isinstance(reply, Retry):
                return reply
            self.hook.point(Retried)
            self.hook.wait(lambda: not self.is_going(gfn, as_id), "RET_PF_RETRY")

    def is_going(self, gfn: int, as_id: int) -> bool:
        """The slot of the frame is INVALID at this moment."""
        slots = self.active[as_id].slots.values()
        return any(slot.invalid and slot.covers(gfn) for slot in slots)

    def flush_shadow(self, slot: MemorySlot) -> None:
        """Leave no spte of the slot, and those of other slots alone."""
        self.lock_mmu()
        for page, index in self.mapped_by(slot):
            if index in page.sptes:
                self.drop_spte(page, index)
        self.flush_tlbs()
        self.hook.point(Flushed, slot.id)
        self.unlock_mmu()

    def protect_slot(self, slot: MemorySlot) -> None:
        """Clear the W bits of a slot's sptes, and flush when the lock is given back.

        A large spte stays, and a write through it faults. Whoever finds an spte
        protected and not yet flushed still finds it, so nothing is taken for done:
        6.1 arch/x86/kvm/x86.c:12976, kvm_mmu_slot_apply_flags().
        """
        self.lock_mmu()
        for page, index in self.mapped_by(slot):
            if index in page.sptes and page.sptes[index].writable:
                self.protect_spte(page, index)
        self.unlock_mmu()
        self.flush_tlbs()

    def protects_in_place(self, spte: Spte) -> bool:
        """A large spte stays, too."""
        del spte
        return True

    def change_pte(self, hva: Hva, *, writable: bool) -> None:
        """The host replaces a page, and has invalidated it before.

        So no spte stands for change_pte to change: commits 6bdb913f0a70, f3b65bbaed7c.
        """
        start = hva // PAGE_SIZE * PAGE_SIZE
        replace = partial(super().change_pte, hva, writable=writable)
        self.invalidate_around(start, start + PAGE_SIZE, replace)

    def zap_collapsible(self, slot: MemorySlot) -> None:
        """`kvm_rmap_zap_collapsible_sptes`, and the flush before the lock is free."""
        self.lock_mmu()
        dropped = False
        for page, index in self.mapped_by(slot):
            spte = page.sptes.get(index)
            if spte is None or spte.level > 1 or not page.direct:
                continue
            if self.mapping_level(slot, spte.gfn, direct=True) > 1:
                self.drop_spte(page, index)
                dropped = True
        if dropped:
            self.flush_tlbs()
        self.unlock_mmu()

    def start_logging(self, old: MemorySlot | None, new: MemorySlot | None) -> None:
        """Where a log is turned off instead, large sptes may come again.

        6.1 arch/x86/kvm/x86.c:12943, kvm_mmu_slot_apply_flags().
        """
        super().start_logging(old, new)
        if old is None or new is None or self.moves(old, new):
            return
        if old.log_dirty and not new.log_dirty and not new.readonly:
            self.zap_collapsible(new)

    def mapped_by(self, slot: MemorySlot) -> tuple[tuple[ShadowPage, int], ...]:
        """The places of the sptes on the slot's reverse maps."""
        return tuple(
            place
            for heads in slot.rmaps.values()
            for head in heads.values()
            for place in head
        )
