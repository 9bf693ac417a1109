"""Readers under SRCU: one table explains a reader, and not an old one.

SRCU gives a reader the lifetime of what it loaded, and no snapshot: two loads
of the pointer in one section may see two tables. A snapshot is one load, and
then only that table.
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.clauses.readers.lifetime import SECTION_POINTS
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.tables import TableLoaded, TableRead
from memslot_spec.history.words import describe_reply
from memslot_spec.known import Known
from memslot_spec.model.explain import TABLE_READERS
from memslot_spec.model.operations import GuestAccess
from memslot_spec.model.readers import answer
from memslot_spec.moments.replies import Answered
from memslot_spec.moments.srcu import LoadedAgain
from memslot_spec.occasion import Occasion

READERS = (*TABLE_READERS, GuestAccess)
READER_NAMES = tuple(kind.__name__ for kind in READERS)


def what_the_tables_answer(facts: Facts, answered: Answered) -> str:
    """The answers of the candidate tables; empty for a guest access."""
    operation = answered.operation
    if not isinstance(operation, TABLE_READERS):
        return ""
    answers = (
        describe_reply(answer(table, operation, facts.profile, facts.limits))
        for table in answered.candidates
    )
    return " or ".join(dict.fromkeys(answers))


def several_tables_were_current(facts: Facts, answered: Answered) -> bool:
    """More than one was, or may have been, current during a reader's call."""
    return isinstance(answered.operation, READERS) and (
        len(answered.candidates) > 1 or facts.tables.newest > answered.call.newest
    )


def expects_one_table(facts: Facts, answered: Answered) -> str:
    words = what_the_tables_answer(facts, answered)
    return f"the answer of one table: {words}" if words else "one table's answer"


@clause(
    id="SRCU-1",
    title="One table explains a reader",
    must="Some single table that the operation may have loaded MUST explain its "
    "whole answer.",
    known=Known(
        read="patch, rmode_tss_base(), which breaks it: it looks the slot up twice; "
        "6.1 include/linux/kvm_host.h:960, __kvm_memslots()",
        last_read="2026-11-27",
        derived="an operation that loads the pointer once has one table, and what is "
        "published does not change under it",
    ),
    rows=(28,),
    on=Answered,
    premise=several_tables_were_current,
    expected=expects_one_table,
    any_operation=READER_NAMES,
    concurrent=True,
)
def one_table(facts: Facts, answered: Answered) -> bool:
    # That the table is not an older one is another sentence: SRCU-18. It looks at what
    # was loaded, so an answer of a table that was not loaded is judged here.
    names_its_tables = bool(answered.call.loaded)
    if names_its_tables and isinstance(answered.operation, TABLE_READERS):
        return answered.explained
    return answered.explained or answered.explained_stale


def loads_first(facts: Facts, event: TableLoaded) -> bool:
    """A read section loads the table pointer, and had not before."""
    section = facts.section_of(event.thread)
    return section is not None and not section.loaded


def loads_again(because: str) -> Occasion:
    """The occasion of clauses on a second load: a section that loads at all."""
    return Occasion(TableLoaded, loads_first, "no section loaded twice in", because)


def expects_not_older(facts: Facts, load: LoadedAgain) -> str:
    return f"v{load.last}, which the section has loaded before, or newer"


@clause(
    id="SRCU-6",
    title="Loads in one section never go back",
    must="Successive loads of the table pointer in one read section MUST NOT go "
    "back to an older table.",
    known=Known(
        derived="there is one pointer, each update replaces what it points to by "
        "something newer, and a reader cannot see an older store to it after a newer "
        "one",
    ),
    rows=(31,),
    on=LoadedAgain,
    expected=expects_not_older,
    points=("TablePublished", *SECTION_POINTS),
    occasion=loads_again(
        "the sentence compares two loads of one section, and a section that loads "
        "once has nothing to go back from; every load is announced"
    ),
)
def never_backwards(facts: Facts, load: LoadedAgain) -> bool:
    return load.version >= load.last


def expects_at_most_waited_for(facts: Facts, load: LoadedAgain) -> str:
    if load.waited_for is None:
        return f"v{load.oldest} or later"
    return (
        f"v{load.waited_for} at the latest: whoever published it waits for the "
        f"section, which has loaded v{load.oldest}"
    )


