"""Dirty bitmaps as memory: large enough, freed, and not too early."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.dirty import BitmapFreed
from memslot_spec.history.points.tables import TablePublished
from memslot_spec.model.dirty_log import slot_named
from memslot_spec.model.replies import Done
from memslot_spec.moments.replies import Updated


def _rooms(event: TablePublished) -> tuple[tuple[int, int], ...]:
    """The bitmaps of a table's slots: each with the pages of its slot."""
    found: list[tuple[int, int]] = []
    for one in event.attached:
        slot = event.slots.find(one.as_id, one.slot_id)
        if slot is not None and one.bitmap is not None:
            found.append((one.bitmap, slot.npages))
    return tuple(found)


def publishes_bitmaps(facts: Facts, event: TablePublished) -> bool:
    """Some slot of the table has a bitmap that is live."""
    return any(handle in facts.bitmaps.live for handle, _ in _rooms(event))


def expects_room(facts: Facts, event: TablePublished) -> str:
    """How many pages the slots have."""
    return f"room for the pages of each slot (bitmap, pages): {_rooms(event)}"


@clause(
    id="DIRTY-27",
    title="A bitmap has a bit for every page of its slot",
    must="A slot's dirty bitmap MUST have a bit for every page of the slot.",
    source="kvm_dirty_bitmap_bytes; commit 87bf6e7de113",
    rows=(56, 59),
    on=TablePublished,
    premise=publishes_bitmaps,
    expected=expects_room,
    points=("BitmapAllocated",),
)
def room_for_all(facts: Facts, event: TablePublished) -> bool:
    live = facts.bitmaps.live
    return all(
        handle not in live or live[handle].npages >= npages
        for handle, npages in _rooms(event)
    )


def ended_quietly(facts: Facts, update: Updated) -> bool:
    """A slot lost its log by a request, with nothing else under way."""
    if update.base is None or update.after is None or facts.bitmaps.taken:
        return False
    if len(facts.open_updates()) > 1 or not isinstance(update.reply, Done):
        return False
    word = update.operation.region.slot
    before, after = slot_named(update.base, word), slot_named(update.after, word)
    had_log = before is not None and before.log_dirty
    return had_log and (after is None or not after.log_dirty)


def _unowned(facts: Facts) -> frozenset[int]:
    """The live bitmaps that no slot of the current table has."""
    return frozenset(facts.bitmaps.live).difference(facts.bitmaps.attached[-1].values())


def expects_no_bitmap_left_over(facts: Facts, update: Updated) -> str:
    """Those that are nobody's."""
    return f"freed: the bitmaps {sorted(_unowned(facts))}, which no slot has"


@clause(
    id="DIRTY-28",
    title="A bitmap goes with its log",
    must="A request that turns a slot's logging off, or deletes the slot, MUST free "
    "the slot's bitmap before it returns.",
    source="kvm_commit_memory_region, kvm_destroy_dirty_bitmap",
    rows=(59,),
    on=Updated,
    premise=ended_quietly,
    expected=expects_no_bitmap_left_over,
    points=("TablePublished", "TableLoaded", "BitmapAllocated", "BitmapFreed"),
)
def freed_with_the_log(facts: Facts, update: Updated) -> bool:
    return not _unowned(facts)


def was_attached(facts: Facts, event: BitmapFreed) -> bool:
    """Some published table had the bitmap."""
    return facts.bitmaps.can_be_read(event.bitmap, 0)


@clause(
    id="DIRTY-29",
    title="A bitmap outlives those who may mark it",
    must="A dirty bitmap MUST NOT be freed while a reader may be using a table that "
    "has it.",
    source="kvm_free_memslot after synchronize_srcu; commit b050b015abbe",
    rows=(56, 59),
    on=BitmapFreed,
    premise=was_attached,
    expected="a grace period after the last table with the bitmap was replaced",
    points=("TablePublished", "GracePeriodEnded"),
)
def freed_after_readers(facts: Facts, event: BitmapFreed) -> bool:
    floor = facts.sections.grace_floor
    return not facts.bitmaps.can_be_read(event.bitmap, floor)


CLAUSES: tuple[AnyClause, ...] = (
    room_for_all,
    freed_with_the_log,
    freed_after_readers,
)
