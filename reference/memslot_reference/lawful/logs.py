"""Variants whose dirty log says more, protects more, or marks more than it must."""

from __future__ import annotations

from dataclasses import replace

from memslot_reference.kvm import Kvm
from memslot_reference.lawful.variant import Variant, variant
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.shadow import ShadowPage, Spte
from memslot_spec.arithmetic.bitmaps import bitmap_of
from memslot_spec.history.hook import Hook
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.replies import DirtyLog, Reply


class ReportsMore(Kvm):
    """GET reports every page of the slot, whatever was written."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM that does not claim an exact log."""
        super().__init__(hook, profile, limits)
        self.domain = replace(self.domain, exact_dirty_log=False)

    def dirty_log(self, word: int) -> Reply:
        """Fill the answer up."""
        reply = super().dirty_log(word)
        slot = self.memslots.slots.get(word)
        if slot is None or not isinstance(reply, DirtyLog):
            return reply
        return DirtyLog(bitmap_of(range(slot.npages), slot.npages))


class ReportsMoreLinux(LinuxKvm):
    """GET reports every page of the slot, whatever was written."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM that does not claim an exact log."""
        super().__init__(hook, profile, limits)
        self.domain = replace(self.domain, exact_dirty_log=False)

    def show_log(self, slot: MemorySlot) -> Reply:
        """Fill the answer up."""
        super().show_log(slot)
        return DirtyLog(bitmap_of(range(slot.npages), slot.npages))

    def take_log(self, slot: MemorySlot) -> Reply:
        """Fill the answer up."""
        super().take_log(slot)
        return DirtyLog(bitmap_of(range(slot.npages), slot.npages))


class MarksNeighbours(LinuxKvm):
    """A write marks the page beside it as well: the log is kept in pairs."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM that does not claim an exact log."""
        super().__init__(hook, profile, limits)
        self.domain = replace(self.domain, exact_dirty_log=False)

    def mark_page_dirty(self, slot: MemorySlot, gfn: int) -> None:
        """Mark the pair that the page is in, as far as the slot has it."""
        super().mark_page_dirty(slot, gfn)
        other = slot.base_gfn + ((gfn - slot.base_gfn) ^ 1)
        if slot.covers(other):
            super().mark_page_dirty(slot, other)


class ProtectsWholeSlot(LinuxKvm):
    """GET write-protects every page of the slot, not only the dirty ones."""

    def take_log(self, slot: MemorySlot) -> Reply:
        """Drop what is writable, under the lock in which the bits are taken out."""
        bitmap = slot.dirty_bitmap
        if bitmap is None:
            return DirtyLog(())
        self.lock_mmu()
        words = bitmap.words()
        self.clear_and_protect(slot, bitmap.pages())
        for page, index in self.mapped_by(slot):
            spte = page.sptes.get(index)
            if spte is not None and spte.writable:
                self.drop_spte(page, index)
        self.flush_tlbs()
        self.unlock_mmu()
        return DirtyLog(words)


class ZapsToProtect(Kvm):
    """A slot is write-protected by zapping every shadow page there is."""

    def slot_remove_write_access(self, slot_id: int) -> None:
        """What is not mapped is not writable."""
        del slot_id
        self.lock_mmu()
        self.zap_all()
        self.unlock_mmu()


class MarksTwice(Kvm):
    """A write is marked twice: the second time the bit is set already."""

    def mark_page_dirty(self, slot: MemorySlot, gfn: int) -> None:
        """Set the bit, and set it again."""
        super().mark_page_dirty(slot, gfn)
        super().mark_page_dirty(slot, gfn)


class MarksTwiceLinux(LinuxKvm):
    """A write is marked twice: the second time the bit is set already."""

    def mark_page_dirty(self, slot: MemorySlot, gfn: int) -> None:
        """Set the bit, and set it again."""
        super().mark_page_dirty(slot, gfn)
        super().mark_page_dirty(slot, gfn)


class TellsTheHostTwice(LinuxKvm):
    """The host is told of a writable page when it is mapped and when it is dropped."""

    def set_spte(
        self, table: Memslots, slot: MemorySlot, page: ShadowPage, spte: Spte
    ) -> None:
        """`kvm_set_pfn_dirty`, before anybody can have written."""
        if spte.writable:
            self.set_pfn_dirty(spte)
        super().set_spte(table, slot, page, spte)


class TellsTheHostTwiceTable(Kvm):
    """The host is told of a writable page when it is mapped and when it is dropped."""

    def set_spte(
        self, table: Memslots, slot: MemorySlot, page: ShadowPage, spte: Spte
    ) -> None:
        """`kvm_set_pfn_dirty`, before anybody can have written."""
        if spte.writable:
            self.set_pfn_dirty(spte)
        super().set_spte(table, slot, page, spte)


MORE = (
    "Documentation/virt/kvm/api.rst, 4.8 KVM_GET_DIRTY_LOG: pages dirtied since the "
    "last call; nothing there says that no other page is reported"
)
AGAIN = "a bit that is set stays set"
TOLD = (
    "aa85986e7150 tells the host when an spte is created; to tell it again when the "
    "spte goes is what earlier kernels do"
)

VARIANTS: tuple[Variant, ...] = (
    variant("reports-more", ReportsMore, "DIRTY-4", source=MORE, tag="[D]"),
    variant(
        "reports-more-linux",
        ReportsMoreLinux,
        "DIRTY-4",
        "DIRTY-6",
        "DIRTY-17",
        source=MORE,
        tag="[D]",
    ),
    variant(
        "marks-neighbours",
        MarksNeighbours,
        "DIRTY-1",
        "DIRTY-4",
        "DIRTY-19",
        source=MORE,
        tag="[D]",
    ),
    variant(
        "protects-whole-slot",
        ProtectsWholeSlot,
        "MMU-6",
        source="the patch, kvm_vm_ioctl_get_dirty_log(), which write-protects the slot",
        tag="[R]",
    ),
    variant(
        "zaps-to-protect",
        ZapsToProtect,
        "DIRTY-2",
        "DIRTY-30",
        "MMU-6",
        "MMU-8",
        source="a page that nothing maps cannot be written without a fault",
        tag="argued",
    ),
    variant(
        "marks-twice", MarksTwice, "DIRTY-1", "DIRTY-2", source=AGAIN, tag="argued"
    ),
    variant(
        "marks-twice-linux",
        MarksTwiceLinux,
        "DIRTY-1",
        "DIRTY-20",
        source=AGAIN,
        tag="argued",
    ),
    variant(
        "tells-the-host-twice",
        TellsTheHostTwiceTable,
        "DIRTY-3",
        source=TOLD,
        tag="[D]",
    ),
    variant(
        "tells-the-host-twice-linux",
        TellsTheHostTwice,
        "DIRTY-3",
        source=TOLD,
        tag="[D]",
    ),
)
