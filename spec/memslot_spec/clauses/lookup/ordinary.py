"""Translations for an access, of frames that nothing is special about, and of holes."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.clauses.lookup.lookup import the_answer
from memslot_spec.clauses.lookup.translation import BAD
from memslot_spec.facts.facts import Facts
from memslot_spec.known import Known
from memslot_spec.model.operations import GfnToHvaProt
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.model.replies import FoundHostPage
from memslot_spec.moments.lookups import Covered, LookedUp


def by_an_ordinary_slot(facts: Facts, covered: Covered) -> bool:
    return not covered.slot.invalid and not covered.slot.readonly


@clause(
    id="LOOK-14",
    title="An ordinary slot is for reading and for writing",
    must="The translation, for reading or for writing, of a frame in a valid slot that "
    "is not READONLY MUST give the host address and say that it is writable.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:2469, gfn_to_hva_memslot_prot(); 2429, "
        "__gfn_to_hva_many()",
        last_read="2026-11-27",
    ),
    rows=(22, 23),
    profiles=ONLY_LINUX,
    on=Covered,
    premise=by_an_ordinary_slot,
    expected=the_answer,
    operations=("GfnToHvaProt",),
)
def reads_and_writes(facts: Facts, covered: Covered) -> bool:
    hva = covered.slot.hva_of(covered.gfn)
    return covered.reply == FoundHostPage(hva, writable=True)


def has_nothing_to_read(facts: Facts, looked_up: LookedUp) -> bool:
    slot, operation = looked_up.slot, looked_up.operation
    if slot is None:
        return True
    # LOOK-8 has READONLY slots, LOOK-9 translations for writing.
    for_writing = isinstance(operation, GfnToHvaProt) and operation.write
    return slot.invalid and not slot.readonly and not for_writing


@clause(
    id="LOOK-15",
    title="Where there is no slot there is the bad address",
    must="The translation of a frame in no slot, or for reading in an INVALID one, "
    "MUST be the bad address, and not the read-only error.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:2421, __gfn_to_hva_many(): KVM_HVA_ERR_BAD",
        last_read="2026-11-27",
    ),
    rows=(22, 23),
    profiles=ONLY_LINUX,
    on=LookedUp,
    premise=has_nothing_to_read,
    expected=the_answer,
    operations=("GfnToHvaProt",),
)
def is_bad(facts: Facts, looked_up: LookedUp) -> bool:
    return looked_up.reply == BAD


CLAUSES: tuple[AnyClause, ...] = (reads_and_writes, is_bad)
