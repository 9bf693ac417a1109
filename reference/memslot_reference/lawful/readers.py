"""Variants that read, wait and free where nobody promised otherwise."""

from __future__ import annotations

from memslot_reference.kvm import Kvm
from memslot_reference.lawful.variant import Variant, variant
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.shadow import Spte
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.srcu import Slept
from memslot_spec.history.points.tables import TableWritten
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.values import Errno, Failure


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


class DefersReclaim(Kvm):
    """A CREATE does not wait for the readers: its old table is freed later."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        super().__init__(hook, profile, limits)
        self.replaced: list[Memslots] = []

    def change_slot(
        self,
        table: Memslots,
        old: MemorySlot | None,
        new: MemorySlot | None,
        failure: Failure | None,
    ) -> Errno | None:
        """`call_srcu`: the next grace period that somebody waits for will do."""
        if old is None and new is not None:
            return self.create(table, new, failure)
        errno = super().change_slot(table, old, new, failure)
        if errno is None:
            self.reclaim_replaced()
        return errno

    def create(
        self, table: Memslots, new: MemorySlot, failure: Failure | None
    ) -> Errno | None:
        """Publish the slot, and return."""
        errno = self.prepare(None, new, failure)
        if errno is None:
            errno = self.allocate(failure)
            if errno is not None:
                self.abandon(None, new)
        if errno is not None:
            return errno
        final = self.copy_of(table)
        final.put(new)
        self.publish(final)
        self.commit(None, new)
        self.replaced.append(table)
        return None

    def reclaim_replaced(self) -> None:
        """Free what was replaced before a grace period that is over."""
        for table in self.replaced:
            self.reclaim(table)
        self.replaced.clear()

    def free_memslots(self) -> None:
        """Nobody is left to read them."""
        self.reclaim_replaced()
        super().free_memslots()


class FreesFailedLater(Kvm):
    """What a failed request allocated is freed with the VM."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        super().__init__(hook, profile, limits)
        self.failed: list[tuple[MemorySlot | None, MemorySlot | None]] = []

    def abandon(self, old: MemorySlot | None, new: MemorySlot | None) -> None:
        """`kvfree_rcu`, whose callback is in no hurry."""
        self.failed.append((old, new))

    def free_memslots(self) -> None:
        """The callbacks have run by then."""
        for old, new in self.failed:
            super().abandon(old, new)
        super().free_memslots()


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
        "defers-reclaim",
        DefersReclaim,
        "SRCU-4",
        "SRCU-7",
        "SRCU-20",
        source="a table that is freed after a grace period harms nobody who reads it",
        tag="argued",
    ),
    variant(
        "frees-failed-later",
        FreesFailedLater,
        "ERR-3",
        source="nobody can see what a request allocated that failed: kvfree_rcu() may "
        "be in no hurry",
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
