"""Mutants that break the rules of read sections, grace periods and locks."""

from __future__ import annotations

from memslot_reference.kvm import Kvm
from memslot_reference.memslots import Memslots
from memslot_reference.museum.mutant import Mutant, exhibit, planted
from memslot_reference.srcu import Srcu
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.srcu import Slept
from memslot_spec.history.points.tables import TableLoaded
from memslot_spec.model.profile import LINUX, Limits, Profile
from memslot_spec.model.replies import Mmio, Reply, Retry
from memslot_spec.model.values import Gfn, Hva, Slot


class ReadsOutside(Kvm):
    """One reader looks into the table without a read section."""

    def mmu_pages(self) -> int:
        """Load the table as if something kept it."""
        return self.calculate_mmu_pages(self.load_table())


class ReadsGuestOutside(Kvm):
    """Guest memory is looked up without a read section."""

    def gfn_to_hva(self, gfn: Gfn) -> Hva | None:
        """Translate for a guest's guest, where nobody thought of the section."""
        return self.find_hva(gfn)

    def read_guest(self, gpa: int, length: int, as_id: int = 0) -> Reply:
        """Read its page table."""
        return self.copy_pages(gpa, length, write=False, as_id=as_id)


class CompletesOutside(Kvm):
    """An access that exited as I/O is completed outside the read section."""

    def access(
        self, gfn: Gfn, *, write: bool, direct: bool, root: int, as_id: int = 0
    ) -> Reply:
        """Leave the section, then look where the data goes."""
        reply = super().access(gfn, write=write, direct=direct, root=root, as_id=as_id)
        if isinstance(reply, Mmio):
            self.search_memslots(self.load_table(), gfn)
        return reply


class ReleasesOutside(Kvm):
    """The end of the process drops every mapping without a read section."""

    def release_notifier(self) -> None:
        """Look the slots up under the MMU lock alone."""
        self.lock_mmu()
        self.zap_all()
        self.unlock_mmu()


class FlipsOnly(Srcu):
    """A domain whose updaters do not look at the counter that new readers leave."""

    def wait_for_other(self) -> None:
        """Take it for zero."""


class SingleFlip(Kvm):
    """A grace period flips the index and waits only for the counter left behind."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        super().__init__(hook, profile, limits)
        self.srcu = FlipsOnly(hook)


class WaitsInside(Kvm):
    """A reader waits for a grace period in its own read section."""

    def mmu_pages(self) -> int:
        """Make sure that nobody has an older table, and wait for oneself."""
        index = self.srcu.read_lock()
        self.srcu.synchronize()
        budget = self.calculate_mmu_pages(self.load_table())
        self.srcu.read_unlock(index)
        return budget


class LocksInside(Kvm):
    """A reader takes the updaters' lock in its read section."""

    def mmu_pages(self) -> int:
        """Keep updaters away while the budget is computed."""
        index = self.srcu.read_lock()
        self.lock_slots()
        budget = self.calculate_mmu_pages(self.load_table())
        self.unlock_slots()
        self.srcu.read_unlock(index)
        return budget


class KeepsPointer(Kvm):
    """A reader uses the table of its last section again in the next one."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        super().__init__(hook, profile, limits)
        self.kept: Memslots | None = None

    def is_visible_gfn(self, gfn: Gfn) -> bool:
        """Load the pointer the first time only."""
        index = self.srcu.read_lock()
        if self.kept is None:
            self.kept = self.load_table()
        visible = self.sees_gfn(self.kept, gfn)
        self.srcu.read_unlock(index)
        return visible


class LoadsBackwards(Kvm):
    """The second load of a section may give an older table than the first."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        super().__init__(hook, profile, limits)
        self.cached = self.memslots

    def find_slot(self, gfn: int) -> Slot | None:
        """Load the pointer, then once more from where it was cached last time."""
        table = self.load_table()
        self.hook.point(TableLoaded, self.cached.handle)
        self.cached = table
        slot = self.search_memslots(table, gfn)
        return None if slot is None else slot.to_spec()


class LocksWithoutWaiting(Kvm):
    """An updater takes the update lock while another one holds it."""

    def slots_lock_is_free(self) -> bool:
        """Always, it thinks."""
        return True


class PublishesUnlocked(Kvm):
    """An updater gives the update lock back to publish its table."""

    def publish(self, table: Memslots) -> None:
        """Unlock, publish, lock again."""
        self.unlock_slots()
        super().publish(table)
        self.lock_slots()


