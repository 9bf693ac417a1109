"""The look after a scenario: wherever something could be left, nothing hiding another.

First what changes nothing: lookups and counts. Then logs, before anything is written;
ageing, before anything is read; a read of every frame touched, which maps it; the logs
again, for a read dirties nothing; a write of every frame, and the logs twice, since the
first GET may protect too little; at last each slot is deleted.
"""

from __future__ import annotations

from collections.abc import Iterator

from memslot_conformance.scenarios.drawn.kinds import touched_by
from memslot_conformance.scenarios.drawn.left import left_by
from memslot_conformance.scenarios.drawn.touches import FRAME, SLOT, Left, TouchedRange
from memslot_conformance.scenarios.drawn.weights import LARGEST_LOGGED
from memslot_conformance.scenarios.scenario import Operations
from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.history.header import Header
from memslot_spec.model.operations import (
    ActivatePfnCache,
    AgeHva,
    CountRmaps,
    GetDirtyLog,
    GfnToHva,
    GfnToMemslot,
    GuestAccess,
    InitHvaCache,
    MmuPages,
    Operation,
    SetRegion,
    TssBase,
    UnmapHva,
    UseHvaCache,
    UsePfnCache,
    VcpuGfnToMemslot,
)
from memslot_spec.model.values import MemoryRegion, SlotTable

MOST_FRAMES, MOST_SLOTS = 2, 2
"""Looked at of each: what a scenario touches is most often less."""

FrameOfSpace = tuple[int, int]
"""An address space and a frame in it."""


def epilogue(
    header: Header,
    prefix: Operations,
    threads: tuple[Operations, ...] = (),
    *,
    unmaps: bool = False,
    writes_first: bool = False,
) -> Operations:
    """What to ask when a scenario is over, of what this target supports.

    `writes_first`: every frame is written before a log is read as well, for a GET
    write-protects again what it finds, and so hides that it was left unprotected.
    `unmaps`: the host takes the pages away before the slots are deleted. It shows what
    reverse maps have lost, and hides what a delete leaves.
    """
    known = left_by(header, prefix)
    asked = (*prefix, *(operation for thread in threads for operation in thread))
    everything = _everything(known, prefix, threads)
    frames = _frames(header, everything)
    words = _words(header, everything)
    pages = _pfn_caches(asked)
    logs = tuple(word for word in words if word in _logging(asked))
    looks = (
        *pages,
        *(_writes(frames) if writes_first else ()),
        *_looks(known.table, frames, logs, _caches(asked)),
        *(_unmaps(known.table, frames) if unmaps else ()),
        *(_delete(known.table, word) for word in words),
        *pages,
    )
    return _supported(header, looks)


def write_and_get(
    header: Header, prefix: Operations, threads: tuple[Operations, ...]
) -> Operations:
    """The shortest look for a write that was lost."""
    asked = (*prefix, *(operation for thread in threads for operation in thread))
    everything = _everything(left_by(header, prefix), prefix, threads)
    logs = (word for word in _words(header, everything) if word in _logging(asked))
    narrowest = tuple(sorted(everything, key=lambda part: part.end - part.first))
    writes = _writes(_frames(header, narrowest)[:1])
    return _supported(header, (*writes, *map(GetDirtyLog, logs)))


def _supported(header: Header, looks: Operations) -> Operations:
    supported = frozenset(header.capabilities.operations)
    return tuple(look for look in looks if type(look).__name__ in supported)


def _everything(
    known: Left, prefix: Operations, threads: tuple[Operations, ...]
) -> tuple[TouchedRange, ...]:
    """What was touched, by the race first."""
    raced = tuple(operation for thread in threads for operation in thread)
    return (*_touched(known, raced), *_touched(known, prefix))


