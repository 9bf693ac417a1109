"""Variants that take more away for the host than it asks for, or in another way."""

from __future__ import annotations

from collections.abc import Callable

from memslot_reference.kvm import Kvm
from memslot_reference.lawful.variant import Variant, variant
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot
from memslot_reference.shadow import Spte
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.history.hook import Hook
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.values import PAGES_PER_HUGE_PAGE, Hva

HUGE_SIZE = PAGES_PER_HUGE_PAGE * PAGE_SIZE


Replace = Callable[[], None]
"""What the host does to its memory while nothing of it can be mapped."""


def nothing_more() -> None:
    """The host has replaced its page already."""


def outward_start(address: int) -> int:
    """Where the large page of a host address begins."""
    return address // HUGE_SIZE * HUGE_SIZE


def outward(start: int, end: int) -> tuple[Hva, Hva]:
    """The large pages that a range of bytes touches."""
    last = -(-end // HUGE_SIZE) * HUGE_SIZE
    return Hva(outward_start(start)), Hva(last)


class RoundsOutward(Kvm):
    """A range that the host invalidates is rounded outward to large pages."""

    def invalidate_around(self, start: int, end: int, replace: Replace) -> None:
        """Take the whole of every large page, where there is anything to take."""
        super().invalidate_around(*outward(start, end), replace)


class RoundsOutwardLinux(LinuxKvm):
    """A range that the host invalidates is rounded outward to large pages."""

    def invalidate_around(self, start: int, end: int, replace: Replace) -> None:
        """Take the whole of every large page, where there is anything to take."""
        super().invalidate_around(*outward(start, end), replace)


class AsksForItsOwnPage(LinuxKvm):
    """A fault asks about the page of its access, and the host splits large pages.

    So a large spte can be mapped for a page beside the range that is open. The host
    splits a large page before it takes a part of it, and tells of that as an
    invalidation of the whole; from then on faults map small pages there.
    """

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        super().__init__(hook, profile, limits)
        self.splits: set[int] = set()

    def is_being_taken(self, spte: Spte, gfn: int) -> bool:
        """`mmu_invalidate_retry_hva`."""
        hva = spte.hva_of(gfn)
        return any(
            start < hva + PAGE_SIZE and hva < stop for start, stop in self.open_ranges
        )

    def mapping_level(self, slot: MemorySlot, gfn: int, *, direct: bool) -> int:
        """`host_pfn_mapping_level`: small where the host has split the page."""
        if outward_start(slot.hva_of(gfn)) in self.splits:
            return 1
        return super().mapping_level(slot, gfn, direct=direct)

    def invalidate_around(self, start: int, end: int, replace: Replace) -> None:
        """Split the large pages at the ends of the range once it is open."""

        def split_and_replace() -> None:
            self.split(start, end)
            replace()

        super().invalidate_around(start, end, split_and_replace)

    def split(self, start: int, end: int) -> None:
        """`__split_huge_pmd` for the large pages that the range has a part of."""
        for address in dict.fromkeys((start, end)):
            first = outward_start(address)
            if address == first or first in self.splits:
                continue
            self.invalidate_range_start(first, first + HUGE_SIZE)
            self.splits.add(first)
            self.invalidate_range_end(first, first + HUGE_SIZE)


class UnmapsByRange(Kvm):
    """An unmap of one page is an invalidation of the range that the page is."""

    def invalidate_page(self, hva: int) -> None:
        """Open the range, take what is there, and close it."""
        first = hva // PAGE_SIZE * PAGE_SIZE
        self.invalidate_around(first, first + PAGE_SIZE, nothing_more)


class UnmapsByRangeLinux(LinuxKvm):
    """An unmap of one page is an invalidation of the range that the page is."""

    def invalidate_page(self, hva: int) -> None:
        """Open the range, take what is there, and close it."""
        first = hva // PAGE_SIZE * PAGE_SIZE
        self.invalidate_around(first, first + PAGE_SIZE, nothing_more)


class ZapsForTheHost(Kvm):
    """Whatever page the host unmaps, every shadow page is zapped."""

    def invalidate_page(self, hva: int) -> None:
        """Walk as always, and zap what the walk has left."""
        section = self.srcu.read_lock()
        self.lock_mmu()
        self.mmu_notifier_seq += 1
        self.handle_hva(hva, self.unmap_spte)
        self.zap_all()
        self.unlock_mmu()
        self.srcu.read_unlock(section)


class ZapsForTheHostLinux(LinuxKvm):
    """Whatever page the host unmaps, every shadow page is zapped."""

    def invalidate_page(self, hva: int) -> None:
        """Walk as always, and zap what the walk has left."""
        self.active_invalidations += 1
        page = hva // PAGE_SIZE * PAGE_SIZE
        self.invalidate_pfn_caches(page, page + PAGE_SIZE)
        section = self.srcu.read_lock()
        self.lock_mmu()
        self.mmu_notifier_seq += 1
        self.handle_hva(hva, self.unmap_spte)
        self.zap_all()
        self.unlock_mmu()
        self.srcu.read_unlock(section)
        self.active_invalidations -= 1


class AgesTwice(Kvm):
    """An ageing walks the reverse maps twice, and answers with both walks."""

    def age_hva(self, hva: Hva) -> bool:
        """The second walk finds what was touched between the two."""
        first = super().age_hva(hva)
        return super().age_hva(hva) or first


class AgesTwiceLinux(LinuxKvm):
    """An ageing walks the reverse maps twice, and answers with both walks."""

    def age_hva(self, hva: Hva) -> bool:
        """The second walk finds what was touched between the two."""
        first = super().age_hva(hva)
        return super().age_hva(hva) or first


class InvalidatesTwice(Kvm):
    """A range that the host invalidates is invalidated twice."""

    def invalidate_around(self, start: int, end: int, replace: Replace) -> None:
        """Open it, close it, and do so again."""
        super().invalidate_around(start, end, replace)
        super().invalidate_around(start, end, nothing_more)


class InvalidatesTwiceLinux(LinuxKvm):
    """A range that the host invalidates is invalidated twice."""

    def invalidate_around(self, start: int, end: int, replace: Replace) -> None:
        """Open it, close it, and do so again."""
        super().invalidate_around(start, end, replace)
        super().invalidate_around(start, end, nothing_more)


MORE = "an spte that is dropped without need is made again by the next access"
ROUNDED = (
    "6.1 mm/hugetlb.c, adjust_range_if_pmd_sharing_possible(): the host itself rounds "
    "ranges outward before it tells of them"
)
OWN_PAGE = (
    "6.1 include/linux/kvm_host.h:1965, mmu_invalidate_retry_hva(): fault->hva alone; "
    "mm/memory.c, zap_pmd_range(): __split_huge_pmd() first, which invalidates the PMD "
    "(read in patches of both, not in 6.1)"
)
RANGES = "since v4.14 the host tells of ranges only: invalidate_page() is gone"
WALKS = "the page was touched if either walk found it so"

VARIANTS: tuple[Variant, ...] = (
    variant(
        "rounds-outward", RoundsOutward, "HVA-3", "HVA-5", source=ROUNDED, tag="[M]"
    ),
    variant(
        "rounds-outward-linux",
        RoundsOutwardLinux,
        "HVA-3",
        "HVA-5",
        "HVA-6",
        source=ROUNDED,
        tag="[M]",
    ),
    variant(
        "asks-for-its-own-page",
        AsksForItsOwnPage,
        "HVA-5",
        "HVA-8",
        "HVA-3",
        "HVA-10",
        "HVA-6",
        source=OWN_PAGE,
        tag="[D]",
    ),
    variant("unmaps-by-range", UnmapsByRange, "HVA-9", source=RANGES, tag="[M]"),
    variant(
        "unmaps-by-range-linux",
        UnmapsByRangeLinux,
        "HVA-9",
        "HVA-6",
        source=RANGES,
        tag="[M]",
    ),
    variant("zaps-for-the-host", ZapsForTheHost, "HVA-1", source=MORE, tag="argued"),
    variant(
        "zaps-for-the-host-linux",
        ZapsForTheHostLinux,
        "HVA-1",
        source=MORE,
        tag="argued",
    ),
    variant(
        "invalidates-twice",
        InvalidatesTwice,
        "HVA-5",
        source=MORE,
        tag="argued",
    ),
    variant(
        "invalidates-twice-linux",
        InvalidatesTwiceLinux,
        "HVA-5",
        "HVA-6",
        source=MORE,
        tag="argued",
    ),
    variant("ages-twice", AgesTwice, "HVA-7", source=WALKS, tag="argued"),
    variant("ages-twice-linux", AgesTwiceLinux, "HVA-7", source=WALKS, tag="argued"),
)
