"""Move: a slot that changes its base goes through INVALID, like a delete."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.clauses.delete.steps import (
    no_flush,
    no_grace_period,
    not_yet_invalid,
    the_invalid_step,
)
from memslot_spec.facts.facts import Facts
from memslot_spec.known import Known
from memslot_spec.model.updates import Change
from memslot_spec.moments.tables import SlotRemoved


def by_a_move(facts: Facts, removed: SlotRemoved) -> bool:
    return removed.update.change is Change.MOVE


@clause(
    id="MOVE-1",
    title="A move publishes INVALID first",
    must="A move MUST publish a table in which the slot is INVALID before it "
    "publishes the slot at its new base.",
    known=Known(
        read="commit 12d6e7538e2d; 6.1 virt/kvm/kvm_main.c:1865, kvm_set_memslot(); "
        "the patch moves in one step",
        last_read="2026-11",
    ),
    rows=(42,),
    on=SlotRemoved,
    premise=by_a_move,
    expected=the_invalid_step,
    observed=not_yet_invalid,
)
def invalid_first(facts: Facts, removed: SlotRemoved) -> bool:
    return removed.update.invalid_published_at >= 0


@clause(
    id="MOVE-2",
    title="The new base waits for a grace period",
    must="The grace period after the INVALID table MUST have ended before a move "
    "publishes the slot at its new base.",
    known=Known(
        read="commit 12d6e7538e2d; 6.1 virt/kvm/kvm_main.c:1752, "
        "kvm_invalidate_memslot(): kvm_swap_active_memslots()",
        last_read="2026-11",
    ),
    rows=(42,),
    on=SlotRemoved,
    premise=by_a_move,
    expected="a grace period between publishing INVALID and publishing the new base",
    observed=no_grace_period,
    points=("GracePeriodBegun", "GracePeriodEnded"),
)
def grace_period_before_new_base(facts: Facts, removed: SlotRemoved) -> bool:
    update = removed.update
    return update.graced_at >= 0 or update.invalid_published_at < 0


@clause(
    id="MOVE-3",
    title="The new base waits for the flush",
    must="A move MUST flush the slot's shadow state before it publishes the slot at "
    "its new base.",
    known=Known(
        read="commit 12d6e7538e2d; 6.1 virt/kvm/kvm_main.c:1760, "
        "kvm_invalidate_memslot()",
        last_read="2026-11",
    ),
    rows=(42,),
    on=SlotRemoved,
    premise=by_a_move,
    expected="the slot's shadow state flushed before the new base is published",
    observed=no_flush,
    points=("Flushed",),
)
def flush_before_new_base(facts: Facts, removed: SlotRemoved) -> bool:
    update = removed.update
    return update.flushed_at >= 0 or update.invalid_published_at < 0


CLAUSES: tuple[AnyClause, ...] = (
    invalid_first,
    grace_period_before_new_base,
    flush_before_new_base,
)
