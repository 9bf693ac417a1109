"""What is asked of a table by ranges, which has no slot ids.

`vhost-user` adds and removes memory regions and sets a whole memory table, VFIO maps
and unmaps ranges of IO addresses. Units are frames and pages of 4 KiB, and bytes for a
host address.
"""

from __future__ import annotations

from dataclasses import dataclass

from memslot_spec.model.values import MemoryRange


@dataclass(frozen=True, slots=True)
class AddRange:
    """One more range: `VHOST_USER_ADD_MEM_REG`, `VFIO_IOMMU_MAP_DMA`."""

    gfn: int
    npages: int
    hva: int


@dataclass(frozen=True, slots=True)
class RemoveRange:
    """Frames are to be in no range: `VHOST_USER_REM_MEM_REG`, `VFIO_IOMMU_UNMAP_DMA`.

    Which frames may be named, the target declares as a `Removal`.
    """

    gfn: int
    npages: int


@dataclass(frozen=True, slots=True)
class ReplaceTable:
    """These ranges in place of all that there are: `VHOST_USER_SET_MEM_TABLE`."""

    ranges: tuple[MemoryRange, ...] = ()


@dataclass(frozen=True, slots=True)
class GetDirtyRange:
    """Which of these frames were written: `VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP`.

    It is asked for a range as it stands; bit 0 is its first frame.
    """

    gfn: int
    npages: int


RangeRequest = AddRange | RemoveRange | ReplaceTable
"""The operations that change a table by ranges."""
