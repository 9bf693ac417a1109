"""Mutants that break the two steps in which a slot is deleted or moved."""

from __future__ import annotations

from memslot_reference.kvm import Kvm
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import INVALID, MemorySlot, Memslots
from memslot_reference.museum.mutant import Mutant, exhibit, planted
from memslot_spec.history.points.mmu import Flushed
from memslot_spec.model.operations import Origin
from memslot_spec.model.profile import LINUX
from memslot_spec.model.replies import Accessed, Mmio, Refused, Reply, Retry
from memslot_spec.model.values import Errno


class MovesInOneStep(Kvm):
    """A move is published in one step, like a change of flags."""

    def moves(self, old: MemorySlot, new: MemorySlot) -> bool:
        """Take both steps only for a delete."""
        del old, new
        return False


class SkipsInvalid(Kvm):
    """A slot is deleted or moved without having been INVALID."""

    def invalidate(self, table: Memslots, old: MemorySlot) -> Memslots:
        """Flush, and publish nothing before it."""
        self.flush_shadow(old)
        return table


class SkipsFlush(Kvm):
    """A slot is deleted or moved, and its sptes stay."""

    def flush_shadow(self, slot: MemorySlot) -> None:
        """Leave the shadow state alone."""


class SkipsWindow(Kvm):
    """The second step follows the first at once: no grace period and no flush."""

    def invalidate(self, table: Memslots, old: MemorySlot) -> Memslots:
        """Publish the slot as INVALID, and wait for nobody."""
        window = self.copy_of(table)
        window.put(old.with_flags(old.flags | INVALID))
        self.publish(window)
        return window


class FlushesEarly(Kvm):
    """The flush comes before the grace period that it has to follow."""

    def invalidate(self, table: Memslots, old: MemorySlot) -> Memslots:
        """Flush while readers may still map frames of the slot."""
        window = self.copy_of(table)
        window.put(old.with_flags(old.flags | INVALID))
        self.publish(window)
        self.flush_shadow(old)
        self.srcu.synchronize()
        self.reclaim(table)
        return window


class FlushMissesHuge(Kvm):
    """The flush zaps pages of 4 KiB sptes only."""

    def flush_shadow(self, slot: MemorySlot) -> None:
        """Walk one level."""
        self.lock_mmu()
        for page in tuple(self.pages.values()):
            if page.level == 1:
                self.zap_page(page)
        self.hook.point(Flushed, slot.id)
        self.unlock_mmu()


class MapsInvalid(Kvm):
    """A fault maps frames of an INVALID slot."""

    def may_map(self, slot: MemorySlot) -> bool:
        """Map whatever slot covers the frame."""
        del slot
        return True


class ReachesInvalid(Kvm):
    """An access to an INVALID slot is carried out without being mapped."""

    def page_fault(
        self, gfn: int, *, write: bool, direct: bool, root: int, as_id: int = 0
    ) -> Reply | None:
        """Emulate the access, and find its memory by hand."""
        reply = super().page_fault(
            gfn, write=write, direct=direct, root=root, as_id=as_id
        )
        if not isinstance(reply, Mmio | Retry):
            return reply
        slot = self.search_memslots(self.load_table(as_id), gfn)
        if slot is None or not slot.invalid:
            return reply
        hva, memory = slot.hva_of(gfn), self.host_memory
        return Accessed(hva, memory.page_at(hva, memory.now()))


class InvalidIsMmio(Kvm):
    """A fault on an INVALID slot exits as MMIO where it has to be retried."""

    def invalid_reply(self) -> Reply:
        """Do today what v2.6.34 did."""
        return Mmio()


class RetriesHoles(Kvm):
    """An access to a frame in no slot is retried for ever."""

    def page_fault(
        self, gfn: int, *, write: bool, direct: bool, root: int, as_id: int = 0
    ) -> Reply | None:
        """Take a hole for a slot that is on its way."""
        if self.search_memslots(self.load_table(as_id), gfn) is None:
            return Retry()
        return super().page_fault(
            gfn, write=write, direct=direct, root=root, as_id=as_id
        )


