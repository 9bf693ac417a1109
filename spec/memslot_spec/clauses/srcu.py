"""Readers under SRCU: one table explains a reader; nothing goes while it reads.

SRCU gives a reader the lifetime of what it loaded, and no snapshot: two loads
of the pointer in one section may see two tables. A snapshot is one load, and
then only that table.
"""

from __future__ import annotations

from memslot_spec.answered import Answered
from memslot_spec.clause import AnyClause, Clause, Needs
from memslot_spec.clauses.lookup import expects_answer
from memslot_spec.events import (
    DomainDestroyed,
    GracePeriodBegun,
    GracePeriodEnded,
    GuestEntered,
    Return,
    Slept,
    TableLoaded,
    TablePublished,
    TableRead,
    TableReclaimed,
    UpdateLocked,
)
from memslot_spec.facts import Facts
from memslot_spec.operations import DestroyVm, GuestAccess, Retry
from memslot_spec.profile import BOTH, ONLY_LINUX
from memslot_spec.replies import TABLE_READERS

READER_NAMES = tuple(kind.__name__ for kind in (*TABLE_READERS, GuestAccess))
SECTION_POINTS = ("SectionEntered", "SectionLeft")


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


def was_published(facts: Facts, event: TableReclaimed) -> bool:
    """The table was current once, so a reader may hold it."""
    del facts, event
    return True


def no_open_section_holds_it(facts: Facts, event: TableReclaimed) -> bool:
    """Every read section that loaded the table has ended."""
    return not any(
        event.table in section.handles for section in facts.sections.all_open()
    )


def expects_no_holder(facts: Facts, event: TableReclaimed) -> str:
    """Nobody in a section that loaded it."""
    holders = sorted(
        section.thread
        for section in facts.sections.all_open()
        if event.table in section.handles
    )
    who = ", ".join(f"T{thread}" for thread in holders)
    return f"no open read section that loaded the table; {who} is in one"


def is_any_read(facts: Facts, event: TableRead) -> bool:
    """Something is read out of a table."""
    del facts, event
    return True


def table_is_not_reclaimed(facts: Facts, event: TableRead) -> bool:
    """The table's memory is still its own."""
    return event.table not in facts.tables.reclaimed


def expects_live_table(facts: Facts, event: TableRead) -> str:
    """A table that stands."""
    return f"table v{facts.version(event.table)} not reclaimed before its readers left"


def grace_period_followed(facts: Facts, event: TableReclaimed) -> bool:
    """A whole grace period began and ended since the table was replaced."""
    replaced = facts.tables.replaced.get(facts.version(event.table))
    return replaced is not None and facts.sections.full_period_since(replaced)


def expects_grace_period(facts: Facts, event: TableReclaimed) -> str:
    """A grace period between the two."""
    return (
        f"a grace period begun after v{facts.version(event.table)} was replaced "
        "and ended before it is reclaimed"
    )


def has_sections_to_wait_for(facts: Facts, event: GracePeriodEnded) -> bool:
    """Sections were open when the grace period began."""
    period = facts.sections.periods.get(event.thread)
    return period is not None and bool(period.waits_for)


def all_of_them_left(facts: Facts, event: GracePeriodEnded) -> bool:
    """Each of those sections has ended."""
    period = facts.sections.periods.get(event.thread)
    return period is None or not facts.sections.still_open(period)


def expects_they_left(facts: Facts, event: GracePeriodEnded) -> str:
    """Who is still inside."""
    period = facts.sections.periods.get(event.thread)
    inside = () if period is None else facts.sections.still_open(period)
    who = ", ".join(f"T{section.thread}" for section in inside)
    return f"every section open when it began has ended; {who} is still inside"


def has_loaded_before(facts: Facts, event: TableLoaded) -> bool:
    """The section loaded a table already."""
    section = facts.section_of(event.thread)
    return section is not None and bool(section.loaded)


def is_not_older(facts: Facts, event: TableLoaded) -> bool:
    """This table is not older than the one loaded last."""
    section = facts.section_of(event.thread)
    return section is None or facts.version(event.table) >= section.loaded[-1]


