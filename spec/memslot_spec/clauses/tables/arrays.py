"""The arrays that a slot has by page, as memory: freed in the end, once, not too early.

Reverse maps, and where large pages fit. A fault writes to those of the slot that it
has found, so they live as long as the tables do that have the slot.
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.host import BITMAP, METADATA
from memslot_spec.history.points.host import MetadataFreed
from memslot_spec.history.points.tables import Attached, TablePublished
from memslot_spec.history.words.names import count, slot_name
from memslot_spec.known import Known
from memslot_spec.model.values import Slot
from memslot_spec.moments.ending import VmEnded


def freed_again(facts: Facts, event: MetadataFreed) -> str:
    return f"arrays {event.metadata} freed, which are not allocated"


@clause(
    id="SLOT-14",
    title="The arrays of a slot are freed once",
    must="Arrays of a slot that are not allocated, or not any more, MUST NOT be freed.",
    known=Known(
        read="patch, kvm_free_physmem_slot(); 6.1 arch/x86/kvm/x86.c:12744, "
        "kvm_arch_free_memslot(); 13034, kvm_arch_commit_memory_region()",
        last_read="2026-11-27",
    ),
    rows=(59, 66),
    on=MetadataFreed,
    expected="arrays freed once",
    observed=freed_again,
    points=("MetadataAllocated",),
)
def arrays_freed_once(facts: Facts, event: MetadataFreed) -> bool:
    return facts.host.is_live((METADATA, event.metadata))


def some_slot_had_arrays(facts: Facts, ended: VmEnded) -> bool:
    return facts.lives.had_arrays


def arrays_left(facts: Facts, ended: VmEnded) -> tuple[int, ...]:
    """Those of slots; what a refused request had allocated is ERR-3's."""
    return tuple(
        handle
        for kind, handle in ended.resources
        if kind == METADATA and (kind, handle) not in facts.host.of_refused
    )


def the_arrays_left(facts: Facts, ended: VmEnded) -> str:
    left = ", ".join(map(str, arrays_left(facts, ended)))
    return f"the VM destroyed, and not freed: arrays {left}"


@clause(
    id="SLOT-15",
    title="The arrays of a slot are freed in the end",
    must="The arrays of a slot MUST be freed: when is left open, at the latest when "
    "the VM is destroyed.",
    known=Known(
        read="patch, kvm_free_physmem(); 6.1 virt/kvm/kvm_main.c:1674, "
        "kvm_commit_memory_region(); 994, kvm_free_memslots()",
        last_read="2026-11-27",
    ),
    rows=(59, 66),
    on=VmEnded,
    premise=some_slot_had_arrays,
    expected="the arrays of every slot freed by the end of the VM",
    observed=the_arrays_left,
    operations=("SetRegion", "DestroyVm"),
    points=("MetadataAllocated", "MetadataFreed"),
)
def arrays_freed_in_the_end(facts: Facts, ended: VmEnded) -> bool:
    return not arrays_left(facts, ended)


def were_published(facts: Facts, event: MetadataFreed) -> bool:
    # Nobody can have the table any more with which the VM is destroyed.
    attached = facts.lives.arrays_attached(event.metadata)
    return attached and not facts.destroys_vm(event.thread)


def arrays_freed_early(facts: Facts, event: MetadataFreed) -> str:
    return f"arrays {event.metadata} freed while a reader may use a slot that has them"


@clause(
    id="SLOT-16",
    title="The arrays of a slot outlive its readers",
    must="The arrays of a slot MUST NOT be freed while a reader may be using a table "
    "whose slot has them.",
    known=Known(
        read="patch, __kvm_set_memory_region(): kvm_free_physmem_slot() after "
        "synchronize_srcu_expedited(); 6.1 virt/kvm/kvm_main.c:1674, "
        "kvm_commit_memory_region(), after 1593, kvm_swap_active_memslots()",
        last_read="2026-11-27",
    ),
    rows=(29, 66),
    on=MetadataFreed,
    premise=were_published,
    expected="a grace period since the last table with the arrays was replaced",
    observed=arrays_freed_early,
    points=("MetadataAllocated", "TablePublished", "GracePeriodEnded"),
)
def arrays_freed_after_readers(facts: Facts, event: MetadataFreed) -> bool:
    floor = facts.sections.grace_floor
    return not facts.lives.arrays_readable(event.metadata, floor)


def has_something_attached(facts: Facts, event: TablePublished) -> bool:
    return bool(event.attached)


