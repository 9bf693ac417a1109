"""Readers under SRCU: one table explains a reader, and not an old one.

SRCU gives a reader the lifetime of what it loaded, and no snapshot: two loads
of the pointer in one section may see two tables. A snapshot is one load, and
then only that table.
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.clauses.lookup.lookup import expects_answer
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.tables import TableLoaded, TableRead
from memslot_spec.model.explain import TABLE_READERS
from memslot_spec.model.operations import GuestAccess
from memslot_spec.moments.replies import Answered

READER_NAMES = tuple(kind.__name__ for kind in (*TABLE_READERS, GuestAccess))


def has_several_candidates(facts: Facts, answered: Answered) -> bool:
    """A reader of tables ran while more than one was, or may have been, current."""
    known = facts.calls.get(answered.thread)
    return isinstance(answered.operation, (*TABLE_READERS, GuestAccess)) and (
        len(answered.candidates) > 1
        or (known is not None and facts.tables.newest > known.newest)
    )


def expects_one_table(facts: Facts, answered: Answered) -> str:
    """What each candidate would have answered."""
    words = expects_answer(facts, answered)
    return f"the answer of one table: {words}" if words else "one table's answer"


@clause(
    id="SRCU-1",
    title="One table explains a reader",
    must="Some single table that the operation may have loaded MUST explain its "
    "whole answer.",
    source="seed, rmode_tss_base breaks it; Documentation/virt/kvm/x86/mmu.rst",
    rows=(28,),
    on=Answered,
    premise=has_several_candidates,
    expected=expects_one_table,
    any_operation=READER_NAMES,
    concurrent=True,
)
def one_table(facts: Facts, answered: Answered) -> bool:
    return answered.explained or answered.explained_stale


SECTION_POINTS = ("SectionEntered", "SectionLeft")


def has_loaded_before(facts: Facts, event: TableLoaded) -> bool:
    """The section loaded a table already."""
    section = facts.section_of(event.thread)
    return section is not None and bool(section.loaded)


def expects_not_older(facts: Facts, event: TableLoaded) -> str:
    """The version loaded last, or a newer one."""
    section = facts.section_of(event.thread)
    last = 0 if section is None else section.loaded[-1]
    return f"v{last} or newer"


@clause(
    id="SRCU-6",
    title="Loads in one section never go back",
    must="Successive loads of the table pointer in one read section MUST NOT go "
    "back to an older table.",
    source="follows from one pointer that each update replaces",
    rows=(31,),
    on=TableLoaded,
    premise=has_loaded_before,
    expected=expects_not_older,
    points=("TablePublished", *SECTION_POINTS),
)
def never_backwards(facts: Facts, event: TableLoaded) -> bool:
    section = facts.section_of(event.thread)
    return section is None or facts.version_of(event) >= section.loaded[-1]


@clause(
    id="SRCU-7",
    title="One section spans at most two adjacent tables",
    must="The loads of one read section MUST span at most two versions, one "
    "published directly after the other.",
    source="derived: the grace period after the second would wait for the section",
    rows=(31,),
    on=TableLoaded,
    premise=has_loaded_before,
    expected="a table at most one publication after the first that the section loaded",
    points=("TablePublished", *SECTION_POINTS),
)
def at_most_adjacent(facts: Facts, event: TableLoaded) -> bool:
    section = facts.section_of(event.thread)
    return section is None or facts.version_of(event) <= min(section.loaded) + 1


def reads_a_published_table(facts: Facts, event: TableRead) -> bool:
    """The table is or was published, so it can be reclaimed under the reader."""
    return event.table in facts.tables.handles


def expects_protection(facts: Facts, event: TableRead) -> str:
    """One of the two."""
    return f"T{event.thread} in a read section, or holding the update lock"


@clause(
    id="SRCU-15",
    title="Every reader is in a section or holds the lock",
    must="Every read out of a published table MUST happen in a read section or "
    "under the update lock, teardown and notifier release included.",
    source="commits 647492047763, eda2beda8356, 7567cae105e4",
    rows=(34,),
    on=TableRead,
    premise=reads_a_published_table,
    expected=expects_protection,
    points=(*SECTION_POINTS, "UpdateLocked", "UpdateUnlocked"),
)
def reads_are_protected(facts: Facts, event: TableRead) -> bool:
    return (
        facts.section_of(event.thread) is not None
        or facts.sections.update_holder == event.thread
    )


def starts_after_a_result(facts: Facts, answered: Answered) -> bool:
    """An update had returned, or a reader had finished, before this one began.

    Where a single table may explain the answer and no load was announced, the
    lookup's own clause speaks instead.
    """
    known = facts.calls.get(answered.thread)
    if known is None or not isinstance(
        answered.operation, (*TABLE_READERS, GuestAccess)
    ):
        return False
    if known.loaded:
        return known.floor > 0
    return len(answered.candidates) > 1 and bool(answered.stale)


def expects_the_result(facts: Facts, answered: Answered) -> str:
    """The newer table."""
    words = expects_answer(facts, answered)
    return (
        "the result of the update that had returned, or what an earlier reader saw"
        + (f": {words}" if words else "")
    )


@clause(
    id="SRCU-18",
    title="Later readers see the result",
    must="A reader that starts after a request returned, or after another reader "
    "finished, MUST NOT see an older table than that.",
    source="seed, __kvm_set_memory_region: a grace period before it returns",
    rows=(35,),
    on=Answered,
    premise=starts_after_a_result,
    expected=expects_the_result,
    any_operation=READER_NAMES,
    concurrent=True,
)
def result_is_seen(facts: Facts, answered: Answered) -> bool:
    known = facts.calls.get(answered.thread)
    if known is not None and known.loaded:
        return min(known.loaded) >= known.floor
    return not answered.explained_stale


CLAUSES: tuple[AnyClause, ...] = (
    one_table,
    never_backwards,
    at_most_adjacent,
    reads_are_protected,
    result_is_seen,
)
