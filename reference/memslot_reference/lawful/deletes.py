"""Variants that delete or move a slot with more than it takes."""

from __future__ import annotations

from memslot_reference.kvm import Kvm
from memslot_reference.lawful.variant import Variant, variant
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot
from memslot_spec.history.points.mmu import Flushed


class WaitsTwice(Kvm):
    """A second grace period passes before a slot that goes is flushed."""

    def flush_shadow(self, slot: MemorySlot) -> None:
        """Wait once more, as whoever waits for longer than the readers need."""
        self.srcu.synchronize()
        super().flush_shadow(slot)


class WaitsTwiceLinux(LinuxKvm):
    """A second grace period passes before a slot that goes is flushed."""

    def flush_shadow(self, slot: MemorySlot) -> None:
        """Wait once more, as whoever waits for longer than the readers need."""
        self.srcu.synchronize()
        super().flush_shadow(slot)


class FlushesEverything(LinuxKvm):
    """Every shadow page is zapped where a slot goes, not only its sptes."""

    def flush_shadow(self, slot: MemorySlot) -> None:
        """`kvm_mmu_zap_all_fast`, called for one slot."""
        del slot
        self.flush_all()


class FlushesTheSlot(Kvm):
    """Only the sptes of a slot that goes are dropped, and the shadow pages stay."""

    def flush_shadow(self, slot: MemorySlot) -> None:
        """Follow the slot's reverse maps, as today's kernels do."""
        self.lock_mmu()
        for heads in slot.rmaps.values():
            for head in heads.values():
                for page, index in tuple(head):
                    self.drop_spte(page, index)
        self.flush_tlbs()
        self.hook.point(Flushed, slot.id)
        self.unlock_mmu()


VARIANTS: tuple[Variant, ...] = (
    variant(
        "waits-twice",
        WaitsTwice,
        "DEL-2",
        "DEL-3",
        "MOVE-2",
        source="a grace period that ends later ends no reader's section early",
        tag="argued",
    ),
    variant(
        "waits-twice-linux",
        WaitsTwiceLinux,
        "DEL-2",
        "DEL-3",
        "MOVE-2",
        source="a grace period that ends later ends no reader's section early",
        tag="argued",
    ),
    variant(
        "flushes-everything",
        FlushesEverything,
        "DEL-4",
        "MOVE-3",
        source="6.1 arch/x86/kvm/mmu/mmu.c:5989, where a slot that goes is flushed by "
        "kvm_mmu_zap_all_fast()",
        tag="[R]",
    ),
    variant(
        "flushes-the-slot",
        FlushesTheSlot,
        "DEL-4",
        "MOVE-3",
        "DEL-9",
        source="the slot's reverse maps lead to every spte of it (RMAP-1)",
        tag="argued",
    ),
)
