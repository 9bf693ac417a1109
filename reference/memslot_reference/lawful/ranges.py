"""Variants of the table by ranges: other rules, and other ways to keep them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from memslot_reference.lawful.variant import Variant, variant
from memslot_reference.range_table import HeldRange, RangeTable, Version
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, covers, overlaps
from memslot_spec.model.profile import LINUX
from memslot_spec.model.range_rules import RangeRules, Removal


class CoveringRanges(RangeTable):
    """Removals name any frames that cut no range, as those of VFIO type1 v2 do."""

    rules = RangeRules(removal=Removal.COVERING, fresh_logs=True, removes_at_once=True)

    def without_frames(
        self, ranges: tuple[HeldRange, ...], gfn: int, npages: int
    ) -> tuple[HeldRange, ...] | None:
        """The same without the ranges in these frames, of which there may be none."""
        met = [r for r in ranges if overlaps(r.gfn, r.npages, gfn, npages)]
        if any(self.is_cut(r, gfn, npages) for r in met):
            return None
        return tuple(r for r in ranges if r not in met)

    def is_cut(self, one: HeldRange, gfn: int, npages: int) -> bool:
        """The frames are some of the range's, and not all."""
        return one.gfn < gfn or gfn + npages < one.gfn + one.npages


class CuttingRanges(RangeTable):
    """Removals name any frames that are in ranges, and cut those, as in an emulator."""

    rules = RangeRules(removal=Removal.CUTTING, fresh_logs=True, removes_at_once=True)

    def without_frames(
        self, ranges: tuple[HeldRange, ...], gfn: int, npages: int
    ) -> tuple[HeldRange, ...] | None:
        """The same with what is left of the ranges that are cut."""
        end = gfn + npages
        if not all(self.has(ranges, frame) for frame in (gfn, end - 1)):
            return None
        return tuple(piece for one in ranges for piece in self.pieces(one, gfn, end))

    def has(self, ranges: tuple[HeldRange, ...], frame: int) -> bool:
        """Some range has the frame."""
        return any(covers(r.gfn, r.npages, frame) for r in ranges)

    def pieces(self, one: HeldRange, gfn: int, end: int) -> Iterable[HeldRange]:
        """What is left of a range without these frames, with its dirty bits."""
        last = one.gfn + one.npages
        if end <= one.gfn or last <= gfn:
            yield one
            return
        if one.gfn < gfn:
            yield self.piece(one, one.gfn, gfn)
        if end < last:
            yield self.piece(one, end, last)

    def piece(self, one: HeldRange, first: int, end: int) -> HeldRange:
        """A part of a range."""
        skipped = first - one.gfn
        dirty = {
            page - skipped for page in one.dirty if skipped <= page < end - one.gfn
        }
        return HeldRange(first, end - first, one.hva + (skipped << PAGE_SHIFT), dirty)


class RemovesOneByOne(CoveringRanges):
    """A removal of several ranges publishes a table after each of them."""

    rules = replace(CoveringRanges.rules, removes_at_once=False)

    going: tuple[HeldRange, ...] = ()

    def without_frames(
        self, ranges: tuple[HeldRange, ...], gfn: int, npages: int
    ) -> tuple[HeldRange, ...] | None:
        """Remember which go, the lowest first."""
        left = super().without_frames(ranges, gfn, npages)
        going = [one for one in ranges if left is not None and one not in left]
        self.going = tuple(sorted(going, key=lambda one: one.gfn))
        return left

    def swap(self, old: Version, ranges: tuple[HeldRange, ...]) -> None:
        """Let one go after the other."""
        going, self.going = self.going, ()
        for number in range(1, len(going)):
            left = tuple(one for one in old.ranges if one not in going[:number])
            super().swap(self.current, left)
        super().swap(self.current, ranges)


class PublishesRangesTwice(RangeTable):
    """A table is published twice, the second time as another copy of the same."""

    def swap(self, old: Version, ranges: tuple[HeldRange, ...]) -> None:
        """Publish, and publish again."""
        super().swap(old, ranges)
        super().swap(self.current, ranges)


class LogsMore(RangeTable):
    """A log shows the neighbours of a page that was written as well."""

    rules = RangeRules(removal=Removal.EXACT, removes_at_once=True)

    def log(self, found: HeldRange, gfn: int) -> None:
        """Note an aligned pair of pages."""
        super().log(found, gfn)
        other = found.gfn + (gfn - found.gfn ^ 1)
        if overlaps(found.gfn, found.npages, other, 1):
            super().log(found, other)


class LogsKeepTelling(RangeTable):
    """A log that was read tells the same again: nothing clears it but a new range."""

    rules = replace(RangeTable.rules, reading_clears=False)

    def taken(self, found: HeldRange) -> tuple[int, ...]:
        """Leave the bits."""
        before = set(found.dirty)
        words = super().taken(found)
        found.dirty |= before
        return words


VARIANTS: tuple[Variant, ...] = (
    variant(
        "covers-ranges",
        CoveringRanges,
        *("RNG-3", "RNG-4"),
        source="6.1 drivers/vfio/vfio_iommu_type1.c:1429, vfio_dma_do_unmap()",
        tag="[R]",
        profile=LINUX,
    ),
    variant(
        "cuts-ranges",
        CuttingRanges,
        "RNG-5",
        source="unicorn.h 2.1.4, uc_mem_unmap(), asks for no range as it was added",
        tag="argued",
        profile=LINUX,
    ),
    variant(
        "removes-one-by-one",
        RemovesOneByOne,
        *("RNG-3", "RNG-10"),
        source="6.1 drivers/vfio/vfio_iommu_type1.c:1451, vfio_dma_do_unmap(): a loop",
        tag="[R]",
        profile=LINUX,
    ),
    variant(
        "publishes-ranges-twice",
        PublishesRangesTwice,
        *("RNG-10", "RNG-11"),
        source="both tables are the one that was asked for",
        tag="argued",
        profile=LINUX,
    ),
    variant(
        "logs-more",
        LogsMore,
        "RNG-14",
        source="6.1 drivers/vfio/vfio_iommu_type1.c:1252, update_user_bitmap(): all "
        "pages, where a device cannot tell",
        tag="[R]",
        profile=LINUX,
    ),
    variant(
        "logs-keep-telling",
        LogsKeepTelling,
        *("RNG-14", "RNG-15"),
        source="iommufd has IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR",
        tag="[M]",
        profile=LINUX,
    ),
)
