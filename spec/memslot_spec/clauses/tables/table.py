"""The slot table: what an update publishes, and what it leaves alone."""

from __future__ import annotations

from itertools import combinations, pairwise

from memslot_spec.arithmetic.ranges import overlaps
from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.clause import AnyClause, Implied, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.tables import TablePublished, TableWritten
from memslot_spec.history.words import count, describe_slot
from memslot_spec.history.words.tables import describe_apart, describe_at
from memslot_spec.known import Known, Measured
from memslot_spec.model.updates import Change
from memslot_spec.model.values import EMPTY, Slot, SlotTable
from memslot_spec.moments.replies import Updated
from memslot_spec.moments.tables import Published


def publishes_its_slot(facts: Facts, published: Published) -> bool:
    """A CREATE, or the last step of a MOVE: the slot is there at its new base."""
    update, slot = published.update, published.slot
    if update.change is Change.MOVE:
        old = update.old
        return slot is not None and old is not None and slot.base != old.base
    return update.change is Change.CREATE


def range_asked_for(facts: Facts, published: Published) -> str:
    region = published.region
    pages = count(region.npages, "page")
    return f"slot {id_of(region.slot)} at gfn {region.base:#x} +{pages}"


def slot_published(facts: Facts, published: Published) -> str:
    word = published.region.slot
    return f"published: {describe_at(published.table, as_id_of(word), id_of(word))}"


@clause(
    id="SLOT-1",
    title="A slot covers exactly the range asked for",
    must="A successful CREATE or MOVE MUST publish the slot with exactly the range "
    "[base, base + npages) of the request.",
    known=Known(
        read="patch, __kvm_set_memory_region(); 6.1 virt/kvm/kvm_main.c:1776, "
        "kvm_create_memslot(); 1805, kvm_move_memslot()",
        last_read="2026-11",
    ),
    rows=(16,),
    on=Published,
    premise=publishes_its_slot,
    expected=range_asked_for,
    observed=slot_published,
)
def exact_range(facts: Facts, published: Published) -> bool:
    slot, region = published.slot, published.region
    return (
        slot is not None and slot.base == region.base and slot.npages == region.npages
    )


def starts_from_a_known_table(facts: Facts, published: Published) -> bool:
    return published.update.base is not None


def _other_slots(published: Published) -> tuple[SlotTable, SlotTable]:
    """The slots that the request is not about: as it found them, and published."""
    base, word = published.update.base or EMPTY, published.region.slot
    key = as_id_of(word), id_of(word)
    return base.without(*key), published.table.without(*key)


def others_as_they_were(facts: Facts, published: Published) -> str:
    return f"the other slots as before: {describe_apart(*_other_slots(published))}"


def others_published(facts: Facts, published: Published) -> str:
    found, now = _other_slots(published)
    return f"published: {describe_apart(now, found)}"


@clause(
    id="SLOT-2",
    title="An update changes no other slot",
    must="A table that a request publishes MUST hold every other slot unchanged.",
    known=Known(
        read="patch, __kvm_set_memory_region(): the table is copied; 6.1 "
        "virt/kvm/kvm_main.c:1805, kvm_move_memslot(): kvm_replace_memslot()",
        last_read="2026-11",
    ),
    rows=(16, 19),
    on=Published,
    premise=starts_from_a_known_table,
    expected=others_as_they_were,
    observed=others_published,
)
def others_unchanged(facts: Facts, published: Published) -> bool:
    found, now = _other_slots(published)
    return now == found


def publishes_a_new_slot(facts: Facts, published: Published) -> bool:
    return published.update.change is Change.CREATE and published.slot is not None


def hva_asked_for(facts: Facts, published: Published) -> str:
    region = published.region
    return f"slot {id_of(region.slot)} at hva {region.userspace_addr:#x}"


@clause(
    id="SLOT-3",
    title="A new slot is at its host address",
    must="A new slot MUST be published at the host address of its request.",
    known=Known(
        read="patch, __kvm_set_memory_region(); 6.1 virt/kvm/kvm_main.c:2033, "
        "__kvm_set_memory_region()",
        last_read="2026-11",
    ),
    rows=(16,),
    on=Published,
    premise=publishes_a_new_slot,
    expected=hva_asked_for,
    observed=slot_published,
)
def host_address(facts: Facts, published: Published) -> bool:
    slot = published.slot
    return slot is not None and slot.hva == published.region.userspace_addr


