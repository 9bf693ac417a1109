"""Move: a slot that changes its base goes through INVALID, like a delete."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, Clause
from memslot_spec.clauses.delete.steps import (
    expects_flush_before_absence,
    expects_grace_before_absence,
    expects_invalid_step,
    is_flushed,
    is_graced,
    was_published_invalid,
)
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.tables import TablePublished
from memslot_spec.model.updates import Change


def moves_a_slot(facts: Facts, event: TablePublished) -> bool:
    """A move publishes the slot at its new base."""
    update = facts.update_of(event.thread)
    return (
        update is not None
        and update.change is Change.MOVE
        and update.removes_from(event.slots)
    )


INVALID_FIRST = Clause(
    id="MOVE-1",
    title="A move publishes INVALID first",
    must="A move MUST publish a table in which the slot is INVALID before it "
    "publishes the slot at its new base.",
    source="commit 12d6e7538e2d; the seed moves in one step",
    rows=(42,),
    on=TablePublished,
    premise=moves_a_slot,
    expected=expects_invalid_step,
    holds=was_published_invalid,
)

GRACE_BEFORE_NEW_BASE = Clause(
    id="MOVE-2",
    title="The new base waits for a grace period",
    must="The grace period after the INVALID table MUST have ended before a move "
    "publishes the slot at its new base.",
    source="commit 12d6e7538e2d",
    rows=(42,),
    on=TablePublished,
    premise=moves_a_slot,
    expected=expects_grace_before_absence,
    points=("GracePeriodBegun", "GracePeriodEnded"),
    holds=is_graced,
)

FLUSH_BEFORE_NEW_BASE = Clause(
    id="MOVE-3",
    title="The new base waits for the flush",
    must="A move MUST flush the slot's shadow state before it publishes the slot at "
    "its new base.",
    source="commit 12d6e7538e2d",
    rows=(42,),
    on=TablePublished,
    premise=moves_a_slot,
    expected=expects_flush_before_absence,
    points=("Flushed",),
    holds=is_flushed,
)

CLAUSES: tuple[AnyClause, ...] = (
    INVALID_FIRST,
    GRACE_BEFORE_NEW_BASE,
    FLUSH_BEFORE_NEW_BASE,
)