def expects_not_older(facts: Facts, event: TableLoaded) -> str:
    """The version loaded last, or a newer one."""
    section = facts.section_of(event.thread)
    last = 0 if section is None else section.loaded[-1]
    return f"v{last} or newer"


def is_same_or_next(facts: Facts, event: TableLoaded) -> bool:
    """At most two adjacent versions are seen in one section."""
    section = facts.section_of(event.thread)
    return section is None or facts.version(event.table) <= min(section.loaded) + 1


def expects_same_or_next(facts: Facts, event: TableLoaded) -> str:
    """The first version loaded, or the one after it."""
    del facts, event
    return "a table at most one publication after the first that the section loaded"


def is_any_locking(facts: Facts, event: UpdateLocked) -> bool:
    """An updater takes the lock."""
    del facts, event
    return True


def lock_was_free(facts: Facts, event: UpdateLocked) -> bool:
    """No other updater holds it."""
    return facts.sections.update_holder in {None, event.thread}


def expects_free_lock(facts: Facts, event: UpdateLocked) -> str:
    """Nobody else."""
    del event
    return f"the lock free; T{facts.sections.update_holder} holds it"


def is_a_requests_table(facts: Facts, event: TablePublished) -> bool:
    """A request publishes a table."""
    return facts.update_of(event.thread) is not None


def publisher_holds_the_lock(facts: Facts, event: TablePublished) -> bool:
    """The thread that publishes is the one updater."""
    return facts.sections.update_holder == event.thread


def expects_publisher_locked(facts: Facts, event: TablePublished) -> str:
    """The lock held by the publisher."""
    return f"the update lock held by T{event.thread} while it publishes" + (
        f"; T{facts.sections.update_holder} holds it"
        if facts.sections.update_holder is not None
        else "; nobody holds it"
    )


def locker_is_outside(facts: Facts, event: UpdateLocked) -> bool:
    """The thread is in no read section."""
    return facts.section_of(event.thread) is None


def expects_locker_outside(facts: Facts, event: UpdateLocked) -> str:
    """Outside."""
    del facts, event
    return "no read section open on the thread that takes the update lock"


def is_any_grace_period(facts: Facts, event: GracePeriodBegun) -> bool:
    """A wait for readers begins."""
    del facts, event
    return True


def waiter_is_outside(facts: Facts, event: GracePeriodBegun) -> bool:
    """The thread is in no read section."""
    return facts.section_of(event.thread) is None


def expects_waiter_outside(facts: Facts, event: GracePeriodBegun) -> str:
    """Outside: it would wait for itself."""
    del facts, event
    return "no read section open on the thread that waits: it would wait for itself"


def is_any_entry(facts: Facts, event: GuestEntered) -> bool:
    """The vCPU enters the guest."""
    del facts, event
    return True


def guest_is_outside(facts: Facts, event: GuestEntered) -> bool:
    """The thread is in no read section."""
    return facts.section_of(event.thread) is None


def expects_guest_outside(facts: Facts, event: GuestEntered) -> str:
    """Outside: the guest runs as long as it likes."""
    del facts, event
    return "no read section open while the guest runs"


def is_any_sleep(facts: Facts, event: Slept) -> bool:
    """The thread sleeps."""
    del facts, event
    return True


def sleeper_is_outside(facts: Facts, event: Slept) -> bool:
    """The thread is in no read section."""
    return facts.section_of(event.thread) is None


def expects_sleeper_outside(facts: Facts, event: Slept) -> str:
    """Outside: updaters would wait as long."""
    del facts, event
    return "no read section open while the thread sleeps"


def gives_retry(facts: Facts, event: Return) -> bool:
    """A guest access is to be tried again."""
    del facts
    return isinstance(event.reply, Retry)


def retrier_is_outside(facts: Facts, event: Return) -> bool:
    """The thread is in no read section."""
    return facts.section_of(event.thread) is None


def expects_retrier_outside(facts: Facts, event: Return) -> str:
    """Outside: the updater it waits for waits for it."""
    del facts, event
    return "the read section left before the access is tried again"


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


def is_any_destruction(facts: Facts, event: DomainDestroyed) -> bool:
    """The SRCU domain is destroyed."""
    del facts, event
    return True