def _looks(
    table: SlotTable,
    frames: tuple[FrameOfSpace, ...],
    logging: tuple[int, ...],
    caches: tuple[int, ...],
) -> Iterator[Operation]:
    logs = tuple(GetDirtyLog(word) for word in logging)
    yield from (GfnToMemslot(gfn, as_id) for as_id, gfn in frames[:1])
    yield from (GfnToHva(gfn, as_id) for as_id, gfn in frames[:2])
    yield from (VcpuGfnToMemslot(cache, frames[0][1]) for cache in caches if frames)
    yield from (UseHvaCache(cache, 0, 8) for cache in caches)
    yield CountRmaps()
    yield MmuPages()
    yield TssBase()
    yield from logs
    yield from (AgeHva(page) for page in _pages(table, frames))
    yield from (GuestAccess(gfn, as_id=as_id) for as_id, gfn in frames)
    yield from logs
    yield from _writes(frames)
    yield from (*logs, *logs)


def _writes(frames: tuple[FrameOfSpace, ...]) -> Iterator[Operation]:
    yield from (GuestAccess(gfn, write=True, as_id=as_id) for as_id, gfn in frames)


def _pages(table: SlotTable, frames: tuple[FrameOfSpace, ...]) -> Iterator[int]:
    """The host page of each frame, as the slots lay before the race."""
    for as_id, gfn in frames:
        for slot in table:
            if slot.as_id == as_id and slot.covers(gfn):
                yield slot.hva_of(gfn)


def _unmaps(table: SlotTable, frames: tuple[FrameOfSpace, ...]) -> Iterator[Operation]:
    yield from (UnmapHva(page) for page in _pages(table, frames))
    yield CountRmaps()


def _delete(table: SlotTable, word: int) -> SetRegion:
    """A delete that lies where the slot was, for some look at where it lies."""
    base = next((s.base for s in table if s.as_id << 16 | s.id == word), 0)
    return SetRegion(MemoryRegion(word, base << PAGE_SHIFT, 0, 0))


def _touched(known: Left, operations: Operations) -> tuple[TouchedRange, ...]:
    return tuple(
        part for operation in operations for part in touched_by(known, operation).parts
    )


def _frames(
    header: Header, touched: tuple[TouchedRange, ...]
) -> tuple[FrameOfSpace, ...]:
    """The first frame of each range, those of the race first."""
    spaces, last = header.limits.address_spaces, header.domain.largest_gfn
    found = (
        (part.space, part.first)
        for part in touched
        if part.what == FRAME and part.space < spaces and part.first <= last
    )
    return tuple(dict.fromkeys(found))[:MOST_FRAMES]


def _words(header: Header, touched: tuple[TouchedRange, ...]) -> tuple[int, ...]:
    """The slots of user space that were asked for."""
    limits = header.limits
    found = (
        part.first
        for part in touched
        if part.what == SLOT
        and part.first & 0xFFFF < limits.user_slots
        and part.first >> 16 < limits.address_spaces
    )
    return tuple(dict.fromkeys(found))[:MOST_SLOTS]


def _logging(operations: Operations) -> frozenset[int]:
    """The slots that some request asked to log, but for those too large to be told."""
    return frozenset(
        operation.region.slot
        for operation in operations
        if isinstance(operation, SetRegion) and operation.region.log_dirty
    ) - frozenset(
        operation.region.slot
        for operation in operations
        if isinstance(operation, SetRegion) and operation.region.npages > LARGEST_LOGGED
    )


def _caches(operations: Operations) -> tuple[int, ...]:
    """The caches that were resolved, and the vCPUs that looked up."""
    inits = (op.cache for op in operations if isinstance(op, InitHvaCache))
    hints = (op.vcpu for op in operations if isinstance(op, VcpuGfnToMemslot))
    return tuple(dict.fromkeys((*inits, *hints)))[:2]


def _pfn_caches(operations: Operations) -> Operations:
    """A use of each host page that some operation cached."""
    caches = (op.cache for op in operations if isinstance(op, ActivatePfnCache))
    return tuple(UsePfnCache(cache) for cache in dict.fromkeys(caches))[:2]
