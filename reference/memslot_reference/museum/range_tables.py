"""Mutants of the table by ranges: each breaks what one of its rules says."""

from __future__ import annotations

from memslot_reference.lawful.ranges import CoveringRanges, CuttingRanges
from memslot_reference.museum.mutant import Mutant, planted
from memslot_reference.range_table import HeldRange, RangeTable, Version
from memslot_spec.arithmetic.ranges import PAGE_SIZE, covers, overlaps
from memslot_spec.history.hook import Hook
from memslot_spec.model.profile import LINUX, Limits, Profile
from memslot_spec.model.replies import Accessed, Refused, Reply
from memslot_spec.model.values import Gfn, MemoryRange


class RemovesTheLastAlone(RangeTable):
    """Only the range that was added last can be removed."""

    def without_frames(
        self, ranges: tuple[HeldRange, ...], gfn: int, npages: int
    ) -> tuple[HeldRange, ...] | None:
        """Look at the end of a stack."""
        last = ranges[-1:]
        if not last or (last[0].gfn, last[0].npages) != (gfn, npages):
            return None
        return ranges[:-1]


class RemovesByTheStart(RangeTable):
    """A removal looks for a range by its first frame, and not by its size."""

    def without_frames(
        self, ranges: tuple[HeldRange, ...], gfn: int, npages: int
    ) -> tuple[HeldRange, ...] | None:
        """Forget the size."""
        del npages
        sizes = (one.npages for one in ranges if one.gfn == gfn)
        return super().without_frames(ranges, gfn, next(sizes, 0))


class RefusesHoles(CoveringRanges):
    """A removal is refused where a hole lies between the ranges that it covers."""

    def without_frames(
        self, ranges: tuple[HeldRange, ...], gfn: int, npages: int
    ) -> tuple[HeldRange, ...] | None:
        """Ask that every frame is in a range."""
        met = [one for one in ranges if overlaps(one.gfn, one.npages, gfn, npages)]
        if sum(one.npages for one in met) < npages:
            return None
        return super().without_frames(ranges, gfn, npages)


class BisectsRanges(CoveringRanges):
    """A removal that would cut a range takes away all of it, as in VFIO type1 v1."""

    def is_cut(self, one: HeldRange, gfn: int, npages: int) -> bool:
        """Mind nothing."""
        del one, gfn, npages
        return False


class CutsAtTheEdge(CuttingRanges):
    """A removal is refused that begins inside a range, which it would cut in two."""

    def without_frames(
        self, ranges: tuple[HeldRange, ...], gfn: int, npages: int
    ) -> tuple[HeldRange, ...] | None:
        """Take ranges as they were added."""
        if all(one.gfn != gfn for one in ranges):
            return None
        return super().without_frames(ranges, gfn, npages)


class RefusesTouchingRanges(RangeTable):
    """A range that touches another is refused."""

    def with_range(
        self, ranges: tuple[HeldRange, ...], one: MemoryRange
    ) -> tuple[HeldRange, ...] | None:
        """Compare with the frame after the last."""
        if any(r.gfn + r.npages == one.gfn for r in ranges):
            return None
        return super().with_range(ranges, one)


class AddsOverRanges(RangeTable):
    """A range is added that begins inside another one."""

    def with_range(
        self, ranges: tuple[HeldRange, ...], one: MemoryRange
    ) -> tuple[HeldRange, ...] | None:
        """Look only whether it begins where another begins."""
        if any(r.gfn == one.gfn for r in ranges):
            return None
        return (*ranges, self.new_range(one))


class ReplacesBesideTheOld(RangeTable):
    """A table is refused that has a range where the old one has another."""

    def replace(self, ranges: tuple[MemoryRange, ...]) -> Reply:
        """Ask whether it could be added to the old one."""
        old = self.current.ranges
        for one in ranges:
            if any(overlaps(r.gfn, r.npages, one.gfn, one.npages) for r in old):
                return Refused(None)
        return super().replace(ranges)


