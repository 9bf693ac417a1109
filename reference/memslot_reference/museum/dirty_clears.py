"""Mutants of CLEAR and of manual protection, as today's kernel has them."""

from __future__ import annotations

from collections.abc import Iterable

from memslot_reference.dirty_clear import INITIALLY_SET, MANUAL_PROTECT
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot
from memslot_reference.museum.mutant import Mutant, exhibit, planted
from memslot_spec.arithmetic.bitmaps import words_for
from memslot_spec.model.profile import LINUX
from memslot_spec.model.replies import Refused, Reply
from memslot_spec.model.values import Errno


class TrustsTheRange(LinuxKvm):
    """CLEAR does not look whether its range lies in the slot."""

    def takes_range(self, slot: MemorySlot, first_page: int, num_pages: int) -> bool:
        """Look at the words, and not at the slot."""
        del slot, first_page, num_pages
        return True


class CannotReachTheEnd(LinuxKvm):
    """CLEAR accepts whole words only, even where the slot ends inside a word."""

    def takes_range(self, slot: MemorySlot, first_page: int, num_pages: int) -> bool:
        """Refuse what is ragged wherever it ends."""
        return num_pages % 64 == 0 and super().takes_range(slot, first_page, num_pages)


class CopiesForTheSlot(LinuxKvm):
    """CLEAR reads a bitmap of the slot's length, whatever the length asked for."""

    def clear_log(
        self, word: int, first_page: int, num_pages: int, bitmap: tuple[int, ...]
    ) -> Errno | None:
        """Run into the end of the caller's memory."""
        slot = self.logging_slot(word)
        if slot is not None and len(bitmap) < words_for(slot.npages):
            return Errno.EFAULT
        return super().clear_log(word, first_page, num_pages, bitmap)


class MissesTheLastWord(LinuxKvm):
    """The loop of CLEAR ends before a last word that is not full."""

    def given_pages(
        self,
        slot: MemorySlot,
        first_page: int,
        num_pages: int,
        bitmap: tuple[int, ...],
    ) -> tuple[int, ...]:
        """Divide, and drop the rest."""
        whole = num_pages // 64
        return super().given_pages(slot, first_page, whole * 64, bitmap[:whole])


class ManualGetTakes(LinuxKvm):
    """GET clears what it shows, manual protection or not."""

    def show_log(self, slot: MemorySlot) -> Reply:
        """Do what is done without the option."""
        return self.take_log(slot)


class ClearOfNoIdIsAbsent(LinuxKvm):
    """CLEAR of an id that no slot can have is answered like one of an absent slot."""

    def clear_dirty_log(
        self, slot: int, first_page: int, num_pages: int, bitmap: tuple[int, ...]
    ) -> Reply:
        """Look the slot up, and do not look at the id."""
        if not self.names_slot(slot, private=False):
            return Refused(Errno.ENOENT)
        return super().clear_dirty_log(slot, first_page, num_pages, bitmap)


class LooksForTheSlotFirst(LinuxKvm):
    """CLEAR looks for the slot before it looks at the first page."""

    def clear_dirty_log(
        self, slot: int, first_page: int, num_pages: int, bitmap: tuple[int, ...]
    ) -> Reply:
        """Give ENOENT where EINVAL comes first."""
        if not self.names_slot(slot, private=False):
            return Refused(Errno.EINVAL)
        self.lock_slots()
        found = self.logging_slot(slot)
        self.unlock_slots()
        if found is None:
            return Refused(Errno.ENOENT)
        return super().clear_dirty_log(slot, first_page, num_pages, bitmap)


class ClearOfNoLogIsDone(LinuxKvm):
    """CLEAR of a slot without a log does nothing, and says that it did."""

    def clear_log(
        self, word: int, first_page: int, num_pages: int, bitmap: tuple[int, ...]
    ) -> Errno | None:
        """Find nothing to clear."""
        errno = super().clear_log(word, first_page, num_pages, bitmap)
        return None if errno is Errno.ENOENT else errno


class ClearsWholeWords(LinuxKvm):
    """CLEAR clears a whole word of the bitmap where it is given one page of it."""

    def given_pages(
        self,
        slot: MemorySlot,
        first_page: int,
        num_pages: int,
        bitmap: tuple[int, ...],
    ) -> tuple[int, ...]:
        """Give the whole word."""
        whole = tuple((1 << 64) - 1 if word else 0 for word in bitmap)
        return super().given_pages(slot, first_page, num_pages, whole)


class ClearsUnprotected(LinuxKvm):
    """CLEAR clears bits and leaves their pages writable."""

    def protect_pages(self, slot: MemorySlot, pages: Iterable[int]) -> None:
        """Protect nothing."""


class ProtectsSmallPagesOnly(LinuxKvm):
    """CLEAR leaves large mappings as they are."""

    def protect_pages(self, slot: MemorySlot, pages: Iterable[int]) -> None:
        """Walk one level."""
        for page in pages:
            for owner, index in tuple(slot.rmaps[1].get(page, ())):
                if owner.sptes[index].writable:
                    self.protect_spte(owner, index)


