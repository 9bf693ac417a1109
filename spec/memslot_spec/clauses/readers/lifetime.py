"""Lifetime under SRCU: nothing is freed while somebody may read it."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.srcu import DomainDestroyed, SectionEntered
from memslot_spec.history.points.tables import TableRead
from memslot_spec.known import Known
from memslot_spec.moments.ending import VmEnded
from memslot_spec.moments.srcu import GracePeriodOver, PublishedReclaimed

SECTION_POINTS = ("SectionEntered", "SectionLeft")


def has_a_holder(facts: Facts, reclaimed: PublishedReclaimed) -> str:
    who = ", ".join(f"T{thread}" for thread in reclaimed.holders)
    return f"table v{reclaimed.version} reclaimed; {who} is in such a section"


@clause(
    id="SRCU-2",
    title="A replaced table outlives its readers",
    must="A table MUST NOT be reclaimed (freed or reused) while a read section "
    "that loaded it is open.",
    known=Known(
        read="patch, __kvm_set_memory_region(): publish, synchronize_srcu, kfree; 6.1 "
        "virt/kvm/kvm_main.c:1593, kvm_swap_active_memslots()",
        last_read="2026-11",
    ),
    rows=(29,),
    on=PublishedReclaimed,
    expected="no open read section that loaded the table which is reclaimed",
    observed=has_a_holder,
    points=(*SECTION_POINTS, "TableLoaded"),
)
def outlives_readers(facts: Facts, reclaimed: PublishedReclaimed) -> bool:
    return not reclaimed.holders


def read_when_reclaimed(facts: Facts, read: TableRead) -> str:
    return f"T{read.thread} reads out of v{facts.version(read.table)}, reclaimed before"


@clause(
    id="SRCU-3",
    title="Nothing is read out of a reclaimed table",
    must="A reader MUST NOT read out of a table that was reclaimed.",
    known=Known(
        read="patch, __kvm_set_memory_region(): publish, synchronize_srcu, kfree; 6.1 "
        "virt/kvm/kvm_main.c:1593, kvm_swap_active_memslots()",
        last_read="2026-11",
    ),
    rows=(29,),
    on=TableRead,
    expected="nothing read out of a table that was reclaimed",
    observed=read_when_reclaimed,
    points=("TableReclaimed",),
)
def no_read_after_reclaim(facts: Facts, read: TableRead) -> bool:
    return read.table not in facts.tables.reclaimed


def is_replaced(facts: Facts, reclaimed: PublishedReclaimed) -> bool:
    return not reclaimed.with_vm


def expects_grace_period(facts: Facts, reclaimed: PublishedReclaimed) -> str:
    return (
        f"a grace period begun after v{reclaimed.version} was replaced "
        "and ended before it is reclaimed"
    )


def reclaimed_early(facts: Facts, reclaimed: PublishedReclaimed) -> str:
    return f"table v{reclaimed.version} reclaimed, and no such grace period has ended"


@clause(
    id="SRCU-4",
    title="Reclaim comes after a full grace period",
    must="A table MUST NOT be reclaimed before a grace period that began after the "
    "table was replaced has ended, unless the VM goes with it.",
    known=Known(
        read="patch, __kvm_set_memory_region(): synchronize_srcu_expedited before "
        "kfree; 6.1 virt/kvm/kvm_main.c:1593, kvm_swap_active_memslots(); 1339, "
        "kvm_destroy_vm()",
        last_read="2026-11",
    ),
    rows=(30,),
    on=PublishedReclaimed,
    premise=is_replaced,
    expected=expects_grace_period,
    observed=reclaimed_early,
    points=("GracePeriodBegun", "GracePeriodEnded", "TablePublished"),
)
def full_grace_period(facts: Facts, reclaimed: PublishedReclaimed) -> bool:
    replaced_at = reclaimed.replaced_at
    return replaced_at is not None and facts.sections.full_period_since(replaced_at)


def had_readers(facts: Facts, over: GracePeriodOver) -> bool:
    return over.had_readers


def still_inside(facts: Facts, over: GracePeriodOver) -> str:
    who = ", ".join(f"T{thread}" for thread in over.inside)
    return f"the grace period ends; {who} is still inside"


@clause(
    id="SRCU-5",
    title="A grace period waits for every earlier section",
    must="A grace period MUST NOT end while a read section that was open when it "
    "began is still open.",
    known=Known(
        read="6.1 kernel/rcu/srcutree.c:1273, synchronize_srcu(): waits for the "
        "sections before it",
        last_read="2026-11-27",
    ),
    rows=(30,),
    on=GracePeriodOver,
    premise=had_readers,
    expected="every section that was open when the grace period began has ended",
    observed=still_inside,
    points=("GracePeriodBegun", *SECTION_POINTS),
    concurrent=True,
)
def waits_for_all(facts: Facts, over: GracePeriodOver) -> bool:
    return not over.inside


def somebody_inside(facts: Facts, event: DomainDestroyed) -> str:
    who = ", ".join(f"T{section.thread}" for section in facts.sections.all_open())
    return f"the SRCU domain destroyed; {who} is in a read section"


@clause(
    id="SRCU-16",
    title="The domain is destroyed with nobody inside",
    must="The SRCU domain MUST NOT be destroyed while a read section is open.",
    known=Known(
        read="patch, kvm_destroy_vm(), which breaks it: cleanup_srcu_struct() before "
        "kvm_arch_destroy_vm(); 6.1 virt/kvm/kvm_main.c:1344, kvm_destroy_vm(): after "
        "the slots are freed; commit 647492047763",
        last_read="2026-11-27",
    ),
    rows=(34,),
    on=DomainDestroyed,
    expected="no read section open when the SRCU domain is destroyed",
    observed=somebody_inside,
    operations=("DestroyVm",),
    points=SECTION_POINTS,
)
def destroyed_empty(facts: Facts, event: DomainDestroyed) -> bool:
    return not facts.sections.all_open()


@clause(
    id="SRCU-17",
    title="The domain outlives its last reader",
    must="A read section MUST NOT begin after the SRCU domain is destroyed.",
    known=Known(
        read="patch, kvm_destroy_vm(), which breaks it: kvm_arch_destroy_vm() after "
        "cleanup_srcu_struct(); 6.1 virt/kvm/kvm_main.c:1336, kvm_destroy_vm(): "
        "before it; commit 647492047763",
        last_read="2026-11-27",
        derived="the teardown of vCPUs reads slots, says the message of the commit",
    ),
    rows=(34,),
    on=SectionEntered,
    expected="the SRCU domain destroyed after the last read section of the teardown",
    observed="a read section begun after the SRCU domain was destroyed",
    operations=("DestroyVm",),
    points=("DomainDestroyed", *SECTION_POINTS),
)
def domain_outlives(facts: Facts, event: SectionEntered) -> bool:
    return not facts.sections.destroyed


def never_reclaimed(facts: Facts, ended: VmEnded) -> str:
    tables = ", ".join(f"v{facts.version(handle)}" for handle in ended.tables)
    return f"the VM destroyed, and never reclaimed: table {tables}"


@clause(
    id="SRCU-20",
    title="A table is reclaimed at the latest with the VM",
    must="A table MUST be reclaimed, at the latest when the VM is destroyed.",
    known=Known(
        read="patch, kvm_free_physmem(); 6.1 virt/kvm/kvm_main.c:1339, "
        "kvm_destroy_vm()",
        last_read="2026-11",
    ),
    rows=(30,),
    on=VmEnded,
    expected="every table reclaimed by the end of the VM",
    observed=never_reclaimed,
    operations=("DestroyVm",),
    points=("TablePublished", "TableReclaimed"),
)
def reclaimed_in_the_end(facts: Facts, ended: VmEnded) -> bool:
    return not ended.tables


CLAUSES: tuple[AnyClause, ...] = (
    outlives_readers,
    no_read_after_reclaim,
    full_grace_period,
    waits_for_all,
    destroyed_empty,
    domain_outlives,
    reclaimed_in_the_end,
)
