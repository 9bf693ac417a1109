"""Variants whose window of a delete looks otherwise, and lets nothing through."""

from __future__ import annotations

from memslot_reference.kvm import Kvm
from memslot_reference.lawful.variant import Variant, variant
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import INVALID, MemorySlot, Memslots
from memslot_reference.shadow import key_of
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.mmu import ShadowPageCreated, ShadowPageZapped
from memslot_spec.history.points.srcu import Retried
from memslot_spec.model.operations import Origin
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.replies import Reply, Retry
from memslot_spec.model.values import Gfn

ROOT_PAGES = 1 << 27
"""What a root of three levels covers."""


class FlushesTwice(Kvm):
    """A slot that goes is flushed before the grace period, and after it again."""

    def invalidate(self, table: Memslots, old: MemorySlot) -> Memslots:
        """Leave less to be done while the others wait."""
        window = self.copy_of(table)
        window.put(old.with_flags(old.flags | INVALID))
        self.publish(window)
        self.flush_shadow(old)
        self.srcu.synchronize()
        self.flush_shadow(old)
        self.reclaim(table)
        return window


class FlushesTwiceLinux(LinuxKvm):
    """A slot that goes is flushed before the grace period, and after it again."""

    def invalidate(self, as_id: int, old: MemorySlot) -> None:
        """Leave less to be done while the others wait."""
        going = old.with_flags(old.flags | INVALID)
        self.edit(as_id, old, going)
        self.publish(as_id)
        self.unlock_arch()
        self.flush_shadow(old)
        self.srcu.synchronize()
        self.settle(as_id)
        self.flush_shadow(old)
        self.lock_arch()
        self.copy_back(as_id, old, going)


class DirectRoots(Kvm):
    """A vCPU that faults loads a direct root at frame 0, whatever slots there are."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        super().__init__(hook, profile, limits)
        self.root: int | None = None

    def page_fault(
        self, gfn: int, *, write: bool, direct: bool, root: int, as_id: int = 0
    ) -> Reply | None:
        """`kvm_mmu_reload`, then the fault."""
        self.lock_mmu()
        if self.root is None:
            self.pages_made += 1
            self.root = self.pages_made
            self.hook.point(
                ShadowPageCreated,
                page=self.root,
                gfn=0,
                direct=True,
                capacity=self.slot_bitmap_capacity(),
                npages=ROOT_PAGES,
                root=True,
            )
        self.unlock_mmu()
        return super().page_fault(
            gfn, write=write, direct=direct, root=root, as_id=as_id
        )

    def zap_all(self) -> None:
        """Roots as well: the next fault makes another."""
        if self.root is not None:
            self.hook.point(ShadowPageZapped, self.root)
            self.root = None
        super().zap_all()


class PagesForMmio(LinuxKvm):
    """A fault in a hole makes the direct shadow page that its MMIO spte goes into."""

    def access_unbacked(self, table: Memslots, gfn: int) -> Reply:
        """`__direct_map`, of a frame that has no slot or has it no longer."""
        self.lock_mmu()
        self.get_page(key_of(gfn, 1, direct=True, root=0, as_id=table.as_id))
        self.unlock_mmu()
        return super().access_unbacked(table, gfn)


class SoftwareWaits(LinuxKvm):
    """The emulator and the walker try again while a slot is INVALID."""

    def software_access(
        self, gfn: Gfn, *, origin: Origin, write: bool, as_id: int = 0
    ) -> Reply:
        """Spare the guest an exit, or a fault, for a slot that may come back."""
        section = self.srcu.read_lock()
        slot = self.search_memslots(self.load_table(as_id), gfn)
        self.srcu.read_unlock(section)
        if slot is not None and slot.invalid and origin is not Origin.KVM:
            return Retry()
        return super().software_access(gfn, origin=origin, write=write, as_id=as_id)


class RunsWhileItWaits(LinuxKvm):
    """A vCPU whose fault found its slot INVALID runs again, by an spte if one is there.

    Another vCPU makes it, from the table of before, before the update has waited for
    its section to end; the flush comes after that.
    """

    def access(
        self, gfn: Gfn, *, write: bool, direct: bool, root: int, as_id: int = 0
    ) -> Reply:
        """Enter the guest again as soon as that can end otherwise."""
        while True:
            reply = super(LinuxKvm, self).access(
                gfn, write=write, direct=direct, root=root, as_id=as_id
            )
            if not isinstance(reply, Retry):
                return reply
            self.hook.point(Retried)
            self.hook.wait(
                lambda: (
                    not self.is_going(gfn, as_id)
                    or self.walk(
                        gfn, write=write, direct=direct, root=root, as_id=as_id
                    )
                    is not None
                ),
                "RET_PF_RETRY",
            )


VARIANTS: tuple[Variant, ...] = (
    variant(
        "flushes-twice",
        FlushesTwice,
        "DEL-2",
        "DEL-4",
        "DEL-9",
        source="a flush more harms nobody: DEL-2 asks for the one that counts",
        tag="argued",
    ),
    variant(
        "flushes-twice-linux",
        FlushesTwiceLinux,
        "DEL-2",
        "MOVE-3",
        "DEL-9",
        source="a flush more harms nobody: DEL-2 asks for the one that counts",
        tag="argued",
    ),
    variant(
        "direct-roots",
        DirectRoots,
        "DEL-6",
        source="6.1 arch/x86/kvm/mmu/mmu.c:3561, mmu_alloc_direct_roots(), which "
        "kvm_mmu_zap_all_fast() makes every vCPU come to",
        tag="[R]",
    ),
    variant(
        "pages-for-mmio",
        PagesForMmio,
        "DEL-6",
        source="6.1 arch/x86/kvm/mmu/mmu.c:3183, handle_abnormal_pfn(), which goes on "
        "where no slot is; 3116, __direct_map()",
        tag="[R]",
    ),
    variant(
        "runs-while-it-waits",
        RunsWhileItWaits,
        "DEL-10",
        "DEL-11",
        source="6.1 arch/x86/kvm/mmu/mmu.c:4163, kvm_faultin_pfn(): RET_PF_RETRY "
        "enters the guest; the update waits for the other fault before it flushes",
        tag="[D]",
    ),
    variant(
        "software-waits",
        SoftwareWaits,
        "DEL-15",
        "DEL-16",
        source="the slot may come back, as a page fault expects it to: DEL-11",
        tag="argued",
    ),
)
