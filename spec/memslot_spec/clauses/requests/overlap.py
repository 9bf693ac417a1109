"""Request validation: what overlaps, and what does not."""

from __future__ import annotations

from memslot_spec.arithmetic.ranges import overlaps
from memslot_spec.clause import AnyClause, Implied, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.known import Known, Measured
from memslot_spec.model.profile import ONLY_2_6_34, ONLY_LINUX
from memslot_spec.model.replies import Refused
from memslot_spec.model.updates import Change, Objection
from memslot_spec.model.values import Errno
from memslot_spec.moments.replies import Placed

EEXIST = "refused EEXIST: the range meets another slot"


def overlaps_alone(placed: Placed) -> bool:
    """Its overlap is all that is wrong: the scan comes before anything that fails."""
    return placed.update.wrong == (Objection.OVERLAP,)


def meets_a_user_slot(facts: Facts, placed: Placed) -> bool:
    return (
        placed.takes_range
        and not placed.update.operation.private
        and overlaps_alone(placed)
        and any(slot.id < facts.limits.user_slots for slot in placed.met)
    )


@clause(
    id="REQ-19",
    title="Overlap with a user slot is EEXIST",
    must="A CREATE or MOVE whose range intersects another user slot of the same "
    "address space, and with which nothing else is wrong, MUST fail with EEXIST.",
    known=Known(
        read="patch, __kvm_set_memory_region(): overlap scan; 6.1 "
        "virt/kvm/kvm_main.c:2020, __kvm_set_memory_region()",
        last_read="2026-11",
        measured=Measured("6.18", "memslots check kvm --seed 1"),
    ),
    rows=(12,),
    on=Placed,
    premise=meets_a_user_slot,
    expected=EEXIST,
)
def overlap_is_eexist(facts: Facts, placed: Placed) -> bool:
    return placed.update.refused_with(Errno.EEXIST)


def touches(placed: Placed) -> bool:
    """The range ends where another slot begins, or begins where one ends."""
    base = placed.region.base
    end = base + placed.region.npages
    return any(s.base == end or s.base + s.npages == base for s in placed.others)


def meets_itself(placed: Placed) -> bool:
    """The range meets where the slot itself is now."""
    old, region = placed.old, placed.region
    return (
        old is not None
        and region.npages > 0
        and overlaps(old.base, old.npages, region.base, region.npages)
    )


def touches_another(facts: Facts, placed: Placed) -> bool:
    # What meets its own slot as well may have been refused for that: REQ-28 speaks.
    return (
        placed.update.is_faultless
        and placed.takes_range
        and touches(placed)
        and not meets_itself(placed)
    )


def not_eexist(facts: Facts, placed: Placed) -> bool:
    return placed.update.reply != Refused(Errno.EEXIST)


@clause(
    id="REQ-20",
    title="Ranges that touch do not overlap",
    must="A CREATE or MOVE whose range touches other slots and meets none MUST NOT "
    "fail with EEXIST.",
    known=Known(
        read="patch, __kvm_set_memory_region(): overlap scan; 6.1 "
        "virt/kvm/kvm_main.c:2020, __kvm_set_memory_region()",
        last_read="2026-11",
        measured=Measured("6.18", "memslots check kvm --seed 1"),
    ),
    implied=Implied(
        by=("REQ-28",),
        because="it is asked about faultless requests alone, which have to succeed",
    ),
    rows=(12,),
    on=Placed,
    premise=touches_another,
    expected="done: the range touches another slot, and does not overlap it",
)
def touching_accepted(facts: Facts, placed: Placed) -> bool:
    return not_eexist(facts, placed)


def meets_only_itself(facts: Facts, placed: Placed) -> bool:
    # What touches another slot as well may have been refused for that: REQ-28 speaks.
    return placed.update.is_faultless and meets_itself(placed) and not touches(placed)


