"""Translations that know READONLY, and lookups where slots lie over each other."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, Clause
from memslot_spec.clauses.lookup.lookup import expects_answer, is_explained, only_table
from memslot_spec.facts.facts import Facts
from memslot_spec.model.operations import (
    GfnToHva,
    GfnToHvaProt,
    GfnToMemslot,
    MemslotId,
)
from memslot_spec.model.profile import ONLY_2_6_34, ONLY_LINUX
from memslot_spec.model.readers import gfn_to_memslot
from memslot_spec.moments.replies import Answered


def translates_for_reading(facts: Facts, answered: Answered) -> bool:
    """The host page for reading of a frame that a READONLY slot covers."""
    table, operation = only_table(answered), answered.operation
    if table is None or not isinstance(operation, GfnToHvaProt) or operation.write:
        return False
    slot = gfn_to_memslot(table, operation.gfn)
    return slot is not None and slot.readonly


READS_READONLY = Clause(
    id="LOOK-8",
    title="A READONLY slot can be read",
    must="The translation for reading of a frame in a READONLY slot MUST give the "
    "host address and say that it is not writable, or the bad address while the "
    "slot is INVALID.",
    source="virt/kvm/kvm_main.c, __gfn_to_hva_many, gfn_to_hva_memslot_prot",
    rows=(23,),
    profiles=ONLY_LINUX,
    on=Answered,
    premise=translates_for_reading,
    expected=expects_answer,
    operations=("GfnToHvaProt",),
    holds=is_explained,
)


def translates_for_writing(facts: Facts, answered: Answered) -> bool:
    """The host page for writing of a frame in a READONLY slot or an INVALID one."""
    table, operation = only_table(answered), answered.operation
    if table is None or not isinstance(operation, GfnToHvaProt) or not operation.write:
        return False
    slot = gfn_to_memslot(table, operation.gfn)
    return slot is not None and (slot.readonly or slot.invalid)


REFUSES_TO_WRITE = Clause(
    id="LOOK-9",
    title="A READONLY slot is not for writing",
    must="The translation for writing of a frame MUST give the bad address where the "
    "slot is INVALID, and else the read-only error where it is READONLY.",
    source="virt/kvm/kvm_main.c, __gfn_to_hva_many: KVM_HVA_ERR_RO_BAD",
    rows=(23,),
    profiles=ONLY_LINUX,
    on=Answered,
    premise=translates_for_writing,
    expected=expects_answer,
    operations=("GfnToHvaProt",),
    holds=is_explained,
)


def seeks_among_several(facts: Facts, answered: Answered) -> bool:
    """A slot of a table of several covers the frame."""
    table, operation = only_table(answered), answered.operation
    return (
        table is not None
        and len(table.slots) > 1
        and isinstance(operation, GfnToMemslot | GfnToHva | MemslotId)
        and gfn_to_memslot(table, operation.gfn) is not None
    )


PREFERS_LOWEST_ID = Clause(
    id="LOOK-13",
    title="Of overlapping slots the lowest id is found",
    must="Of several slots that cover a frame, as a user slot and a private one may, a "
    "lookup MUST find the one with the lowest id.",
    source="v2.6.34, gfn_to_memslot_unaliased: a scan in the order of the ids",
    rows=(27,),
    profiles=ONLY_2_6_34,
    on=Answered,
    premise=seeks_among_several,
    expected=expects_answer,
    any_operation=("GfnToMemslot", "GfnToHva", "MemslotId"),
    holds=is_explained,
)

CLAUSES: tuple[AnyClause, ...] = (READS_READONLY, REFUSES_TO_WRITE, PREFERS_LOWEST_ID)
