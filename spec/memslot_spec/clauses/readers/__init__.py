"""Clauses on readers under SRCU: snapshots, lifetime, and locking."""

from memslot_spec.clause import AnyClause, by_number
from memslot_spec.clauses.readers import lifetime, locking, snapshots, updaters

CLAUSES: tuple[AnyClause, ...] = by_number(
    *snapshots.CLAUSES, *lifetime.CLAUSES, *locking.CLAUSES, *updaters.CLAUSES
)
