"""The slot table: what an update publishes, and what it leaves alone."""

from __future__ import annotations

from itertools import combinations

from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.clause import AnyClause, clause
from memslot_spec.clauses.requests.live_slot import slot_left
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.tables import TablePublished, TableWritten
from memslot_spec.history.words import count, describe_slot
from memslot_spec.history.words.tables import describe_apart, describe_at
from memslot_spec.known import Known
from memslot_spec.model.updates import Change
from memslot_spec.model.values import BIT_1, EMPTY, Slot, SlotTable
from memslot_spec.moments.replies import TableLeft, Updated
from memslot_spec.moments.tables import Published, TableShown


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
        read='6.1 virt/kvm/kvm_main.c:2015, __kvm_set_memory_region(): "Nothing to '
        'change"',
        last_read="2026-11",
    ),
    rows=(17,),
    on=Updated,
    premise=is_equal_to_the_slot,
    expected="done: the request is equal to the slot",
)
def no_op_succeeds(facts: Facts, update: Updated) -> bool:
    return update.accepted


def has_several_user_slots(facts: Facts, event: TablePublished) -> bool:
    return sum(slot.id < facts.limits.user_slots for slot in event.slots) > 1


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
        derived="the scan refuses a range that meets another slot, and of the "
        "tables of one update each has the slot where it was, where it will"
        " be, or not at all",
    ),
    rows=(18,),
    on=TablePublished,
    premise=has_several_user_slots,
    expected="the user slots of one address space pairwise disjoint",
    observed=the_overlaps,
)
def disjoint(facts: Facts, event: TablePublished) -> bool:
    return not overlapping_users(facts, event)


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


def tables_that_may_stand(facts: Facts, shown: TableShown) -> str:
    tables = facts.possible_tables()
    possible = (describe_apart(table, shown.table) for table in tables)
    return f"the table as the requests left it: {', or '.join(possible)}"


def what_is_shown(facts: Facts, shown: TableShown) -> str:
    return f"shown: {describe_apart(shown.table, *facts.possible_tables())}"


@clause(
    id="SLOT-8",
    title="The table shown is one the requests may have left",
    must="With no update under way, the table that introspection shows MUST be one "
    "that the requests so far may have left.",
    known=Known(
        read="patch, __kvm_set_memory_region(), as a whole; 6.1 "
        "virt/kvm/kvm_main.c:1938, __kvm_set_memory_region(), as a whole",
        last_read="2026-11-27",
        derived="what is published last before a request returns is the old table "
        "with the one slot changed as it was asked for, or the old one "
        "again",
    ),
    rows=(16,),
    on=TableShown,
    expected=tables_that_may_stand,
    observed=what_is_shown,
    shows=("table",),
    unless="TablePublished",
)
def shown_as_planned(facts: Facts, shown: TableShown) -> bool:
    return shown.table in facts.possible_tables()


def was_accepted(facts: Facts, left: TableLeft) -> bool:
    return left.update.accepted


def slot_asked_for(facts: Facts, left: TableLeft) -> str:
    region = left.update.region
    if region.npages == 0:
        return f"slot {id_of(region.slot)} absent, as the reply says"
    pages = count(region.npages, "page")
    flags = ", LOG_DIRTY" if region.log_dirty else ", not LOG_DIRTY"
    if facts.profile.has_readonly:
        flags += ", READONLY" if region.flags & BIT_1 else ", not READONLY"
    return (
        f"slot {id_of(region.slot)} at gfn {region.base:#x} +{pages}{flags}, "
        "as the reply says"
    )


@clause(
    id="SLOT-9",
    title="An accepted request leaves its slot as asked for",
    must="When a request was accepted, its slot MUST be in the current table with "
    "the range and the flags asked for, or absent if it was a delete.",
    known=Known(
        read="patch, __kvm_set_memory_region(), as a whole; 6.1 "
        "virt/kvm/kvm_main.c:1938, __kvm_set_memory_region(), as a whole",
        last_read="2026-11-27",
        derived="what is published last before a request returns is the old table "
        "with the one slot changed as it was asked for, or the old one "
        "again",
    ),
    rows=(16,),
    on=TableLeft,
    premise=was_accepted,
    expected=slot_asked_for,
    observed=slot_left,
    points=("TableLoaded", "TablePublished"),
)
def left_as_asked(facts: Facts, left: TableLeft) -> bool:
    slot, region = left.slot, left.update.region
    if slot is None or region.npages == 0:
        return slot is None and region.npages == 0
    # Where READONLY does not exist yet, what a slot shows of it means nothing.
    readonly = bool(region.flags & BIT_1) if facts.profile.has_readonly else None
    return (
        slot.base == region.base
        and slot.npages == region.npages
        and slot.log_dirty == region.log_dirty
        and readonly in {None, slot.readonly}
    )


CLAUSES: tuple[AnyClause, ...] = (
    exact_range,
    others_unchanged,
    host_address,
    no_op_succeeds,
    disjoint,
    never_edited,
    shown_as_planned,
    left_as_asked,
)
