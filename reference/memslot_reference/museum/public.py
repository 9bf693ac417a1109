"""Bugs that others had and told of in public, each as one that a VM here can have.

Their names are the numbers of the list of public bugs. Where the bug was in other
code than a kernel's slots, the exhibit is the same mistake made here.
"""

from __future__ import annotations

from memslot_reference.hva_caches import HvaCache
from memslot_reference.kvm import Kvm
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.mmio_caches import MmioSpte
from memslot_reference.museum.mutant import Mutant, exhibit
from memslot_reference.notifiers import Handler
from memslot_reference.shadow import ShadowPage
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.mmu import Flushed
from memslot_spec.model.profile import LINUX, Limits, Profile
from memslot_spec.model.values import LOG_DIRTY_PAGES, Errno, Failure, MemoryRegion

WORD = 64
"""Pages of one word of a bitmap."""


class KeepsHalfTheNumber(LinuxKvm):
    """An MMIO spte keeps fewer bits of the generation than a wrap is looked for in."""

    def mmio_spte_of(self, table: Memslots) -> MmioSpte:
        """Take the upper bits from where there are none."""
        bits, mark = super().mmio_spte_of(table)
        return bits & 3, mark


class SkipsObsolete(LinuxKvm):
    """While a flush lets others go on, the MMU notifier skips what it will zap."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        super().__init__(hook, profile, limits)
        self.obsolete: set[tuple[int, int]] = set()

    def flush_shadow(self, slot: MemorySlot) -> None:
        """Mark all of it obsolete, yield, and zap it then."""
        self.lock_mmu()
        going = self.mapped_by(slot)
        self.obsolete = {(page.handle, index) for page, index in going}
        self.unlock_mmu()
        self.lock_mmu()
        for page, index in going:
            if index in page.sptes:
                self.drop_spte(page, index)
        self.obsolete.clear()
        self.flush_tlbs()
        self.hook.point(Flushed, slot.id)
        self.unlock_mmu()

    def unmap_spte(self, page: ShadowPage, index: int) -> bool:
        """Leave alone what is going anyway."""
        if (page.handle, index) in self.obsolete:
            return False
        return super().unmap_spte(page, index)


class OverwritesFlush(LinuxKvm):
    """Of a walk over several slots the last alone says whether to flush."""

    def handle_hva_range(self, start: int, end: int, handler: Handler) -> bool:
        """Forget what the slots before owe."""
        owed = False
        for table in self.load_tables():
            self.read(table, "slots")
            for slot in table.slots.values():
                first, stop = self.clip(slot, start, end)
                if first < stop:
                    owed = self.handle_gfn_range(slot, first, stop, handler)
        return owed


class RefusesLastFrame(Kvm):
    """A slot that ends exactly at the end of guest memory is refused."""

    def arch_prepare(
        self,
        old: MemorySlot | None,
        new: MemorySlot | None,
        failure: Failure | None,
    ) -> Errno | None:
        """Compare with `>=` where `>` is meant."""
        last = 0 if new is None else new.base_gfn + new.npages - 1
        if last >= self.limits.largest_gfn:
            return Errno.EINVAL
        return super().arch_prepare(old, new, failure)


class KeepsLastFrame(Kvm):
    """A slot that ends at the end of guest memory can be made, and never deleted."""

    def conflict(
        self,
        table: Memslots,
        old: MemorySlot | None,
        region: MemoryRegion,
        flags: int,
    ) -> Errno | None:
        """Find that the range to be unmapped ends behind everything."""
        end = 0 if old is None else old.base_gfn + old.npages
        if region.npages == 0 and end > self.limits.largest_gfn:
            return Errno.EINVAL
        return super().conflict(table, old, region, flags)


class MapsLargeAnyway(LinuxKvm):
    """That a slot which logs wants small pages is worked out, and then not used."""

    def mapping_level(self, slot: MemorySlot, gfn: int, *, direct: bool) -> int:
        """Go by the size of the host's page alone."""
        silent = slot.with_flags(slot.flags & ~LOG_DIRTY_PAGES)
        return super().mapping_level(silent, gfn, direct=direct)


