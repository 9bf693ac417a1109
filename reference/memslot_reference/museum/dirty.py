"""Mutants of the dirty log: bitmaps, marks, write protection; and the list of all."""

from __future__ import annotations

from dataclasses import replace

from memslot_reference.kvm import Kvm
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.museum.dirty_gets import (
    GetKeepsTheBits,
    GetOfAbsentIsInvalid,
    GetOfNoIdIsAbsent,
    GetOfNoLogIsClean,
    ProtectsBeforeSwap,
    SetsBitsPastTheEnd,
    ShowsWholeWordsOnly,
    SwapsOnly,
)
from memslot_reference.museum.mutant import Mutant, exhibit, planted
from memslot_reference.shadow import ShadowPage, Spte
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.history.hook import Hook
from memslot_spec.model.profile import LINUX, Limits, Profile
from memslot_spec.model.replies import Reply
from memslot_spec.model.values import Errno, Failure, MemoryRegion

U32 = 1 << 32


class BitmapSizeIn32Bits(Kvm):
    """The bytes of a dirty bitmap are counted in 32 bits."""

    def bitmap_pages(self, slot: MemorySlot) -> int:
        """Round up to words, count bytes, and lose what is above 4 GiB."""
        return (slot.npages + 63) // 64 * 8 % U32 * 8


class TellsOnlyOnZap(Kvm):
    """The host is not told when a writable spte is made read-only."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        super().__init__(hook, profile, limits)
        self.protecting = False

    def write_protect(self, page: ShadowPage) -> None:
        """Protect, and take the page for as clean as it will be."""
        self.protecting = True
        super().write_protect(page)
        self.protecting = False

    def set_pfn_dirty(self, spte: Spte) -> None:
        """Look at the spte as it is to be."""
        if not self.protecting:
            super().set_pfn_dirty(spte)


class FlushesBeforeTheFlag(Kvm):
    """Mappings are dropped before readers can see that the slot logs."""

    def prepare(
        self,
        old: MemorySlot | None,
        new: MemorySlot | None,
        failure: Failure | None,
    ) -> Errno | None:
        """Flush, and publish the flag later."""
        errno = super().prepare(old, new, failure)
        if errno is None:
            super().start_logging(old, new)
        return errno

    def start_logging(self, old: MemorySlot | None, new: MemorySlot | None) -> None:
        """Leave what was mapped in between as it is."""


class LogsByLength(LinuxKvm):
    """A write marks as many pages as its length fills, wherever it begins."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        super().__init__(hook, profile, limits)
        self.left: int | None = None

    def walk_pages(self, gpa: int, length: int, *, write: bool) -> Reply:
        """Step by whole pages, and forget where in its page the write begins."""
        self.left = (length + PAGE_SIZE - 1) // PAGE_SIZE
        reply = super().walk_pages(gpa, length, write=write)
        self.left = None
        return reply

    def mark_page_dirty(self, slot: MemorySlot, gfn: int) -> None:
        """Mark as long as there are steps left."""
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                return
        super().mark_page_dirty(slot, gfn)


