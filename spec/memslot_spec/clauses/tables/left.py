"""The slot table between requests: what is shown, and what a request has left."""

from __future__ import annotations

from memslot_spec.arithmetic.slot_word import id_of
from memslot_spec.clause import AnyClause, clause
from memslot_spec.clauses.requests.live_slot import slot_left
from memslot_spec.facts.facts import Facts
from memslot_spec.history.words import count
from memslot_spec.history.words.tables import describe_apart
from memslot_spec.known import Known
from memslot_spec.model.values import BIT_1
from memslot_spec.moments.replies import TableLeft
from memslot_spec.moments.tables import TableShown


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
        "with the one slot changed as it was asked for, or the old one again",
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
        "with the one slot changed as it was asked for, or the old one again",
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


CLAUSES: tuple[AnyClause, ...] = (shown_as_planned, left_as_asked)
