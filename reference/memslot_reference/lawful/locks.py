"""Variants that lock more, or more often, than updates and readers must."""

from __future__ import annotations

from memslot_reference.kvm import Kvm
from memslot_reference.lawful.variant import Variant, variant
from memslot_reference.linux import LinuxKvm
from memslot_reference.srcu import Srcu
from memslot_reference.vm import Vm
from memslot_spec.history.hook import Hook
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.replies import Reply
from memslot_spec.model.values import Failure, MemoryRegion


class OneLock(Srcu):
    """Read sections that are the updaters' lock."""

    def __init__(self, hook: Hook, vm: Vm) -> None:
        """Use the lock of this VM."""
        super().__init__(hook)
        self.vm = vm

    def read_lock(self) -> int:
        """Wait until nobody updates, and let nobody begin to."""
        self.vm.lock_slots()
        return 0

    def read_unlock(self, index: int) -> None:
        """Let the next one in, reader or updater."""
        del index
        self.vm.unlock_slots()


class LocksForReading(Kvm):
    """Readers take the updaters' lock: there are no read sections."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM with one lock for the slots."""
        super().__init__(hook, profile, limits)
        self.srcu = OneLock(hook, self)


class LooksBeforeItLocks(Kvm):
    """An updater looks at the slots as a reader before it takes the lock."""

    def update(self, region: MemoryRegion, failure: Failure | None) -> Reply:
        """Nothing is decided by that look."""
        section = self.srcu.read_lock()
        self.read(self.load_table(), "slots")
        self.srcu.read_unlock(section)
        return super().update(region, failure)

    def destroy(self) -> None:
        """Wait for readers who cannot be there, and look once more."""
        self.srcu.synchronize()
        super().destroy()


class LooksBeforeItLocksLinux(LinuxKvm):
    """An updater looks at the slots as a reader before it takes the lock."""

    def update(self, region: MemoryRegion, failure: Failure | None) -> Reply:
        """Nothing is decided by that look."""
        section = self.srcu.read_lock()
        self.read(self.load_table(), "slots")
        self.srcu.read_unlock(section)
        return super().update(region, failure)

    def destroy(self) -> None:
        """Wait for readers who cannot be there, and look once more."""
        self.srcu.synchronize()
        super().destroy()


class LocksTwice(Kvm):
    """An updater takes the lock, gives it back, and takes it again for its work."""

    def update(self, region: MemoryRegion, failure: Failure | None) -> Reply:
        """Nothing is decided under the lock of the first time."""
        self.lock_slots()
        self.unlock_slots()
        return super().update(region, failure)


class LocksTwiceLinux(LinuxKvm):
    """An updater takes the lock, gives it back, and takes it again for its work."""

    def update(self, region: MemoryRegion, failure: Failure | None) -> Reply:
        """Nothing is decided under the lock of the first time."""
        self.lock_slots()
        self.unlock_slots()
        return super().update(region, failure)


LOOK = "a read section that is left before the lock is taken keeps nobody waiting"
LOCK = "a lock under which nothing is done changes nothing"

VARIANTS: tuple[Variant, ...] = (
    variant(
        "locks-for-reading",
        LocksForReading,
        "SRCU-8",
        "SRCU-15",
        source="at the commit of the patch itself the vCPUs still held slots_lock",
        tag="[D]",
    ),
    variant(
        "looks-before-it-locks",
        LooksBeforeItLocks,
        "SRCU-10",
        "SRCU-11",
        "SRCU-16",
        source=LOOK,
        tag="argued",
    ),
    variant(
        "looks-before-it-locks-linux",
        LooksBeforeItLocksLinux,
        "SRCU-10",
        "SRCU-11",
        "SRCU-16",
        source=LOOK,
        tag="argued",
    ),
    variant("locks-twice", LocksTwice, "SRCU-8", "SRCU-9", source=LOCK, tag="argued"),
    variant(
        "locks-twice-linux",
        LocksTwiceLinux,
        "SRCU-8",
        "SRCU-9",
        source=LOCK,
        tag="argued",
    ),
)
