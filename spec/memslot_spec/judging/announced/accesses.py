"""Announcements of accesses, logs and counts: they are of what the thread was asked.

And at the end of a history: a kind that the target promises to announce, and never
did, though something happened that does not come about without it.
"""

from __future__ import annotations

from memslot_spec.arithmetic.bitmaps import set_bits
from memslot_spec.facts.facts import Facts
from memslot_spec.history.events import Call as Called
from memslot_spec.history.events import Finished, Return
from memslot_spec.history.points.caches import MmioCached, MmioHit, MmioPlace
from memslot_spec.history.points.dirty import DirtyBitsCleared
from memslot_spec.history.points.host import HostPageFound
from memslot_spec.history.points.mmu import MmuLocked, RmapsCounted
from memslot_spec.history.points.tables import TableLoaded, TableRead
from memslot_spec.judging.announced.said import (
    CallSoFar,
    Rules,
    SaidSoFar,
    Untrue,
    on,
    operation_of,
)
from memslot_spec.judging.announced.tables import asked_slot, slot_words
from memslot_spec.model.operations import (
    CountRmaps,
    EnableManualProtect,
    GetDirtyLog,
    GfnToHva,
    GfnToMemslot,
    GuestAccess,
    TableReader,
)
from memslot_spec.model.replies import DirtyLog, FoundHva, FoundSlot, Number, Reply


def _called(said: SaidSoFar, facts: Facts, event: Called) -> str | None:
    said.calls[event.thread] = CallSoFar(facts.shadow.serial)
    said.manual |= isinstance(event.operation, EnableManualProtect)
    return None


def _loaded(said: SaidSoFar, facts: Facts, event: TableLoaded) -> str | None:
    del facts, event
    said.seen.add(TableLoaded)
    return None


def _read(said: SaidSoFar, facts: Facts, event: TableRead) -> str | None:
    said.seen.add(TableRead)
    if isinstance(operation_of(facts, event.thread), TableReader):
        said.need(TableLoaded, "a reader has read a table")
    return None


def _found(said: SaidSoFar, facts: Facts, event: HostPageFound) -> str | None:
    del facts, event
    said.seen.add(HostPageFound)
    return None


def _locked(said: SaidSoFar, facts: Facts, event: MmuLocked) -> str | None:
    del facts, event
    said.seen.add(MmuLocked)
    return None


def _mmio_cached(said: SaidSoFar, facts: Facts, event: MmioCached) -> str | None:
    """It is the frame of the access; MMIO sptes are written under `mmu_lock`."""
    said.seen.add(MmioCached)
    access = operation_of(facts, event.thread)
    if not isinstance(access, GuestAccess):
        return None
    if event.gfn != access.gfn:
        return (
            f"MmioCached names gfn {event.gfn:#x}, but the thread's access is to gfn "
            f"{access.gfn:#x}"
        )
    holds = event.thread in facts.sections.mmu_lock
    is_told = MmuLocked in said.seen
    if event.place is MmioPlace.SPTE and is_told and not holds:
        return "MmioCached is in an spte, but the thread does not hold mmu_lock"
    return None


def _mmio_hit(said: SaidSoFar, facts: Facts, event: MmioHit) -> str | None:
    del facts, event
    said.need(MmioCached, "a frame that is cached was hit")
    return None


def _cleared(said: SaidSoFar, facts: Facts, event: DirtyBitsCleared) -> str | None:
    said.seen.add(DirtyBitsCleared)
    call = said.of(event.thread)
    call.cleared = (call.cleared or set()) | set(event.pages)
    if len({*event.pages}) != len(event.pages):
        return "DirtyBitsCleared names a page twice"
    asked, owner = asked_slot(facts, event.thread), said.bitmaps.get(event.bitmap)
    if owner is None and said.bitmaps:
        return f"DirtyBitsCleared names bitmap {event.bitmap}, which is not there"
    if owner is not None and asked is not None and owner != asked:
        return (
            f"DirtyBitsCleared is of {slot_words(owner)}, but it was asked about "
            f"{slot_words(asked)}"
        )
    return None


def _returned(said: SaidSoFar, facts: Facts, event: Return) -> Untrue | None:
    call = facts.calls.get(event.thread)
    if call is None:
        return None
    told, operation, reply = said.of(event.thread), call.operation, event.reply
    if isinstance(operation, GetDirtyLog) and isinstance(reply, DirtyLog):
        exact = facts.header.domain.exact_dirty_log
        return _log_returned(said, told, reply) if exact else None
    if isinstance(operation, CountRmaps) and isinstance(reply, Number):
        count = told.counted
        if count is not None and count != reply.value:
            words = f"RmapsCounted says {count}, but the answer is {reply.value}"
            return Untrue(RmapsCounted, words)
    if isinstance(operation, GfnToMemslot | GfnToHva) and call.loaded:
        _looked_up(said, reply)
    return None


def _looked_up(said: SaidSoFar, reply: Reply) -> None:
    """A slot was found, so something of it was read."""
    found = isinstance(reply, FoundSlot) and reply.slot is not None
    if found or (isinstance(reply, FoundHva) and reply.hva is not None):
        said.need(TableRead, "a slot was found in a table")


def _log_returned(said: SaidSoFar, told: CallSoFar, reply: DirtyLog) -> Untrue | None:
    """A GET that clears bits clears those that it answers, each word at once.

    Source: 6.1 `kvm_get_dirty_log_protect()`, virt/kvm/kvm_main.c:2180.
    """
    pages = {*set_bits(reply.bitmap)}
    if told.cleared is not None and told.cleared != pages:
        other = min(told.cleared ^ pages)
        which = "was answered" if other in pages else "was cleared"
        words = f"DirtyBitsCleared and the log differ: page {other:#x} {which} alone"
        return Untrue(DirtyBitsCleared, words)
    if pages and not told.made and not said.manual:
        said.need(DirtyBitsCleared, "a log was answered, and has the same bitmap still")
    return None


def _finished(said: SaidSoFar, facts: Facts, event: Finished) -> Untrue | None:
    del event
    for kind, why in said.needs.items():
        if kind not in said.seen and kind.__name__ in facts.announced:
            name = kind.__name__
            words = f"it promises {name}, and has announced none, though {why}"
            return Untrue(kind, words)
    return None


RULES: Rules = (
    on(TableLoaded, _loaded),
    on(TableRead, _read),
    on(HostPageFound, _found),
    on(MmuLocked, _locked),
    on(MmioCached, _mmio_cached),
    on(MmioHit, _mmio_hit),
    on(DirtyBitsCleared, _cleared),
)
"""Of points alone."""

OF_CALLS: Rules = (on(Called, _called), on(Return, _returned), on(Finished, _finished))
"""Of what is no point: these remember what a point is held against."""
