"""The points that a target announces of dirty bitmaps.

A bitmap goes by an opaque handle; pages are counted from the slot's base.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BitmapAllocated:
    """A dirty bitmap was allocated for a slot, with every bit clear or set."""

    thread: int
    bitmap: int
    as_id: int
    slot_id: int
    npages: int
    all_set: bool = False


@dataclass(frozen=True, slots=True)
class BitmapFreed:
    """A dirty bitmap was freed."""

    thread: int
    bitmap: int


@dataclass(frozen=True, slots=True)
class DirtyBitSet:
    """A page was marked dirty (`mark_page_dirty`)."""

    thread: int
    bitmap: int
    page: int


@dataclass(frozen=True, slots=True)
class DirtyBitsCleared:
    """The bits of these pages were cleared, in one atomic access."""

    thread: int
    bitmap: int
    pages: tuple[int, ...]


DirtyPoint = BitmapAllocated | BitmapFreed | DirtyBitSet | DirtyBitsCleared
