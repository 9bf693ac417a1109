"""Accesses to guest memory that software makes: they look frames up, and map nothing.

After `emulator_read_write_onepage`, `walk_addr_generic`, `kvm_vcpu_read_guest` and
`kvm_vcpu_write_guest`.
"""

from __future__ import annotations

from collections.abc import Iterator

from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.protection import FrameProtection
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE
from memslot_spec.history.points.srcu import GuestEntered
from memslot_spec.model.operations import Origin
from memslot_spec.model.replies import (
    Accessed,
    CutShort,
    GuestPageFault,
    Mmio,
    Refused,
    Reply,
    Translated,
)
from memslot_spec.model.values import Errno, Gfn


class SoftwareAccesses(FrameProtection):
    """The emulator, the walker of the guest's page table, and KVM itself."""

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

    def read_guest(self, gpa: int, length: int, as_id: int = 0) -> Reply:
        """`kvm_vcpu_read_guest`, whose caller is in a section."""
        section = self.srcu.read_lock()
        reply = self.copy_pages(gpa, length, write=False, as_id=as_id)
        self.srcu.read_unlock(section)
        return reply

    def write_guest(self, gpa: int, length: int, as_id: int = 0) -> Reply:
        """`kvm_vcpu_write_guest`, whose caller is in a section."""
        section = self.srcu.read_lock()
        reply = self.copy_pages(gpa, length, write=True, as_id=as_id)
        self.srcu.read_unlock(section)
        return reply

    def copy_pages(
        self, gpa: int, length: int, *, write: bool, as_id: int = 0
    ) -> Translated | CutShort:
        """Look each page up in a table loaded for it, and mark what was written.

        Frames are counted on past the last guest address: nothing wraps.
        """
        hvas: list[int] = []
        gfn, offset, left = gpa >> PAGE_SHIFT, gpa % PAGE_SIZE, length
        tables = self.table_of_each_page(as_id)
        while left:
            hva = self.copy_page(next(tables), gfn, write=write)
            if hva is None:
                return CutShort(tuple(hvas), Errno.EFAULT)
            hvas.append(hva + offset)
            left -= self.segment(left, offset)
            gfn, offset = gfn + 1, 0
        return Translated(tuple(hvas))

    def table_of_each_page(self, as_id: int) -> Iterator[Memslots]:
        """The pointer is read again for every page: another table may be there."""
        while True:
            yield self.load_table(as_id)

    def copy_page(self, table: Memslots, gfn: int, *, write: bool) -> int | None:
        """`__kvm_read_guest_page`, `__kvm_write_guest_page`: None is EFAULT."""
        slot = self.search_memslots(table, gfn)
        hva = self.software_hva(slot, gfn, write=write)
        if slot is not None and hva is not None and write:
            self.mark_page_dirty(slot, gfn)
        return hva

    def segment(self, left: int, offset: int) -> int:
        """`next_segment`: the bytes of a range that are in its next page."""
        return min(left, PAGE_SIZE - offset)

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
