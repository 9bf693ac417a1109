"""Those who change what readers share: under which lock, and how often."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.srcu import DomainDestroyed
from memslot_spec.history.words import describe_operation
from memslot_spec.known import Known
from memslot_spec.moments.srcu import PublishedReclaimed
from memslot_spec.moments.tables import PublishedBy


def the_holder(facts: Facts, by: PublishedBy) -> str:
    holder = facts.sections.update_holder
    who = describe_operation(by.operation)
    return f"{who}: {'nobody' if holder is None else f'T{holder}'} holds it"


@clause(
    id="SRCU-21",
    title="Whoever else publishes holds the update lock",
    must="An operation that is no request MUST hold the update lock when it publishes "
    "a table.",
    known=Known(
        read="v2.6.34 arch/x86/kvm/x86.c, kvm_vm_ioctl_get_dirty_log(): slots_lock; "
        "6.1 virt/kvm/kvm_main.c:2230, kvm_vm_ioctl_get_dirty_log()",
        last_read="2026-11-27",
    ),
    rows=(32, 56),
    on=PublishedBy,
    expected="the update lock held while a table is published",
    observed=the_holder,
    points=("UpdateLocked", "UpdateUnlocked"),
)
def publishes_under_lock(facts: Facts, by: PublishedBy) -> bool:
    # A request is SRCU-9's.
    return not by.beside or by.holds_lock


def reclaimed_before(facts: Facts, reclaimed: PublishedReclaimed) -> str:
    return (
        f"table v{reclaimed.version} reclaimed again, and nothing written or published "
        "there since"
    )


@clause(
    id="SRCU-22",
    title="A table is reclaimed once",
    must="A table that was reclaimed MUST NOT be reclaimed again, unless another was "
    "made in its place.",
    known=Known(
        read="patch, __kvm_set_memory_region(): kfree(old_memslots); 6.1 "
        "virt/kvm/kvm_main.c:994, kvm_free_memslots()",
        last_read="2026-11-27",
    ),
    rows=(29, 30),
    on=PublishedReclaimed,
    expected="each table reclaimed once",
    observed=reclaimed_before,
    points=("TableWritten", "TablePublished"),
)
def reclaimed_once(facts: Facts, reclaimed: PublishedReclaimed) -> bool:
    return not reclaimed.again


@clause(
    id="SRCU-23",
    title="The domain is destroyed once",
    must="The SRCU domain of a VM MUST NOT be destroyed twice.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:1343, kvm_destroy_vm(): cleanup_srcu_struct()",
        last_read="2026-11-27",
    ),
    rows=(34,),
    on=DomainDestroyed,
    expected="the SRCU domain destroyed once",
    observed="the SRCU domain destroyed again",
    operations=("DestroyVm",),
)
def destroyed_once(facts: Facts, event: DomainDestroyed) -> bool:
    return not facts.sections.destroyed


CLAUSES: tuple[AnyClause, ...] = (publishes_under_lock, reclaimed_once, destroyed_once)
