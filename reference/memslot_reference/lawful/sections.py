"""Variants whose readers and updaters keep out of each other's way otherwise."""

from __future__ import annotations

from memslot_reference.kvm import Kvm
from memslot_reference.lawful.variant import Variant, variant
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.srcu import Srcu
from memslot_reference.vm import Vm
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, U64
from memslot_spec.history.hook import Hook
from memslot_spec.model.profile import LINUX, Limits, Profile
from memslot_spec.model.replies import Reply, Retry
from memslot_spec.model.values import Failure, Gfn, MemoryRegion


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


class LooksTwice(Kvm):
    """A table is loaded until two loads in a row agree."""

    def load_table(self, as_id: int = 0) -> Memslots:
        """Load again, and be content with what is there twice."""
        table = super().load_table(as_id)
        while True:
            again = super().load_table(as_id)
            if again is table:
                return table
            table = again


class LooksTwiceLinux(LinuxKvm):
    """A table is loaded until two loads in a row agree."""

    def load_table(self, as_id: int = 0) -> Memslots:
        """Load again, and be content with what is there twice."""
        table = super().load_table(as_id)
        while True:
            again = super().load_table(as_id)
            if again is table:
                return table
            table = again


class ReadsAgain(Kvm):
    """A reader reads what it has found once more before it leaves its section."""

    def search_memslots(self, table: Memslots, gfn: int) -> MemorySlot | None:
        """Read the slot found, for a copy."""
        slot = super().search_memslots(table, gfn)
        if slot is not None:
            self.read(table, "slot")
        return slot


class ReadsAgainLinux(LinuxKvm):
    """A reader reads what it has found once more before it leaves its section."""

    def search_memslots(self, table: Memslots, gfn: int) -> MemorySlot | None:
        """Read the slot found, for a copy."""
        slot = super().search_memslots(table, gfn)
        if slot is not None:
            self.read(table, "slot")
        return slot


class RetriesTheWindow(Kvm):
    """An access to an INVALID slot is made again, where v2.6.34 exits as MMIO."""

    def access(
        self, gfn: Gfn, *, write: bool, direct: bool, root: int, as_id: int = 0
    ) -> Reply:
        """Fault again once the slot is valid or absent, in a section of its own."""
        while True:
            reply = super().access(
                gfn, write=write, direct=direct, root=root, as_id=as_id
            )
            if not isinstance(reply, Retry):
                return reply
            self.hook.wait(lambda: not self.is_going(gfn), "RET_PF_RETRY")

    def invalid_reply(self) -> Reply:
        """Come back later."""
        return Retry()

    def is_going(self, gfn: int) -> bool:
        """The slot of the frame is INVALID at this moment."""
        slots = self.memslots.slots.values()
        return any(slot.invalid and slot.covers(gfn) for slot in slots)


class EntersWithASection(Kvm):
    """A vCPU opens a read section and leaves it before it runs the guest."""

    def access(
        self, gfn: Gfn, *, write: bool, direct: bool, root: int, as_id: int = 0
    ) -> Reply:
        """`vcpu_enter_guest`, which leaves the section of the loop around it."""
        self.srcu.read_unlock(self.srcu.read_lock())
        return super().access(gfn, write=write, direct=direct, root=root, as_id=as_id)

    def halt(self) -> None:
        """The loop around it has a section as well."""
        self.srcu.read_unlock(self.srcu.read_lock())
        super().halt()


class EntersWithASectionLinux(LinuxKvm):
    """A vCPU opens a read section and leaves it before it runs the guest."""

    def access(
        self, gfn: Gfn, *, write: bool, direct: bool, root: int, as_id: int = 0
    ) -> Reply:
        """`vcpu_enter_guest`, which leaves the section of the loop around it."""
        self.srcu.read_unlock(self.srcu.read_lock())
        return super().access(gfn, write=write, direct=direct, root=root, as_id=as_id)

    def halt(self) -> None:
        """The loop around it has a section as well."""
        self.srcu.read_unlock(self.srcu.read_lock())
        super().halt()


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


class ReadsTheTssTwice(Kvm):
    """The base of the TSS is read from one table, its pages first, and then again."""

    def rmode_tss_base(self) -> int:
        """Two reads of each number, from the one table."""
        table = self.load_table()
        self.read_npages(table)
        base_gfn = self.read_base_gfn(table)
        npages = self.read_npages(table)
        return ((base_gfn + npages - 3) << PAGE_SHIFT) % U64


LOAD = "a reader may load at any moment of its section; the later load is the newer one"
READ = "a table is read as often as its reader likes, as long as the section is open"
LOOK = "a read section that is left before the lock is taken keeps nobody waiting"
LOCK = "a lock under which nothing is done changes nothing"
ENTER = "6.1 arch/x86/kvm/x86.c:10824, vcpu_enter_guest(): kvm_vcpu_srcu_read_unlock()"

VARIANTS: tuple[Variant, ...] = (
    variant(
        "locks-for-reading",
        LocksForReading,
        "SRCU-8",
        "SRCU-15",
        source="before the seed the readers took slots_lock as well",
        tag="[R]",
    ),
    variant("looks-twice", LooksTwice, "SRCU-6", "SRCU-7", source=LOAD, tag="argued"),
    variant(
        "looks-twice-linux",
        LooksTwiceLinux,
        "SRCU-6",
        "SRCU-7",
        source=LOAD,
        tag="argued",
    ),
    variant("reads-again", ReadsAgain, "SRCU-3", "SRCU-15", source=READ, tag="argued"),
    variant(
        "reads-again-linux",
        ReadsAgainLinux,
        "SRCU-3",
        "SRCU-15",
        source=READ,
        tag="argued",
    ),
    variant(
        "retries-the-window",
        RetriesTheWindow,
        "DEL-10",
        "MMU-1",
        source="6.1 arch/x86/kvm/mmu/mmu.c:4153, RET_PF_RETRY of an INVALID slot",
        tag="[R]",
    ),
    variant(
        "enters-with-a-section",
        EntersWithASection,
        "SRCU-12",
        "SRCU-13",
        source=ENTER,
        tag="[R]",
    ),
    variant(
        "enters-with-a-section-today",
        EntersWithASection,
        "SRCU-12",
        "SRCU-14",
        source=ENTER,
        tag="[R]",
        profile=LINUX,
    ),
    variant(
        "enters-with-a-section-linux",
        EntersWithASectionLinux,
        "SRCU-12",
        "SRCU-13",
        source=ENTER,
        tag="[R]",
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
    variant(
        "reads-the-tss-twice",
        ReadsTheTssTwice,
        "TSS-2",
        source="one table gives the same numbers however often it is read",
        tag="argued",
    ),
)