class EmulationFails(LinuxKvm):
    """An emulated access that finds no memory ends KVM_RUN with an error."""

    def without_memory(self, origin: Origin) -> Reply:
        """Hand the error address on as it came."""
        if origin is Origin.EMULATOR:
            return Refused(Errno.EFAULT)
        return super().without_memory(origin)


class WalksAsMmio(LinuxKvm):
    """A page table of the guest that is in no slot is asked of user space."""

    def without_memory(self, origin: Origin) -> Reply:
        """Take it for data."""
        return Mmio() if origin is Origin.TABLE_WALK else super().without_memory(origin)


class WritesBySoftware(LinuxKvm):
    """Software writes to READONLY slots, for it asks for the address to read from."""

    def software_hva(
        self, slot: MemorySlot | None, gfn: int, *, write: bool
    ) -> int | None:
        """`gfn_to_hva_memslot_prot`, whatever is done there."""
        del write
        return super().software_hva(slot, gfn, write=False)


class EmulatesInvalid(LinuxKvm):
    """Software reaches the memory of an INVALID slot."""

    def software_hva(
        self, slot: MemorySlot | None, gfn: int, *, write: bool
    ) -> int | None:
        """Look at READONLY alone."""
        if slot is None or (write and slot.readonly):
            return None
        return slot.hva_of(gfn)


MUTANTS: tuple[Mutant, ...] = (
    exhibit(
        "K12",
        MovesInOneStep,
        "MOVE-1",
        "DEL-12",
        "MMU-1",
        "MOVE-5",
        "MOVE-4",
        source="S9; 12d6e7538e2d",
        since="v2.6.34-rc1 to 12d6e7538e2d (2012)",
        tag="[R]",
    ),
    exhibit(
        "no-invalid-step",
        SkipsInvalid,
        "DEL-1",
        "MOVE-1",
        "MMU-1",
        "MOVE-5",
        source="the patch: step 1 of a delete",
        since="never",
        tag="[D]",
    ),
    exhibit(
        "no-flush",
        SkipsFlush,
        "DEL-4",
        "MOVE-3",
        "DEL-12",
        "MMU-1",
        "MOVE-5",
        source="the patch: kvm_arch_flush_shadow() between the steps",
        since="never",
        tag="[D]",
    ),
    planted(
        "skips-window",
        SkipsWindow,
        "DEL-3",
        "MOVE-2",
        "DEL-4",
        "MOVE-3",
        "DEL-12",
        "MMU-1",
        "MOVE-5",
    ),
    planted("flushes-early", FlushesEarly, "DEL-2", "MMU-1"),
    planted("flush-misses-huge", FlushMissesHuge, "DEL-9", "RMAP-4", "DEL-12"),
    planted("maps-invalid", MapsInvalid, "DEL-5", "DEL-6", "DEL-10", "MMU-1"),
    planted("reaches-invalid", ReachesInvalid, "DEL-10"),
    planted("invalid-is-mmio", InvalidIsMmio, "DEL-11", profile=LINUX),
    planted("retries-holes", RetriesHoles, "DEL-12", "SRCU-1"),
    planted(
        "emulation-fails",
        EmulationFails,
        "DEL-16",
        "DEL-12",
        "SRCU-1",
        "MMU-1",
        profile=LINUX,
    ),
    planted("walks-as-mmio", WalksAsMmio, "DEL-15", "SRCU-1", profile=LINUX),
    planted("writes-by-software", WritesBySoftware, "DEL-14", "MMU-1", profile=LINUX),
    planted(
        "emulates-invalid",
        EmulatesInvalid,
        "DEL-10",
        "DEL-14",
        "DEL-15",
        "DEL-16",
        "SRCU-1",
        profile=LINUX,
    ),
)
