"""The slot table: what an update publishes, and what it leaves alone."""

from __future__ import annotations

from itertools import combinations

from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.clause import AnyClause, Clause, clause
from memslot_spec.clauses.requests.refusals import accepted, expects_done, is_faultless
from memslot_spec.facts.calls import Update
from memslot_spec.facts.facts import Facts
from memslot_spec.history.events import Observed
from memslot_spec.history.points.tables import TablePublished, TableWritten
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.model.updates import Change, target_of
from memslot_spec.model.values import BIT_1, Slot, SlotTable
from memslot_spec.moments.replies import Updated


def _requested(update: Update | None, table: SlotTable) -> Slot | None:
    """The slot that the open request is about, as this table has it."""
    if update is None:
        return None
    word = update.operation.region.slot
    return table.find(as_id_of(word), id_of(word))


def publishes_its_slot(facts: Facts, event: TablePublished) -> bool:
    """A CREATE, or the last step of a MOVE: the slot is there at its new base."""
    update = facts.update_of(event.thread)
    if update is None or update.change not in {Change.CREATE, Change.MOVE}:
        return False
    if update.change is Change.CREATE:
        return True
    slot = _requested(update, event.slots)
    old = update.old
    return slot is not None and old is not None and slot.base != old.base


def expects_range(facts: Facts, event: TablePublished) -> str:
    """The range asked for."""
    update = facts.update_of(event.thread)
    if update is None:
        return ""
    region = update.operation.region
    return f"slot {id_of(region.slot)} at gfn {region.base:#x}, {region.npages} pages"


@clause(
    id="SLOT-1",
    title="A slot covers exactly the range asked for",
    must="A successful CREATE or MOVE MUST publish the slot with exactly the range "
    "[base, base + npages) of the request.",
    source="__kvm_set_memory_region; kvm_create_memslot",
    rows=(16,),
    on=TablePublished,
    premise=publishes_its_slot,
    expected=expects_range,
)
def exact_range(facts: Facts, event: TablePublished) -> bool:
    update = facts.update_of(event.thread)
    slot = _requested(update, event.slots)
    if update is None or slot is None:
        return False
    region = update.operation.region
    return slot.base == region.base and slot.npages == region.npages


def is_published_by_a_request(facts: Facts, event: TablePublished) -> bool:
    """A request publishes this table, and what it started from is known."""
    update = facts.update_of(event.thread)
    return update is not None and update.base is not None


@clause(
    id="SLOT-2",
    title="An update changes no other slot",
    must="A table that a request publishes MUST hold every other slot unchanged.",
    source="seed, __kvm_set_memory_region: the table is copied",
    rows=(16, 19),
    on=TablePublished,
    premise=is_published_by_a_request,
    expected="every slot but the one asked for as it was",
)
def others_unchanged(facts: Facts, event: TablePublished) -> bool:
    update = facts.update_of(event.thread)
    if update is None or update.base is None:
        return True
    word = update.operation.region.slot
    key = as_id_of(word), id_of(word)
    return event.slots.without(*key) == update.base.without(*key)


def publishes_a_new_slot(facts: Facts, event: TablePublished) -> bool:
    """A CREATE publishes its slot."""
    update = facts.update_of(event.thread)
    return (
        update is not None
        and update.change is Change.CREATE
        and _requested(update, event.slots) is not None
    )


def expects_hva(facts: Facts, event: TablePublished) -> str:
    """The host address asked for."""
    update = facts.update_of(event.thread)
    hva = 0 if update is None else update.operation.region.userspace_addr
    return f"the slot at hva {hva:#x}"


@clause(
    id="SLOT-3",
    title="A new slot is at its host address",
    must="A new slot MUST be published at the host address of its request.",
    source="__kvm_set_memory_region",
    rows=(16,),
    on=TablePublished,
    premise=publishes_a_new_slot,
    expected=expects_hva,
)
def host_address(facts: Facts, event: TablePublished) -> bool:
    update = facts.update_of(event.thread)
    slot = _requested(update, event.slots)
    return (
        update is not None
        and slot is not None
        and slot.hva == update.operation.region.userspace_addr
    )


def is_equal_to_the_slot(facts: Facts, update: Updated) -> bool:
    """A faultless request equal to the current slot."""
    return update.change is Change.NO_OP and is_faultless(update)


