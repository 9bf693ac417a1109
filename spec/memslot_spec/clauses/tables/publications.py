"""Publications of every kind: what a table keeps, by whomever it is published.

A request is not the only one that publishes. In v2.6.34 `KVM_GET_DIRTY_LOG` gives a
slot another bitmap by publishing a table.
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.words import describe_operation
from memslot_spec.history.words.tables import describe_apart
from memslot_spec.known import Known
from memslot_spec.model.updates import Change
from memslot_spec.moments.shown import TableAndPoints
from memslot_spec.moments.tables import Published, PublishedBy


def the_same_slots(facts: Facts, by: PublishedBy) -> str:
    before = describe_apart(facts.tables.current, by.table)
    return f"the slots as they were: {before}"


def other_slots(facts: Facts, by: PublishedBy) -> str:
    who = describe_operation(by.operation)
    now = describe_apart(by.table, facts.tables.current)
    return f"{who} publishes: {now}"


@clause(
    id="SLOT-12",
    title="Whoever else publishes leaves the slots as they are",
    must="A table that is published by anything but a request MUST hold every slot "
    "as it was, whatever bitmaps the slots have from then on.",
    known=Known(
        read="v2.6.34 arch/x86/kvm/x86.c, kvm_vm_ioctl_get_dirty_log(): memcpy() of "
        "the table, then another bitmap for one slot",
        last_read="2026-11-27",
    ),
    rows=(16, 19, 56),
    on=PublishedBy,
    expected=the_same_slots,
    observed=other_slots,
)
def slots_stay(facts: Facts, by: PublishedBy) -> bool:
    # What a request publishes is held to what it asks for: SLOT-1 to SLOT-3, SLOT-13.
    return not by.beside or by.table == facts.tables.current


def changes_no_range(facts: Facts, published: Published) -> bool:
    change = published.update.change
    return change is Change.FLAGS or change is Change.NO_OP


def the_slot_in_place(facts: Facts, published: Published) -> str:
    old = published.update.old
    where = "" if old is None else f" at gfn {old.base:#x}"
    return f"the slot valid{where} in every table of a request that leaves its range"


def the_slot_meanwhile(facts: Facts, published: Published) -> str:
    old, table = published.update.old, published.table
    if old is None or published.slot is None:
        return "published: the slot absent"
    return f"published: {describe_apart(table, published.update.base or table)}"


@clause(
    id="SLOT-13",
    title="A change of flags keeps the slot in place",
    must="A request that leaves a live slot its range MUST NOT publish a table in "
    "which the slot is absent, INVALID or elsewhere.",
    known=Known(
        read="patch, __kvm_set_memory_region(): INVALID only where npages is 0; 6.1 "
        "virt/kvm/kvm_main.c:1809, kvm_update_flags_memslot()",
        last_read="2026-11-27",
    ),
    rows=(16, 17),
    on=Published,
    premise=changes_no_range,
    expected=the_slot_in_place,
    observed=the_slot_meanwhile,
)
def stays_in_place(facts: Facts, published: Published) -> bool:
    old, slot = published.update.old, published.slot
    if old is None:
        return True
    return slot is not None and slot.invalid <= old.invalid and slot.base == old.base


def the_table_published(facts: Facts, both: TableAndPoints) -> str:
    last = describe_apart(both.published, both.shown)
    return f"the table that the target's points tell was published last: {last}"


def the_table_shown(facts: Facts, both: TableAndPoints) -> str:
    return f"introspection shows {describe_apart(both.shown, both.published)}"


@clause(
    id="SLOT-18",
    title="The table shown is the one published last",
    must="With no request under way, the table that introspection shows MUST be the "
    "one that the target's own points tell was published last.",
    known=Known(
        derived="a slot that is in one of the two only was put there, or taken away, "
        "past the publication that readers rely on",
    ),
    rows=(16, 20),
    on=TableAndPoints,
    expected=the_table_published,
    observed=the_table_shown,
    shows=("table",),
    points=("TableLoaded", "TablePublished"),
)
def shows_what_it_published(facts: Facts, both: TableAndPoints) -> bool:
    return both.agree


CLAUSES: tuple[AnyClause, ...] = (
    slots_stay,
    stays_in_place,
    shows_what_it_published,
)
