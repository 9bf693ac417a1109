"""Mutants whose cached host pages are not those that the guest has now."""

from __future__ import annotations

from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import Memslots
from memslot_reference.museum.mutant import Mutant, exhibit, planted
from memslot_reference.pfn_caches import PfnCache
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.model.profile import LINUX
from memslot_spec.model.replies import Done, Refused, Reply
from memslot_spec.model.values import Errno


class CountsAfterTheLookup(LinuxKvm):
    """The count of invalidations is read after the page was looked up."""

    def mmu_notifier_retry_cache(self, seq: int) -> bool:
        """Compare it with itself."""
        del seq
        return super().mmu_notifier_retry_cache(self.mmu_notifier_seq)


class OverlooksWhatIsOpen(LinuxKvm):
    """A range that the host is just taking away is not looked at."""

    def mmu_notifier_retry_cache(self, seq: int) -> bool:
        """The count alone, which is raised at the end."""
        return self.mmu_notifier_seq != seq


class ActiveBeforeTheCheck(LinuxKvm):
    """A cache is made active before it is seen that its range is in two pages."""

    def refuse_range(self, cached: PfnCache) -> Reply:
        """Refuse it, with the flag set and whatever range was there before."""
        cached.active = True
        return super().refuse_range(cached)


class IgnoresGenerations(LinuxKvm):
    """A cached page is used, and taken for good, whatever became of the slots."""

    def is_dated_by(self, cached: PfnCache, table: Memslots) -> bool:
        """Do not compare."""
        del table
        return cached.uhva is not None


class KeepsTakenPages(LinuxKvm):
    """What the host takes away stays in the caches."""

    def invalidate_pfn_caches(self, start: int, end: int) -> None:
        """Leave it to the sptes."""


class DropsTheFirstPage(LinuxKvm):
    """Of a range that is taken away, the last page is left in the caches."""

    def invalidate_pfn_caches(self, start: int, end: int) -> None:
        """`uhva < end - PAGE_SIZE`."""
        super().invalidate_pfn_caches(start, end - PAGE_SIZE)


class ForgetsTheOffset(LinuxKvm):
    """A use reaches the beginning of the page, and not the range."""

    def use_pfn_cache(self, cache: int) -> Reply:
        """`gpc->khva` without `gpc->gpa & ~PAGE_MASK`."""
        cached = self.pfn_cache(cache)
        gpa, cached.gpa = cached.gpa, cached.gpa // PAGE_SIZE * PAGE_SIZE
        reply = super().use_pfn_cache(cache)
        cached.gpa = gpa
        return reply


class UsesWhatIsOff(LinuxKvm):
    """A cache that was deactivated has its page still."""

    def deactivate_pfn_cache(self, cache: int) -> None:
        """Take the flag off, and leave `gpc->valid`."""
        cached = self.pfn_cache(cache)
        cached.active = False

    def is_usable(self, cached: PfnCache, table: Memslots) -> bool:
        """Look at `gpc->valid` alone."""
        return cached.valid and self.is_dated_by(cached, table)


class CachesTwoPages(LinuxKvm):
    """A range in two pages is taken for one in the first."""

    def is_split(self, gpa: int, length: int) -> bool:
        """`offset < PAGE_SIZE`."""
        del length
        return gpa % PAGE_SIZE >= PAGE_SIZE


class RefusesTheLastByte(LinuxKvm):
    """A range that ends with its page is refused."""

    def is_split(self, gpa: int, length: int) -> bool:
        """`offset + len >= PAGE_SIZE`."""
        return gpa % PAGE_SIZE + length >= PAGE_SIZE


class SaysItIsDone(LinuxKvm):
    """A page without an address is left for later, and the caller told nothing."""

    def activate_pfn_cache(self, cache: int, gpa: int, length: int) -> Reply:
        """Take EFAULT for something that passes."""
        return self.passed_over(super().activate_pfn_cache(cache, gpa, length))

    def passed_over(self, reply: Reply) -> Reply:
        """Say `Done` to every EFAULT."""
        return Done() if reply == Refused(Errno.EFAULT) else reply


MUTANTS: tuple[Mutant, ...] = (
    exhibit(
        "K50-cache",
        CountsAfterTheLookup,
        "CACHE-21",
        source="commits 58cd407ca4c6, 93984f19e7bc",
        tag="[T]",
        profile=LINUX,
    ),
    exhibit(
        "P25",
        ActiveBeforeTheCheck,
        "CACHE-26",
        source="commit 5c9ca4ed8908",
        since="until 5c9ca4ed8908",
        tag="[T]",
        profile=LINUX,
    ),
    planted("page-while-taken", OverlooksWhatIsOpen, "CACHE-21", profile=LINUX),
    planted(
        "page-of-any-table", IgnoresGenerations, "CACHE-19", "CACHE-24", profile=LINUX
    ),
    planted("page-stays", KeepsTakenPages, "CACHE-20", profile=LINUX),
    planted("page-stays-last", DropsTheFirstPage, "CACHE-20", profile=LINUX),
    planted("page-without-offset", ForgetsTheOffset, "CACHE-19", profile=LINUX),
    planted("page-after-its-end", UsesWhatIsOff, "CACHE-22", profile=LINUX),
    planted("page-of-two", CachesTwoPages, "CACHE-23", profile=LINUX),
    planted("page-without-its-end", RefusesTheLastByte, "CACHE-25", profile=LINUX),
    planted("page-of-nothing", SaysItIsDone, "CACHE-24", profile=LINUX),
)
