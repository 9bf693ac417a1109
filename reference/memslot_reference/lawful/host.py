"""Variants that take more away for the host than it asks for, or in another way."""

from __future__ import annotations

from memslot_reference.kvm import Kvm
from memslot_reference.lawful.variant import Variant, variant
from memslot_reference.linux import LinuxKvm
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.model.values import PAGES_PER_HUGE_PAGE, Hva

HUGE_SIZE = PAGES_PER_HUGE_PAGE * PAGE_SIZE


def outward(start: Hva, end: Hva) -> tuple[Hva, Hva]:
    """The large pages that a range of bytes touches."""
    last = -(-end // HUGE_SIZE) * HUGE_SIZE
    return Hva(start // HUGE_SIZE * HUGE_SIZE), Hva(last)


class RoundsOutward(Kvm):
    """A range that the host invalidates is rounded outward to large pages."""

    def invalidate_range(self, start: Hva, end: Hva) -> None:
        """Take the whole of every large page, where there is anything to take."""
        if start < end:
            start, end = outward(start, end)
        super().invalidate_range(start, end)


class RoundsOutwardLinux(LinuxKvm):
    """A range that the host invalidates is rounded outward to large pages."""

    def invalidate_range(self, start: Hva, end: Hva) -> None:
        """Take the whole of every large page, where there is anything to take."""
        if start < end:
            start, end = outward(start, end)
        super().invalidate_range(start, end)


class UnmapsByRange(Kvm):
    """An unmap of one page is an invalidation of the range that the page is."""

    def unmap_hva(self, hva: Hva) -> None:
        """Open the range, take what is there, and close it."""
        first = hva // PAGE_SIZE * PAGE_SIZE
        self.invalidate_range(Hva(first), Hva(first + PAGE_SIZE))


class UnmapsByRangeLinux(LinuxKvm):
    """An unmap of one page is an invalidation of the range that the page is."""

    def unmap_hva(self, hva: Hva) -> None:
        """Open the range, take what is there, and close it."""
        first = hva // PAGE_SIZE * PAGE_SIZE
        self.invalidate_range(Hva(first), Hva(first + PAGE_SIZE))


class ZapsForTheHost(Kvm):
    """Whatever page the host unmaps, every shadow page is zapped."""

    def unmap_hva(self, hva: Hva) -> None:
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

    def unmap_hva(self, hva: Hva) -> None:
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

    def invalidate_range(self, start: Hva, end: Hva) -> None:
        """Open it, close it, and do so again."""
        super().invalidate_range(start, end)
        super().invalidate_range(start, end)


class InvalidatesTwiceLinux(LinuxKvm):
    """A range that the host invalidates is invalidated twice."""

    def invalidate_range(self, start: Hva, end: Hva) -> None:
        """Open it, close it, and do so again."""
        super().invalidate_range(start, end)
        super().invalidate_range(start, end)


MORE = "an spte that is dropped without need is made again by the next access"
ROUNDED = (
    "6.1 mm/hugetlb.c, adjust_range_if_pmd_sharing_possible(): the host itself rounds "
    "ranges outward before it tells of them"
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