def what_is_gone(facts: Facts, one: Attached) -> tuple[str, ...]:
    """What the slot has with it that is not allocated, in words."""
    return tuple(
        f"{name} {handle} of {slot_name(one.slot_id, one.as_id)}"
        for name, kind, handle in (
            ("arrays", METADATA, one.metadata),
            ("bitmap", BITMAP, one.bitmap),
        )
        if handle is not None and not facts.host.is_live((kind, handle))
    )


def what_was_freed(facts: Facts, event: TablePublished) -> str:
    gone = ", ".join(
        words for one in event.attached for words in what_is_gone(facts, one)
    )
    return f"published, and not allocated: {gone}"


@clause(
    id="SLOT-17",
    title="A published slot has only what is allocated",
    must="A slot of a table that is published MUST NOT have arrays or a bitmap that "
    "were freed, or never allocated.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:1877, kvm_set_memslot(): what failed puts back "
        "the old slot with its arrays and bitmap",
        last_read="2026-11-27",
        derived="a reader uses the arrays and the bitmap of the slot that it finds, so "
        "they have to outlive every table that has them",
    ),
    rows=(59, 66),
    on=TablePublished,
    premise=has_something_attached,
    expected="arrays and bitmaps that are allocated in every published slot",
    observed=what_was_freed,
    points=("MetadataAllocated", "MetadataFreed", "BitmapAllocated", "BitmapFreed"),
)
def nothing_is_gone(facts: Facts, event: TablePublished) -> bool:
    arrays = {one.metadata for one in event.attached}
    bitmaps = {one.bitmap for one in event.attached}
    host = facts.host
    return arrays - {None} <= host.metadata.keys() and bitmaps - {None} <= host.bitmaps


def fits(facts: Facts, slot: Slot, handle: int) -> bool:
    """The arrays have an entry for each of the slot's pages, or are not known."""
    made = facts.host.metadata.get(handle)
    if made is None:
        return True
    end = slot.base + slot.npages
    return made.base <= slot.base and end <= made.base + made.npages


def new_slots(facts: Facts, event: TablePublished) -> tuple[tuple[Slot, int], ...]:
    """The slots with arrays that the table before has not, each with its arrays."""
    before, slots = facts.tables.current.by_key(), event.slots
    new = [
        one
        for one in event.attached
        if one.metadata is not None and (one.as_id, one.slot_id) not in before
    ]
    found = ((slots.find(one.as_id, one.slot_id), one.metadata) for one in new)
    return tuple(
        (slot, handle)
        for slot, handle in found
        if slot is not None and handle is not None
    )


def misfits(facts: Facts, event: TablePublished) -> tuple[tuple[Slot, int], ...]:
    """The new slots with arrays that were made for others, each with its arrays."""
    slots = new_slots(facts, event)
    return tuple(one for one in slots if not fits(facts, *one))


def arrays_wanted(facts: Facts, event: TablePublished) -> str:
    return "; ".join(
        f"arrays made for gfn {slot.base:#x} +{count(slot.npages, 'page')}, "
        f"{slot_name(slot.id, slot.as_id)}"
        for slot, _ in misfits(facts, event)
    )


def arrays_there_are(facts: Facts, event: TablePublished) -> str:
    made = (facts.host.metadata[handle] for _, handle in misfits(facts, event))
    return "; ".join(
        f"arrays {one.metadata} made for gfn {one.base:#x} +{count(one.npages, 'page')}"
        for one in made
    )


def has_new_arrays(facts: Facts, event: TablePublished) -> bool:
    # A move is MOVE-4's.
    return bool(new_slots(facts, event))


@clause(
    id="SLOT-19",
    title="The arrays of a new slot have an entry for each page",
    must="The arrays of a new slot MUST have an entry for each of its pages.",
    known=Known(
        read="patch, __kvm_set_memory_region(): vmalloc(npages * sizeof(*new.rmap)); "
        "6.1 arch/x86/kvm/x86.c:12780, kvm_alloc_memslot_metadata()",
        last_read="2026-11-27",
    ),
    rows=(41, 66),
    on=TablePublished,
    premise=has_new_arrays,
    expected=arrays_wanted,
    observed=arrays_there_are,
    points=("MetadataAllocated",),
)
def arrays_fit(facts: Facts, event: TablePublished) -> bool:
    return not misfits(facts, event)


CLAUSES: tuple[AnyClause, ...] = (
    arrays_freed_once,
    arrays_freed_in_the_end,
    arrays_freed_after_readers,
    nothing_is_gone,
    arrays_fit,
)
