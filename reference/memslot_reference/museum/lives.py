"""Mutants that free what slots have too early, twice or never, or use it after that."""

from __future__ import annotations

from memslot_reference.dirty_bitmap import DirtyBitmap
from memslot_reference.kvm import Kvm
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.museum.mutant import Mutant, planted
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.dirty import DirtyBitSet
from memslot_spec.history.points.srcu import GracePeriodEnded
from memslot_spec.model.profile import LINUX, Limits, Profile
from memslot_spec.model.replies import DirtyLog, Refused, Reply
from memslot_spec.model.values import Errno


class FreesArraysTwice(Kvm):
    """The arrays of a deleted slot are freed twice."""

    def drop_old_metadata(self, old: MemorySlot | None, new: MemorySlot | None) -> None:
        """Free them with the slot and with its table."""
        super().drop_old_metadata(old, new)
        super().drop_old_metadata(old, new)


class KeepsArraysForEver(Kvm):
    """The arrays of a slot that is deleted are never freed."""

    def drop_old_metadata(self, old: MemorySlot | None, new: MemorySlot | None) -> None:
        """Free them where the slot is another one alone."""


class FreesArraysEarly(LinuxKvm):
    """The arrays of a slot are freed while it is INVALID: zapping still uses them."""

    def invalidate(self, as_id: int, old: MemorySlot) -> None:
        """Free, then publish the slot with what it had."""
        super().drop_old_metadata(old, None)
        super().invalidate(as_id, old)

    def drop_old_metadata(self, old: MemorySlot | None, new: MemorySlot | None) -> None:
        """That was done before; what the VM's end frees is another matter."""
        if new is None and old is not None and old.invalid:
            super().drop_old_metadata(old, new)


class PutsBackWithoutArrays(Kvm):
    """A request that fails frees the arrays of the slot, and puts the slot back.

    It does not tell of grace periods, so nobody can say when the last reader left.
    """

    def announced(self) -> tuple[str, ...]:
        """All but the end of a grace period."""
        silent = GracePeriodEnded.__name__
        return tuple(name for name in super().announced() if name != silent)

    def roll_back(self, window: Memslots, old: MemorySlot) -> None:
        """Free what the slot has, then publish it."""
        self.drop_old_metadata(old, None)
        super().roll_back(window, old)


class FreesBitmapsTwice(Kvm):
    """The bitmap of a log that has ended is freed twice."""

    def drop_old_bitmap(self, old: MemorySlot | None, new: MemorySlot | None) -> None:
        """Free it with the log and with the slot."""
        super().drop_old_bitmap(old, new)
        super().drop_old_bitmap(old, new)


class LeaksSpareBitmap(Kvm):
    """GET of a clean log allocates a bitmap, has no use for it and forgets it."""

    def dirty_log(self, word: int) -> Reply:
        """Allocate before looking whether there is anything to swap."""
        slot = self.memslots.slots.get(word)
        if slot is None or slot.dirty_bitmap is None:
            return Refused(Errno.ENOENT)
        if slot.dirty_bitmap.is_clean():
            self.new_bitmap(slot, all_set=False)
            return DirtyLog(slot.dirty_bitmap.words())
        return super().dirty_log(word)


class MarksWhatIsFreed(LinuxKvm):
    """A writer goes on marking the bitmap that it found, when the log has ended."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM in which nobody has found a bitmap."""
        super().__init__(hook, profile, limits)
        self.found: dict[int, DirtyBitmap] = {}

    def mark_page_dirty(self, slot: MemorySlot, gfn: int) -> None:
        """Look into the slot once, and remember."""
        super().mark_page_dirty(slot, gfn)
        if slot.dirty_bitmap is not None:
            self.found[slot.word] = slot.dirty_bitmap
        elif slot.word in self.found:
            page = gfn - slot.base_gfn
            self.hook.point(DirtyBitSet, self.found[slot.word].handle, page)


