"""The window of a delete: what accesses and lookups give meanwhile and after."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.model.operations import GuestAccess
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.model.readers import accesses
from memslot_spec.model.replies import Accessed, Mmio, Retry
from memslot_spec.moments.lookups import GfnAnswered


def fault_finds_its_slot_invalid(facts: Facts, access: GfnAnswered) -> bool:
    return access.loaded and any(s is not None and s.invalid for s in access.slots)


@clause(
    id="DEL-10",
    title="A fault on an INVALID slot does not reach memory",
    must="A guest access whose fault finds its slot INVALID MUST NOT reach memory.",
    source="seed, gfn_to_hva; commits e0c378684b65, 3ccbf6f47098",
    rows=(40,),
    on=GfnAnswered,
    premise=fault_finds_its_slot_invalid,
    expected="MMIO or retry: the slot of the frame is INVALID",
    operations=("GuestAccess",),
    points=("TableLoaded", "TablePublished"),
    concurrent=True,
)
def window_is_not_memory(facts: Facts, access: GfnAnswered) -> bool:
    # A table published meanwhile may explain that the access reached memory.
    return not isinstance(access.reply, Accessed) or access.explained


@clause(
    id="DEL-11",
    title="Today a fault on an INVALID slot is retried",
    must="A guest access whose fault finds its slot INVALID MUST be retried: it is "
    "answered by a table in which the slot is not INVALID, or asked for again.",
    source="commit e0c378684b65",
    rows=(40,),
    profiles=ONLY_LINUX,
    on=GfnAnswered,
    premise=fault_finds_its_slot_invalid,
    expected="retry: the slot of the frame is INVALID, which is not MMIO",
    operations=("GuestAccess",),
    points=("TableLoaded", "TablePublished"),
    concurrent=True,
)
def window_is_retried(facts: Facts, access: GfnAnswered) -> bool:
    operation, reply = access.operation, access.reply
    if isinstance(reply, Retry):
        return True
    if isinstance(reply, Accessed):
        return access.explained
    return isinstance(operation, GuestAccess) and any(
        reply in accesses(table, operation, facts.profile, facts.limits)
        for table, slot in zip(access.tables, access.slots, strict=True)
        if slot is None or not slot.invalid
    )


def is_of_no_slot(facts: Facts, access: GfnAnswered) -> bool:
    return all(slot is None for slot in access.slots)


@clause(
    id="DEL-12",
    title="A frame in no slot is MMIO",
    must="A guest access to a frame that no slot covers MUST exit to user space as "
    "MMIO.",
    source="seed, gfn_to_hva: bad_hva",
    rows=(40,),
    on=GfnAnswered,
    premise=is_of_no_slot,
    expected="MMIO: no slot covers the frame",
    operations=("GuestAccess",),
)
def gone_is_mmio(facts: Facts, access: GfnAnswered) -> bool:
    return isinstance(access.reply, Mmio)


def only_another_slot_is_invalid(facts: Facts, lookup: GfnAnswered) -> bool:
    """Every table has the same valid slot there, and one has an INVALID slot."""
    found = set(lookup.slots)
    return (
        len(found) == 1
        and all(slot is not None and not slot.invalid for slot in found)
        and any(slot.invalid for table in lookup.tables for slot in table)
    )


@clause(
    id="DEL-13",
    title="Other slots resolve throughout",
    must="While a slot is INVALID, frames of other slots MUST keep resolving.",
    source="seed, __kvm_set_memory_region: one slot of the copy is changed",
    rows=(41,),
    on=GfnAnswered,
    premise=only_another_slot_is_invalid,
    expected="the frame resolved as before: only another slot is INVALID",
    any_operation=("GfnToMemslot", "GfnToHva", "IsVisibleGfn", "MemslotId"),
    concurrent=True,
)
def others_resolve(facts: Facts, lookup: GfnAnswered) -> bool:
    return lookup.explained


CLAUSES: tuple[AnyClause, ...] = (
    window_is_not_memory,
    window_is_retried,
    gone_is_mmio,
    others_resolve,
)
