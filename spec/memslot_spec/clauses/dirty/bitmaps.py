"""Dirty bitmaps as memory: large enough, freed, and not too early."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.dirty import BitmapFreed
from memslot_spec.moments.dirty import BitmapsPublished, LoggingEnded


def enough_bits(facts: Facts, published: BitmapsPublished) -> str:
    bits = [f"{slot.npages} bits for slot {slot.id}" for slot in published.too_small]
    return ", ".join(bits)


@clause(
    id="DIRTY-27",
    title="A bitmap has a bit for every page of its slot",
    must="A slot's dirty bitmap MUST have a bit for every page of the slot.",
    source="kvm_dirty_bitmap_bytes; commit 87bf6e7de113",
    rows=(56, 59),
    on=BitmapsPublished,
    expected=enough_bits,
    points=("BitmapAllocated",),
)
def bit_for_every_page(facts: Facts, published: BitmapsPublished) -> bool:
    return not published.too_small


def the_bitmap_freed(facts: Facts, ended: LoggingEnded) -> str:
    bitmaps = ", ".join(f"{handle:#x}" for handle in sorted(ended.unowned))
    return f"freed: the bitmaps {bitmaps}, which no slot has"


@clause(
    id="DIRTY-28",
    title="A bitmap is freed with its log",
    must="A request that turns a slot's logging off, or deletes the slot, MUST free "
    "the slot's bitmap before it returns.",
    source="kvm_commit_memory_region, kvm_destroy_dirty_bitmap",
    rows=(59,),
    on=LoggingEnded,
    expected=the_bitmap_freed,
    points=("TablePublished", "TableLoaded", "BitmapAllocated", "BitmapFreed"),
)
def freed_with_the_log(facts: Facts, ended: LoggingEnded) -> bool:
    return not ended.unowned


def was_published(facts: Facts, event: BitmapFreed) -> bool:
    return facts.bitmaps.can_be_read(event.bitmap, 0)


@clause(
    id="DIRTY-29",
    title="A bitmap outlives those who may mark it",
    must="A dirty bitmap MUST NOT be freed while a reader may be using a table that "
    "has it.",
    source="kvm_free_memslot after synchronize_srcu; commit b050b015abbe",
    rows=(56, 59),
    on=BitmapFreed,
    premise=was_published,
    expected="a grace period after the last table with the bitmap was replaced",
    points=("TablePublished", "GracePeriodEnded"),
)
def freed_after_readers(facts: Facts, event: BitmapFreed) -> bool:
    floor = facts.sections.grace_floor
    return not facts.bitmaps.can_be_read(event.bitmap, floor)


CLAUSES: tuple[AnyClause, ...] = (
    bit_for_every_page,
    freed_with_the_log,
    freed_after_readers,
)