def nobody_is_inside(facts: Facts, event: DomainDestroyed) -> bool:
    """No read section is open."""
    del event
    return not facts.sections.all_open()


def expects_nobody_inside(facts: Facts, event: DomainDestroyed) -> str:
    """Who is."""
    del event
    who = ", ".join(f"T{section.thread}" for section in facts.sections.all_open())
    return f"no read section open; {who} is in one"


def ends_a_vm(facts: Facts, event: Return) -> bool:
    """The VM has been destroyed, its domain with it."""
    known = facts.calls.get(event.thread)
    return (
        known is not None
        and isinstance(known.operation, DestroyVm)
        and facts.sections.destroyed
    )


def nobody_entered_after(facts: Facts, event: Return) -> bool:
    """No section began after the domain was gone."""
    del event
    return not facts.sections.entered_after_destroy


def expects_domain_outlives(facts: Facts, event: Return) -> str:
    """The domain last."""
    del facts, event
    return "the SRCU domain destroyed after the last read section of the teardown"


def starts_after_a_result(facts: Facts, answered: Answered) -> bool:
    """An update had returned, or a reader had finished, before this one began."""
    known = facts.calls.get(answered.thread)
    return isinstance(answered.operation, (*TABLE_READERS, GuestAccess)) and (
        bool(answered.stale) or (known is not None and known.floor > 0)
    )


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

