"""Locking around SRCU: who excludes whom, and what no reader may do inside."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, Clause, Needs
from memslot_spec.facts.facts import Facts
from memslot_spec.history.events import Return
from memslot_spec.history.points.mmu import GuestEntered, Retried
from memslot_spec.history.points.srcu import GracePeriodBegun, Slept
from memslot_spec.history.points.tables import TablePublished, UpdateLocked
from memslot_spec.model.profile import BOTH, ONLY_LINUX
from memslot_spec.model.replies import Retry


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


SECTION_POINTS = ("SectionEntered", "SectionLeft")


def locker_is_outside(facts: Facts, event: UpdateLocked) -> bool:
    """The thread is in no read section."""
    return facts.section_of(event.thread) is None


def expects_locker_outside(facts: Facts, event: UpdateLocked) -> str:
    """Outside."""
    del facts, event
    return "no read section open on the thread that takes the update lock"


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
    unless="Retried",
)


def is_any_retry(facts: Facts, event: Retried) -> bool:
    """An access is to be made again."""
    del facts, event
    return True


def retries_outside(facts: Facts, event: Retried) -> bool:
    """The thread is in no read section."""
    return facts.section_of(event.thread) is None


def expects_retry_outside(facts: Facts, event: Retried) -> str:
    """Outside: the updater it waits for waits for it."""
    del facts, event
    return "the read section left before the access is made again"


NO_RETRY_LOOP_INSIDE = Clause(
    id="SRCU-19",
    title="A fault retries outside its read section",
    must=(
        "A fault that finds its slot INVALID and is taken again MUST leave its read "
        "section before it is."
    ),
    source="commit 3ccbf6f47098",
    rows=(33,),
    profiles=ONLY_LINUX,
    needs=Needs.POINTS,
    on=Retried,
    premise=is_any_retry,
    holds=retries_outside,
    expected=expects_retry_outside,
    operations=("GuestAccess",),
    points=SECTION_POINTS,
    concurrent=True,
)


CLAUSES: tuple[AnyClause, ...] = (
    ONE_UPDATER,
    PUBLISHED_UNDER_LOCK,
    NO_LOCK_INSIDE,
    NO_WAIT_INSIDE,
    NO_GUEST_INSIDE,
    NO_SLEEP_INSIDE,
    NO_RETRY_INSIDE,
    NO_RETRY_LOOP_INSIDE,
)
