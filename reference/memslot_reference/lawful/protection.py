"""Variants that protect more than is asked, or make large sptes at once."""

from __future__ import annotations

from memslot_reference.kvm import Kvm
from memslot_reference.lawful.variant import Variant, variant
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot
from memslot_reference.shadow import ShadowPage


class ProtectsTheSlot(Kvm):
    """A write protection of one frame protects every frame of its slot."""

    def leaves_of(
        self, slot: MemorySlot, gfn: int
    ) -> tuple[tuple[ShadowPage, int], ...]:
        """All that is on the slot's reverse maps."""
        del gfn
        heads = (head for level in slot.rmaps.values() for head in level.values())
        return tuple(place for head in heads for place in head)


class RecoversHugePages(LinuxKvm):
    """Where a log is turned off, large sptes take the place of small ones at once."""

    def zap_collapsible(self, slot: MemorySlot) -> None:
        """`kvm_mmu_recover_huge_pages`: for frames that the guest may never touch.

        Not while the host takes pages away: a fault will do it then.
        """
        self.lock_mmu()
        table = self.active[slot.as_id]
        for page, index in self.mapped_by(slot):
            spte = page.sptes.get(index)
            if spte is None or spte.level > 1 or not page.direct:
                continue
            level = self.mapping_level(slot, spte.gfn, direct=True)
            huge = self.translate(slot, spte.gfn, level, write=False)
            if level > 1 and not self.is_being_taken(huge, spte.gfn):
                huge.accessed = spte.accessed
                self.map(table, slot, huge, direct=True, root=0)
        self.unlock_mmu()


VARIANTS: tuple[Variant, ...] = (
    variant(
        "protects-the-slot",
        ProtectsTheSlot,
        "MMU-22",
        "MMU-23",
        source="a write that faults without need is let through by the fault",
        tag="argued",
    ),
    variant(
        "recovers-huge-pages",
        RecoversHugePages,
        "MMU-20",
        "MMU-29",
        "MMU-9",
        source="newer arch/x86/kvm/mmu/mmu.c, kvm_mmu_recover_huge_pages(): large ones "
        "are made in place",
        tag="[M]",
    ),
)