class PageOffRange(RangeTable):
    """A range is added one host page too far."""

    def new_range(self, one: MemoryRange) -> HeldRange:
        """Count from 1."""
        return HeldRange(one.gfn, one.npages, one.hva + PAGE_SIZE)


class EmptiesFirst(RangeTable):
    """A replacement takes the old ranges away, and then adds the new ones."""

    def swap(self, old: Version, ranges: tuple[HeldRange, ...]) -> None:
        """Publish an empty table first, where no range stays."""
        if old.ranges and not set(old.ranges) & set(ranges):
            self.publish(())
        super().swap(old, ranges)


class KeepsTranslations(RangeTable):
    """An access goes by a translation that no removal takes back."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a table with an empty TLB."""
        super().__init__(hook, profile, limits)
        self.translations: dict[int, Reply] = {}

    def access(self, gfn: Gfn, *, write: bool, direct: bool, root: int) -> Reply:
        """Look into the TLB first."""
        known = self.translations.get(gfn)
        if known is not None and not write:
            return known
        reply = super().access(gfn, write=write, direct=direct, root=root)
        if isinstance(reply, Accessed):
            self.translations[gfn] = reply
        return reply


class LosesTheLastPage(RangeTable):
    """A write to the last page of a range is not logged."""

    def log(self, found: HeldRange, gfn: int) -> None:
        """Count up to the end, without it."""
        if covers(found.gfn, found.npages - 1, gfn):
            super().log(found, gfn)


class InheritsTheLog(RangeTable):
    """A new range takes over the dirty bits of what lay at its frames."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a table with one bitmap for all frames."""
        super().__init__(hook, profile, limits)
        self.frames: set[int] = set()

    def log(self, found: HeldRange, gfn: int) -> None:
        """Note the frame, whatever range it is in."""
        super().log(found, gfn)
        self.frames.add(gfn)

    def new_range(self, one: MemoryRange) -> HeldRange:
        """Look which of its frames were written."""
        inside = {f for f in self.frames if covers(one.gfn, one.npages, f)}
        dirty = {frame - one.gfn for frame in inside}
        return HeldRange(one.gfn, one.npages, one.hva, dirty)


MUTANTS: tuple[Mutant, ...] = (
    planted("removes-the-last-alone", RemovesTheLastAlone, "RNG-1", profile=LINUX),
    planted("removes-by-the-start", RemovesByTheStart, "RNG-2", profile=LINUX),
    planted("refuses-holes", RefusesHoles, "RNG-3", profile=LINUX),
    planted("bisects-ranges", BisectsRanges, "RNG-4", profile=LINUX),
    planted("cuts-at-the-edge", CutsAtTheEdge, "RNG-5", profile=LINUX),
    planted(
        "refuses-touching-ranges",
        RefusesTouchingRanges,
        *("RNG-6", "RNG-8"),
        profile=LINUX,
    ),
    planted(
        "adds-over-ranges", AddsOverRanges, "RNG-7", "RNG-9", "SLOT-6", profile=LINUX
    ),
    planted("replaces-beside-the-old", ReplacesBesideTheOld, "RNG-8", profile=LINUX),
    planted(
        "page-off-range",
        PageOffRange,
        "RNG-10",
        "RNG-11",
        "LOOK-4",
        "MMU-1",
        profile=LINUX,
    ),
    planted(
        "empties-first",
        EmptiesFirst,
        *("RNG-11", "RNG-12", "SRCU-1", "SRCU-18", "LOOK-3", "DEL-12"),
        profile=LINUX,
    ),
    planted(
        "keeps-translations",
        KeepsTranslations,
        *("RNG-13", "DEL-12", "MMU-1", "SRCU-1", "SRCU-18"),
        profile=LINUX,
    ),
    planted("loses-the-last-page", LosesTheLastPage, "RNG-14", profile=LINUX),
    planted("inherits-the-log", InheritsTheLog, "RNG-15", profile=LINUX),
)
