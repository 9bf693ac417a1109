"""Mutants that mistake what the locks beside the updaters' own are for."""

from __future__ import annotations

from memslot_reference.kvm import Kvm
from memslot_reference.late_arrays import LateArrays
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import INVALID, MemorySlot, Memslots
from memslot_reference.museum.mutant import Mutant, exhibit, planted
from memslot_spec.model.profile import LINUX
from memslot_spec.model.values import Hva


class NotifierLocksSlots(LinuxKvm):
    """The MMU notifier keeps updates away while it unmaps a page."""

    def unmap_hva(self, hva: Hva) -> None:
        """Take the updaters' lock, so that the slots stay as they are."""
        self.lock_slots()
        super().unmap_hva(hva)
        self.unlock_slots()


class NotifierLocksArch(LinuxKvm):
    """The MMU notifier takes `slots_arch_lock` while it walks the reverse maps."""

    def invalidate_range_start(self, start: int, end: int) -> None:
        """Keep the reverse maps from being allocated meanwhile."""
        self.lock_arch()
        super().invalidate_range_start(start, end)
        self.unlock_arch()


class PublishesArchUnlocked(LinuxKvm):
    """An update gives `slots_arch_lock` back before it publishes."""

    def publish(self, as_id: int) -> None:
        """Publish with what is copied, and take the lock again."""
        self.unlock_arch()
        super().publish(as_id)
        self.lock_arch()


class RetakesArchLock(LinuxKvm):
    """An update lets others change the slots' arrays after it has copied them."""

    def publish(self, as_id: int) -> None:
        """Give the lock back for a moment."""
        self.unlock_arch()
        self.lock_arch()
        super().publish(as_id)


class HoldsArchLock(LinuxKvm):
    """An update holds `slots_arch_lock` until its grace period is over."""

    def swap(self, as_id: int) -> None:
        """Give the lock back when the set is settled."""
        self.publish(as_id)
        self.srcu.synchronize()
        self.unlock_arch()
        self.settle(as_id)


class WaitsUnderMmuLock(Kvm):
    """A delete stops faults by `mmu_lock` before it waits for readers."""

    def invalidate(self, table: Memslots, old: MemorySlot) -> Memslots:
        """Wait and flush in one go."""
        window = self.copy_of(table)
        window.put(old.with_flags(old.flags | INVALID))
        self.publish(window)
        self.lock_mmu()
        self.srcu.synchronize()
        self.unlock_mmu()
        self.flush_shadow(old)
        self.reclaim(table)
        return window


class LosesLateArrays(LateArrays):
    """What a fault allocates for a slot that is going is not copied back."""

    def copy_back(self, as_id: int, old: MemorySlot, going: MemorySlot) -> None:
        """Keep the slot as it was when the update began."""


MUTANTS: tuple[Mutant, ...] = (
    exhibit(
        "loses-late-arrays",
        LosesLateArrays,
        "SRCU-29",
        source='"KVM: Ensure local memslot copies operate on up-to-date arch-specific '
        'data", after b10a038e84d1; see K53',
        tag="[T]",
        profile=LINUX,
    ),
    planted(
        "notifier-locks-slots", NotifierLocksSlots, "SRCU-24", "PROG-1", profile=LINUX
    ),
    planted(
        "notifier-locks-arch", NotifierLocksArch, "SRCU-25", "PROG-1", profile=LINUX
    ),
    planted("publishes-arch-unlocked", PublishesArchUnlocked, "SRCU-26", profile=LINUX),
    planted("retakes-arch-lock", RetakesArchLock, "SRCU-26", profile=LINUX),
    planted("holds-arch-lock", HoldsArchLock, "SRCU-27", profile=LINUX),
    planted("waits-under-mmu-lock", WaitsUnderMmuLock, "SRCU-28", "PROG-2"),
)
