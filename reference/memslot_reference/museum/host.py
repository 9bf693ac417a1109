"""Mutants that miss a part of a range, or leave mappings in the TLBs."""

from __future__ import annotations

from memslot_reference.kvm import Kvm
from memslot_reference.late_flushes import FlushesAfterUnlock
from memslot_reference.lawful.host import AsksForItsOwnPage
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot
from memslot_reference.museum.mutant import Mutant, exhibit, planted
from memslot_reference.shadow import ShadowPage, Spte, key_of
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.host import InvalidationEnded
from memslot_spec.history.points.mmu import Flushed
from memslot_spec.model.profile import LINUX, Limits, Profile
from memslot_spec.model.values import Gfn, Hva


class StopsShort(Kvm):
    """A range does not reach its last page.

    When its invalidations end it does not tell, so what counts is their return.
    """

    def announced(self) -> tuple[str, ...]:
        """All but the end of an invalidation."""
        silent = InvalidationEnded.__name__
        return tuple(name for name in super().announced() if name != silent)

    def clip(self, slot: MemorySlot, start: int, end: int) -> tuple[int, int]:
        """Count one page too few."""
        first, stop = super().clip(slot, start, end)
        return first, stop - 1


class ForgetsLastPage(LinuxKvm):
    """A range does not reach the page that it ends in the middle of."""

    def clip(self, slot: MemorySlot, start: int, end: int) -> tuple[int, int]:
        """Round the end down."""
        first = max(start, slot.userspace_addr)
        stop = min(end, slot.userspace_addr + slot.npages * PAGE_SIZE)
        return self.hva_to_gfn(slot, first), self.hva_to_gfn(slot, stop)


class ForgetsFirstPage(LinuxKvm):
    """A range does not reach the page that it begins in the middle of."""

    def clip(self, slot: MemorySlot, start: int, end: int) -> tuple[int, int]:
        """Round the start up."""
        first, stop = super().clip(slot, start + PAGE_SIZE - 1, end)
        return first, stop


class EmptyIsAPage(Kvm):
    """A range that ends where it begins unmaps that page."""

    def invalidate_range(self, start: Hva, end: Hva) -> None:
        """Take one byte at the least."""
        super().invalidate_range(start, Hva(max(end, start + 1)))


class MapsOpenRanges(Kvm):
    """A fault maps pages of a range whose invalidation is open."""

    def is_being_taken(self, spte: Spte, gfn: int) -> bool:
        """Look at the count of those that are over, and at no other."""
        del spte, gfn
        return False


class LeavesLargePagesWhole(AsksForItsOwnPage):
    """The host takes a part of a large page, and no invalidation tells of the whole.

    A large spte that was mapped meanwhile for another part of the page stays.
    """

    def split(self, start: int, end: int) -> None:
        """Take the part away, and nothing else."""


class PublishesInRange(LinuxKvm):
    """An updater does not wait for open invalidations."""

    def wait_for_invalidations(self) -> None:
        """Publish at once."""


class AgesValidSlots(Kvm):
    """Ageing does not look at INVALID slots."""

    is_ageing = False

    def age_hva(self, hva: Hva) -> bool:
        """Note what the walk is for."""
        self.is_ageing = True
        young = super().age_hva(hva)
        self.is_ageing = False
        return young

    def walks(self, slot: MemorySlot, hva: int) -> bool:
        """Leave the slot that is going to its flush."""
        return not (self.is_ageing and slot.invalid) and super().walks(slot, hva)


class FlushesOutside(Kvm):
    """Sptes are removed, and `mmu_lock` is given back before the TLBs are flushed.

    Another thread that finds the sptes gone takes the flush for done. Upstream the
    first was a GET that had cleared W bits, and the other write-protected a guest's
    page table in mmu_sync_children(), which is not modelled. Nobody here relies on an
    spte that is only protected, so this is the start of logging, which removes them.
    """

    def protect_slot(self, slot: MemorySlot) -> None:
        """Put the flush off until the lock is given back."""
        self.slot_remove_write_access(slot.id)
        self.lock_mmu()
        for page in tuple(self.pages.values()):
            self.zap_page(page)
        self.hook.point(Flushed, None)
        self.unlock_mmu()
        self.flush_tlbs()


class NeverFlushes(Kvm):
    """The TLBs are never flushed."""

    def flush_tlbs(self) -> None:
        """Leave them alone."""


class UnmapsQuietly(Kvm):
    """The host unmaps pages, and no TLB is flushed."""

    def unmap_spte(self, page: ShadowPage, index: int) -> bool:
        """Say that nothing was there."""
        super().unmap_spte(page, index)
        return False


