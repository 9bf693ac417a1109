"""The slot table: what an update publishes, and what it leaves alone."""

from __future__ import annotations

from itertools import combinations

from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.tables import TablePublished, TableWritten
from memslot_spec.history.words.tables import describe_difference
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.model.updates import Change
from memslot_spec.model.values import BIT_1, EMPTY, SlotTable
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
    return f"slot {id_of(region.slot)} at gfn {region.base:#x}, {region.npages} pages"


@clause(
    id="SLOT-1",
    title="A slot covers exactly the range asked for",
    must="A successful CREATE or MOVE MUST publish the slot with exactly the range "
    "[base, base + npages) of the request.",
    source="seed, __kvm_set_memory_region; 6.1, kvm_create_memslot",
    rows=(16,),
    on=Published,
    premise=publishes_its_slot,
    expected=range_asked_for,
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
    return f"other slots as before: {describe_difference(*_other_slots(published))}"


@clause(
    id="SLOT-2",
    title="An update changes no other slot",
    must="A table that a request publishes MUST hold every other slot unchanged.",
    source="seed, __kvm_set_memory_region: the table is copied",
    rows=(16, 19),
    on=Published,
    premise=starts_from_a_known_table,
    expected=others_as_they_were,
)
def others_unchanged(facts: Facts, published: Published) -> bool:
    found, now = _other_slots(published)
    return now == found


def publishes_a_new_slot(facts: Facts, published: Published) -> bool:
    return published.update.change is Change.CREATE and published.slot is not None


def hva_asked_for(facts: Facts, published: Published) -> str:
    return f"the slot at hva {published.region.userspace_addr:#x}"


@clause(
    id="SLOT-3",
    title="A new slot is at its host address",
    must="A new slot MUST be published at the host address of its request.",
    source="seed and 6.1, __kvm_set_memory_region",
    rows=(16,),
    on=Published,
    premise=publishes_a_new_slot,
    expected=hva_asked_for,
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
    source='6.1, __kvm_set_memory_region: "Nothing to change"',
    rows=(17,),
    on=Updated,
    premise=is_equal_to_the_slot,
    expected="done",
)
def no_op_succeeds(facts: Facts, update: Updated) -> bool:
    return update.accepted


def is_a_no_op_alone(facts: Facts, update: Updated) -> bool:
    return is_equal_to_the_slot(facts, update) and update.alone


@clause(
    id="SLOT-5",
    title="A request equal to the slot publishes nothing",
    must="A request equal to the current slot MUST NOT publish a table.",
    source="6.1, __kvm_set_memory_region: returns before any allocation",
    rows=(17,),
    profiles=ONLY_LINUX,
    on=Updated,
    premise=is_a_no_op_alone,
    expected="no table published: the request changes nothing",
    points=("TablePublished",),
)
def no_op_is_silent(facts: Facts, update: Updated) -> bool:
    return not update.published


def has_several_user_slots(facts: Facts, event: TablePublished) -> bool:
    return sum(slot.id < facts.limits.user_slots for slot in event.slots) > 1


@clause(
    id="SLOT-6",
    title="User slots never overlap",
    must="In every published table the user slots of one address space MUST be "
    "pairwise disjoint.",
    source="follows from the overlap scan, at every instant of an update",
    rows=(18,),
    on=TablePublished,
    premise=has_several_user_slots,
    expected="user slots of one address space pairwise disjoint",
)
def disjoint(facts: Facts, event: TablePublished) -> bool:
    users = [slot for slot in event.slots if slot.id < facts.limits.user_slots]
    return not any(
        a.as_id == b.as_id and a.meets(b.base, b.npages)
        for a, b in combinations(users, 2)
    )


@clause(
    id="SLOT-7",
    title="A table that readers can reach is not edited",
    must="A table that readers can reach MUST NOT be modified.",
    source="seed, __kvm_set_memory_region: memcpy, then edit the copy",
    rows=(20,),
    on=TableWritten,
    expected="a store into a table that no reader can hold",
    points=("TablePublished",),
)
def never_edited(facts: Facts, event: TableWritten) -> bool:
    return not facts.tables.is_live(event.table)


def tables_that_may_stand(facts: Facts, shown: TableShown) -> str:
    tables = facts.possible_tables()
    possible = (describe_difference(table, shown.table) for table in tables)
    return f"as the requests left it: {', or '.join(possible)}"


@clause(
    id="SLOT-8",
    title="The table shown is one the requests may have left",
    must="With no update under way, the table that introspection shows MUST be one "
    "that the requests so far may have left.",
    source="seed and 6.1, __kvm_set_memory_region, as a whole",
    rows=(16,),
    on=TableShown,
    expected=tables_that_may_stand,
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
    return (
        f"slot {id_of(region.slot)} at gfn {region.base:#x}, {region.npages} pages, "
        f"flags {region.flags:#x}, as the reply says"
    )


@clause(
    id="SLOT-9",
    title="An accepted request leaves its slot as asked for",
    must="When a request was accepted, its slot MUST be in the current table with "
    "the range and the flags asked for, or absent if it was a delete.",
    source="seed and 6.1, __kvm_set_memory_region, as a whole",
    rows=(16,),
    on=TableLeft,
    premise=was_accepted,
    expected=slot_asked_for,
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
    no_op_is_silent,
    disjoint,
    never_edited,
    shown_as_planned,
    left_as_asked,
)
