"""Lookups: what a reader of one table answers.

Each clause here speaks of an answer that a single table has to explain. Where
several tables may have been current, the clauses on readers speak instead.
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.words import describe_reply
from memslot_spec.known import Known
from memslot_spec.model.profile import ONLY_2_6_34
from memslot_spec.model.readers import answer, is_visible_gfn
from memslot_spec.model.replies import FoundHva, FoundId, FoundSlot, Visible
from memslot_spec.moments.lookups import Covered, LookedUp


def the_answer(facts: Facts, looked_up: LookedUp | Covered) -> str:
    table, operation = looked_up.table, looked_up.operation
    return describe_reply(answer(table, operation, facts.profile, facts.limits))


def in_a_hole(facts: Facts, looked_up: LookedUp) -> bool:
    return looked_up.slot is None


@clause(
    id="LOOK-1",
    title="A lookup finds the covering slot, INVALID or not",
    must="gfn_to_memslot MUST return the slot that covers the frame, also while "
    "that slot is INVALID.",
    known=Known(
        read="patch, gfn_to_memslot_unaliased(): no test of INVALID; 6.1 "
        "virt/kvm/kvm_main.c:2334, gfn_to_memslot()",
        last_read="2026-11",
    ),
    rows=(21,),
    on=Covered,
    expected=the_answer,
    operations=("GfnToMemslot",),
)
def finds_slot(facts: Facts, covered: Covered) -> bool:
    return covered.reply == FoundSlot(covered.slot)


@clause(
    id="LOOK-2",
    title="A lookup in a hole finds nothing",
    must="gfn_to_memslot of a frame that no slot covers MUST return none.",
    known=Known(
        read="patch, gfn_to_memslot_unaliased(); 6.1 include/linux/kvm_host.h:1665, "
        "search_memslots()",
        last_read="2026-11",
    ),
    rows=(21,),
    on=LookedUp,
    premise=in_a_hole,
    expected=the_answer,
    operations=("GfnToMemslot",),
)
def finds_none(facts: Facts, looked_up: LookedUp) -> bool:
    return looked_up.reply == FoundSlot(None)


def in_no_writable_slot(facts: Facts, looked_up: LookedUp) -> bool:
    slot = looked_up.slot
    return slot is None or slot.invalid or slot.readonly


@clause(
    id="LOOK-3",
    title="No host address for writing without a writable slot",
    must="gfn_to_hva, which is for writing, of a frame in no slot, in an INVALID or "
    "in a READONLY one MUST return an error value.",
    known=Known(
        read="patch, gfn_to_hva(); 6.1 virt/kvm/kvm_main.c:2421 and 2425, "
        "__gfn_to_hva_many()",
        last_read="2026-11",
    ),
    rows=(22,),
    on=LookedUp,
    premise=in_no_writable_slot,
    expected=the_answer,
    operations=("GfnToHva",),
)
def no_hva(facts: Facts, looked_up: LookedUp) -> bool:
    return looked_up.reply == FoundHva(None)


def by_a_valid_writable_slot(facts: Facts, covered: Covered) -> bool:
    return not covered.slot.invalid and not covered.slot.readonly


@clause(
    id="LOOK-4",
    title="The host address is base plus offset",
    must="gfn_to_hva of a frame in a valid, writable slot MUST return userspace_addr + "
    "(gfn - base) * 4096.",
    known=Known(
        read="patch, gfn_to_hva(); 6.1 include/linux/kvm_host.h:1709, "
        "__gfn_to_hva_memslot()",
        last_read="2026-11",
    ),
    rows=(22,),
    on=Covered,
    premise=by_a_valid_writable_slot,
    expected=the_answer,
    operations=("GfnToHva",),
)
def the_hva(facts: Facts, covered: Covered) -> bool:
    return covered.reply == FoundHva(covered.slot.hva_of(covered.gfn))


@clause(
    id="LOOK-5",
    title="Visible means a valid user slot",
    must="kvm_is_visible_gfn MUST be true if and only if a user slot that is not "
    "INVALID covers the frame.",
    known=Known(
        read="patch, kvm_is_visible_gfn(); 6.1 include/linux/kvm_host.h:2187, "
        "kvm_is_visible_memslot()",
        last_read="2026-11",
    ),
    rows=(24,),
    on=LookedUp,
    expected=the_answer,
    operations=("IsVisibleGfn",),
)
def visible(facts: Facts, looked_up: LookedUp) -> bool:
    # Not of the slot found: a private one may lie over a user slot.
    is_visible = is_visible_gfn(looked_up.table, looked_up.gfn, facts.limits)
    return looked_up.reply == Visible(is_visible)


@clause(
    id="LOOK-6",
    title="The id is the covering slot's",
    must="memslot_id of a covered frame MUST be the covering slot's id.",
    known=Known(
        read="patch, memslot_id(); commit e36d96f7cfa; 6.1 "
        "include/linux/kvm_host.h:1714, memslot_id()",
        last_read="2026-11",
    ),
    rows=(25,),
    on=Covered,
    expected=the_answer,
    operations=("MemslotId",),
)
def id_of_slot(facts: Facts, covered: Covered) -> bool:
    return covered.reply == FoundId(covered.slot.id)


@clause(
    id="LOOK-7",
    title="A hole has no slot id",
    must="memslot_id of a frame that no slot covers MUST NOT name a slot.",
    known=Known(
        read="patch, memslot_id(): the index of the last slot looked at; today a hole "
        "is against its precondition: 6.1 include/linux/kvm_host.h:1714, "
        "memslot_id()",
        last_read="2026-11-27",
        derived="the slot looked at last does not cover the frame, so its id is no "
        "answer; the patch gives it, and nobody says that it should",
    ),
    rows=(25,),
    profiles=ONLY_2_6_34,
    on=LookedUp,
    premise=in_a_hole,
    expected=the_answer,
    operations=("MemslotId",),
)
def id_of_nothing(facts: Facts, looked_up: LookedUp) -> bool:
    return looked_up.reply == FoundId(None)


CLAUSES: tuple[AnyClause, ...] = (
    finds_slot,
    finds_none,
    no_hva,
    the_hva,
    visible,
    id_of_slot,
    id_of_nothing,
)
