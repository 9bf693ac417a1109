"""The protocol of a table by ranges: its methods, and from an operation to one of them.

It stands beside the one by slot ids. A target has either, with the same lookups and
accesses: `set_region`, or `add` and `remove`, and `Domain.ranges` says what it promises.
"""

from __future__ import annotations

from typing import Protocol, assert_never, runtime_checkable

from memslot_conformance.adapter.answers import typed
from memslot_spec.model.operations import (
    AddRange,
    GetDirtyRange,
    RangeRequest,
    RemoveRange,
    ReplaceTable,
)
from memslot_spec.model.replies import DirtyLog, Done, Refused, Reply
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


class ByRanges(AddsRanges, RemovesRanges, ReplacesTable, LogsDirtyRanges, Protocol):
    """A target with every method on ranges, as those see it who call them."""


RangeOperation = RangeRequest | GetDirtyRange


def on_ranges(target: ByRanges, operation: RangeOperation) -> Reply:
    """Have the target do it. Errors: `TargetError`."""
    match operation:
        case AddRange(gfn, npages, hva):
            reply = target.add(Gfn(gfn), npages, Hva(hva))
            return typed("add()", reply, Done, Refused)
        case RemoveRange(gfn, npages):
            return typed("remove()", target.remove(Gfn(gfn), npages), Done, Refused)
        case ReplaceTable(ranges):
            return typed("replace()", target.replace(ranges), Done, Refused)
        case GetDirtyRange(gfn, npages):
            return typed("dirty()", target.dirty(Gfn(gfn), npages), DirtyLog, Refused)
        case _:
            assert_never(operation)