class LogsReadonly(LinuxKvm):
    """A write to a READONLY slot is logged, though it exits as MMIO."""

    def page_fault(
        self, gfn: int, *, write: bool, direct: bool, root: int, as_id: int = 0
    ) -> Reply | None:
        """Note the write, wherever it goes."""
        slot = self.search_memslots(self.load_table(as_id), gfn)
        if write and slot is not None and slot.readonly:
            self.mark_page_dirty(slot, gfn)
        return super().page_fault(
            gfn, write=write, direct=direct, root=root, as_id=as_id
        )


class ReclaimsTwice(Kvm):
    """The table that was replaced is freed twice."""

    def reclaim(self, table: Memslots) -> None:
        """Free it where it was replaced and where it was copied."""
        super().reclaim(table)
        super().reclaim(table)


class DestroysDomainTwice(Kvm):
    """The SRCU domain is destroyed with the slots and with the VM."""

    def destroy(self) -> None:
        """Once more, to be sure."""
        super().destroy()
        self.srcu.destroy()


class EndLeavesMapped(Kvm):
    """The VM is destroyed, and its shadow pages are left as they are."""

    def tear_down_vcpus(self) -> None:
        """Read the slots, and remove nothing."""
        section = self.srcu.read_lock()
        self.read(self.load_table(), "slots")
        self.srcu.read_unlock(section)


class EndKeepsPages(Kvm):
    """The VM is destroyed, its sptes are removed, and its shadow pages stay."""

    def tear_down_vcpus(self) -> None:
        """Empty every page."""
        section = self.srcu.read_lock()
        self.lock_mmu()
        for page in self.pages.values():
            for index in tuple(page.sptes):
                self.drop_spte(page, index)
        self.unlock_mmu()
        self.srcu.read_unlock(section)


class ReleaseKeepsMapped(Kvm):
    """The process ends, and what it had mapped into the guest stays mapped."""

    def release_notifier(self) -> None:
        """Look at the slots, for whoever asks."""
        section = self.srcu.read_lock()
        self.read(self.load_table(), "slots")
        self.srcu.read_unlock(section)


class RefusesRoots(Kvm):
    """A root is refused for a frame of a slot that logs."""

    def check_root(self, table: Memslots, gfn: int) -> bool:
        """Take a guest page table for something that must not be watched."""
        slot = self.search_memslots(table, gfn)
        return (
            super().check_root(table, gfn) and slot is not None and not slot.log_dirty
        )


MUTANTS: tuple[Mutant, ...] = (
    planted("frees-arrays-twice", FreesArraysTwice, "SLOT-14"),
    planted("keeps-arrays-for-ever", KeepsArraysForEver, "SLOT-15"),
    planted("frees-arrays-early", FreesArraysEarly, "SLOT-16", profile=LINUX),
    planted("puts-back-without-arrays", PutsBackWithoutArrays, "SLOT-17", "ERR-4"),
    planted("frees-bitmaps-twice", FreesBitmapsTwice, "DIRTY-33"),
    planted("leaks-spare-bitmap", LeaksSpareBitmap, "DIRTY-28"),
    planted("marks-what-is-freed", MarksWhatIsFreed, "DIRTY-34", profile=LINUX),
    planted(
        "logs-readonly", LogsReadonly, "DIRTY-35", "DIRTY-23", "DIRTY-5", profile=LINUX
    ),
    planted("reclaims-twice", ReclaimsTwice, "SRCU-22"),
    planted("destroys-domain-twice", DestroysDomainTwice, "SRCU-23"),
    planted("end-leaves-mapped", EndLeavesMapped, "MMU-14", "MMU-15"),
    planted("end-keeps-pages", EndKeepsPages, "MMU-15"),
    planted("release-keeps-mapped", ReleaseKeepsMapped, "MMU-16"),
    planted("refuses-roots", RefusesRoots, "MMU-13"),
)