class TakesAnyOption(LinuxKvm):
    """Manual protection is turned on with any options."""

    def may_enable(self, options: int) -> bool:
        """Look at nothing."""
        del options
        return True


class CannotBeTurnedOn(LinuxKvm):
    """Manual protection is turned on only together with initially all set."""

    def may_enable(self, options: int) -> bool:
        """Know no option by itself."""
        return options != MANUAL_PROTECT and super().may_enable(options)


class TakesOneOptionOnly(LinuxKvm):
    """Manual protection is turned on, and never initially all set with it."""

    def may_enable(self, options: int) -> bool:
        """Know one bit, as before there were two."""
        return not options & INITIALLY_SET and super().may_enable(options)


class CannotBeTurnedOff(LinuxKvm):
    """Manual protection cannot be turned off."""

    def may_enable(self, options: int) -> bool:
        """Take nothing for a bad option."""
        return options != 0 and super().may_enable(options)


class BeginsCleanAnyway(LinuxKvm):
    """A log begins with no page dirty, whatever the option."""

    def begins_all_set(self) -> bool:
        """Forget the option."""
        return False


class AsksForTheOptionTwice(LinuxKvm):
    """Commit asks again whether a log begins all dirty; the answer may have changed."""

    def began_all_set(self, new: MemorySlot) -> bool:
        """Look at the option of now, and not at the bitmap that was made."""
        del new
        return self.begins_all_set()


class SaysDoneAndClearsNothing(LinuxKvm):
    """CLEAR succeeds, and clears nothing."""

    def clear_log(
        self, word: int, first_page: int, num_pages: int, bitmap: tuple[int, ...]
    ) -> Errno | None:
        """Check, and leave it at that."""
        return super().clear_log(word, first_page, num_pages, (0,) * len(bitmap))


MUTANTS: tuple[Mutant, ...] = (
    exhibit(
        "K38",
        TrustsTheRange,
        "DIRTY-15",
        source="commit 98938aa8edd6",
        tag="[T]",
        profile=LINUX,
    ),
    exhibit(
        "K39",
        CannotReachTheEnd,
        "DIRTY-16",
        source="commit 76d58e0f07ec",
        tag="[T]",
        profile=LINUX,
    ),
    exhibit(
        "K40",
        CopiesForTheSlot,
        "DIRTY-16",
        source='"KVM: Fix the bitmap range to copy during clear dirty"',
        tag="[R]",
        profile=LINUX,
    ),
    exhibit(
        "K41",
        MissesTheLastWord,
        "DIRTY-18",
        "DIRTY-20",
        source='"KVM: Fix loop of clear dirty with off-by-one"',
        tag="[T]",
        profile=LINUX,
    ),
    exhibit(
        "asks-for-the-option-twice",
        AsksForTheOptionTwice,
        "DIRTY-30",
        "DIRTY-4",
        "DIRTY-2",
        source="v6.1: kvm_prepare_memory_region() and kvm_mmu_slot_apply_flags() each "
        "ask for KVM_DIRTY_LOG_INITIALLY_SET, which "
        "kvm_vm_ioctl_enable_cap_generic() stores without a lock",
        since="v6.1, not seen on a running kernel",
        tag="[D]",
        profile=LINUX,
    ),
    planted("manual-get-takes", ManualGetTakes, "DIRTY-6", "DIRTY-24", profile=LINUX),
    planted("clear-of-no-id-is-absent", ClearOfNoIdIsAbsent, "DIRTY-12", profile=LINUX),
    planted(
        "looks-for-the-slot-first", LooksForTheSlotFirst, "DIRTY-13", profile=LINUX
    ),
    planted("clear-of-no-log-is-done", ClearOfNoLogIsDone, "DIRTY-14", profile=LINUX),
    planted("clears-whole-words", ClearsWholeWords, "DIRTY-17", profile=LINUX),
    planted(
        "clears-unprotected",
        ClearsUnprotected,
        "DIRTY-20",
        "DIRTY-19",
        "DIRTY-2",
        "DIRTY-1",
        "DIRTY-4",
        "MMU-7",
        profile=LINUX,
    ),
    planted(
        "protects-small-pages-only",
        ProtectsSmallPagesOnly,
        "DIRTY-20",
        "DIRTY-19",
        "MMU-7",
        profile=LINUX,
    ),
    planted("takes-any-option", TakesAnyOption, "DIRTY-21", profile=LINUX),
    planted("cannot-be-turned-on", CannotBeTurnedOn, "DIRTY-22", profile=LINUX),
    planted("takes-one-option-only", TakesOneOptionOnly, "DIRTY-31", profile=LINUX),
    planted("cannot-be-turned-off", CannotBeTurnedOff, "DIRTY-32", profile=LINUX),
    planted("begins-clean-anyway", BeginsCleanAnyway, "DIRTY-24", profile=LINUX),
    planted(
        "says-done-and-clears-nothing",
        SaysDoneAndClearsNothing,
        "DIRTY-18",
        profile=LINUX,
    ),
)
