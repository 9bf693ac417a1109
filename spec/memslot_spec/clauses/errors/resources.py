"""What a failed request frees and keeps, and until when a request can fail."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.host import METADATA, Resource
from memslot_spec.known import Known
from memslot_spec.model.replies import Refused
from memslot_spec.model.updates import target_of
from memslot_spec.moments.ending import VmEnded
from memslot_spec.moments.replies import Placed, RequestFailed

RESOURCES = ("MetadataAllocated", "MetadataFreed", "BitmapAllocated", "BitmapFreed")


def handles(resources: tuple[Resource, ...]) -> str:
    """Arrays and bitmaps, such as `arrays 3, bitmap 4`."""
    return ", ".join(
        f"{'arrays' if kind == METADATA else kind} {handle}"
        for kind, handle in resources
    )


def left_of_refused(facts: Facts, ended: VmEnded) -> tuple[Resource, ...]:
    return tuple(one for one in ended.resources if one in facts.host.of_refused)


def a_request_failed(facts: Facts, ended: VmEnded) -> bool:
    return facts.host.refused_some


def what_is_left(facts: Facts, ended: VmEnded) -> str:
    left = handles(left_of_refused(facts, ended))
    return f"the VM destroyed, and not freed: {left}"


@clause(
    id="ERR-3",
    title="A failed request's arrays and bitmaps are freed",
    must="Arrays and bitmaps that were allocated for a request that fails MUST be "
    "freed: when is left open, at the latest when the VM is destroyed.",
    known=Known(
        read="patch, __kvm_set_memory_region(): out_free frees what old has not; 6.1 "
        "virt/kvm/kvm_main.c:1649, kvm_prepare_memory_region()",
        last_read="2026-11-27",
    ),
    rows=(66,),
    on=VmEnded,
    premise=a_request_failed,
    expected="what the refused request allocated freed by the end of the VM",
    observed=what_is_left,
    operations=("SetRegion", "DestroyVm"),
    points=RESOURCES,
)
def allocated_is_freed(facts: Facts, ended: VmEnded) -> bool:
    return not left_of_refused(facts, ended)


def slot_has_something(facts: Facts, failed: RequestFailed) -> bool:
    found = failed.found
    return found is not None and (
        found.metadata is not None or found.bitmap is not None
    )


def what_is_lost(facts: Facts, failed: RequestFailed) -> str:
    return f"freed: {handles(failed.lost)}"


@clause(
    id="ERR-4",
    title="A failed request keeps the slot's arrays and bitmap",
    must="A request that fails MUST NOT free arrays or a bitmap that the slot had "
    "before it.",
    known=Known(
        read="patch, __kvm_set_memory_region(): out_free frees what old has not; 6.1 "
        "virt/kvm/kvm_main.c:1649, kvm_prepare_memory_region(): old->dirty_bitmap",
        last_read="2026-11-27",
    ),
    rows=(66,),
    on=RequestFailed,
    premise=slot_has_something,
    expected="the arrays and the bitmap that the slot had before kept",
    observed=what_is_lost,
    points=(*RESOURCES, "TablePublished"),
)
def slots_own_is_kept(facts: Facts, failed: RequestFailed) -> bool:
    return not failed.lost


def published_its_final_table(facts: Facts, placed: Placed) -> bool:
    """It published a table with its slot neither as before nor INVALID."""
    for table in placed.update.published:
        slot = target_of(table, placed.region)
        if slot != placed.old and not (slot is not None and slot.invalid):
            return True
    return False


@clause(
    id="ERR-5",
    title="A request does not fail after its final table",
    must="A request that has published its final table MUST NOT fail, even if it "
    "publishes the old table again.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:1655, kvm_commit_memory_region(): void",
        last_read="2026-11",
    ),
    rows=(67,),
    on=Placed,
    premise=published_its_final_table,
    expected="the request done: its final table was published",
    points=("TablePublished", "TableLoaded"),
)
def no_failure_after_final_table(facts: Facts, placed: Placed) -> bool:
    return not isinstance(placed.update.reply, Refused)


CLAUSES: tuple[AnyClause, ...] = (
    allocated_is_freed,
    slots_own_is_kept,
    no_failure_after_final_table,
)
