"""Mutants whose refusals leave something behind, beside the table."""

from __future__ import annotations

from dataclasses import replace

from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import Memslots
from memslot_reference.museum.mutant import Mutant, planted
from memslot_spec.history.hook import Hook
from memslot_spec.model.profile import LINUX, Limits, Profile
from memslot_spec.model.replies import FoundHostPage, Refused, Reply
from memslot_spec.model.values import Errno, Failure, HvaError, MemoryRegion


class CountsWhatIsRefused(LinuxKvm):
    """The pages of a request that is refused count for the page budget all the same."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM that has refused nothing."""
        super().__init__(hook, profile, limits)
        self.refused_pages = 0

    def set_memory_region(
        self, region: MemoryRegion, failure: Failure | None
    ) -> Errno | None:
        """Count first, look whether it is carried out then."""
        errno = super().set_memory_region(region, failure)
        if errno is not None:
            self.refused_pages += region.npages * 64
        return errno

    def budget_of(self, tables: tuple[Memslots, ...]) -> int:
        """Add what was never there."""
        return super().budget_of(tables) + self.refused_pages


class RefusalResetsOptions(LinuxKvm):
    """A request that is refused has turned manual protection off first."""

    def set_memory_region(
        self, region: MemoryRegion, failure: Failure | None
    ) -> Errno | None:
        """Begin with a clean state, whatever comes of it."""
        before, self.manual_protect = self.manual_protect, 0
        errno = super().set_memory_region(region, failure)
        if errno is None:
            self.manual_protect = before
        return errno


class StoresRefusedOptions(LinuxKvm):
    """Options of manual protection are stored, and looked at then."""

    def enable_manual_protect(self, options: int) -> Reply:
        """Remember what was asked for, and refuse it."""
        if not self.may_enable(options):
            self.manual_protect = 0
            return Refused(Errno.EINVAL)
        return super().enable_manual_protect(options)


class RefusedClearClears(LinuxKvm):
    """CLEAR takes the pages out of the log, and looks at its range then."""

    def clear_log(
        self, word: int, first_page: int, num_pages: int, bitmap: tuple[int, ...]
    ) -> Errno | None:
        """Clear what there is of them."""
        slot = self.logging_slot(word)
        if slot is not None and not self.takes_range(slot, first_page, num_pages):
            self.lock_mmu()
            given = self.given_pages(slot, first_page, num_pages, bitmap)
            self.unlock_and_flush(self.clear_and_protect(slot, given))
        return super().clear_log(word, first_page, num_pages, bitmap)


class ReadsUnwritable(LinuxKvm):
    """The translation for reading of an ordinary slot says that it is read-only."""

    def find_page(self, gfn: int, *, write: bool) -> FoundHostPage:
        """Take what was asked for, for what is allowed."""
        found = super().find_page(gfn, write=write)
        return found if found.hva is None else replace(found, writable=write)


class HoleIsReadonly(LinuxKvm):
    """The translation of a frame in no slot gives the read-only error."""

    def find_page(self, gfn: int, *, write: bool) -> FoundHostPage:
        """Tell one error from the other by nothing."""
        found = super().find_page(gfn, write=write)
        if found.hva is not None or found.error is not HvaError.BAD:
            return found
        return FoundHostPage(None, error=HvaError.RO_BAD)


MUTANTS: tuple[Mutant, ...] = (
    planted("counts-what-is-refused", CountsWhatIsRefused, "ERR-6", profile=LINUX),
    planted(
        "refusal-resets-options",
        RefusalResetsOptions,
        "ERR-7",
        "DIRTY-6",
        "DIRTY-24",
        profile=LINUX,
    ),
    planted(
        "stores-refused-options",
        StoresRefusedOptions,
        "ERR-7",
        "DIRTY-6",
        "DIRTY-24",
        profile=LINUX,
    ),
    planted(
        "refused-clear-clears", RefusedClearClears, "DIRTY-26", "DIRTY-4", profile=LINUX
    ),
    planted("reads-unwritable", ReadsUnwritable, "LOOK-14", "SRCU-1", profile=LINUX),
    planted(
        "hole-is-readonly", HoleIsReadonly, "LOOK-15", "LOOK-9", "SRCU-1", profile=LINUX
    ),
)