def is_equal_to_the_slot(facts: Facts, update: Updated) -> bool:
    return update.change is Change.NO_OP and update.is_faultless


@clause(
    id="SLOT-4",
    title="A request equal to the slot succeeds",
    must="A request equal to the current slot MUST succeed.",
    known=Known(
        read="patch, __kvm_set_memory_region(): nothing refuses it; 6.1 "
        'virt/kvm/kvm_main.c:2015, __kvm_set_memory_region(): "Nothing to change"',
        last_read="2026-11-27",
        measured=Measured("6.18", "memslots check kvm --seed 1"),
    ),
    implied=Implied(
        by=("REQ-28",),
        because="a request equal to the slot is faultless",
    ),
    rows=(17,),
    on=Updated,
    premise=is_equal_to_the_slot,
    expected="done: the request is equal to the slot",
)
def no_op_succeeds(facts: Facts, update: Updated) -> bool:
    return update.accepted


def has_several_user_slots(facts: Facts, event: TablePublished) -> bool:
    user_slots = facts.limits.user_slots
    return len([slot for slot in event.slots.slots if slot.id < user_slots]) > 1


def are_disjoint(facts: Facts, event: TablePublished) -> bool:
    """Of user slots in order, each ends where the next begins, or before."""
    user_slots = facts.limits.user_slots
    in_order = sorted(
        [
            (slot.as_id, slot.base, slot.npages)
            for slot in event.slots.slots
            if slot.id < user_slots and slot.npages > 0
        ]
    )
    return all(
        one[0] != after[0] or not overlaps(*one[1:], *after[1:])
        for one, after in pairwise(in_order)
    )


def overlapping_users(facts: Facts, event: TablePublished) -> list[tuple[Slot, Slot]]:
    users = [slot for slot in event.slots if slot.id < facts.limits.user_slots]
    return [
        (a, b)
        for a, b in combinations(users, 2)
        if a.as_id == b.as_id and a.meets(b.base, b.npages)
    ]


def the_overlaps(facts: Facts, event: TablePublished) -> str:
    return "; ".join(
        f"{describe_slot(a)}, overlaps {describe_slot(b)}"
        for a, b in overlapping_users(facts, event)
    )


@clause(
    id="SLOT-6",
    title="User slots never overlap",
    must="In every published table the user slots of one address space MUST be "
    "pairwise disjoint.",
    known=Known(
        read="patch, __kvm_set_memory_region(): overlap scan; 6.1 "
        "virt/kvm/kvm_main.c:2020, __kvm_set_memory_region()",
        last_read="2026-11-27",
        derived="the scan refuses a range that meets another slot, and of the tables "
        "of one update each has the slot where it was, where it will be, or not at "
        "all",
    ),
    rows=(18,),
    on=TablePublished,
    premise=has_several_user_slots,
    expected="the user slots of one address space pairwise disjoint",
    observed=the_overlaps,
)
def disjoint(facts: Facts, event: TablePublished) -> bool:
    return are_disjoint(facts, event)


READY_FOR = frozenset({"generation", "last_used_slot", "arch"})
"""Fields of a published table whose stores readers are ready for."""


def the_store(facts: Facts, event: TableWritten) -> str:
    return f"a store into table v{facts.version(event.table)}, which readers may use"


@clause(
    id="SLOT-7",
    title="A table that readers can reach is not edited",
    must="In a table that readers can reach, the slots MUST NOT be modified: which "
    "there are, their ranges, host addresses, flags and bitmaps. Its generation, the "
    "slot found last and what the architecture keeps with a slot may be stored.",
    known=Known(
        read="patch, __kvm_set_memory_region(): memcpy, then edit the copy; 6.1 "
        "virt/kvm/kvm_main.c:1614, kvm_swap_active_memslots(): slots->generation",
        last_read="2026-11",
    ),
    rows=(20,),
    on=TableWritten,
    expected="a store into a table that no reader can hold",
    observed=the_store,
    points=("TablePublished",),
)
def never_edited(facts: Facts, event: TableWritten) -> bool:
    return event.field in READY_FOR or not facts.tables.is_live(event.table)


CLAUSES: tuple[AnyClause, ...] = (
    exact_range,
    others_unchanged,
    host_address,
    no_op_succeeds,
    disjoint,
    never_edited,
)