class ReplacesInPlace(Kvm):
    """An spte is replaced by one of another page, and no TLB is flushed."""

    def make_room(self, page: ShadowPage, index: int, spte: Spte) -> None:
        """Drop the old one and go on."""
        del spte
        self.drop_spte(page, index)


class HugeInPlace(Kvm):
    """A huge leaf takes the place of a page of small ones, and no TLB is flushed."""

    def drop_other_size(self, spte: Spte, as_id: int) -> None:
        """Take the small page for one that nobody uses."""
        page = self.pages.get(key_of(spte.gfn, 1, direct=True, root=0, as_id=as_id))
        if spte.level == 1 or page is None:
            super().drop_other_size(spte, as_id)
        else:
            self.zap_page(page)


class SkipsShadowedPages(Kvm):
    """Write protection does not reach the sptes that stand for guest page tables."""

    def write_protect(self, page: ShadowPage) -> None:
        """Look at direct pages only."""
        if page.direct:
            super().write_protect(page)


class ZapRestarts(Kvm):
    """A zap of everything yields, and begins again from the head each time.

    A vCPU that loads its root anew in between puts a page there. The zap and the
    vCPU go on like that; here the zap stands still until there is no vCPU.
    """

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        super().__init__(hook, profile, limits)
        self.roots = 0

    def allocate_root(self, gfn: Gfn) -> bool:
        """Count the vCPUs that have a root."""
        granted = super().allocate_root(gfn)
        self.roots += granted
        return granted

    def has_no_vcpu(self) -> bool:
        """Nobody puts a page at the head."""
        return self.roots == 0

    def zap_all(self) -> None:
        """Yield after what was there."""
        super().zap_all()
        if self.roots:
            self.unlock_mmu()
            self.hook.wait(self.has_no_vcpu, "kvm_mmu_zap_all")
            self.lock_mmu()


MUTANTS: tuple[Mutant, ...] = (
    exhibit(
        "K25",
        FlushesOutside,
        "MMU-9",
        source="commit 6dbf79e7164e, of GET against mmu_sync_children(); here the same "
        "order where sptes are removed",
        since="from 95d4c16ce78c until 6dbf79e7164e",
        tag="[D]",
    ),
    exhibit(
        "K42",
        PublishesInRange,
        "HVA-6",
        source="commits 52ac8b358b0c, 071064f14d87",
        since="until 52ac8b358b0c",
        tag="[R]",
        profile=LINUX,
    ),
    exhibit(
        "K46",
        ZapRestarts,
        "PROG-1",
        source="the text of 002c5f73c508",
        since="until 002c5f73c508",
        tag="[R]",
    ),
    exhibit(
        "K59",
        HugeInPlace,
        "MMU-11",
        source="commit 3be2264be3c",
        since="until 3be2264be3c",
        tag="[R]",
    ),
    exhibit(
        "K61",
        ReplacesInPlace,
        "MMU-11",
        source="commit 91546356d0e",
        since="until 91546356d0e",
        tag="[R]",
    ),
    exhibit(
        "flushes-after-unlock",
        FlushesAfterUnlock,
        "MMU-9",
        source="patch: kvm_mmu_notifier_invalidate_page() and _range_start() flush "
        "after spin_unlock(&kvm->mmu_lock), if need_tlb_flush",
        since="v2.6.34; not in 6.1",
        tag="[R]",
    ),
    planted("range-stops-short", StopsShort, "HVA-3"),
    planted("range-forgets-last-page", ForgetsLastPage, "HVA-10", profile=LINUX),
    planted("range-forgets-first-page", ForgetsFirstPage, "HVA-10", profile=LINUX),
    planted("empty-range-is-a-page", EmptyIsAPage, "HVA-4"),
    planted("maps-open-ranges", MapsOpenRanges, "HVA-5"),
    planted(
        "leaves-large-pages-whole",
        LeavesLargePagesWhole,
        "MMU-18",
        "HVA-3",
        profile=LINUX,
    ),
    planted("ages-valid-slots", AgesValidSlots, "HVA-7", "HVA-14"),
    planted(
        "never-flushes", NeverFlushes, "MMU-6", "MMU-8", "MMU-9", "MMU-10", "MMU-11"
    ),
    planted("unmaps-quietly", UnmapsQuietly, "MMU-9", "MMU-19"),
    planted("skips-shadowed-pages", SkipsShadowedPages, "MMU-7", "DIRTY-2"),
)
