"""Mutants that lose their way between host pages and sptes."""

from __future__ import annotations

from memslot_reference.kvm import Kvm
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.museum.mutant import Mutant, exhibit, planted
from memslot_reference.notifiers import Handler
from memslot_reference.shadow import PAGES_AT_LEVEL, ShadowPage
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.history.points.mmu import RmapsCounted, SpteRemoved
from memslot_spec.model.profile import LINUX


class CountsFromBase(Kvm):
    """The walk from a host address counts huge pages from the slot's first frame."""

    def hva_walk_index(self, slot: MemorySlot, gfn: int, level: int) -> int:
        """Be off by one where the base is not aligned."""
        return (gfn - slot.base_gfn) // PAGES_AT_LEVEL[level]


class IndexesByFrame(Kvm):
    """Reverse maps are indexed by the frame, the slot's base not taken off."""

    def rmap_index(self, slot: MemorySlot, gfn: int, level: int) -> int:
        """Index as if every slot began at frame 0."""
        del slot
        return gfn // PAGES_AT_LEVEL[level]


class StaysListed(Kvm):
    """An spte is cleared while its reverse map still has it, and stays there.

    `rmap_remove()` of v2.6.34 reads the spte, and does nothing where it is not
    present. Today's kernel clears first and hands the old value on; that is lawful.
    """

    def drop_spte(self, page: ShadowPage, index: int) -> None:
        """Find nothing to take off the list, nor to tell the host."""
        del page.sptes[index]
        self.hook.point(SpteRemoved, page.handle, index)


class ListsInSpaceZero(LinuxKvm):
    """An spte of address space 1 is listed in the slot of that id in space 0."""

    def rmap_add(
        self, table: Memslots, slot: MemorySlot, page: ShadowPage, index: int
    ) -> None:
        """Go by the id alone."""
        namesake = self.active[0].slots.get(slot.id)
        super().rmap_add(table, namesake or slot, page, index)


class WalksSpaceZero(LinuxKvm):
    """A host event reaches the slots of address space 0 alone."""

    def walks(self, slot: MemorySlot, hva: int) -> bool:
        """Leave the slots of other spaces out."""
        return slot.as_id == 0 and super().walks(slot, hva)


class CountsFirstSlot(Kvm):
    """The audit counts the first slot's sptes and no others."""

    def count_rmaps(self) -> int:
        """Stop too early."""
        section = self.srcu.read_lock()
        self.lock_mmu()
        table = self.load_table()
        self.read(table, "rmap")
        count = 0
        for slot in tuple(table.slots.values())[:1]:
            for heads in slot.rmaps.values():
                count += sum(len(head) for head in heads.values())
        self.hook.point(RmapsCounted, count)
        self.unlock_mmu()
        self.srcu.read_unlock(section)
        return count


class WalksOneSlot(Kvm):
    """A host event reaches only the first slot that covers the address."""

    def handle_hva(self, hva: int, handler: Handler) -> bool:
        """Return from inside the loop."""
        table = self.load_table()
        self.read(table, "slots")
        for slot in table.slots.values():
            if self.walks(slot, hva):
                gfn = slot.base_gfn + (hva - slot.userspace_addr) // PAGE_SIZE
                return self.handle_gfn(slot, gfn, handler)
        return False


class WalksValidSlots(Kvm):
    """A host event does not reach INVALID slots."""

    def walks(self, slot: MemorySlot, hva: int) -> bool:
        """Leave the slot that is going to its flush."""
        return not slot.invalid and super().walks(slot, hva)


class SkipsHostZero(Kvm):
    """A host event does not reach a slot at host address 0."""

    def walks(self, slot: MemorySlot, hva: int) -> bool:
        """Take the address for one that is not set: `if (!start) continue`."""
        return slot.userspace_addr != 0 and super().walks(slot, hva)


MUTANTS: tuple[Mutant, ...] = (
    exhibit(
        "K23",
        CountsFromBase,
        "RMAP-3",
        source="S16; 6e3e243c3b6e",
        since="v2.6.34-rc1 to 6e3e243c3b6e",
        tag="[R]",
    ),
    exhibit(
        "K60",
        StaysListed,
        "RMAP-2",
        source="v2.6.34, rmap_remove() returns where !is_rmap_spte(*spte); not 6.1, "
        "whose drop_spte() clears first",
        since="never",
        tag="[D]",
    ),
    planted("rmap-wrong-list", IndexesByFrame, "RMAP-1", "RMAP-3"),
    planted("rmap-of-space-0", ListsInSpaceZero, "RMAP-1", profile=LINUX),
    planted("notifier-space-0-only", WalksSpaceZero, "HVA-9", "HVA-1", profile=LINUX),
    planted("audit-first-slot-only", CountsFirstSlot, "RMAP-4"),
    planted("notifier-first-slot-only", WalksOneSlot, "HVA-9", "HVA-1"),
    planted(
        "notifier-skips-invalid", WalksValidSlots, "DEL-7", "HVA-1", "HVA-7", "HVA-9"
    ),
    planted("skips-hva-zero", SkipsHostZero, "HVA-2", "HVA-1", "HVA-9"),
)
