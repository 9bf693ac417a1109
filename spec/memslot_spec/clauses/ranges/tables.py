"""Ranges: the table that a request leaves, and what a reader sees of the change."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, Implied, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.words import describe_reply
from memslot_spec.history.words.tables import describe_ranges
from memslot_spec.known import Known
from memslot_spec.model.operations import GfnToHva, GuestAccess
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.model.range_table import after_request
from memslot_spec.model.replies import Accessed, FoundHva
from memslot_spec.model.values import EMPTY, SlotTable
from memslot_spec.moments.ranges import RangeUpdated, ReplacementPublished
from memslot_spec.moments.replies import Answered

LOOKS = ("GfnToHva", "GuestAccess")


def was_carried_out(facts: Facts, update: RangeUpdated) -> bool:
    return update.accepted and update.is_sound and update.after is not None


def asked_for(update: RangeUpdated) -> SlotTable:
    return after_request(update.base or EMPTY, update.operation)


def the_table_asked_for(facts: Facts, update: RangeUpdated) -> str:
    return describe_ranges(asked_for(update))


def the_table_left(facts: Facts, update: RangeUpdated) -> str:
    return describe_ranges(update.after or EMPTY)


@clause(
    id="RNG-10",
    title="A request leaves the ranges that it asks for",
    must="When a request to a table by ranges has succeeded, the current table MUST "
    "have the ranges of before with what it adds and without what it removes.",
    known=Known(
        read="6.1 drivers/vfio/vfio_iommu_type1.c:1448, vfio_dma_do_unmap(); 1708, "
        "vfio_dma_do_map()",
        last_read="2026-11-27",
    ),
    rows=(),
    profiles=ONLY_LINUX,
    ranges=True,
    on=RangeUpdated,
    premise=was_carried_out,
    expected=the_table_asked_for,
    observed=the_table_left,
    any_operation=("AddRange", "RemoveRange", "ReplaceTable"),
    points=("TablePublished", "TableLoaded"),
)
def leaves_what_was_asked(facts: Facts, update: RangeUpdated) -> bool:
    return update.after == asked_for(update)


def the_new_table(facts: Facts, published: ReplacementPublished) -> str:
    return describe_ranges(published.asked)


def the_table_published(facts: Facts, published: ReplacementPublished) -> str:
    return describe_ranges(published.table)


@clause(
    id="RNG-11",
    title="A replacement publishes no table but the new one",
    must="A table that a replacement publishes MUST be the one that it was asked for: "
    "none in between with fewer ranges, or of both.",
    known=Known(
        derived="vm-memory 0.10 says in src/atomic.rs that every update makes a new "
        "object and that readers have a snapshot, so there is no table in between",
    ),
    rows=(),
    profiles=ONLY_LINUX,
    ranges=True,
    on=ReplacementPublished,
    expected=the_new_table,
    observed=the_table_published,
    operations=("ReplaceTable",),
    points=("TableLoaded",),
)
def publishes_the_new_one(facts: Facts, published: ReplacementPublished) -> bool:
    return published.table == published.asked


def beside_a_replacement(facts: Facts, answered: Answered) -> bool:
    return answered.thread in facts.ranges.beside


OLD_OR_NEW = "what one of the tables says that were current during the call"


@clause(
    id="RNG-12",
    title="A replacement is one step to a reader",
    must="A lookup or an access beside a replacement of the table MUST be answered "
    "from the table before it or from the one after it.",
    known=Known(
        derived="vm-memory 0.10 says in src/atomic.rs that readers have a snapshot of "
        "the memory map, which is of one moment",
    ),
    rows=(),
    profiles=ONLY_LINUX,
    ranges=True,
    on=Answered,
    premise=beside_a_replacement,
    expected=OLD_OR_NEW,
    implied=Implied(
        ("SRCU-1", "SRCU-18"),
        "an answer that is neither from the old table nor from the new one is from "
        "none at all, or from one that is older still",
    ),
    operations=("ReplaceTable",),
    any_operation=LOOKS,
    concurrent=True,
)
def from_one_of_the_tables(facts: Facts, answered: Answered) -> bool:
    return answered.explained


def reaches_memory(facts: Facts, answered: Answered) -> bool:
    reply = answered.reply
    if not isinstance(answered.operation, GfnToHva | GuestAccess):
        return False
    return isinstance(reply, Accessed) or (
        isinstance(reply, FoundHva) and reply.hva is not None
    )


def what_is_there_now(facts: Facts, answered: Answered) -> str:
    operation = answered.operation
    gfn = operation.gfn if isinstance(operation, GfnToHva | GuestAccess) else 0
    found = (table.at(gfn, 0) for table in answered.candidates)
    hvas = (None if slot is None else slot.hva_of(gfn) for slot in found)
    words = dict.fromkeys(describe_reply(FoundHva(hva)) for hva in hvas)
    return f"what is there now: {' or '.join(words)}"


@clause(
    id="RNG-13",
    title="What was removed is reached no more",
    must="A lookup or an access that begins after a request has returned MUST NOT "
    "reach the memory of a range that the request has taken away.",
    known=Known(
        read="6.1 drivers/vfio/vfio_iommu_type1.c:1204, vfio_remove_dma(): what was "
        "mapped is unmapped, and the IOTLB is flushed, before the range is gone",
        last_read="2026-11-27",
    ),
    rows=(),
    profiles=ONLY_LINUX,
    ranges=True,
    on=Answered,
    premise=reaches_memory,
    expected=what_is_there_now,
    implied=Implied(
        ("LOOK-3", "LOOK-4", "DEL-12", "MMU-1"),
        "what is reached is not what the table has at the frame now, be that other "
        "memory or none",
    ),
    any_operation=LOOKS,
)
def reaches_nothing_old(facts: Facts, answered: Answered) -> bool:
    return not answered.explained_stale


CLAUSES: tuple[AnyClause, ...] = (
    leaves_what_was_asked,
    publishes_the_new_one,
    from_one_of_the_tables,
    reaches_nothing_old,
)
