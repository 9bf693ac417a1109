"""Address spaces: slots of different ones have nothing to do with each other."""

from __future__ import annotations

from dataclasses import replace

from memslot_spec.arithmetic.slot_word import as_id_of
from memslot_spec.clause import AnyClause, Implied, clause
from memslot_spec.facts.explained import any_explains
from memslot_spec.facts.facts import Facts
from memslot_spec.history.words import describe_reply
from memslot_spec.known import Known
from memslot_spec.model.operations import GfnToHva, GfnToMemslot, GuestAccess
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.model.readers import accesses, answer, gfn_to_memslot
from memslot_spec.model.values import SlotTable
from memslot_spec.moments.replies import Answered, Placed


def meets_a_slot_elsewhere(facts: Facts, placed: Placed) -> bool:
    """A faultless CREATE or MOVE, over frames that another space has slots at."""
    region = placed.region
    as_id = as_id_of(region.slot)
    elsewhere = (slot for slot in placed.base if slot.as_id != as_id)
    return (
        placed.update.is_faultless
        and placed.takes_range
        and any(slot.meets(region.base, region.npages) for slot in elsewhere)
    )


@clause(
    id="SLOT-10",
    title="Slots of two address spaces do not overlap",
    must="A CREATE or MOVE whose range intersects slots of other address spaces only, "
    "and with which nothing else is wrong, MUST succeed.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:1976, __kvm_set_memory_region(): the slots of "
        "one space, in which 1917, kvm_check_memslot_overlap() looks; api.rst 4.35: "
        "separate spaces are unrelated",
        last_read="2026-11-27",
    ),
    implied=Implied(
        by=("REQ-28",),
        because="it is asked about faultless requests alone, which have to succeed",
    ),
    rows=(19,),
    profiles=ONLY_LINUX,
    on=Placed,
    premise=meets_a_slot_elsewhere,
    expected="done: the slots it overlaps are of another address space",
    across_spaces=True,
)
def no_overlap_across(facts: Facts, placed: Placed) -> bool:
    return placed.update.accepted


def spaces_differ(facts: Facts, answered: Answered) -> bool:
    """A lookup or an access of a frame at which another space has a slot of its own."""
    operation = answered.operation
    return isinstance(operation, GfnToMemslot | GfnToHva | GuestAccess) and all(
        _differs(table, operation.gfn, operation.as_id) for table in answered.candidates
    )


def _differs(table: SlotTable, gfn: int, as_id: int) -> bool:
    slot = gfn_to_memslot(table, gfn, as_id)
    # An INVALID slot has clauses of its own.
    is_invalid = slot is not None and slot.invalid
    elsewhere = gfn_to_memslot(table, gfn, 1 - as_id)
    # Where only one space is involved the clauses on lookups and accesses speak.
    return not is_invalid and elsewhere is not None and slot != elsewhere


def answer_of_its_space(facts: Facts, answered: Answered) -> str:
    operation, replies = answered.operation, list[str]()
    for table in answered.candidates:
        if isinstance(operation, GuestAccess):
            own = accesses(table, operation, facts.profile, facts.limits)
            replies += map(describe_reply, own)
        elif isinstance(operation, GfnToMemslot | GfnToHva):
            its = answer(table, operation, facts.profile, facts.limits)
            replies.append(describe_reply(its))
    return f"{' or '.join(dict.fromkeys(replies))}, by the slots of its address space"


@clause(
    id="SLOT-11",
    title="A lookup looks in its address space",
    must="A lookup or guest access MUST NOT be answered by the slots of another "
    "address space.",
    known=Known(
        read="commit 817fa998362d; 6.1 include/linux/kvm_host.h:973, "
        "kvm_vcpu_memslots()",
        last_read="2026-11",
    ),
    rows=(19,),
    profiles=ONLY_LINUX,
    on=Answered,
    premise=spaces_differ,
    expected=answer_of_its_space,
    any_operation=("GfnToMemslot", "GfnToHva", "GuestAccess"),
    across_spaces=True,
)
def lookup_is_local(facts: Facts, answered: Answered) -> bool:
    # A wrong answer that the other space does not give is no matter of this clause.
    operation = answered.operation
    if answered.explained or not isinstance(
        operation, GfnToMemslot | GfnToHva | GuestAccess
    ):
        return True
    elsewhere = replace(operation, as_id=1 - operation.as_id)
    call = replace(answered.call, operation=elsewhere)
    return not any_explains(facts, answered.candidates, call, answered.reply)


CLAUSES: tuple[AnyClause, ...] = (no_overlap_across, lookup_is_local)
