"""The slot table: what an update publishes, and what it leaves alone."""

from __future__ import annotations

from itertools import combinations

from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.clause import AnyClause, Clause, Needs
from memslot_spec.clauses.requests.refusals import accepted, expects_done, is_faultless
from memslot_spec.facts.calls import Update
from memslot_spec.facts.facts import Facts
from memslot_spec.history.events import Observed
from memslot_spec.history.points.tables import TablePublished, TableWritten
from memslot_spec.model.profile import BOTH, ONLY_LINUX
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


def has_the_range_asked_for(facts: Facts, event: TablePublished) -> bool:
    """The slot covers exactly the requested frames."""
    update = facts.update_of(event.thread)
    slot = _requested(update, event.slots)
    if update is None or slot is None:
        return False
    region = update.operation.region
    return slot.base == region.base and slot.npages == region.npages


def expects_range(facts: Facts, event: TablePublished) -> str:
    """The range asked for."""
    update = facts.update_of(event.thread)
    if update is None:
        return ""
    region = update.operation.region
    return f"slot {id_of(region.slot)} at gfn {region.base:#x}, {region.npages} pages"


EXACT_RANGE = Clause(
    id="SLOT-1",
    title="A slot covers exactly the range asked for",
    must=(
        "A successful CREATE or MOVE MUST publish the slot with exactly the range "
        "[base, base + npages) of the request."
    ),
    source="__kvm_set_memory_region; kvm_create_memslot",
    rows=(16,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=TablePublished,
    premise=publishes_its_slot,
    holds=has_the_range_asked_for,
    expected=expects_range,
)


def is_published_by_a_request(facts: Facts, event: TablePublished) -> bool:
    """A request publishes this table, and what it started from is known."""
    update = facts.update_of(event.thread)
    return update is not None and update.base is not None


def leaves_the_others(facts: Facts, event: TablePublished) -> bool:
    """Every other slot is as it was."""
    update = facts.update_of(event.thread)
    if update is None or update.base is None:
        return True
    word = update.operation.region.slot
    key = as_id_of(word), id_of(word)
    return event.slots.without(*key) == update.base.without(*key)


def expects_others(facts: Facts, event: TablePublished) -> str:
    """The other slots unchanged."""
    del facts, event
    return "every slot but the one asked for as it was"


OTHERS_UNCHANGED = Clause(
    id="SLOT-2",
    title="An update changes no other slot",
    must="A table that a request publishes MUST hold every other slot unchanged.",
    source="seed, __kvm_set_memory_region: the table is copied",
    rows=(16, 19),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=TablePublished,
    premise=is_published_by_a_request,
    holds=leaves_the_others,
    expected=expects_others,
)


def publishes_a_new_slot(facts: Facts, event: TablePublished) -> bool:
    """A CREATE publishes its slot."""
    update = facts.update_of(event.thread)
    return (
        update is not None
        and update.change is Change.CREATE
        and _requested(update, event.slots) is not None
    )


def is_at_the_host_address(facts: Facts, event: TablePublished) -> bool:
    """The new slot's memory is where the request said."""
    update = facts.update_of(event.thread)
    slot = _requested(update, event.slots)
    return (
        update is not None
        and slot is not None
        and slot.hva == update.operation.region.userspace_addr
    )


def expects_hva(facts: Facts, event: TablePublished) -> str:
    """The host address asked for."""
    update = facts.update_of(event.thread)
    hva = 0 if update is None else update.operation.region.userspace_addr
    return f"the slot at hva {hva:#x}"


HOST_ADDRESS = Clause(
    id="SLOT-3",
    title="A new slot is at its host address",
    must="A new slot MUST be published at the host address of its request.",
    source="__kvm_set_memory_region",
    rows=(16,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=TablePublished,
    premise=publishes_a_new_slot,
    holds=is_at_the_host_address,
    expected=expects_hva,
)


def is_equal_to_the_slot(facts: Facts, update: Updated) -> bool:
    """A faultless request equal to the current slot."""
    del facts
    return update.change is Change.NO_OP and is_faultless(update)


NO_OP_SUCCEEDS = Clause(
    id="SLOT-4",
    title="A request equal to the slot succeeds",
    must="A request equal to the current slot MUST succeed.",
    source='__kvm_set_memory_region: "Nothing to change"',
    rows=(17,),
    profiles=BOTH,
    needs=Needs.CALLS,
    on=Updated,
    premise=is_equal_to_the_slot,
    holds=accepted,
    expected=expects_done,
    operations=("SetRegion",),
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


def published_nothing(facts: Facts, update: Updated) -> bool:
    """The request published no table."""
    open_update = facts.update_of(update.thread)
    return open_update is None or not open_update.published


def expects_no_table(facts: Facts, update: Updated) -> str:
    """No publication."""
    del facts, update
    return "no table published: the request changes nothing"


NO_OP_IS_SILENT = Clause(
    id="SLOT-5",
    title="A request equal to the slot publishes nothing",
    must="A request equal to the current slot MUST NOT publish a table.",
    source="__kvm_set_memory_region, 6.1: returns before any allocation",
    rows=(17,),
    profiles=ONLY_LINUX,
    needs=Needs.POINTS,
    on=Updated,
    premise=is_an_accepted_no_op,
    holds=published_nothing,
    expected=expects_no_table,
    operations=("SetRegion",),
    points=("TablePublished",),
)


def has_several_user_slots(facts: Facts, event: TablePublished) -> bool:
    """At least two user slots are in the table."""
    return sum(s.id < facts.limits.user_slots for s in event.slots) > 1


def user_slots_are_disjoint(facts: Facts, event: TablePublished) -> bool:
    """No two user slots of one address space share a frame."""
    users = [s for s in event.slots if s.id < facts.limits.user_slots]
    return not any(
        a.as_id == b.as_id and a.meets(b.base, b.npages)
        for a, b in combinations(users, 2)
    )


def expects_disjoint(facts: Facts, event: TablePublished) -> str:
    """Disjoint slots."""
    del facts, event
    return "user slots of one address space pairwise disjoint"


DISJOINT = Clause(
    id="SLOT-6",
    title="User slots never overlap",
    must=(
        "In every published table the user slots of one address space MUST be "
        "pairwise disjoint."
    ),
    source="follows from the overlap scan, at every instant of an update",
    rows=(18,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=TablePublished,
    premise=has_several_user_slots,
    holds=user_slots_are_disjoint,
    expected=expects_disjoint,
)


def is_any_store(facts: Facts, event: TableWritten) -> bool:
    """Something is stored into a table."""
    del facts, event
    return True


def table_is_out_of_reach(facts: Facts, event: TableWritten) -> bool:
    """No reader can hold the table: not yet published, or reclaimed since."""
    return not facts.tables.is_live(event.table)


def expects_private_copy(facts: Facts, event: TableWritten) -> str:
    """A store into a copy."""
    del facts, event
    return "a store into a table that no reader can hold"


NEVER_EDITED = Clause(
    id="SLOT-7",
    title="A table that readers can reach is not edited",
    must="A table that readers can reach MUST NOT be modified.",
    source="seed, __kvm_set_memory_region: memcpy, then edit the copy",
    rows=(20,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=TableWritten,
    premise=is_any_store,
    holds=table_is_out_of_reach,
    expected=expects_private_copy,
    points=("TablePublished",),
)


def shows_a_table_at_rest(facts: Facts, event: Observed) -> bool:
    """The table is shown with no update under way."""
    return (
        event.view.table is not None
        and not facts.open_updates()
        and facts.updates_called > 0
    )


def is_a_planned_table(facts: Facts, event: Observed) -> bool:
    """The table is one that the requests so far may have left."""
    return event.view.table in facts.possible_tables()


def expects_planned_table(facts: Facts, event: Observed) -> str:
    """The tables that may stand."""
    del event
    return " or ".join(repr(table) for table in facts.possible_tables())


def was_accepted_alone(facts: Facts, update: Updated) -> bool:
    """A request was accepted, and no other ran beside it."""
    return accepted(facts, update) and update.after is not None


def slot_is_as_asked_for(facts: Facts, update: Updated) -> bool:
    """The slot has the range and the flags of the request; after a delete, none.

    Its host address and the INVALID mark are other clauses' matter.
    """
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


def expects_slot_as_asked_for(facts: Facts, update: Updated) -> str:
    """What the request said."""
    del facts
    region = update.operation.region
    if region.npages == 0:
        return f"slot {id_of(region.slot)} absent, as the reply says"
    return (
        f"slot {id_of(region.slot)} at gfn {region.base:#x}, {region.npages} pages, "
        f"flags {region.flags:#x}, as the reply says"
    )


LEFT_AS_ASKED = Clause(
    id="SLOT-9",
    title="An accepted request leaves its slot as asked for",
    must=(
        "When a request was accepted, its slot MUST be in the current table with "
        "the range and the flags asked for, or absent if it was a delete."
    ),
    source="__kvm_set_memory_region, as a whole",
    rows=(16,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=Updated,
    premise=was_accepted_alone,
    holds=slot_is_as_asked_for,
    expected=expects_slot_as_asked_for,
    operations=("SetRegion",),
    points=("TableLoaded", "TablePublished"),
)


SHOWN_AS_PLANNED = Clause(
    id="SLOT-8",
    title="The table shown is one the requests may have left",
    must=(
        "With no update under way, the table that introspection shows MUST be one "
        "that the requests so far may have left."
    ),
    source="__kvm_set_memory_region, as a whole",
    rows=(16,),
    profiles=BOTH,
    needs=Needs.INTROSPECTION,
    on=Observed,
    premise=shows_a_table_at_rest,
    holds=is_a_planned_table,
    expected=expects_planned_table,
    shows=("table",),
    unless="TablePublished",
)


CLAUSES: tuple[AnyClause, ...] = (
    EXACT_RANGE,
    OTHERS_UNCHANGED,
    HOST_ADDRESS,
    NO_OP_SUCCEEDS,
    NO_OP_IS_SILENT,
    DISJOINT,
    NEVER_EDITED,
    SHOWN_AS_PLANNED,
    LEFT_AS_ASKED,
)
