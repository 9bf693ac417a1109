"""Choices of readers: which table they use, and whether an updater waits for them."""

from __future__ import annotations

from memslot_spec.choice import AnyChoice, choice
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.srcu import Slept
from memslot_spec.model.explain import TABLE_READERS
from memslot_spec.model.profile import BOTH
from memslot_spec.moments.srcu import (
    GracePeriodOver,
    PublishedReclaimed,
    ReadBesideUpdate,
)

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
    source="patch, __kvm_set_memory_region: two tables, one after the other",
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


INSIDE, OUTSIDE = "inside its read section", "outside"


@choice(
    id="sleep-for-page",
    title="A fault that waits for a page of the host",
    options=(INSIDE, OUTSIDE),
    source="6.1 arch/x86/kvm/mmu/mmu.c:4186, kvm_faultin_pfn(): swap, userfaultfd",
    profiles=BOTH,
    clauses=("SRCU-13",),
    on=Slept,
    points=("Slept", "SectionEntered", "SectionLeft"),
)
def sleep_for_page(facts: Facts, event: Slept) -> str | None:
    """Where a thread was that waits for a page."""
    if not event.for_page:
        return None
    return OUTSIDE if facts.section_of(event.thread) is None else INSIDE


BY_ITS_UPDATE, LATER = "by the request that replaced it", "later"


@choice(
    id="reclaim",
    title="Who reclaims a table that was replaced",
    options=(BY_ITS_UPDATE, LATER),
    source="patch, __kvm_set_memory_region: kfree; call_srcu() would do as well",
    profiles=BOTH,
    clauses=("SRCU-4", "SRCU-20"),
    on=PublishedReclaimed,
    points=("TablePublished",),
)
def reclaim(facts: Facts, reclaimed: PublishedReclaimed) -> str | None:
    """Whether the request that replaced a table has freed it as well."""
    if reclaimed.with_vm:
        return None
    return BY_ITS_UPDATE if reclaimed.by_its_update else LATER


TABLES_READ: tuple[AnyChoice, ...] = (reader_table, reader_table_of_delete)
GRACE_PERIODS: tuple[AnyChoice, ...] = (grace_period, reclaim, sleep_for_page)
