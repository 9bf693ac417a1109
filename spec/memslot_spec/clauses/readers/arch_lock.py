"""The locks beside the update lock: what they cover, and who may not take them.

They bind a target that announces these locks apart from one another. One lock for
all of it is lawful; where that makes threads wait in a circle, PROG-1 and PROG-2 say
so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.host import tells_arrays
from memslot_spec.history.points.srcu import GracePeriodBegun
from memslot_spec.history.points.tables import (
    ArchLocked,
    TablePublished,
    UpdateLocked,
)
from memslot_spec.history.words import describe_operation
from memslot_spec.history.words.names import slot_name
from memslot_spec.known import Known
from memslot_spec.model.operations import (
    AgeHva,
    InvalidateRange,
    ReleaseNotifier,
    UnmapHva,
)
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.model.values import Slot

NOTIFIERS = (UnmapHva, InvalidateRange, AgeHva, ReleaseNotifier)
"""What the host calls the MMU notifier for."""


def is_in_a_notifier(facts: Facts, thread: int) -> bool:
    call = facts.calls.get(thread)
    return call is not None and isinstance(call.operation, NOTIFIERS)


def who_takes_it(facts: Facts, event: UpdateLocked | ArchLocked) -> str:
    call = facts.calls.get(event.thread)
    what = "no call" if call is None else describe_operation(call.operation)
    return f"T{event.thread} takes it: {what}"


@clause(
    id="SRCU-24",
    title="An MMU notifier does not take the update lock",
    must="An MMU notifier MUST NOT take the update lock.",
    known=Known(
        read="6.1 Documentation/virt/kvm/locking.rst:24, mn_active_invalidate_count",
        last_read="2026-11-27",
    ),
    rows=(32,),
    profiles=ONLY_LINUX,
    on=UpdateLocked,
    expected="the update lock taken outside of MMU notifiers: its holder may wait "
    "until no invalidation is in progress",
    observed=who_takes_it,
    points=("UpdateUnlocked", "MmuLocked"),
)
def no_update_lock_in_notifiers(facts: Facts, event: UpdateLocked) -> bool:
    return not is_in_a_notifier(facts, event.thread)


@clause(
    id="SRCU-25",
    title="An MMU notifier does not take slots_arch_lock",
    must="An MMU notifier MUST NOT take `slots_arch_lock`.",
    known=Known(
        read="6.1 Documentation/virt/kvm/locking.rst:24, mn_active_invalidate_count",
        last_read="2026-11-27",
    ),
    rows=(32,),
    profiles=ONLY_LINUX,
    on=ArchLocked,
    expected="slots_arch_lock taken outside of MMU notifiers: its holder may wait "
    "until no invalidation is in progress",
    observed=who_takes_it,
    points=("ArchUnlocked",),
)
def no_arch_lock_in_notifiers(facts: Facts, event: ArchLocked) -> bool:
    return not is_in_a_notifier(facts, event.thread)


def is_by_a_request(facts: Facts, event: TablePublished) -> bool:
    return event.thread in facts.updates


def since_when_it_is_held(facts: Facts, event: TablePublished) -> str:
    holder = facts.arch_lock.holder
    if holder is None:
        return "nobody holds it"
    if holder != event.thread:
        return f"T{holder} holds it"
    return f"T{holder} has taken it since it last wrote the table"


@clause(
    id="SRCU-26",
    title="slots_arch_lock is held from the copy to the publication",
    must="A request MUST hold `slots_arch_lock` from its last write of a table until "
    "that table is published.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:1844, kvm_set_memslot(): the comment on "
        "slots_arch_lock",
        last_read="2026-11-27",
    ),
    rows=(32,),
    profiles=ONLY_LINUX,
    on=TablePublished,
    premise=is_by_a_request,
    expected="slots_arch_lock held by the publisher from the last write of the table",
    observed=since_when_it_is_held,
    points=("ArchLocked", "ArchUnlocked", "TableWritten"),
)
def held_from_copy_to_publication(facts: Facts, event: TablePublished) -> bool:
    # A table that a failed request swaps back was written by earlier requests.
    since = facts.calls[event.thread].step
    return facts.arch_lock.covers(event.thread, event.table, since)


def who_holds(facts: Facts, event: GracePeriodBegun) -> str:
    return f"T{event.thread} waits for readers, and holds it"


@clause(
    id="SRCU-27",
    title="slots_arch_lock is given back before the wait for readers",
    must="A thread MUST NOT hold `slots_arch_lock` while it waits for a grace period.",
    known=Known(
        read="6.1 Documentation/virt/kvm/locking.rst:19, slots_arch_lock; 6.1 "
        "virt/kvm/kvm_main.c:1591, kvm_swap_active_memslots()",
        last_read="2026-11-27",
    ),
    rows=(32,),
    profiles=ONLY_LINUX,
    on=GracePeriodBegun,
    expected="slots_arch_lock given back: readers take it in their sections",
    observed=who_holds,
    points=("ArchLocked", "ArchUnlocked"),
)
def no_wait_under_arch_lock(facts: Facts, event: GracePeriodBegun) -> bool:
    return facts.arch_lock.holder != event.thread


@clause(
    id="SRCU-28",
    title="No grace period is waited for under mmu_lock",
    must="A thread MUST NOT hold `mmu_lock` while it waits for a grace period.",
    known=Known(
        read="6.1 arch/x86/kvm/mmu/mmu.c:4278, direct_page_fault(): mmu_lock is taken "
        "in a read section; 6.1 kernel/rcu/srcutree.c:1230, __synchronize_srcu()",
        last_read="2026-11-27",
    ),
    rows=(32,),
    on=GracePeriodBegun,
    expected="mmu_lock given back: readers take it in their sections",
    observed=who_holds,
    points=("MmuLocked", "MmuUnlocked"),
)
def no_wait_under_mmu_lock(facts: Facts, event: GracePeriodBegun) -> bool:
    return facts.sections.mmu_holder != event.thread


def with_arrays(
    facts: Facts, event: TablePublished, slots: Iterable[Slot]
) -> Iterator[Slot]:
    """Those that stay where they are, and that have arrays in the table before."""
    if not facts.host.tells_arrays and not tells_arrays(event.attached):
        return
    for slot in slots:
        before = facts.tables.current.find(slot.as_id, slot.id)
        if before is None or not facts.host.has_arrays((slot.as_id, slot.id)):
            continue
        if (before.base, before.npages) == (slot.base, slot.npages):
            yield slot


def a_slot_stays(facts: Facts, event: TablePublished) -> bool:
    return any(True for _ in with_arrays(facts, event, event.slots))


def without_arrays(facts: Facts, event: TablePublished) -> tuple[Slot, ...]:
    have = {(a.as_id, a.slot_id) for a in event.attached if a.metadata is not None}
    lacking = [slot for slot in event.slots if (slot.as_id, slot.id) not in have]
    return tuple(with_arrays(facts, event, lacking))


def who_lost_them(facts: Facts, event: TablePublished) -> str:
    lost = ", ".join(slot_name(s.id, s.as_id) for s in without_arrays(facts, event))
    return f"published without arrays: {lost}"


@clause(
    id="SRCU-29",
    title="No table loses a slot's arrays",
    must="A table MUST NOT be published without the arrays of a slot that has some and "
    "stays where it is, though they were allocated after the update took its copy.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:1773, kvm_invalidate_memslot(): "
        "old->arch = invalid_slot->arch",
        last_read="2026-11-27",
    ),
    rows=(32,),
    on=TablePublished,
    premise=a_slot_stays,
    expected="every slot that stays where it is with the arrays that it has",
    observed=who_lost_them,
    points=("MetadataAllocated", "MetadataFreed"),
)
def arrays_are_kept(facts: Facts, event: TablePublished) -> bool:
    return not without_arrays(facts, event)


CLAUSES: tuple[AnyClause, ...] = (
    no_update_lock_in_notifiers,
    no_arch_lock_in_notifiers,
    held_from_copy_to_publication,
    no_wait_under_arch_lock,
    no_wait_under_mmu_lock,
    arrays_are_kept,
)