class MarksLate(Kvm):
    """A page is marked dirty after the lock over its spte is released."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        super().__init__(hook, profile, limits)
        self.late: tuple[MemorySlot, int] | None = None

    def mark_page_dirty(self, slot: MemorySlot, gfn: int) -> None:
        """Leave it for later."""
        self.late = (slot, gfn)

    def unlock_mmu(self) -> None:
        """Give the lock back, and mark then."""
        super().unlock_mmu()
        if self.late is not None:
            late, self.late = self.late, None
            super().mark_page_dirty(*late)


class BeginsUncleared(Kvm):
    """The memory of a new bitmap is not cleared."""

    def prepare_bitmap(self, new: MemorySlot | None) -> None:
        """Find a bit set that nobody set."""
        had = None if new is None else new.dirty_bitmap
        super().prepare_bitmap(new)
        if new is not None and new.dirty_bitmap is not None and had is None:
            new.dirty_bitmap.mark(new.npages - 1)


class MoveForgetsTheLog(Kvm):
    """A slot that moves gets a new bitmap."""

    def make_slot(
        self, old: MemorySlot | None, region: MemoryRegion, flags: int
    ) -> MemorySlot | None:
        """Carry the bitmap over only where the slot stays."""
        new = super().make_slot(old, region, flags)
        if old is not None and new is not None and self.moves(old, new):
            new.dirty_bitmap = None
        return new


class RefusalForgetsTheLog(Kvm):
    """A request that fails empties the bitmap of the slot it was for."""

    def abandon(self, old: MemorySlot | None, new: MemorySlot | None) -> None:
        """Clear what was inherited."""
        super().abandon(old, new)
        if old is not None and old.dirty_bitmap is not None:
            for page in old.dirty_bitmap.pages():
                old.dirty_bitmap.clear(page)


class KeepsBitmaps(Kvm):
    """The bitmap of a log that ends is never freed."""

    def drop_old_bitmap(self, old: MemorySlot | None, new: MemorySlot | None) -> None:
        """Forget it."""


class FreesBitmapsEarly(Kvm):
    """GET frees the old bitmap before the readers of its table have left."""

    def publish_empty_bitmap(self, table: Memslots, slot: MemorySlot) -> None:
        """Publish and free; answering from the bitmap later is luck."""
        final = self.copy_of(table)
        empty = self.new_bitmap(slot, all_set=False)
        final.put(replace(slot, dirty_bitmap=empty))
        self.publish(final)
        if slot.dirty_bitmap is not None:
            super().free_bitmap(slot.dirty_bitmap)
        self.srcu.synchronize()
        self.reclaim(table)


class LeavesOldMappings(Kvm):
    """Turning logging on leaves what was mapped before."""

    def start_logging(self, old: MemorySlot | None, new: MemorySlot | None) -> None:
        """Protect nothing."""


MUTANTS: tuple[Mutant, ...] = (
    exhibit(
        "K20",
        BitmapSizeIn32Bits,
        "DIRTY-27",
        source="commit 87bf6e7de113",
        tag="[R]",
    ),
    exhibit(
        "K24",
        ProtectsBeforeSwap,
        "DIRTY-2",
        "DIRTY-1",
        "DIRTY-4",
        "MMU-7",
        source="S17; commit edde99ce0529, of b050b015abbe",
        tag="[R]",
        since="v2.6.34",
    ),
    exhibit(
        "K62",
        TellsOnlyOnZap,
        "DIRTY-3",
        source="commit 9ed5520dd3c",
        tag="[R]",
    ),
    exhibit(
        "K68",
        FlushesBeforeTheFlag,
        "DIRTY-30",
        "DIRTY-1",
        "DIRTY-4",
        source="commit bc6678a33d9b, which changed it",
        tag="[R]",
        since="before v2.6.34",
    ),
    exhibit(
        "U12",
        LogsByLength,
        "DIRTY-4",
        source="vhost, commit 3bf9be40ff76",
        tag="[R]",
        profile=LINUX,
    ),
    planted("marks-late", MarksLate, "DIRTY-1", "DIRTY-4"),
    planted("swaps-only", SwapsOnly, "DIRTY-2", "DIRTY-1", "DIRTY-4", "MMU-7"),
    planted("get-keeps-the-bits", GetKeepsTheBits, "DIRTY-5"),
    planted("bits-past-the-end", SetsBitsPastTheEnd, "DIRTY-7"),
    planted("whole-words-only", ShowsWholeWordsOnly, "DIRTY-8", "DIRTY-4"),
    planted("get-of-no-id-is-absent", GetOfNoIdIsAbsent, "DIRTY-9"),
    planted("get-of-absent-is-invalid", GetOfAbsentIsInvalid, "DIRTY-10"),
    planted("get-of-no-log-is-clean", GetOfNoLogIsClean, "DIRTY-11"),
    planted("begins-uncleared", BeginsUncleared, "DIRTY-23"),
    planted("move-forgets-the-log", MoveForgetsTheLog, "DIRTY-25"),
    planted("refusal-forgets-the-log", RefusalForgetsTheLog, "DIRTY-26"),
    planted("keeps-bitmaps", KeepsBitmaps, "DIRTY-28"),
    planted("frees-bitmaps-early", FreesBitmapsEarly, "DIRTY-29"),
    planted("leaves-old-mappings", LeavesOldMappings, "DIRTY-30", "DIRTY-1", "DIRTY-4"),
)
