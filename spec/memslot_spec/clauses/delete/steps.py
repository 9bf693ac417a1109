"""The two-step delete: INVALID first, then absent, with a grace period between.

Step one marks the slot INVALID. Once the grace period after it has ended no
reader can make a new mapping for the slot, but everything that takes mappings
away still finds it. The flush then has a last word, and step two removes the
slot.

    publish INVALID -> grace period -> flush -> publish absent -> grace period
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause, Clause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.mmu import Flushed
from memslot_spec.history.points.tables import TablePublished
from memslot_spec.model.updates import Change


def removes_a_deleted_slot(facts: Facts, event: TablePublished) -> bool:
    """A delete of a live slot publishes a table without it."""
    update = facts.update_of(event.thread)
    return (
        update is not None
        and update.change is Change.DELETE
        and update.removes_from(event.slots)
    )


def was_published_invalid(facts: Facts, event: TablePublished) -> bool:
    """This update published the slot as INVALID before."""
    update = facts.update_of(event.thread)
    return update is not None and update.invalid_published_at >= 0


def expects_invalid_step(facts: Facts, event: TablePublished) -> str:
    """The first step."""
    update = facts.update_of(event.thread)
    slot = None if update is None else update.old
    return f"slot {'?' if slot is None else slot.id} published as INVALID first"


INVALID_FIRST = Clause(
    id="DEL-1",
    title="A delete publishes INVALID first",
    must="A delete of a live slot MUST publish a table in which the slot is INVALID "
    "before it publishes one without the slot.",
    source="seed, __kvm_set_memory_region, step 1",
    rows=(36,),
    on=TablePublished,
    premise=removes_a_deleted_slot,
    expected=expects_invalid_step,
    holds=was_published_invalid,
)


def flushes_its_slot(facts: Facts, event: Flushed) -> bool:
    """A delete or move flushes the slot that it published as INVALID."""
    update = facts.update_of(event.thread)
    return (
        update is not None
        and update.takes_slot_away
        and update.invalid_published_at >= 0
        and update.old is not None
        and event.slot_id in {None, update.old.id}
    )


@clause(
    id="DEL-2",
    title="The flush waits for a grace period",
    must="The grace period after the INVALID table MUST have ended before the slot "
    "is flushed.",
    source="seed, __kvm_set_memory_region: synchronize, then kvm_arch_flush_shadow",
    rows=(36,),
    on=Flushed,
    premise=flushes_its_slot,
    expected="the grace period after INVALID ended before the flush: no fault follows",
    points=("TablePublished", "GracePeriodBegun", "GracePeriodEnded"),
)
def grace_before_flush(facts: Facts, event: Flushed) -> bool:
    update = facts.update_of(event.thread)
    return update is not None and update.graced_at >= 0


def is_graced(facts: Facts, event: TablePublished) -> bool:
    """A grace period ended after the INVALID table was published."""
    update = facts.update_of(event.thread)
    return update is not None and (
        update.graced_at >= 0 or update.invalid_published_at < 0
    )


def expects_grace_before_absence(facts: Facts, event: TablePublished) -> str:
    """The wait between the steps."""
    return "a grace period between publishing INVALID and publishing the absence"


GRACE_BEFORE_ABSENCE = Clause(
    id="DEL-3",
    title="The absence waits for a grace period",
    must="The grace period after the INVALID table MUST have ended before a delete "
    "publishes the slot's absence.",
    source="seed, __kvm_set_memory_region: synchronize between the steps",
    rows=(36,),
    on=TablePublished,
    premise=removes_a_deleted_slot,
    expected="a grace period between publishing INVALID and publishing the absence",
    points=("GracePeriodBegun", "GracePeriodEnded"),
    holds=is_graced,
)


def is_flushed(facts: Facts, event: TablePublished) -> bool:
    """The slot was flushed after the INVALID table was published."""
    update = facts.update_of(event.thread)
    return update is not None and (
        update.flushed_at >= 0 or update.invalid_published_at < 0
    )


def expects_flush_before_absence(facts: Facts, event: TablePublished) -> str:
    """The flush between the steps."""
    return "the slot's shadow state flushed before its absence is published"


FLUSH_BEFORE_ABSENCE = Clause(
    id="DEL-4",
    title="The absence waits for the flush",
    must="A delete MUST flush the slot's shadow state before it publishes the "
    "slot's absence.",
    source="seed, __kvm_set_memory_region: kvm_arch_flush_shadow between the steps",
    rows=(36,),
    on=TablePublished,
    premise=removes_a_deleted_slot,
    expected="the slot's shadow state flushed before its absence is published",
    points=("Flushed",),
    holds=is_flushed,
)


CLAUSES: tuple[AnyClause, ...] = (
    INVALID_FIRST,
    grace_before_flush,
    GRACE_BEFORE_ABSENCE,
    FLUSH_BEFORE_ABSENCE,
)
