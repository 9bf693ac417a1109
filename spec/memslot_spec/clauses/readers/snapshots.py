"""Readers under SRCU: one table explains a reader, and not an old one.

SRCU gives a reader the lifetime of what it loaded, and no snapshot: two loads
of the pointer in one section may see two tables. A snapshot is one load, and
then only that table.
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause, Clause, Needs
from memslot_spec.clauses.lookup.lookup import expects_answer
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.tables import TableLoaded, TableRead
from memslot_spec.model.explain import TABLE_READERS
from memslot_spec.model.operations import GuestAccess
from memslot_spec.model.profile import BOTH
from memslot_spec.moments.replies import Answered

READER_NAMES = tuple(kind.__name__ for kind in (*TABLE_READERS, GuestAccess))


def has_several_candidates(facts: Facts, answered: Answered) -> bool:
    """A reader of tables ran while more than one was, or may have been, current."""
    known = facts.calls.get(answered.thread)
    return isinstance(answered.operation, (*TABLE_READERS, GuestAccess)) and (
        len(answered.candidates) > 1
        or (known is not None and facts.tables.newest > known.newest)
    )


def one_table_explains(facts: Facts, answered: Answered) -> bool:
    """Some table explains the answer; an older one is another clause's matter."""
    del facts
    return answered.explained or answered.explained_stale


def expects_one_table(facts: Facts, answered: Answered) -> str:
    """What each candidate would have answered."""
    words = expects_answer(facts, answered)
    return f"the answer of one table: {words}" if words else "one table's answer"


ONE_TABLE = Clause(
    id="SRCU-1",
    title="One table explains a reader",
    must=(
        "Some single table that the operation may have loaded MUST explain its "
        "whole answer."
    ),
    source="seed, rmode_tss_base breaks it; Documentation/virt/kvm/x86/mmu.rst",
    rows=(28,),
    profiles=BOTH,
    needs=Needs.CALLS,
    on=Answered,
    premise=has_several_candidates,
    holds=one_table_explains,
    expected=expects_one_table,
    any_operation=READER_NAMES,
    concurrent=True,
)


SECTION_POINTS = ("SectionEntered", "SectionLeft")


def has_loaded_before(facts: Facts, event: TableLoaded) -> bool:
    """The section loaded a table already."""
    section = facts.section_of(event.thread)
    return section is not None and bool(section.loaded)


def is_not_older(facts: Facts, event: TableLoaded) -> bool:
    """This table is not older than the one loaded last."""
    section = facts.section_of(event.thread)
    return section is None or facts.version_of(event) >= section.loaded[-1]


def expects_not_older(facts: Facts, event: TableLoaded) -> str:
    """The version loaded last, or a newer one."""
    section = facts.section_of(event.thread)
    last = 0 if section is None else section.loaded[-1]
    return f"v{last} or newer"


NEVER_BACKWARDS = Clause(
    id="SRCU-6",
    title="Loads in one section never go back",
    must=(
        "Successive loads of the table pointer in one read section MUST NOT go "
        "back to an older table."
    ),
    source="follows from one pointer that each update replaces",
    rows=(31,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=TableLoaded,
    premise=has_loaded_before,
    holds=is_not_older,
    expected=expects_not_older,
    points=("TablePublished", *SECTION_POINTS),
)


def is_same_or_next(facts: Facts, event: TableLoaded) -> bool:
    """At most two adjacent versions are seen in one section."""
    section = facts.section_of(event.thread)
    return section is None or facts.version_of(event) <= min(section.loaded) + 1


def expects_same_or_next(facts: Facts, event: TableLoaded) -> str:
    """The first version loaded, or the one after it."""
    del facts, event
    return "a table at most one publication after the first that the section loaded"


AT_MOST_ADJACENT = Clause(
    id="SRCU-7",
    title="One section spans at most two adjacent tables",
    must=(
        "The loads of one read section MUST span at most two versions, one "
        "published directly after the other."
    ),
    source="derived: the grace period after the second would wait for the section",
    rows=(31,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=TableLoaded,
    premise=has_loaded_before,
    holds=is_same_or_next,
    expected=expects_same_or_next,
    points=("TablePublished", *SECTION_POINTS),
)


def reads_a_published_table(facts: Facts, event: TableRead) -> bool:
    """The table is or was published, so it can be reclaimed under the reader."""
    return event.table in facts.tables.handles


def reader_is_protected(facts: Facts, event: TableRead) -> bool:
    """A read section, or the update lock, keeps the table."""
    return (
        facts.section_of(event.thread) is not None
        or facts.sections.update_holder == event.thread
    )


def expects_protection(facts: Facts, event: TableRead) -> str:
    """One of the two."""
    del facts
    return f"T{event.thread} in a read section, or holding the update lock"


READS_ARE_PROTECTED = Clause(
    id="SRCU-15",
    title="Every reader is in a section or holds the lock",
    must=(
        "Every read out of a published table MUST happen in a read section or "
        "under the update lock, teardown and notifier release included."
    ),
    source="commits 647492047763, eda2beda8356, 7567cae105e4",
    rows=(34,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=TableRead,
    premise=reads_a_published_table,
    holds=reader_is_protected,
    expected=expects_protection,
    points=(*SECTION_POINTS, "UpdateLocked", "UpdateUnlocked"),
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


def sees_the_result(facts: Facts, answered: Answered) -> bool:
    """It saw nothing older than what stood when it began."""
    known = facts.calls.get(answered.thread)
    if known is not None and known.loaded:
        return min(known.loaded) >= known.floor
    return not answered.explained_stale


def expects_the_result(facts: Facts, answered: Answered) -> str:
    """The newer table."""
    words = expects_answer(facts, answered)
    return (
        "the result of the update that had returned, or what an earlier reader saw"
        + (f": {words}" if words else "")
    )


RESULT_IS_SEEN = Clause(
    id="SRCU-18",
    title="Later readers see the result",
    must=(
        "A reader that starts after a request returned, or after another reader "
        "finished, MUST NOT see an older table than that."
    ),
    source="seed, __kvm_set_memory_region: a grace period before it returns",
    rows=(35,),
    profiles=BOTH,
    needs=Needs.CALLS,
    on=Answered,
    premise=starts_after_a_result,
    holds=sees_the_result,
    expected=expects_the_result,
    any_operation=READER_NAMES,
    concurrent=True,
)


CLAUSES: tuple[AnyClause, ...] = (
    ONE_TABLE,
    NEVER_BACKWARDS,
    AT_MOST_ADJACENT,
    READS_ARE_PROTECTED,
    RESULT_IS_SEEN,
)