class GuestInside(Kvm):
    """The vCPU enters the guest in its read section."""

    def access(
        self, gfn: Gfn, *, write: bool, direct: bool, root: int, as_id: int = 0
    ) -> Reply:
        """Hold a section around the whole access."""
        section = self.srcu.read_lock()
        reply = super().access(gfn, write=write, direct=direct, root=root, as_id=as_id)
        self.srcu.read_unlock(section)
        return reply


class SleepsInside(Kvm):
    """A vCPU sleeps in its read section."""

    def halt(self) -> None:
        """Hold the section for as long as nothing happens."""
        section = self.srcu.read_lock()
        self.hook.point(Slept)
        self.srcu.read_unlock(section)


class RetriesInside(Kvm):
    """An access that has to be tried again stays in a read section."""

    def access(
        self, gfn: Gfn, *, write: bool, direct: bool, root: int, as_id: int = 0
    ) -> Reply:
        """Take the section for the next try before there is one."""
        reply = super().access(gfn, write=write, direct=direct, root=root, as_id=as_id)
        if isinstance(reply, Retry):
            self.srcu.read_lock()
        return reply


class DestroysInside(Kvm):
    """The domain is destroyed with its last reader inside."""

    def destroy(self) -> None:
        """Leave the section when the domain is gone."""
        self.tear_down_vcpus()
        self.free_memslots()
        section = self.srcu.read_lock()
        self.srcu.destroy()
        self.srcu.read_unlock(section)


class DestroysFirst(Kvm):
    """The domain is destroyed before the vCPUs, which read once more."""

    def destroy(self) -> None:
        """Clean up in the wrong order."""
        self.srcu.destroy()
        self.tear_down_vcpus()
        self.free_memslots()


MUTANTS: tuple[Mutant, ...] = (
    exhibit(
        "K04",
        DestroysFirst,
        "SRCU-17",
        source="S3; 647492047763",
        since="the patch to 647492047763",
        tag="[R]",
    ),
    exhibit(
        "K05",
        ReleasesOutside,
        "SRCU-15",
        "SRCU-3",
        source="S4; eda2beda8356",
        since="the patch to eda2beda8356",
        tag="[R]",
    ),
    exhibit(
        "K06",
        CompletesOutside,
        "SRCU-15",
        "SRCU-3",
        source="7567cae105e4",
        since="v2.6.34 to 7567cae105e4",
        tag="[R]",
    ),
    exhibit(
        "K07",
        ReadsOutside,
        "SRCU-15",
        "SRCU-3",
        source="CVE-2024-46830, 4bcdd831d9d0",
        since="until 4bcdd831d9d0",
        tag="[T]",
        profile=LINUX,
    ),
    exhibit(
        "K08",
        ReadsGuestOutside,
        "SRCU-15",
        "SRCU-3",
        source=(
            '"KVM: PPC: Protect kvm_vcpu_read_guest with srcu locks"; '
            '"VGIC/ITS: protect kvm_read_guest() calls with SRCU lock"'
        ),
        since="unknown",
        tag="[R]",
        profile=LINUX,
    ),
    exhibit(
        "single-flip",
        SingleFlip,
        "SRCU-5",
        source="kernel/srcu.c; v2.6.34 had synchronize_sched() in place of the wait",
        since="never",
        tag="[D]",
    ),
    exhibit(
        "waits-inside",
        WaitsInside,
        "SRCU-11",
        "PROG-2",
        source="kernel/srcu.c: synchronize_srcu() inside a section deadlocks",
        since="never",
        tag="[R]",
    ),
    planted("locks-inside", LocksInside, "SRCU-10", "PROG-2"),
    planted("keeps-pointer", KeepsPointer, "SRCU-3"),
    planted("loads-backwards", LoadsBackwards, "SRCU-6"),
    planted("locks-without-waiting", LocksWithoutWaiting, "SRCU-8", "SLOT-8"),
    planted("publishes-unlocked", PublishesUnlocked, "SRCU-9", "SLOT-8"),
    planted("guest-inside", GuestInside, "SRCU-12"),
    planted("sleeps-inside", SleepsInside, "SRCU-13"),
    planted(
        "retries-inside", RetriesInside, "SRCU-14", "PROG-1", "SRCU-31", profile=LINUX
    ),
    planted("destroys-inside", DestroysInside, "SRCU-16"),
)