NO_OP_SUCCEEDS = Clause(
    id="SLOT-4",
    title="A request equal to the slot succeeds",
    must="A request equal to the current slot MUST succeed.",
    source='__kvm_set_memory_region: "Nothing to change"',
    rows=(17,),
    on=Updated,
    premise=is_equal_to_the_slot,
    expected=expects_done,
    operations=("SetRegion",),
    holds=accepted,
)


def is_an_accepted_no_op(facts: Facts, update: Updated) -> bool:
    """A faultless request equal to the current slot, with no other update."""
    open_update = facts.update_of(update.thread)
    return (
        update.change is Change.NO_OP
        and is_faultless(update)
        and open_update is not None
        and open_update.alone
    )


@clause(
    id="SLOT-5",
    title="A request equal to the slot publishes nothing",
    must="A request equal to the current slot MUST NOT publish a table.",
    source="__kvm_set_memory_region, 6.1: returns before any allocation",
    rows=(17,),
    profiles=ONLY_LINUX,
    on=Updated,
    premise=is_an_accepted_no_op,
    expected="no table published: the request changes nothing",
    points=("TablePublished",),
)
def no_op_is_silent(facts: Facts, update: Updated) -> bool:
    open_update = facts.update_of(update.thread)
    return open_update is None or not open_update.published


def has_several_user_slots(facts: Facts, event: TablePublished) -> bool:
    """At least two user slots are in the table."""
    return sum(s.id < facts.limits.user_slots for s in event.slots) > 1


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
    users = [s for s in event.slots if s.id < facts.limits.user_slots]
    return not any(
        a.as_id == b.as_id and a.meets(b.base, b.npages)
        for a, b in combinations(users, 2)
    )


def is_any_store(facts: Facts, event: TableWritten) -> bool:
    """Something is stored into a table."""
    return True


@clause(
    id="SLOT-7",
    title="A table that readers can reach is not edited",
    must="A table that readers can reach MUST NOT be modified.",
    source="seed, __kvm_set_memory_region: memcpy, then edit the copy",
    rows=(20,),
    on=TableWritten,
    premise=is_any_store,
    expected="a store into a table that no reader can hold",
    points=("TablePublished",),
)
def never_edited(facts: Facts, event: TableWritten) -> bool:
    return not facts.tables.is_live(event.table)


def shows_a_table_at_rest(facts: Facts, event: Observed) -> bool:
    """The table is shown with no update under way."""
    return (
        event.view.table is not None
        and not facts.open_updates()
        and facts.updates_called > 0
    )


def expects_planned_table(facts: Facts, event: Observed) -> str:
    """The tables that may stand."""
    return " or ".join(repr(table) for table in facts.possible_tables())


def was_accepted_alone(facts: Facts, update: Updated) -> bool:
    """A request was accepted, and no other ran beside it."""
    return accepted(facts, update) and update.after is not None


def expects_slot_as_asked_for(facts: Facts, update: Updated) -> str:
    """What the request said."""
    region = update.operation.region
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
    source="__kvm_set_memory_region, as a whole",
    rows=(16,),
    on=Updated,
    premise=was_accepted_alone,
    expected=expects_slot_as_asked_for,
    points=("TableLoaded", "TablePublished"),
)
def left_as_asked(facts: Facts, update: Updated) -> bool:
    if update.after is None:
        return True
    region = update.operation.region
    slot = target_of(update.after, region)
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


@clause(
    id="SLOT-8",
    title="The table shown is one the requests may have left",
    must="With no update under way, the table that introspection shows MUST be one "
    "that the requests so far may have left.",
    source="__kvm_set_memory_region, as a whole",
    rows=(16,),
    on=Observed,
    premise=shows_a_table_at_rest,
    expected=expects_planned_table,
    shows=("table",),
    unless="TablePublished",
)
def shown_as_planned(facts: Facts, event: Observed) -> bool:
    return event.view.table in facts.possible_tables()


CLAUSES: tuple[AnyClause, ...] = (
    exact_range,
    others_unchanged,
    host_address,
    NO_OP_SUCCEEDS,
    no_op_is_silent,
    disjoint,
    never_edited,
    shown_as_planned,
    left_as_asked,
)
