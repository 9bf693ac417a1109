"""The two-step delete: INVALID first, then absent, with a grace period between.

Step one marks the slot INVALID. Once the grace period after it has ended no
reader can make a new mapping for the slot, but everything that removes mappings
still finds it. The flush then removes what is left, and step two removes the slot.

    publish INVALID -> grace period -> flush -> publish absent -> grace period
"""

from __future__ import annotations

from memslot_spec.arithmetic.slot_word import id_of
from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.words import describe_slot
from memslot_spec.known import Known
from memslot_spec.model.updates import Change
from memslot_spec.moments.tables import SlotRemoved, UpdateLockLeft


def by_a_delete(facts: Facts, removed: SlotRemoved) -> bool:
    return removed.update.change is Change.DELETE


def the_invalid_step(facts: Facts, removed: SlotRemoved) -> str:
    return f"slot {removed.old.id} published as INVALID first"


def as_published(removed: SlotRemoved) -> str:
    """Where the slot is in the table that is published."""
    old = removed.old
    now = removed.table.find(old.as_id, old.id)
    return f"slot {old.id} " + (f"at gfn {now.base:#x}" if now else "absent")


def not_yet_invalid(facts: Facts, removed: SlotRemoved) -> str:
    return f"{as_published(removed)} in the new table, and never INVALID before"


def no_grace_period(facts: Facts, removed: SlotRemoved) -> str:
    return f"{as_published(removed)} in the new table; no grace period since INVALID"


def no_flush(facts: Facts, removed: SlotRemoved) -> str:
    return f"{as_published(removed)} in the new table; not flushed since INVALID"


@clause(
    id="DEL-1",
    title="A delete publishes INVALID first",
    must="A delete of a live slot MUST publish a table in which the slot is INVALID "
    "before it publishes one without the slot.",
    known=Known(
        read="patch, __kvm_set_memory_region(), step 1; 6.1 virt/kvm/kvm_main.c:1752, "
        "kvm_invalidate_memslot()",
        last_read="2026-11",
    ),
    rows=(36,),
    on=SlotRemoved,
    premise=by_a_delete,
    expected=the_invalid_step,
    observed=not_yet_invalid,
)
def invalid_first(facts: Facts, removed: SlotRemoved) -> bool:
    return removed.update.invalid_published_at >= 0


def was_flushed(facts: Facts, removed: SlotRemoved) -> bool:
    return removed.update.flushed_at >= 0


def flushed_early(facts: Facts, removed: SlotRemoved) -> str:
    return f"{as_published(removed)} in the new table; last flushed before that"


@clause(
    id="DEL-2",
    title="The flush that counts waits for a grace period",
    must="Between the end of the grace period after its INVALID table and the "
    "publication of the table that has it absent or elsewhere, the slot MUST be "
    "flushed. Earlier flushes neither count nor matter.",
    known=Known(
        read="patch, __kvm_set_memory_region(): synchronize, then "
        "kvm_arch_flush_shadow(); 6.1 virt/kvm/kvm_main.c:1760, "
        "kvm_invalidate_memslot()",
        last_read="2026-11",
    ),
    rows=(36,),
    on=SlotRemoved,
    premise=was_flushed,
    expected="the slot flushed after the grace period that follows its INVALID table",
    observed=flushed_early,
    points=("Flushed", "GracePeriodBegun", "GracePeriodEnded"),
)
def flush_after_grace_period(facts: Facts, removed: SlotRemoved) -> bool:
    update = removed.update
    return 0 <= update.graced_at < update.flushed_at


@clause(
    id="DEL-3",
    title="The absence waits for a grace period",
    must="The grace period after the INVALID table MUST have ended before a delete "
    "publishes the slot's absence.",
    known=Known(
        read="patch, __kvm_set_memory_region(): synchronize between the steps; 6.1 "
        "virt/kvm/kvm_main.c:1752, kvm_invalidate_memslot(): "
        "kvm_swap_active_memslots()",
        last_read="2026-11",
    ),
    rows=(36,),
    on=SlotRemoved,
    premise=by_a_delete,
    expected="a grace period between publishing INVALID and publishing the absence",
    observed=no_grace_period,
    points=("GracePeriodBegun", "GracePeriodEnded"),
)
def grace_period_before_absence(facts: Facts, removed: SlotRemoved) -> bool:
    update = removed.update
    return update.graced_at >= 0 or update.invalid_published_at < 0


@clause(
    id="DEL-4",
    title="The absence waits for the flush",
    must="A delete MUST flush the slot's shadow state before it publishes the "
    "slot's absence.",
    known=Known(
        read="patch, __kvm_set_memory_region(): kvm_arch_flush_shadow() between the "
        "steps; 6.1 virt/kvm/kvm_main.c:1760, kvm_invalidate_memslot()",
        last_read="2026-11",
    ),
    rows=(36,),
    on=SlotRemoved,
    premise=by_a_delete,
    expected="the slot's shadow state flushed before its absence is published",
    observed=no_flush,
    points=("Flushed",),
)
def flush_before_absence(facts: Facts, removed: SlotRemoved) -> bool:
    update = removed.update
    return update.flushed_at >= 0 or update.invalid_published_at < 0


def the_slot_settled(facts: Facts, left: UpdateLockLeft) -> str:
    word = left.update.word
    return f"slot {id_of(word)} valid or absent when the update lock is given back"


def the_slot_left(facts: Facts, left: UpdateLockLeft) -> str:
    return "INVALID still" if left.slot is None else describe_slot(left.slot)


@clause(
    id="DEL-17",
    title="The window is closed when the update lock is given back",
    must="When a request gives the update lock back, its slot MUST NOT be INVALID in "
    "the current table: it is gone, at its new base, or valid again.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:2042, kvm_set_memory_region(): slots_lock around "
        "all of it; 1877, kvm_set_memslot()",
        last_read="2026-11-27",
    ),
    rows=(36, 65),
    on=UpdateLockLeft,
    expected=the_slot_settled,
    observed=the_slot_left,
    points=("TablePublished",),
)
def window_is_closed(facts: Facts, left: UpdateLockLeft) -> bool:
    return left.slot is None or not left.slot.invalid


CLAUSES: tuple[AnyClause, ...] = (
    invalid_first,
    flush_after_grace_period,
    grace_period_before_absence,
    flush_before_absence,
    window_is_closed,
)
