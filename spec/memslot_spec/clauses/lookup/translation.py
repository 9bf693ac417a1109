"""Translations that know READONLY, and lookups where slots lie over each other."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, Implied, clause
from memslot_spec.clauses.lookup.lookup import the_answer
from memslot_spec.facts.facts import Facts
from memslot_spec.known import Known
from memslot_spec.model.operations import GfnToHvaProt
from memslot_spec.model.profile import ONLY_2_6_34, ONLY_LINUX
from memslot_spec.model.replies import FoundHostPage, FoundHva, FoundId, FoundSlot
from memslot_spec.model.values import HvaError
from memslot_spec.moments.lookups import Covered

BAD = FoundHostPage(None, error=HvaError.BAD)
NOT_FOR_WRITING = FoundHostPage(None, error=HvaError.RO_BAD)


def is_for_writing(covered: Covered) -> bool:
    return isinstance(covered.operation, GfnToHvaProt) and covered.operation.write


def reads_a_readonly_slot(facts: Facts, covered: Covered) -> bool:
    return covered.slot.readonly and not is_for_writing(covered)


@clause(
    id="LOOK-8",
    title="A READONLY slot can be read",
    must="The translation for reading of a frame in a READONLY slot MUST give the "
    "host address and say that it is not writable, or the bad address while the "
    "slot is INVALID.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:2469, gfn_to_hva_memslot_prot(); 2421, "
        "__gfn_to_hva_many()",
        last_read="2026-11",
    ),
    rows=(23,),
    profiles=ONLY_LINUX,
    on=Covered,
    premise=reads_a_readonly_slot,
    expected=the_answer,
    operations=("GfnToHvaProt",),
)
def reads_readonly(facts: Facts, covered: Covered) -> bool:
    slot = covered.slot
    return covered.reply == (
        BAD if slot.invalid else FoundHostPage(slot.hva_of(covered.gfn), writable=False)
    )


def writes_a_readonly_or_invalid_slot(facts: Facts, covered: Covered) -> bool:
    slot = covered.slot
    return is_for_writing(covered) and (slot.readonly or slot.invalid)


@clause(
    id="LOOK-9",
    title="No host page for writing without a writable slot",
    must="The translation for writing of a frame MUST give the bad address where the "
    "slot is INVALID, and else the read-only error where it is READONLY.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:2425, __gfn_to_hva_many(): KVM_HVA_ERR_RO_BAD; "
        "INVALID: patch, gfn_to_hva(), which gfn_to_pfn() asks",
        last_read="2026-11-27",
    ),
    rows=(23,),
    on=Covered,
    premise=writes_a_readonly_or_invalid_slot,
    expected=the_answer,
    operations=("GfnToHvaProt",),
)
def refuses_to_write(facts: Facts, covered: Covered) -> bool:
    return covered.reply == (BAD if covered.slot.invalid else NOT_FOR_WRITING)


def by_several_slots(facts: Facts, covered: Covered) -> bool:
    slots = (s for s in covered.table.slots if s.as_id == covered.as_id)
    return sum(slot.covers(covered.gfn) for slot in slots) > 1


@clause(
    id="LOOK-13",
    title="Of overlapping slots the lowest id is found",
    must="Of several slots that cover a frame, as a user slot and a private one may, a "
    "lookup MUST find the one with the lowest id.",
    known=Known(
        read="patch, gfn_to_memslot_unaliased(): a scan in the order of the ids",
        last_read="2026-11-27",
    ),
    implied=Implied(
        by=("LOOK-1", "LOOK-3", "LOOK-4", "LOOK-6"),
        because="the covering slot of a table, for each of the lookups, is the "
        "one with the lowest id",
    ),
    rows=(27,),
    profiles=ONLY_2_6_34,
    on=Covered,
    premise=by_several_slots,
    expected=the_answer,
    any_operation=("GfnToMemslot", "GfnToHva", "MemslotId"),
    overlapping=True,
)
def prefers_lowest_id(facts: Facts, covered: Covered) -> bool:
    # The slot of `covered` is the one with the lowest id; each lookup has a reply of
    # its own kind.
    slot = covered.slot
    hva = None if slot.invalid or slot.readonly else slot.hva_of(covered.gfn)
    return covered.reply in (FoundSlot(slot), FoundId(slot.id), FoundHva(hva))


CLAUSES: tuple[AnyClause, ...] = (reads_readonly, refuses_to_write, prefers_lowest_id)
