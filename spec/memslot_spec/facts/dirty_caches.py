"""Which frames a write through a cached host address reaches, as calls tell it.

A cache whose range could not be resolved may have the range of before still: it is
resolved again under the next generation, and writes go through it. Then what a use
answers says where it went, or nothing does.

Source: `__kvm_gfn_to_hva_cache_init`, which stores the range last.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.model.hva_caches import HvaRange, use_replies
from memslot_spec.model.operations import InitHvaCache, UseHvaCache
from memslot_spec.model.replies import Done, Reply
from memslot_spec.model.values import SlotTable

Frame = tuple[int, int]
"""A guest frame: its address space, which is 0 for all caches, and its number."""

LARGEST_FOLLOWED = 1 << 16
"""A log of more pages is not followed, nor are more frames of one write."""


@dataclass(frozen=True, slots=True)
class CachedRanges:
    """The ranges that a cache may have; `certain` if it was resolved last time."""

    ranges: tuple[HvaRange, ...]
    certain: bool


@dataclass(frozen=True, slots=True)
class Guess:
    """A use of a cache that may have any of these ranges, or none."""

    use: UseHvaCache
    ranges: tuple[HvaRange, ...]

    def reached(self, table: SlotTable, reply: Reply) -> tuple[Frame, ...]:
        """The frames that were reached, where this reply can mean no others."""
        meant = {
            frames_used(cached, self.use)
            for cached in self.ranges
            if reply in use_replies(table, cached, self.use)
        }
        return meant.pop() if len(meant) == 1 else ()


def after_init(
    known: CachedRanges | None, init: InitHvaCache, reply: Reply
) -> CachedRanges:
    """The ranges that a cache may have once it was initialised, or was not.

    One that wraps is never resolved, now or later.
    """
    asked = HvaRange(init.gpa, init.length)
    if isinstance(reply, Done):
        return CachedRanges((asked,), certain=True)
    before = () if known is None else known.ranges
    new = () if asked.wraps else (asked,)
    return CachedRanges(tuple(dict.fromkeys((*before, *new))), certain=False)


def frames_used(cached: HvaRange, use: UseHvaCache) -> tuple[Frame, ...]:
    """The frames that a use of a cache with this range reaches."""
    if use.length == 0:
        return ()
    first = cached.gpa + use.offset
    last = first + use.length - 1
    gfns = range(first >> PAGE_SHIFT, (last >> PAGE_SHIFT) + 1)
    return tuple((0, gfn) for gfn in gfns[:LARGEST_FOLLOWED])


def is_followed(ranges: Iterable[HvaRange], use: UseHvaCache) -> bool:
    """`frames_used` names every frame that a use of any of these ranges reaches."""
    return all(len(frames_used(cached, use)) < LARGEST_FOLLOWED for cached in ranges)


def frames_of_any(ranges: Iterable[HvaRange], use: UseHvaCache) -> tuple[Frame, ...]:
    """The frames that a use reaches through any of the ranges, each once."""
    reached = (frame for cached in ranges for frame in frames_used(cached, use))
    return tuple(dict.fromkeys(reached))
