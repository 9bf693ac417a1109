"""Variants that read, wait and free where nobody promised otherwise."""

from __future__ import annotations

from memslot_reference.kvm import Kvm
from memslot_reference.lawful.variant import Variant, variant
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.shadow import Spte
from memslot_spec.history.points.srcu import Slept
from memslot_spec.history.points.tables import TableWritten


class WaitsForPages(Kvm):
    """A fault waits for its page inside its read section."""

    def translate(self, slot: MemorySlot, gfn: int, level: int, *, write: bool) -> Spte:
        """`get_user_pages`: the page is in swap, or with userfaultfd."""
        self.hook.point(Slept, for_page=True)
        return super().translate(slot, gfn, level, write=write)


class WaitsForPagesLinux(LinuxKvm):
    """A fault waits for its page inside its read section."""

    def translate(self, slot: MemorySlot, gfn: int, level: int, *, write: bool) -> Spte:
        """`get_user_pages`: the page is in swap, or with userfaultfd."""
        self.hook.point(Slept, for_page=True)
        return super().translate(slot, gfn, level, write=write)


class FreesOnly(Kvm):
    """The last table is freed with the VM, and nothing is read out of it."""

    def free_memslots(self) -> None:
        """Know the arrays and bitmaps by other ways than the table."""
        for slot in self.memslots.slots.values():
            self.drop_old_bitmap(slot, None)
            self.drop_old_metadata(slot, None)
        self.give_back(self.memslots)


class FreesUnderTheLock(LinuxKvm):
    """The tables are freed with the VM under the lock of the updaters."""

    def free_memslots(self) -> None:
        """Take it, though nobody is left to be kept away."""
        self.lock_slots()
        super().free_memslots()
        self.unlock_slots()


class NumbersPublishedSets(LinuxKvm):
    """The store of a generation into a published set is announced like any other."""

    def set_generation(
        self, table: Memslots, generation: int, *, in_progress: bool
    ) -> None:
        """`slots->generation = gen`."""
        self.hook.point(TableWritten, table.handle, "generation")
        super().set_generation(table, generation, in_progress=in_progress)


VARIANTS: tuple[Variant, ...] = (
    variant(
        "waits-for-pages",
        WaitsForPages,
        "SRCU-13",
        "PROG-1",
        source="6.1 arch/x86/kvm/mmu/mmu.c:4186, kvm_faultin_pfn(): vcpu->srcu is held",
        tag="[R]",
    ),
    variant(
        "waits-for-pages-linux",
        WaitsForPagesLinux,
        "SRCU-13",
        "PROG-1",
        source="6.1 arch/x86/kvm/mmu/mmu.c:4186, kvm_faultin_pfn(): vcpu->srcu is held",
        tag="[R]",
    ),
    variant(
        "frees-only",
        FreesOnly,
        "SRCU-4",
        "SRCU-20",
        source="6.1 virt/kvm/kvm_main.c:1339, kvm_destroy_vm(): no grace period",
        tag="[R]",
    ),
    variant(
        "frees-under-the-lock",
        FreesUnderTheLock,
        "SRCU-15",
        "SRCU-20",
        source="the lock of the updaters is a licence to read as well: SRCU-15",
        tag="argued",
    ),
    variant(
        "numbers-published-sets",
        NumbersPublishedSets,
        "SLOT-7",
        "GEN-4",
        source="6.1 virt/kvm/kvm_main.c:1614, kvm_swap_active_memslots()",
        tag="[R]",
    ),
)
