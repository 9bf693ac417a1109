"""From an operation on ranges to the method that does it, and back to a reply."""

from __future__ import annotations

from typing import Protocol, assert_never

from memslot_conformance.adapter.answers import typed
from memslot_conformance.adapter.ranges import (
    AddsRanges,
    LogsDirtyRanges,
    RemovesRanges,
    ReplacesTable,
)
from memslot_spec.model.operations import (
    AddRange,
    GetDirtyRange,
    RangeRequest,
    RemoveRange,
    ReplaceTable,
)
from memslot_spec.model.replies import DirtyLog, Done, Refused, Reply
from memslot_spec.model.values import Gfn, Hva


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
