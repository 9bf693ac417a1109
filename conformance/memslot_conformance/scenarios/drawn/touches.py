"""What an operation touches: slots, frames, host bytes, or the whole VM.

Two operations *meet* where both touch one thing. What is touched is told from the
operation and the table that it finds, so a race is aimed and counted before it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from memslot_spec.arithmetic.ranges import PAGE_SHIFT, touches
from memslot_spec.arithmetic.slot_word import as_id_of, id_of, pack
from memslot_spec.model.operations import (
    ActivatePfnCache,
    AgeHva,
    ChangePte,
    ClearDirtyLog,
    GetDirtyLog,
    GuestAccess,
    GuestCopy,
    InitHvaCache,
    InvalidateRange,
    Operation,
    PfnCacheOperation,
    PreFault,
    SetRegion,
    UnmapHva,
    UseHvaCache,
)
from memslot_spec.model.values import EMPTY, Slot, SlotTable

SLOT, FRAME, HOST = "slot", "frame", "host"


class TouchedRange(NamedTuple):
    """A range of one sort of thing: slot words, frames of a space, or host bytes."""

    what: str
    space: int
    first: int
    end: int

    def meets(self, other: TouchedRange) -> bool:
        """Both hold something in common."""
        return (
            self.what == other.what
            and self.space == other.space
            and max(self.first, other.first) < min(self.end, other.end)
        )


@dataclass(frozen=True, slots=True)
class Touches:
    """All that an operation touches; `whole` is the VM, its table and its counts."""

    parts: tuple[TouchedRange, ...] = ()
    whole: bool = False

    def meet(self, other: Touches) -> bool:
        """Both touch one thing."""
        if self.whole or other.whole:
            return True
        return any(mine.meets(its) for mine in self.parts for its in other.parts)


@dataclass(slots=True)
class Left:
    """What operations left of a VM that tells what the next one touches.

    The table, and the guest ranges that caches of host addresses, and of host pages,
    were last resolved for.
    """

    table: SlotTable = EMPTY
    ranges: dict[int, InitHvaCache] = field(default_factory=dict[int, InitHvaCache])
    pages: dict[int, ActivatePfnCache] = field(
        default_factory=dict[int, ActivatePfnCache]
    )


Touching = Callable[[Left, Operation], Iterator[TouchedRange]]
"""What an operation of some kind touches; `everything` stands for the whole VM."""


def everything(known: Left, operation: Operation) -> Iterator[TouchedRange]:
    """The whole VM: the table as a whole, every log, or every mapping."""
    del known, operation
    return iter(())


def at_a_frame(known: Left, operation: Operation) -> Iterator[TouchedRange]:
    """A frame, with the slot and the host page behind it."""
    gfn: int = getattr(operation, "gfn", 0)
    as_id: int = getattr(operation, "as_id", 0)
    write = isinstance(operation, GuestAccess)
    yield from _frames(known.table, as_id, gfn, gfn + 1, with_slot=write)


def at_host_bytes(known: Left, operation: Operation) -> Iterator[TouchedRange]:
    """Host bytes, with every frame that is backed by them."""
    match operation:
        case UnmapHva(hva) | AgeHva(hva) | ChangePte(hva):
            start, end = hva, hva + 1
        case InvalidateRange(start, end):
            pass
        case _:
            return
    yield TouchedRange(HOST, 0, start, end)
    for slot in known.table:
        if start < end and touches(slot.hva, slot.npages, start, end):
            first = max(start - slot.hva, 0) >> PAGE_SHIFT
            last = min(end - 1 - slot.hva >> PAGE_SHIFT, slot.npages - 1)
            low, high = slot.base + first, slot.base + last + 1
            yield TouchedRange(FRAME, slot.as_id, low, high)


def by_request(known: Left, operation: Operation) -> Iterator[TouchedRange]:
    """A slot, with the frames and host bytes that it has and those it is to have."""
    if not isinstance(operation, SetRegion):
        return
    region = operation.region
    as_id = as_id_of(region.slot)
    yield TouchedRange(SLOT, 0, region.slot, region.slot + 1)
    old = known.table.find(as_id, id_of(region.slot))
    if old is not None:
        yield from _of_slot(old)
    if region.memory_size:
        end = region.base + max(region.npages, 1)
        yield TouchedRange(FRAME, as_id, region.base, end)
        hva = region.userspace_addr
        yield TouchedRange(HOST, 0, hva, hva + region.memory_size)


def by_log(known: Left, operation: Operation) -> Iterator[TouchedRange]:
    """The log of a slot: the slot, and the frames of which it tells."""
    if not isinstance(operation, GetDirtyLog | ClearDirtyLog):
        return
    word = operation.slot
    yield TouchedRange(SLOT, 0, word, word + 1)
    slot = known.table.find(as_id_of(word), id_of(word))
    if slot is None:
        return
    first, count = 0, slot.npages
    if isinstance(operation, ClearDirtyLog):
        first, count = operation.first_page, operation.num_pages
    low = slot.base + min(first, slot.npages)
    yield TouchedRange(
        FRAME, slot.as_id, low, slot.base + min(first + count, slot.npages)
    )


def by_cache(known: Left, operation: Operation) -> Iterator[TouchedRange]:
    """The frames of a range that is resolved, or of the part that is used."""
    match operation:
        case InitHvaCache(_, gpa, length):
            pass
        case UseHvaCache(cache, offset, length) if cache in known.ranges:
            gpa = known.ranges[cache].gpa + offset
        case _:
            return
    yield from _bytes(known.table, 0, gpa, length)


def by_pfn_cache(known: Left, operation: Operation) -> Iterator[TouchedRange]:
    """The frame of a range that is looked up, or that was."""
    if not isinstance(operation, PfnCacheOperation):
        return
    activation = known.pages.get(operation.cache)
    if isinstance(operation, ActivatePfnCache):
        activation = operation
    if activation is not None:
        yield from _bytes(known.table, 0, activation.gpa, activation.length)


def by_copy(known: Left, operation: Operation) -> Iterator[TouchedRange]:
    """The frames of a range that is copied, with slots and host pages behind them."""
    if isinstance(operation, GuestCopy):
        as_id, gpa = operation.as_id, operation.gpa
        yield from _bytes(known.table, as_id, gpa, operation.length)


def ahead(known: Left, operation: Operation) -> Iterator[TouchedRange]:
    """The frames that are mapped ahead."""
    if isinstance(operation, PreFault):
        first = operation.gfn
        end = first + max(operation.npages, 1)
        yield from _frames(known.table, 0, first, end, with_slot=True)


def _bytes(
    table: SlotTable, as_id: int, gpa: int, length: int
) -> Iterator[TouchedRange]:
    last = gpa + max(length, 1) - 1 >> PAGE_SHIFT
    yield from _frames(table, as_id, gpa >> PAGE_SHIFT, last + 1, with_slot=True)


def _frames(
    table: SlotTable, as_id: int, first: int, end: int, *, with_slot: bool
) -> Iterator[TouchedRange]:
    yield TouchedRange(FRAME, as_id, first, end)
    if not with_slot:
        return
    for slot in table:
        if slot.as_id == as_id and slot.meets(first, end - first):
            low = max(first - slot.base, 0) << PAGE_SHIFT
            high = min(end - slot.base, slot.npages) << PAGE_SHIFT
            yield TouchedRange(HOST, 0, slot.hva + low, slot.hva + high)


def _of_slot(slot: Slot) -> Iterator[TouchedRange]:
    word = pack(slot.as_id, slot.id)
    yield TouchedRange(SLOT, 0, word, word + 1)
    yield TouchedRange(FRAME, slot.as_id, slot.base, slot.base + slot.npages)
    yield TouchedRange(HOST, 0, slot.hva, slot.hva + (slot.npages << PAGE_SHIFT))