@clause(
    id="SRCU-7",
    title="An update waits for the readers of what it replaces",
    must="Once a read section has loaded a table, it MUST NOT load one that is newer "
    "than the next table by which a slot is deleted, moved or changed: the request "
    "that published that one waits for the section. A CREATE need not wait.",
    known=Known(
        read="patch, __kvm_set_memory_region(): a grace period after each step; 6.1 "
        "virt/kvm/kvm_main.c:1593, kvm_swap_active_memslots()",
        last_read="2026-11",
    ),
    rows=(31,),
    on=LoadedAgain,
    expected=expects_at_most_waited_for,
    points=("TablePublished", *SECTION_POINTS),
    occasion=loads_again(
        "the sentence forbids a second load, of a table too new, and where there is "
        "no second load none is too new; that an update waits for its readers is also "
        "what SRCU-4 and SRCU-5 say, whatever a section loads"
    ),
)
def update_waits(facts: Facts, load: LoadedAgain) -> bool:
    return load.waited_for is None or load.version <= load.waited_for


def table_was_published(facts: Facts, read: TableRead) -> bool:
    """Only then can it be reclaimed under the reader."""
    return read.table in facts.tables.handles


def expects_protection(facts: Facts, read: TableRead) -> str:
    return f"T{read.thread} in a read section, or under the update lock"


def unprotected(facts: Facts, read: TableRead) -> str:
    return f"T{read.thread} reads out of v{facts.version(read.table)} in neither"


@clause(
    id="SRCU-15",
    title="Every reader is in a section or holds the lock",
    must="Every read out of a published table MUST happen in a read section, under the "
    "update lock, or while the VM is destroyed and nobody else uses it. The notifier's "
    "release has no such licence.",
    known=Known(
        read="commits 647492047763, eda2beda8356, 7567cae105e4; 6.1 "
        "include/linux/kvm_host.h:965, __kvm_memslots(): users_count",
        last_read="2026-11",
    ),
    rows=(34,),
    on=TableRead,
    premise=table_was_published,
    expected=expects_protection,
    observed=unprotected,
    points=(*SECTION_POINTS, "UpdateLocked", "UpdateUnlocked"),
)
def reads_are_protected(facts: Facts, read: TableRead) -> bool:
    in_a_section = facts.section_of(read.thread) is not None
    is_updater = facts.sections.update_holder == read.thread
    return in_a_section or is_updater or facts.destroys_vm(read.thread)


def starts_after_a_result(facts: Facts, answered: Answered) -> bool:
    """An update had returned, or a reader had finished, before this one began.

    Where a single table may explain the answer and no load was announced, the
    lookup's own clause speaks instead.
    """
    if not isinstance(answered.operation, READERS):
        return False
    if answered.call.loaded:
        return answered.call.floor > 0
    return len(answered.candidates) > 1 and bool(answered.stale)


def expects_the_result(facts: Facts, answered: Answered) -> str:
    words = what_the_tables_answer(facts, answered)
    return (
        "the result of the update that had returned, or what an earlier reader saw"
        + (f": {words}" if words else "")
    )


@clause(
    id="SRCU-18",
    title="Later readers see the result",
    must="A reader MUST NOT see an older table than the one left by a request that "
    "returned before the reader started, nor, where it loads a table itself, than one "
    "seen by a reader that finished before that. An access through an spte loads "
    "none.",
    known=Known(
        read="patch, __kvm_set_memory_region(): a grace period before it returns; 6.1 "
        "virt/kvm/kvm_main.c:1593, kvm_swap_active_memslots()",
        last_read="2026-11",
    ),
    rows=(35,),
    on=Answered,
    premise=starts_after_a_result,
    expected=expects_the_result,
    any_operation=READER_NAMES,
    concurrent=True,
)
def result_is_seen(facts: Facts, answered: Answered) -> bool:
    call = answered.call
    if call.loaded:
        return min(call.loaded) >= call.floor
    return not answered.explained_stale


CLAUSES: tuple[AnyClause, ...] = (
    one_table,
    never_backwards,
    update_waits,
    reads_are_protected,
    result_is_seen,
)
