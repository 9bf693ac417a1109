"""Locking around SRCU: who excludes whom, and what no reader may do inside."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, Implied, clause
from memslot_spec.clauses.readers.lifetime import SECTION_POINTS
from memslot_spec.facts.facts import Facts
from memslot_spec.history.events import Return
from memslot_spec.history.points.srcu import (
    GracePeriodBegun,
    GuestEntered,
    Retried,
    Slept,
)
from memslot_spec.history.points.tables import TablePublished, UpdateLocked
from memslot_spec.history.words import describe_event
from memslot_spec.known import Known
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.model.replies import Retry


def held_by_another(facts: Facts, event: UpdateLocked) -> str:
    return f"T{event.thread} takes it, and T{facts.sections.update_holder} holds it"


@clause(
    id="SRCU-8",
    title="Updaters exclude each other",
    must="An updater MUST NOT take the update lock while another one holds it.",
    known=Known(
        read="patch, kvm_set_memory_region(): slots_lock for writing; 6.1 "
        "virt/kvm/kvm_main.c:2047, kvm_set_memory_region(): slots_lock; "
        "Documentation/virt/kvm/locking.rst",
        last_read="2026-11-27",
    ),
    rows=(32,),
    on=UpdateLocked,
    expected="the update lock free when it is taken",
    observed=held_by_another,
    points=("UpdateUnlocked",),
)
def one_updater(facts: Facts, event: UpdateLocked) -> bool:
    return facts.sections.update_holder in {None, event.thread}


def is_by_a_request(facts: Facts, event: TablePublished) -> bool:
    return event.thread in facts.updates


def expects_publisher_locked(facts: Facts, event: TablePublished) -> str:
    return f"the update lock held by T{event.thread} while it publishes"


def who_holds_the_lock(facts: Facts, event: TablePublished) -> str:
    holder = facts.sections.update_holder
    return f"{'nobody' if holder is None else f'T{holder}'} holds it"


@clause(
    id="SRCU-9",
    title="Tables are published under the update lock",
    must="A request MUST hold the update lock when it publishes a table.",
    known=Known(
        read="patch, kvm_set_memory_region(): slots_lock for writing; 6.1 "
        "virt/kvm/kvm_main.c:2047, kvm_set_memory_region(): slots_lock; "
        "Documentation/virt/kvm/locking.rst",
        last_read="2026-11-27",
    ),
    rows=(32,),
    on=TablePublished,
    premise=is_by_a_request,
    expected=expects_publisher_locked,
    observed=who_holds_the_lock,
    points=("UpdateLocked", "UpdateUnlocked"),
)
def published_under_lock(facts: Facts, event: TablePublished) -> bool:
    return facts.sections.update_holder == event.thread


def still_inside(
    facts: Facts,
    event: UpdateLocked | GracePeriodBegun | GuestEntered | Slept | Return | Retried,
) -> str:
    return f"T{event.thread} inside a read section: {describe_event(event)}"


@clause(
    id="SRCU-10",
    title="A reader does not take the update lock",
    must="A thread in a read section MUST NOT take the update lock.",
    known=Known(
        read="6.1 Documentation/virt/kvm/locking.rst:19, acquisition orders: "
        "slots_arch_lock can be taken inside a section of kvm->srcu, slots_lock "
        "cannot",
        last_read="2026-11-27",
    ),
    rows=(32,),
    on=UpdateLocked,
    expected="no read section open on the thread that takes the update lock",
    observed=still_inside,
    points=SECTION_POINTS,
)
def no_lock_inside(facts: Facts, event: UpdateLocked) -> bool:
    return facts.section_of(event.thread) is None


@clause(
    id="SRCU-11",
    title="A reader does not wait for readers",
    must="A thread in a read section MUST NOT wait for a grace period.",
    known=Known(
        read="6.1 kernel/rcu/srcutree.c:1230, __synchronize_srcu(): illegal in a "
        "section of the same SRCU",
        last_read="2026-11-27",
    ),
    rows=(32,),
    on=GracePeriodBegun,
    expected="no read section open on the thread that waits: it would wait for itself",
    observed=still_inside,
    points=SECTION_POINTS,
)
def no_wait_inside(facts: Facts, event: GracePeriodBegun) -> bool:
    return facts.section_of(event.thread) is None


@clause(
    id="SRCU-12",
    title="The guest runs outside read sections",
    must="A vCPU MUST leave its read section before it runs the guest.",
    known=Known(
        read="commit f656ce0185ca; 6.1 arch/x86/kvm/x86.c:10824, vcpu_enter_guest()",
        last_read="2026-11",
    ),
    rows=(33,),
    on=GuestEntered,
    expected="no read section open while the guest runs",
    observed=still_inside,
    points=SECTION_POINTS,
)
def no_guest_inside(facts: Facts, event: GuestEntered) -> bool:
    return facts.section_of(event.thread) is None


def is_idle(facts: Facts, event: Slept) -> bool:
    # A fault may wait for its host page inside: swap, FUSE, userfaultfd.
    return not event.for_page


@clause(
    id="SRCU-13",
    title="A vCPU halts outside read sections",
    must="A vCPU that has nothing to run MUST leave its read section before it sleeps.",
    known=Known(
        read="commit f656ce0185ca; 6.1 arch/x86/kvm/x86.c:11050, vcpu_block()",
        last_read="2026-11",
    ),
    rows=(33,),
    on=Slept,
    premise=is_idle,
    expected="no read section open while the vCPU sleeps",
    observed=still_inside,
    points=SECTION_POINTS,
)
def no_sleep_inside(facts: Facts, event: Slept) -> bool:
    return facts.section_of(event.thread) is None


def is_to_be_tried_again(facts: Facts, event: Return) -> bool:
    return isinstance(event.reply, Retry)


@clause(
    id="SRCU-14",
    title="A retry leaves the read section first",
    must="An access that is tried again because its slot is INVALID MUST leave its "
    "read section first.",
    known=Known(
        read="6.1 arch/x86/kvm/x86.c:10824, vcpu_enter_guest(): the section is left "
        "before the guest runs on, and faults again",
        last_read="2026-11-27",
        derived="a fault that is tried again in its section finds the same table for "
        "ever, and the update waits for the section; the message of commit "
        "3ccbf6f47098, for a later kernel, tells of one that did",
    ),
    rows=(33,),
    profiles=ONLY_LINUX,
    on=Return,
    premise=is_to_be_tried_again,
    expected="the read section left before the access is tried again",
    observed=still_inside,
    operations=("GuestAccess",),
    points=SECTION_POINTS,
    concurrent=True,
    unless="Retried",
    implied=Implied(
        by=("SRCU-31",), because="a call that asks to be made again returns too"
    ),
)
def no_retry_inside(facts: Facts, event: Return) -> bool:
    return facts.section_of(event.thread) is None


@clause(
    id="SRCU-19",
    title="A fault retries outside its read section",
    must="A fault that finds its slot INVALID and is taken again MUST leave its read "
    "section before it is.",
    known=Known(
        read="6.1 arch/x86/kvm/x86.c:10824, vcpu_enter_guest(): the section is left "
        "before the guest runs on, and faults again",
        last_read="2026-11-27",
        derived="a fault that is tried again in its section finds the same table for "
        "ever, and the update waits for the section; the message of commit "
        "3ccbf6f47098, for a later kernel, tells of one that did",
    ),
    rows=(33,),
    profiles=ONLY_LINUX,
    on=Retried,
    expected="the read section left before the access is made again",
    observed=still_inside,
    operations=("GuestAccess",),
    points=SECTION_POINTS,
    concurrent=True,
)
def no_retry_loop_inside(facts: Facts, event: Retried) -> bool:
    return facts.section_of(event.thread) is None


CLAUSES: tuple[AnyClause, ...] = (
    one_updater,
    published_under_lock,
    no_lock_inside,
    no_wait_inside,
    no_guest_inside,
    no_sleep_inside,
    no_retry_inside,
    no_retry_loop_inside,
)