@clause(
    id="REQ-21",
    title="The overlap test ignores the slot itself",
    must="A request whose range meets the slot that it changes, and no other, MUST NOT "
    "fail with EEXIST.",
    known=Known(
        read="patch, __kvm_set_memory_region(): skips its own slot; 6.1 "
        "virt/kvm/kvm_main.c:1923, kvm_check_memslot_overlap()",
        last_read="2026-11",
        measured=Measured("6.18", "memslots check kvm --seed 1"),
    ),
    implied=Implied(
        by=("REQ-28",),
        because="it is asked about faultless requests alone, which have to succeed",
    ),
    rows=(13,),
    on=Placed,
    premise=meets_only_itself,
    expected="done: the range meets its own slot alone",
)
def own_range_ignored(facts: Facts, placed: Placed) -> bool:
    return not_eexist(facts, placed)


def meets_only_private(facts: Facts, placed: Placed) -> bool:
    return (
        bool(placed.met)
        and overlaps_alone(placed)
        and all(slot.id >= facts.limits.user_slots for slot in placed.met)
    )


@clause(
    id="REQ-22",
    title="The overlap test includes private slots",
    must="A CREATE or MOVE whose range intersects a private slot, and with which "
    "nothing else is wrong, MUST fail with EEXIST.",
    known=Known(
        read='"KVM: mmu: Fix overlap between public and private memslots"; 6.1 '
        "virt/kvm/kvm_main.c:1917, kvm_check_memslot_overlap()",
        last_read="2026-11",
    ),
    rows=(13,),
    profiles=ONLY_LINUX,
    on=Placed,
    premise=meets_only_private,
    expected=EEXIST,
    private=True,
)
def private_overlap_is_eexist(facts: Facts, placed: Placed) -> bool:
    return placed.update.refused_with(Errno.EEXIST)


def deletes_inside_another(facts: Facts, placed: Placed) -> bool:
    """A delete names an address strictly inside another user slot.

    Its own slot may be absent: v2.6.34 does not look.
    """
    update, gfn = placed.update, placed.region.base
    return (
        update.change is Change.DELETE
        and not update.malformed
        and not update.operation.private
        and update.operation.failure is None
        and any(
            slot.base < gfn < slot.base + slot.npages
            for slot in placed.others
            if slot.id < facts.limits.user_slots
        )
    )


@clause(
    id="REQ-23",
    title="In 2009 a delete inside another slot is EEXIST",
    must="A delete whose guest address lies strictly inside another user slot, and "
    "with which nothing else is wrong, MUST fail with EEXIST, also where its own slot "
    "is absent.",
    known=Known(
        read="patch, __kvm_set_memory_region(): the overlap scan has no test of the "
        "size",
        last_read="2026-11-27",
        derived="a range of no pages meets another slot in the scan exactly where its "
        "base lies strictly inside it",
    ),
    rows=(14,),
    profiles=ONLY_2_6_34,
    on=Placed,
    premise=deletes_inside_another,
    expected=EEXIST,
)
def delete_inside_is_eexist(facts: Facts, placed: Placed) -> bool:
    return placed.update.refused_with(Errno.EEXIST)


def deletes_a_live_slot_inside_another(facts: Facts, placed: Placed) -> bool:
    return placed.old is not None and deletes_inside_another(facts, placed)


@clause(
    id="REQ-24",
    title="Today a delete never overlaps",
    must="A delete MUST NOT fail with EEXIST, whatever slot its guest address lies "
    "inside.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:2019, __kvm_set_memory_region(): overlap only "
        "for CREATE and MOVE",
        last_read="2026-11",
        measured=Measured("6.18", "memslots check kvm --seed 1"),
    ),
    implied=Implied(
        by=("REQ-28",),
        because="today nothing is wrong with a delete of a live slot, wherever "
        "its address is",
    ),
    rows=(14,),
    profiles=ONLY_LINUX,
    on=Placed,
    premise=deletes_a_live_slot_inside_another,
    expected="done: a delete overlaps no slot",
)
def delete_inside_accepted(facts: Facts, placed: Placed) -> bool:
    return not_eexist(facts, placed)


CLAUSES: tuple[AnyClause, ...] = (
    overlap_is_eexist,
    touching_accepted,
    own_range_ignored,
    private_overlap_is_eexist,
    delete_inside_is_eexist,
    delete_inside_accepted,
)
