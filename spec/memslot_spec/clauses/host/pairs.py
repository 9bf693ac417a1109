"""An invalidation that begins ends, and one that ends has begun.

Faults wait for the ranges that are open, and updates for their number. Both are counts:
one end too few makes them wait for ever, one too many lets a fault map what is going.
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.events import Return
from memslot_spec.history.points.host import InvalidationEnded
from memslot_spec.known import Known
from memslot_spec.model.operations import DestroyVm

POINTS = ("InvalidationBegun", "InvalidationEnded")


def has_begun(facts: Facts, thread: int) -> bool:
    """The thread has a range open."""
    return any(mine == thread for mine, _, _ in facts.host.open)


def not_open(facts: Facts, event: InvalidationEnded) -> str:
    return f"T{event.thread} ends one, and has none open"


@clause(
    id="HVA-16",
    title="An invalidation that ends has begun",
    must="A thread MUST NOT end an invalidation unless it has begun one that has not "
    "ended.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:850, kvm_mmu_notifier_invalidate_range_end(): "
        "the count that the start has raised is lowered",
        last_read="2026-11-27",
        derived="the count that it lowers is that of another range, in which faults "
        "map pages from then on",
    ),
    rows=(54,),
    on=InvalidationEnded,
    expected="an invalidation that this thread has begun",
    observed=not_open,
    points=POINTS,
)
def ends_its_own(facts: Facts, event: InvalidationEnded) -> bool:
    return has_begun(facts, event.thread)


def leaves_open(facts: Facts, event: Return) -> str:
    return f"T{event.thread} returns, and a range that it has opened is open still"


def vm_goes_on(facts: Facts, event: Return) -> bool:
    """Nobody destroys the VM, after which no notifier is told of any end."""
    return not facts.vm_destroyed and not any(
        isinstance(call.operation, DestroyVm) for call in facts.calls.values()
    )


@clause(
    id="HVA-17",
    title="An invalidation that has begun ends",
    must="A call that begins an invalidation MUST have ended it when it returns, "
    "unless the VM is destroyed meanwhile.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:784, "
        "kvm_mmu_notifier_invalidate_range_start(): adjustments have to be balanced, "
        "but for 1326, kvm_destroy_vm()",
        last_read="2026-11-27",
        derived="faults in a range that is never closed are retried for ever, and "
        "every update waits for it",
    ),
    rows=(54,),
    on=Return,
    premise=vm_goes_on,
    expected="every invalidation ended that the call has begun",
    observed=leaves_open,
    points=POINTS,
)
def leaves_none_open(facts: Facts, event: Return) -> bool:
    return not has_begun(facts, event.thread)


CLAUSES: tuple[AnyClause, ...] = (ends_its_own, leaves_none_open)
