"""The protocol of a table by ranges, which stands beside the one by slot ids.

A target has either, with the same lookups and accesses: `set_region`, or `add` and
`remove`. `Domain.ranges` says what it promises.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from memslot_spec.model.replies import Reply
from memslot_spec.model.values import Gfn, Hva, MemoryRange


@runtime_checkable
class AddsRanges(Protocol):
    """`VHOST_USER_ADD_MEM_REG`, `VFIO_IOMMU_MAP_DMA`."""

    def add(self, gfn: Gfn, npages: int, hva: Hva) -> Reply:
        """One more range, at this host byte: `Done()` or `Refused(errno)`."""
        ...


@runtime_checkable
class RemovesRanges(Protocol):
    """`VHOST_USER_REM_MEM_REG`, `VFIO_IOMMU_UNMAP_DMA`."""

    def remove(self, gfn: Gfn, npages: int) -> Reply:
        """These frames are to be in no range: `Done()` or `Refused(errno)`."""
        ...


@runtime_checkable
class ReplacesTable(Protocol):
    """`VHOST_USER_SET_MEM_TABLE`."""

    def replace(self, ranges: tuple[MemoryRange, ...]) -> Reply:
        """These ranges in place of all that there are: `Done()` or `Refused(errno)`."""
        ...


@runtime_checkable
class LogsDirtyRanges(Protocol):
    """`VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP`."""

    def dirty(self, gfn: Gfn, npages: int) -> Reply:
        """Which pages of this range were written: `DirtyLog(words)` or a refusal."""
        ...
