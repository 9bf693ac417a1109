"""Points of the dirty log: bitmaps made, written to, emptied and freed.

`events.py` gathers them with the others. Pages are counted from the slot's
base; a bitmap goes by an opaque handle.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BitmapAllocated:
    """A dirty bitmap for a slot was made, with every bit clear or set."""

    thread: int
    bitmap: int
    as_id: int
    slot_id: int
    npages: int
    all_set: bool = False


@dataclass(frozen=True, slots=True)
class BitmapFreed:
    """A dirty bitmap is gone."""

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
    """These pages were taken out of a bitmap, in one step."""

    thread: int
    bitmap: int
    pages: tuple[int, ...]
