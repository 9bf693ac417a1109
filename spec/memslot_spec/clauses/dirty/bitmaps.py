"""Dirty bitmaps as memory: large enough, freed in the end, and not too early."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.host import BITMAP
from memslot_spec.history.points.dirty import BitmapFreed
from memslot_spec.known import Known
from memslot_spec.moments.dirty import BitmapsPublished
from memslot_spec.moments.ending import VmEnded


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
    known=Known(
        read="patch, __kvm_set_memory_region(): dirty_bytes; 6.1 "
        "include/linux/kvm_host.h:586, kvm_dirty_bitmap_bytes(); commit 87bf6e7de113",
        last_read="2026-11-27",
    ),
    rows=(56, 59),
    on=BitmapsPublished,
    expected=enough_bits,
    observed=the_bits_there_are,
    points=("BitmapAllocated",),
)
def bit_for_every_page(facts: Facts, published: BitmapsPublished) -> bool:
    return not published.too_small


def left_of_logs(facts: Facts, ended: VmEnded) -> tuple[int, ...]:
    """The bitmaps that are left; those of refused requests are ERR-3's."""
    return tuple(
        handle
        for kind, handle in ended.resources
        if kind == BITMAP and (kind, handle) not in facts.host.of_refused
    )


def some_slot_logged(facts: Facts, ended: VmEnded) -> bool:
    return bool(facts.bitmaps.ever)


def not_freed(facts: Facts, ended: VmEnded) -> str:
    left = ", ".join(map(str, left_of_logs(facts, ended)))
    return f"the VM destroyed, and not freed: bitmap {left}"


@clause(
    id="DIRTY-28",
    title="The bitmap of a log that has ended is freed",
    must="A bitmap that no slot has, or has any more, MUST be freed: when is left "
    "open, at the latest when the VM is destroyed.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:1677 and 1686, kvm_commit_memory_region(); 994, "
        "kvm_free_memslots()",
        last_read="2026-11-27",
    ),
    rows=(59,),
    on=VmEnded,
    premise=some_slot_logged,
    expected="every bitmap freed by the end of the VM",
    observed=not_freed,
    operations=("SetRegion", "DestroyVm"),
    points=("TablePublished", "TableLoaded", "BitmapAllocated", "BitmapFreed"),
)
def freed_with_the_log(facts: Facts, ended: VmEnded) -> bool:
    return not left_of_logs(facts, ended)


def was_published(facts: Facts, event: BitmapFreed) -> bool:
    # Nobody can have the table any more with which the VM is destroyed.
    attached = facts.bitmaps.was_attached(event.bitmap)
    return attached and not facts.destroys_vm(event.thread)


def freed_early(facts: Facts, event: BitmapFreed) -> str:
    return f"bitmap {event.bitmap} freed while a reader may use a table that has it"


@clause(
    id="DIRTY-29",
    title="A bitmap outlives those who may mark it",
    must="A dirty bitmap MUST NOT be freed while a reader may be using a table that "
    "has it.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:1686, kvm_commit_memory_region(), after 1593, "
        "kvm_swap_active_memslots(); commit b050b015abbe",
        last_read="2026-11",
    ),
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
