"""Mutants whose cached host addresses are not those of a lookup."""

from __future__ import annotations

from memslot_reference.hva_caches import HvaCache
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import Memslots
from memslot_reference.museum.mutant import Mutant, exhibit, planted
from memslot_spec.arithmetic.byte_ranges import range_wraps
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE
from memslot_spec.model.profile import LINUX
from memslot_spec.model.values import Errno


class OverlooksTheWrap(LinuxKvm):
    """A range that wraps has no page to be resolved, and none that is missing."""

    def is_backwards(self, first: int, last: int) -> bool:
        """Go through the pages from the first to the last: there are none."""
        del first, last
        return False


class SlotBeforeAddress(LinuxKvm):
    """A range with a hole is taken for one of several pages."""

    def has_error_hva(self, cached: HvaCache) -> bool:
        """Look whether there is a slot first; without one, walk."""
        return cached.hva is None and cached.slot is not None


class LosesTheTail(LinuxKvm):
    """A range that is resolved again has the length of what is used of it."""

    def resolve_again(self, cached: HvaCache, table: Memslots, length: int) -> None:
        """Store the length of this use."""
        self.resolve(cached, table, cached.gpa, length)


class OutlivesTheSlot(LinuxKvm):
    """An address that was resolved once is used ever after."""

    def is_of(self, cached: HvaCache, table: Memslots) -> bool:
        """Do not look at the generation."""
        del table
        return cached.hva is not None


class OneHostRange(LinuxKvm):
    """A range over two slots is taken for one range of host memory."""

    def has_one_address(self, first: int, last: int) -> bool:
        """Whatever the first page's slot says."""
        del first, last
        return True


class DropsTheOffset(LinuxKvm):
    """A use of a part of the range begins where the range does."""

    def cached_hvas(
        self, cached: HvaCache, offset: int, length: int
    ) -> tuple[int, ...]:
        """Leave the offset out."""
        del offset
        return super().cached_hvas(cached, 0, length)


class ResolvesFirstPage(LinuxKvm):
    """A range is resolved if its first page is there."""

    def resolve(
        self, cached: HvaCache, table: Memslots, gpa: int, length: int
    ) -> Errno | None:
        """Look at one page, and take the rest for granted."""
        errno = super().resolve(cached, table, gpa, length)
        if errno is not Errno.EFAULT or cached.slot is not None:
            return errno
        first = min(length, PAGE_SIZE - gpa % PAGE_SIZE)
        errno = super().resolve(cached, table, gpa, first)
        cached.length = length if errno is None else cached.length
        return errno


class RefusesTwoPages(LinuxKvm):
    """A range of several pages is not resolved."""

    def resolve(
        self, cached: HvaCache, table: Memslots, gpa: int, length: int
    ) -> Errno | None:
        """Serve one page."""
        errno = super().resolve(cached, table, gpa, length)
        if gpa >> PAGE_SHIFT == (gpa + length - 1) >> PAGE_SHIFT:
            return errno
        return errno or Errno.EFAULT


class KeepsTheRange(LinuxKvm):
    """A cache whose new range wraps goes on with the one of before."""

    def resolve(
        self, cached: HvaCache, table: Memslots, gpa: int, length: int
    ) -> Errno | None:
        """Refuse before anything is stored."""
        if range_wraps(gpa, length):
            return Errno.EINVAL
        return super().resolve(cached, table, gpa, length)


class ReachesBeyond(LinuxKvm):
    """A use may end beyond the range."""

    def is_inside(self, cached: HvaCache, end: int) -> bool:
        """Trust whoever asks."""
        del end
        return cached.length > 0


MUTANTS: tuple[Mutant, ...] = (
    exhibit(
        "K48",
        OverlooksTheWrap,
        "CACHE-9",
        source="commit f1b9dd5eb86c",
        since="until f1b9dd5eb86c",
        tag="[T]",
        profile=LINUX,
    ),
    exhibit(
        "K49",
        SlotBeforeAddress,
        "CACHE-13",
        source="commit fcfbc617547f",
        since="until fcfbc617547f",
        tag="[T]",
        profile=LINUX,
    ),
    exhibit(
        "K51",
        LosesTheTail,
        "CACHE-14",
        "CACHE-13",
        source="commit a7c42bb6da6b",
        since="until a7c42bb6da6b",
        tag="[R]",
        profile=LINUX,
    ),
    exhibit(
        "K52",
        OutlivesTheSlot,
        "CACHE-7",
        "CACHE-13",
        "CACHE-6",
        "CACHE-12",
        source="CVE-2013-1797",
        since="unknown",
        tag="[M]",
        profile=LINUX,
    ),
    exhibit(
        "U09",
        OneHostRange,
        "CACHE-8",
        "CACHE-6",
        source="CVE-2019-18960 (Firecracker); cloud-hypervisor #540; vm-memory #51",
        since="unknown",
        tag="[R]",
        profile=LINUX,
    ),
    planted("cache-drops-offset", DropsTheOffset, "CACHE-6", profile=LINUX),
    planted(
        "cache-first-page",
        ResolvesFirstPage,
        "CACHE-10",
        "CACHE-13",
        "CACHE-6",
        "CACHE-8",
        profile=LINUX,
    ),
    planted(
        "cache-one-page",
        RefusesTwoPages,
        "CACHE-11",
        "CACHE-14",
        profile=LINUX,
    ),
    planted("cache-keeps-range", KeepsTheRange, "CACHE-12", profile=LINUX),
    planted("cache-beyond", ReachesBeyond, "CACHE-15", "CACHE-6", profile=LINUX),
)
