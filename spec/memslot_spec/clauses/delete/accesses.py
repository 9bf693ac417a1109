"""The window of a delete: what accesses and lookups give meanwhile and after."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.model.operations import (
    GfnToHva,
    GfnToMemslot,
    GuestAccess,
    IsVisibleGfn,
    MemslotId,
)
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.model.readers import accesses, gfn_to_memslot
from memslot_spec.model.replies import Accessed, Mmio, Retry
from memslot_spec.model.values import SlotTable
from memslot_spec.moments.replies import Answered


def _invalid_for(table: SlotTable, access: GuestAccess) -> bool:
    slot = gfn_to_memslot(table, access.gfn, access.as_id)
    return slot is not None and slot.invalid


def meets_the_window(facts: Facts, answered: Answered) -> bool:
    """A fault looked its frame up, and found the slot INVALID in some table."""
    known = facts.calls.get(answered.thread)
    return (
        isinstance(answered.operation, GuestAccess)
        and known is not None
        and bool(known.loaded)
        and any(_invalid_for(t, answered.operation) for t in answered.candidates)
    )


@clause(
    id="DEL-10",
    title="A fault on an INVALID slot does not reach memory",
    must="A guest access whose fault finds its slot INVALID MUST NOT reach memory.",
    source="seed, gfn_to_hva; commits e0c378684b65, 3ccbf6f47098",
    rows=(40,),
    on=Answered,
    premise=meets_the_window,
    expected="MMIO or retry: the slot of the frame is INVALID",
    operations=("GuestAccess",),
    points=("TableLoaded", "TablePublished"),
    concurrent=True,
)
def window_is_not_memory(facts: Facts, answered: Answered) -> bool:
    return not isinstance(answered.reply, Accessed) or answered.explained


@clause(
    id="DEL-11",
    title="Today a fault on an INVALID slot is retried",
    must="A guest access whose fault finds its slot INVALID MUST be retried: it is "
    "answered by a table in which the slot is not INVALID, or asked for again.",
    source="commit e0c378684b65",
    rows=(40,),
    profiles=ONLY_LINUX,
    on=Answered,
    premise=meets_the_window,
    expected="retry: the slot of the frame is INVALID, which is not MMIO",
    operations=("GuestAccess",),
    points=("TableLoaded", "TablePublished"),
    concurrent=True,
)
def window_is_retried(facts: Facts, answered: Answered) -> bool:
    access = answered.operation
    if isinstance(answered.reply, Retry) or not isinstance(access, GuestAccess):
        return True
    if isinstance(answered.reply, Accessed):
        return answered.explained
    return any(
        answered.reply in accesses(table, access, facts.profile)
        for table in answered.candidates
        if not _invalid_for(table, access)
    )


def accesses_a_hole(facts: Facts, answered: Answered) -> bool:
    """The frame is in no slot, in any table that may be current."""
    operation = answered.operation
    return isinstance(operation, GuestAccess) and all(
        gfn_to_memslot(table, operation.gfn, operation.as_id) is None
        for table in answered.candidates
    )


@clause(
    id="DEL-12",
    title="A frame in no slot is MMIO",
    must="A guest access to a frame that no slot covers MUST leave as MMIO.",
    source="seed, gfn_to_hva: bad_hva",
    rows=(40,),
    on=Answered,
    premise=accesses_a_hole,
    expected="MMIO: no slot covers the frame",
    operations=("GuestAccess",),
)
def gone_is_mmio(facts: Facts, answered: Answered) -> bool:
    return isinstance(answered.reply, Mmio)


def looks_beside_the_window(facts: Facts, answered: Answered) -> bool:
    """A lookup in a slot that stands in every candidate, while another goes."""
    operation = answered.operation
    if not isinstance(operation, GfnToMemslot | GfnToHva | IsVisibleGfn | MemslotId):
        return False
    as_id = operation.as_id if isinstance(operation, GfnToMemslot | GfnToHva) else 0
    found = {
        gfn_to_memslot(table, operation.gfn, as_id) for table in answered.candidates
    }
    slot = next(iter(found)) if len(found) == 1 else None
    return (
        slot is not None
        and not slot.invalid
        and any(s.invalid for table in answered.candidates for s in table)
    )


@clause(
    id="DEL-13",
    title="Other slots resolve throughout",
    must="While a slot is INVALID, frames of other slots MUST keep resolving.",
    source="seed, __kvm_set_memory_region: one slot of the copy is changed",
    rows=(41,),
    on=Answered,
    premise=looks_beside_the_window,
    expected="the frame resolved as before: only another slot is INVALID",
    any_operation=("GfnToMemslot", "GfnToHva", "IsVisibleGfn", "MemslotId"),
    concurrent=True,
)
def others_resolve(facts: Facts, answered: Answered) -> bool:
    return answered.explained


CLAUSES: tuple[AnyClause, ...] = (
    window_is_not_memory,
    window_is_retried,
    gone_is_mmio,
    others_resolve,
)