OUTLIVES_READERS = Clause(
    id="SRCU-2",
    title="A replaced table outlives its readers",
    must=(
        "A table MUST NOT be reclaimed (freed or reused) while a read section "
        "that loaded it is open."
    ),
    source="seed, __kvm_set_memory_region: publish, synchronize_srcu, kfree",
    rows=(29,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=TableReclaimed,
    premise=was_published,
    holds=no_open_section_holds_it,
    expected=expects_no_holder,
    points=(*SECTION_POINTS, "TableLoaded"),
)

NO_READ_AFTER_RECLAIM = Clause(
    id="SRCU-3",
    title="Nothing is read out of a reclaimed table",
    must="A reader MUST NOT read out of a table that was reclaimed.",
    source="seed, __kvm_set_memory_region: publish, synchronize_srcu, kfree",
    rows=(29,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=TableRead,
    premise=is_any_read,
    holds=table_is_not_reclaimed,
    expected=expects_live_table,
    points=("TableReclaimed",),
)

FULL_GRACE_PERIOD = Clause(
    id="SRCU-4",
    title="Reclaim comes after a full grace period",
    must=(
        "An updater MUST NOT reclaim a table before a grace period that began "
        "after the table was replaced has ended."
    ),
    source="seed, __kvm_set_memory_region: synchronize_srcu_expedited before kfree",
    rows=(30,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=TableReclaimed,
    premise=was_published,
    holds=grace_period_followed,
    expected=expects_grace_period,
    points=("GracePeriodBegun", "GracePeriodEnded", "TablePublished"),
)

WAITS_FOR_ALL = Clause(
    id="SRCU-5",
    title="A grace period waits for every earlier section",
    must=(
        "A grace period MUST NOT end while a read section that was open when it "
        "began is still open."
    ),
    source="kernel/srcu.c, synchronize_srcu",
    rows=(30,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=GracePeriodEnded,
    premise=has_sections_to_wait_for,
    holds=all_of_them_left,
    expected=expects_they_left,
    points=("GracePeriodBegun", *SECTION_POINTS),
    concurrent=True,
)

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

ONE_UPDATER = Clause(
    id="SRCU-8",
    title="Updaters exclude each other",
    must="An updater MUST NOT take the update lock while another one holds it.",
    source="slots_lock; Documentation/virt/kvm/locking.rst",
    rows=(32,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=UpdateLocked,
    premise=is_any_locking,
    holds=lock_was_free,
    expected=expects_free_lock,
    points=("UpdateUnlocked",),
)

PUBLISHED_UNDER_LOCK = Clause(
    id="SRCU-9",
    title="Tables are published under the update lock",
    must="A request MUST hold the update lock when it publishes a table.",
    source="slots_lock; Documentation/virt/kvm/locking.rst",
    rows=(32,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=TablePublished,
    premise=is_a_requests_table,
    holds=publisher_holds_the_lock,
    expected=expects_publisher_locked,
    points=("UpdateLocked", "UpdateUnlocked"),
)

NO_LOCK_INSIDE = Clause(
    id="SRCU-10",
    title="A reader does not take the update lock",
    must="A thread in a read section MUST NOT take the update lock.",
    source="Documentation/virt/kvm/locking.rst: slots_lock outside kvm->srcu",
    rows=(32,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=UpdateLocked,
    premise=is_any_locking,
    holds=locker_is_outside,
    expected=expects_locker_outside,
    points=SECTION_POINTS,
)

NO_WAIT_INSIDE = Clause(
    id="SRCU-11",
    title="A reader does not wait for readers",
    must="A thread in a read section MUST NOT wait for a grace period.",
    source="kernel/srcu.c; commit 3ccbf6f47098",
    rows=(32,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=GracePeriodBegun,
    premise=is_any_grace_period,
    holds=waiter_is_outside,
    expected=expects_waiter_outside,
    points=SECTION_POINTS,
)

NO_GUEST_INSIDE = Clause(
    id="SRCU-12",
    title="The guest runs outside read sections",
    must="A vCPU MUST leave its read section before it runs the guest.",
    source="commit f656ce0185ca",
    rows=(33,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=GuestEntered,
    premise=is_any_entry,
    holds=guest_is_outside,
    expected=expects_guest_outside,
    points=SECTION_POINTS,
)

NO_SLEEP_INSIDE = Clause(
    id="SRCU-13",
    title="Threads sleep outside read sections",
    must=(
        "A thread MUST leave its read section before it sleeps with no bound on "
        "how long."
    ),
    source="commit f656ce0185ca: around kvm_vcpu_block",
    rows=(33,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=Slept,
    premise=is_any_sleep,
    holds=sleeper_is_outside,
    expected=expects_sleeper_outside,
    points=SECTION_POINTS,
)

NO_RETRY_INSIDE = Clause(
    id="SRCU-14",
    title="A retry leaves the read section first",
    must=(
        "An access that is tried again because its slot is INVALID MUST leave its "
        "read section first."
    ),
    source="commit 3ccbf6f47098",
    rows=(33,),
    profiles=ONLY_LINUX,
    needs=Needs.POINTS,
    on=Return,
    premise=gives_retry,
    holds=retrier_is_outside,
    expected=expects_retrier_outside,
    operations=("GuestAccess",),
    points=SECTION_POINTS,
    concurrent=True,
)

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

DESTROYED_EMPTY = Clause(
    id="SRCU-16",
    title="The domain is destroyed with nobody inside",
    must="The SRCU domain MUST NOT be destroyed while a read section is open.",
    source="commit 647492047763",
    rows=(34,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=DomainDestroyed,
    premise=is_any_destruction,
    holds=nobody_is_inside,
    expected=expects_nobody_inside,
    operations=("DestroyVm",),
    points=SECTION_POINTS,
)

DOMAIN_OUTLIVES = Clause(
    id="SRCU-17",
    title="The domain outlives its last reader",
    must="No read section MUST begin after the SRCU domain is destroyed.",
    source="commit 647492047763: the vCPU teardown reads",
    rows=(34,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=Return,
    premise=ends_a_vm,
    holds=nobody_entered_after,
    expected=expects_domain_outlives,
    operations=("DestroyVm",),
    points=("DomainDestroyed", *SECTION_POINTS),
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
)

CLAUSES: tuple[AnyClause, ...] = (
    ONE_TABLE,
    OUTLIVES_READERS,
    NO_READ_AFTER_RECLAIM,
    FULL_GRACE_PERIOD,
    WAITS_FOR_ALL,
    NEVER_BACKWARDS,
    AT_MOST_ADJACENT,
    ONE_UPDATER,
    PUBLISHED_UNDER_LOCK,
    NO_LOCK_INSIDE,
    NO_WAIT_INSIDE,
    NO_GUEST_INSIDE,
    NO_SLEEP_INSIDE,
    NO_RETRY_INSIDE,
    READS_ARE_PROTECTED,
    DESTROYED_EMPTY,
    DOMAIN_OUTLIVES,
    RESULT_IS_SEEN,
)
