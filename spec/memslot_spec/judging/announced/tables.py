"""Announcements of tables and of what is allocated for a slot: whose they are.

A request allocates for its own slot (6.1 virt/kvm/kvm_main.c:1715,
kvm_prepare_memory_region()), a GET for the slot of its log, and the first shadow root
for slots that there are (6.1 arch/x86/kvm/mmu/mmu.c:3603).
"""

from __future__ import annotations

from memslot_spec.arithmetic.slot_word import as_id_of
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.caches import GenerationSet
from memslot_spec.history.points.dirty import BitmapAllocated, BitmapFreed
from memslot_spec.history.points.host import MetadataAllocated
from memslot_spec.history.points.tables import (
    ArchLocked,
    TablePublished,
    TableWritten,
)
from memslot_spec.judging.announced.said import Rules, SaidSoFar, on, operation_of
from memslot_spec.model.dirty_log import SlotKey, slot_key
from memslot_spec.model.operations import (
    ClearDirtyLog,
    EnableManualProtect,
    GetDirtyLog,
    SetRegion,
)

SLOTS = "slots"
FIELDS = frozenset({SLOTS, "generation", "last_used_slot", "arch"})
"""The stores that a target tells apart."""

BITS_PER_BYTE = 8


def slot_words(key: SlotKey) -> str:
    """A slot by id, and by its address space where that is not the first."""
    as_id, slot_id = key
    return f"slot {slot_id}" + (f" of address space {as_id}" if as_id else "")


def asked_slot(facts: Facts, thread: int) -> SlotKey | None:
    """The slot that the thread's request or log call is about."""
    operation = operation_of(facts, thread)
    if isinstance(operation, SetRegion):
        return slot_key(operation.region.slot)
    if isinstance(operation, GetDirtyLog | ClearDirtyLog):
        return slot_key(operation.slot)
    return None


def wrong_slot(said: SaidSoFar, facts: Facts, thread: int, key: SlotKey) -> str | None:
    """Why nothing can be allocated for this slot now, in words."""
    asked = asked_slot(facts, thread)
    if asked is not None and asked != key:
        return f"is for {slot_words(key)}, but it was asked about {slot_words(asked)}"
    if asked is None and said.slots and key not in said.slots:
        return f"is for {slot_words(key)}, which no table has had"
    return None


def _table_written(said: SaidSoFar, facts: Facts, event: TableWritten) -> str | None:
    del facts
    said.seen.add(TableWritten)
    if event.field not in FIELDS:
        return f"TableWritten names {event.field!r}, which is none of its fields"
    if event.field == SLOTS:
        said.written.add(event.table)
    return None


def _published(said: SaidSoFar, facts: Facts, event: TablePublished) -> str | None:
    said.slots |= {(slot.as_id, slot.id) for slot in event.slots}
    # A copy in which nothing is changed may be published as it is.
    if event.slots == facts.tables.current:
        return _attached(said, event)
    said.need(TableWritten, "a table that differs was published")
    is_new = event.table not in facts.tables.handles
    if is_new and said.written and event.table not in said.written:
        return f"TablePublished is of table {event.table}, to which nobody has written"
    return _attached(said, event)


def _attached(said: SaidSoFar, event: TablePublished) -> str | None:
    met: set[SlotKey] = set()
    made = said.of(event.thread).made
    for entry in event.attached:
        key = (entry.as_id, entry.slot_id)
        slot = event.slots.find(*key)
        if slot is None or key in met:
            times = "no such slot" if slot is None else "told of that slot before"
            return f"TablePublished attaches to {slot_words(key)}: there is {times}"
        met.add(key)
        bitmap = made.get(key)
        logs = slot.log_dirty and not slot.invalid and entry.bitmap is None
        if logs and bitmap in said.bitmaps:
            return (
                f"TablePublished gives {slot_words(key)}, which logs, no bitmap, but "
                f"bitmap {bitmap} was allocated for it"
            )
    return None


def _metadata(said: SaidSoFar, facts: Facts, event: MetadataAllocated) -> str | None:
    wrong = wrong_slot(said, facts, event.thread, (event.as_id, event.slot_id))
    return wrong and f"MetadataAllocated {wrong}"


def _bitmap(said: SaidSoFar, facts: Facts, event: BitmapAllocated) -> str | None:
    """A bitmap may have room for more, but what is allocated are whole bytes."""
    key = (event.as_id, event.slot_id)
    said.bitmaps[event.bitmap] = key
    said.of(event.thread).made[key] = event.bitmap
    wrong = wrong_slot(said, facts, event.thread, key)
    if wrong:
        return f"BitmapAllocated {wrong}"
    operation = operation_of(facts, event.thread)
    if isinstance(operation, SetRegion):
        asked = operation.region.npages
        if event.npages > asked and event.npages % BITS_PER_BYTE:
            return f"BitmapAllocated has {event.npages} pages, but the slot has {asked}"
    can_be_set = EnableManualProtect.__name__ in facts.header.capabilities.operations
    if event.all_set and not can_be_set:
        return "BitmapAllocated has every bit set, which nobody can ask for"
    return None


def _bitmap_freed(said: SaidSoFar, facts: Facts, event: BitmapFreed) -> str | None:
    del facts
    said.bitmaps.pop(event.bitmap, None)
    return None


def _generation(said: SaidSoFar, facts: Facts, event: GenerationSet) -> str | None:
    del said
    operation = operation_of(facts, event.thread)
    if not isinstance(operation, SetRegion):
        return None
    asked = as_id_of(operation.region.slot)
    if event.as_id == asked:
        return None
    space = f"GenerationSet is of address space {event.as_id}"
    return f"{space}, but the request is of {asked}"


def _arch_locked(said: SaidSoFar, facts: Facts, event: ArchLocked) -> str | None:
    """A mutex is not taken twice: who does so waits for ever."""
    del said
    if facts.arch_lock.holder != event.thread:
        return None
    return "ArchLocked is told by the thread that holds the lock"


RULES: Rules = (
    on(TableWritten, _table_written),
    on(TablePublished, _published),
    on(MetadataAllocated, _metadata),
    on(BitmapAllocated, _bitmap),
    on(BitmapFreed, _bitmap_freed),
    on(GenerationSet, _generation),
    on(ArchLocked, _arch_locked),
)
