"""Mutants that give back twice, or never, what they have taken."""

from __future__ import annotations

from memslot_reference.kvm import Kvm
from memslot_reference.late_arrays import LateArrays
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.museum.mutant import Mutant, planted
from memslot_reference.shadow import ShadowPage, Spte
from memslot_spec.history.points.host import InvalidationEnded
from memslot_spec.history.points.mmu import ShadowPageZapped
from memslot_spec.history.points.tables import UpdateUnlocked
from memslot_spec.model.profile import LINUX
from memslot_spec.model.replies import Done, Refused, Reply
from memslot_spec.model.values import Errno, Failure, Gfn, MemoryRegion


class LeavesTwice(Kvm):
    """A lookup that finds nothing leaves its read section, and then once more."""

    def memslot_id(self, gfn: Gfn) -> int | None:
        """Leave on the way out, and where the ways out meet."""
        index = self.srcu.read_lock()
        slot_id = self.find_memslot_id(gfn)
        if slot_id is None:
            self.srcu.read_unlock(index)
        self.srcu.read_unlock(index)
        return slot_id


class ReturnsInside(Kvm):
    """A lookup that finds nothing returns without leaving its read section."""

    def memslot_id(self, gfn: Gfn) -> int | None:
        """Forget one of the ways out."""
        index = self.srcu.read_lock()
        slot_id = self.find_memslot_id(gfn)
        if slot_id is not None:
            self.srcu.read_unlock(index)
        return slot_id


class UnlocksSlotsTwice(Kvm):
    """A request that fails gives the update lock back, and so does its caller."""

    def set_memory_region(
        self, region: MemoryRegion, failure: Failure | None
    ) -> Errno | None:
        """Clean up, the lock included."""
        errno = super().set_memory_region(region, failure)
        if errno is not None:
            self.unlock_slots()
        return errno


class KeepsTheLock(Kvm):
    """A refused request keeps the update lock."""

    def update(self, region: MemoryRegion, failure: Failure | None) -> Reply:
        """Return early, and unlock only at the end."""
        self.lock_slots()
        errno = self.set_memory_region(region, failure)
        if errno is not None:
            return Refused(errno)
        self.unlock_slots()
        return Done()


class LosesTheWakeup(Kvm):
    """A request that fails gives the update lock back, and wakes nobody for it."""

    def update(self, region: MemoryRegion, failure: Failure | None) -> Reply:
        """Say that it is free, and leave it as it is."""
        self.lock_slots()
        errno = self.set_memory_region(region, failure)
        if errno is not None:
            self.hook.point(UpdateUnlocked)
            return Refused(errno)
        self.unlock_slots()
        return Done()


class SharesArchLock(LateArrays):
    """`slots_arch_lock` is taken whoever has it."""

    def arch_lock_is_free(self) -> bool:
        """Always, it thinks."""
        return True


class UnlocksArchTwice(LinuxKvm):
    """`slots_arch_lock` is given back by the swap, and by its caller once more."""

    def swap(self, as_id: int) -> None:
        """Swap, and make sure that it is given back."""
        super().swap(as_id)
        self.unlock_arch()


class KeepsArchLock(LinuxKvm):
    """A request that fails before it has published keeps `slots_arch_lock`."""

    def set_memory_region(
        self, region: MemoryRegion, failure: Failure | None
    ) -> Errno | None:
        """Forget one of the ways out."""
        errno = super().set_memory_region(region, failure)
        if failure is Failure.ALLOCATE and errno is Errno.ENOMEM:
            self.lock_arch()
        return errno


class UnlocksMmuTwice(Kvm):
    """A count of the reverse maps gives `mmu_lock` back twice."""

    def count_rmaps(self) -> int:
        """Count, and make sure that it is given back."""
        count = super().count_rmaps()
        self.unlock_mmu()
        return count


class KeepsMmuLock(Kvm):
    """A count of the reverse maps returns with `mmu_lock`."""

    def count_rmaps(self) -> int:
        """Count, and hold on."""
        count = super().count_rmaps()
        self.lock_mmu()
        return count


class MapsUnlocked(Kvm):
    """A fault gives `mmu_lock` back before it makes its spte."""

    def set_spte(
        self, table: Memslots, slot: MemorySlot, page: ShadowPage, spte: Spte
    ) -> None:
        """Make it, and take the lock again."""
        self.unlock_mmu()
        super().set_spte(table, slot, page, spte)
        self.lock_mmu()


class DropsUnlocked(Kvm):
    """An spte is removed by whoever needs it gone, without `mmu_lock`."""

    def drop_spte(self, page: ShadowPage, index: int) -> None:
        """Give the lock back meanwhile."""
        self.unlock_mmu()
        super().drop_spte(page, index)
        self.lock_mmu()


class ZapsTwice(Kvm):
    """A shadow page is freed twice."""

    def zap_page(self, page: ShadowPage) -> None:
        """Free it on the list, and on its own."""
        super().zap_page(page)
        self.hook.point(ShadowPageZapped, page.handle)


class EndsTwice(Kvm):
    """The end of an invalidation is told twice."""

    def invalidate_range_end(self, start: int, end: int) -> None:
        """Once for each callback that knows of it."""
        super().invalidate_range_end(start, end)
        self.hook.point(InvalidationEnded, start, end)


class NeverEnds(Kvm):
    """An invalidation that finds nothing mapped never ends."""

    def invalidate_range_end(self, start: int, end: int) -> None:
        """End it where there was something to do."""
        if self.open_ranges != [(start, end)]:
            super().invalidate_range_end(start, end)


MUTANTS: tuple[Mutant, ...] = (
    planted("leaves-twice", LeavesTwice, "SRCU-30"),
    planted("returns-inside", ReturnsInside, "SRCU-31"),
    planted("unlocks-slots-twice", UnlocksSlotsTwice, "SRCU-32"),
    planted("keeps-the-lock", KeepsTheLock, "SRCU-33", "PROG-1"),
    planted("loses-the-wakeup", LosesTheWakeup, "PROG-1"),
    planted(
        "shares-arch-lock",
        SharesArchLock,
        "SRCU-34",
        "SRCU-26",
        "SRCU-29",
        "SRCU-35",
        profile=LINUX,
    ),
    planted("unlocks-arch-twice", UnlocksArchTwice, "SRCU-35", profile=LINUX),
    planted("keeps-arch-lock", KeepsArchLock, "SRCU-36", profile=LINUX),
    planted("unlocks-mmu-twice", UnlocksMmuTwice, "MMU-24"),
    planted("keeps-mmu-lock", KeepsMmuLock, "MMU-25"),
    planted("maps-unlocked", MapsUnlocked, "MMU-26"),
    planted("drops-unlocked", DropsUnlocked, "MMU-27"),
    planted("zaps-twice", ZapsTwice, "MMU-28"),
    planted("ends-twice", EndsTwice, "HVA-16"),
    planted("never-ends", NeverEnds, "HVA-17"),
)
