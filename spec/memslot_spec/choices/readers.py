"""Choices of readers: which table they use, and whether an updater waits for them."""

from __future__ import annotations

from memslot_spec.choice import AnyChoice, choice
from memslot_spec.facts.facts import Facts
from memslot_spec.model.explain import TABLE_READERS
from memslot_spec.model.profile import BOTH
from memslot_spec.moments.srcu import GracePeriodOver, ReadBesideUpdate

READERS = tuple(kind.__name__ for kind in TABLE_READERS)
TABLES = ("TableLoaded", "TablePublished")

OLD, NEW = "the table of before", "one published meanwhile"


@choice(
    id="reader-table",
    title="The table of a reader beside an update in one step",
    options=(OLD, NEW),
    source="rcu_dereference beside rcu_assign_pointer",
    profiles=BOTH,
    clauses=("SRCU-1", "SRCU-18"),
    on=ReadBesideUpdate,
    operations=READERS,
    points=TABLES,
)
def reader_table(facts: Facts, read: ReadBesideUpdate) -> str | None:
    """Which table it used while one took the place of another."""
    if read.invalid:
        return None
    return OLD if read.loaded <= read.before else NEW


WITH_INVALID, WITHOUT = "the one with the INVALID slot", "the one after it"


@choice(
    id="reader-table-of-delete",
    title="The table of a reader beside a delete or a move",
    options=(OLD, WITH_INVALID, WITHOUT),
    source="seed, __kvm_set_memory_region: two tables, one after the other",
    profiles=BOTH,
    clauses=("SRCU-1", "SRCU-18", "LOOK-3"),
    on=ReadBesideUpdate,
    operations=READERS,
    points=TABLES,
)
def reader_table_of_delete(facts: Facts, read: ReadBesideUpdate) -> str | None:
    """Which table it used while a slot was removed in two steps."""
    if not read.invalid:
        return None
    if any(slot.invalid for slot in read.table):
        return WITH_INVALID
    return OLD if read.loaded < read.invalid[0] else WITHOUT


WAITED, NOBODY = "waits for a reader", "finds nobody inside"


@choice(
    id="grace-period",
    title="A grace period",
    options=(WAITED, NOBODY),
    source="kernel/srcu.c, synchronize_srcu",
    profiles=BOTH,
    clauses=("SRCU-5",),
    on=GracePeriodOver,
    points=("GracePeriodBegun", "GracePeriodEnded", "SectionEntered", "SectionLeft"),
)
def grace_period(facts: Facts, over: GracePeriodOver) -> str:
    """Whether somebody was in a read section when it began."""
    return WAITED if over.had_readers else NOBODY


TABLES_READ: tuple[AnyChoice, ...] = (reader_table, reader_table_of_delete)
GRACE_PERIODS: tuple[AnyChoice, ...] = (grace_period,)