class IgnoresStep(Kvm):
    """What one step of a request answers is not looked at: the request is done."""

    def change_slot(
        self,
        table: Memslots,
        old: MemorySlot | None,
        new: MemorySlot | None,
        failure: Failure | None,
    ) -> Errno | None:
        """Carry it out as far as it goes."""
        errno = super().change_slot(table, old, new, failure)
        return None if errno is Errno.ENOMEM else errno


class NeverResolvesAgain(LinuxKvm):
    """What was resolved is dropped with each new table, and not resolved again."""

    def resolve_again(self, cached: HvaCache, table: Memslots, length: int) -> None:
        """Drop it, and leave the rest to somebody else."""
        del table, length
        cached.hva = cached.slot = None


class WritesUnlogged(LinuxKvm):
    """What KVM itself writes for the guest is not in the log."""

    def mark_used(self, slot: MemorySlot, gpa: int, length: int) -> None:
        """Leave the log to the guest's own accesses."""


class LogsInSpaceZero(LinuxKvm):
    """A write is marked in the slot that address space 0 has at its address."""

    def mark_page_dirty(self, slot: MemorySlot, gfn: int) -> None:
        """Look the frame up where the others are."""
        del slot
        for other in self.active[0].slots.values():
            if other.covers(gfn):
                super().mark_page_dirty(other, gfn)


class ClearsFirstPart(LinuxKvm):
    """CLEAR of a range that lies in several parts of a log reaches the first."""

    def given_pages(
        self,
        slot: MemorySlot,
        first_page: int,
        num_pages: int,
        bitmap: tuple[int, ...],
    ) -> tuple[int, ...]:
        """Stop where the next part begins."""
        pages = super().given_pages(slot, first_page, num_pages, bitmap)
        return tuple(page for page in pages if page < first_page + WORD)


MUTANTS: tuple[Mutant, ...] = (
    exhibit(
        "P02",
        KeepsHalfTheNumber,
        "GEN-6",
        "CACHE-3",
        source="34c0f6f2695a",
        since="until 34c0f6f2695a",
        tag="[T]",
        profile=LINUX,
    ),
    exhibit(
        "P03",
        SkipsObsolete,
        "DEL-7",
        "HVA-1",
        "HVA-3",
        source='"Zap _all_ roots when unmapping gfn range in TDP MMU"',
        tag="[T]",
        profile=LINUX,
    ),
    exhibit(
        "P04",
        OverwritesFlush,
        "MMU-19",
        "MMU-9",
        source="a835429cda91",
        since="until a835429cda91",
        tag="[T]",
        profile=LINUX,
    ),
    exhibit(
        "P05",
        RefusesLastFrame,
        "REQ-28",
        source="262b003d059c (arm64)",
        since="until 262b003d059c",
        tag="[R]",
        profile=LINUX,
    ),
    exhibit(
        "P06",
        KeepsLastFrame,
        "REQ-28",
        source="58fec830fc19 (VFIO type1)",
        since="until 58fec830fc19",
        tag="[R]",
        profile=LINUX,
    ),
    exhibit(
        "P09",
        MapsLargeAnyway,
        "DIRTY-1",
        "DIRTY-4",
        "DIRTY-23",
        source="a80868f39855 (arm64)",
        since="until a80868f39855",
        tag="[R]",
        profile=LINUX,
    ),
    exhibit(
        "P12",
        IgnoresStep,
        "SLOT-9",
        "SLOT-8",
        source="intel/haxm#161",
        tag="[R]",
        profile=LINUX,
    ),
    exhibit(
        "P13",
        NeverResolvesAgain,
        "CACHE-14",
        "CACHE-7",
        source="FDio/vpp#776",
        tag="[R]",
        profile=LINUX,
    ),
    exhibit(
        "P16",
        WritesUnlogged,
        "DIRTY-4",
        source="oxidecomputer/propolis#233; cloud-hypervisor#2458",
        tag="[R]",
        profile=LINUX,
    ),
    exhibit(
        "P17",
        LogsInSpaceZero,
        "DIRTY-1",
        "DIRTY-4",
        source="cc5e71075947 (vhost)",
        since="until cc5e71075947",
        tag="[R]",
        profile=LINUX,
    ),
    exhibit(
        "P18",
        ClearsFirstPart,
        "DIRTY-18",
        source='QEMU, "kvm: clear dirty bitmaps from all overlapping memslots"',
        tag="[R]",
        profile=LINUX,
    ),
)
