"""Dirty bitmaps as memory: large enough, freed, and not too early."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.dirty import BitmapFreed
from memslot_spec.moments.dirty import BitmapsPublished, LoggingEnded


def enough_bits(facts: Facts, published: BitmapsPublished) -> str:
    return ", ".join(
        f"a bitmap of at least {slot.npages} bits for slot {slot.id}"
        for slot, _ in published.too_small
    )


def the_bits_there_are(facts: Facts, published: BitmapsPublished) -> str:
    return ", ".join(
        f"slot {slot.id} published with a bitmap of {bits} bits"
        for slot, bits in published.too_small
    )


@clause(
    id="DIRTY-27",
    title="A bitmap has a bit for every page of its slot",
    must="A slot's dirty bitmap MUST have a bit for every page of the slot.",
    source="kvm_dirty_bitmap_bytes; commit 87bf6e7de113",
    rows=(56, 59),
    on=BitmapsPublished,
    expected=enough_bits,
    observed=the_bits_there_are,
    points=("BitmapAllocated",),
)
def bit_for_every_page(facts: Facts, published: BitmapsPublished) -> bool:
    return not published.too_small


def not_freed(facts: Facts, ended: LoggingEnded) -> str:
    return f"not freed: bitmap {', '.join(map(str, sorted(ended.unowned)))}"


@clause(
    id="DIRTY-28",
    title="A bitmap is freed with its log",
    must="A request that turns a slot's logging off, or deletes the slot, MUST free "
    "the slot's bitmap before it returns.",
    source="kvm_commit_memory_region, kvm_destroy_dirty_bitmap",
    rows=(59,),
    on=LoggingEnded,
    expected="every bitmap that no slot has any more freed",
    observed=not_freed,
    points=("TablePublished", "TableLoaded", "BitmapAllocated", "BitmapFreed"),
)
def freed_with_the_log(facts: Facts, ended: LoggingEnded) -> bool:
    return not ended.unowned


def was_published(facts: Facts, event: BitmapFreed) -> bool:
    # Nobody can have the table any more with which the VM is destroyed.
    return not facts.destroys_vm(event.thread) and facts.bitmaps.can_be_read(
        event.bitmap, 0
    )


def freed_early(facts: Facts, event: BitmapFreed) -> str:
    return f"bitmap {event.bitmap} freed while a reader may use a table that has it"


@clause(
    id="DIRTY-29",
    title="A bitmap outlives those who may mark it",
    must="A dirty bitmap MUST NOT be freed while a reader may be using a table that "
    "has it.",
    source="kvm_free_memslot after synchronize_srcu; commit b050b015abbe",
    rows=(56, 59),
    on=BitmapFreed,
    premise=was_published,
    expected="a grace period since the last table with the bitmap was replaced",
    observed=freed_early,
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
