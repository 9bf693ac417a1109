"""Accesses to guest memory that software makes: they look frames up, and map nothing.

After `emulator_read_write_onepage`, `walk_addr_generic`, `kvm_vcpu_read_guest_page` and
`kvm_vcpu_write_guest_page`.
"""

from __future__ import annotations

from memslot_reference.memslots import MemorySlot
from memslot_reference.protection import FrameProtection
from memslot_spec.history.points.srcu import GuestEntered
from memslot_spec.model.operations import Origin
from memslot_spec.model.replies import (
    Accessed,
    GuestPageFault,
    Mmio,
    Refused,
    Reply,
)
from memslot_spec.model.values import Errno, Gfn


class SoftwareAccesses(FrameProtection):
    """The emulator, the walker of the guest's page table, and KVM for itself."""

    def software_access(
        self, gfn: Gfn, *, origin: Origin, write: bool, as_id: int = 0
    ) -> Reply:
        """One access, of whichever origin but a page fault."""
        if origin is not Origin.KVM:
            self.hook.point(GuestEntered)
        section = self.srcu.read_lock()
        slot = self.search_memslots(self.load_table(as_id), gfn)
        hva = self.software_hva(slot, gfn, write=write)
        if slot is not None and hva is not None and write:
            self.mark_written(slot, gfn, origin)
        self.srcu.read_unlock(section)
        if hva is None:
            return self.without_memory(origin)
        memory = self.host_memory
        return Accessed(hva, memory.page_at(hva, memory.now()))

    def mark_written(self, slot: MemorySlot, gfn: int, origin: Origin) -> None:
        """`mark_page_dirty_in_slot`, whoever has written."""
        del origin
        self.mark_page_dirty(slot, gfn)

    def software_hva(
        self, slot: MemorySlot | None, gfn: int, *, write: bool
    ) -> int | None:
        """`__gfn_to_hva_many`: None stands for an error address."""
        if slot is None or slot.invalid or (write and slot.readonly):
            return None
        return slot.hva_of(gfn)

    def without_memory(self, origin: Origin) -> Reply:
        """How an access ends that got an error address."""
        if origin is Origin.EMULATOR:
            return Mmio()
        if origin is Origin.TABLE_WALK:
            return GuestPageFault()
        return Refused(Errno.EFAULT)
