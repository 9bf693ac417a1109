"""Arrays that are allocated late: when a fault needs the first shadow root.

Where a host's guests are mapped by the TDP MMU, slots have no reverse maps until a
guest's own page tables are shadowed. After `mmu_first_shadow_root_alloc`, 6.1
arch/x86/kvm/mmu/mmu.c:3603.
"""

from __future__ import annotations

from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.tables import TableWritten
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.replies import Reply


class LateArrays(LinuxKvm):
    """Slots get their arrays when the first guest page table is shadowed."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM that shadows nothing yet."""
        super().__init__(hook, profile, limits)
        self.shadow_root_allocated = False

    def prepare_metadata(self, new: MemorySlot | None) -> None:
        """Nothing is needed before the first root."""
        if self.shadow_root_allocated:
            super().prepare_metadata(new)

    def page_fault(
        self, gfn: int, *, write: bool, direct: bool, root: int, as_id: int = 0
    ) -> Reply | None:
        """`mmu_alloc_shadow_roots`, in the fault's read section."""
        if not direct:
            self.allocate_for_first_root()
        return super().page_fault(
            gfn, write=write, direct=direct, root=root, as_id=as_id
        )

    def check_root(self, table: Memslots, gfn: int) -> bool:
        """A root that is asked for needs them as well."""
        self.allocate_for_first_root()
        return super().check_root(table, gfn)

    def allocate_for_first_root(self) -> None:
        """Give every slot arrays, by `slots_arch_lock` and not by the updaters'."""
        if self.shadow_root_allocated:
            return
        self.lock_arch()
        if not self.shadow_root_allocated:
            self.shadow_root_allocated = True
            for table in self.load_tables():
                self.read(table, "slots")
                for slot in table.slots.values():
                    self.prepare_metadata(slot)
                self.hook.point(TableWritten, table.handle, "arch")
        self.unlock_arch()
