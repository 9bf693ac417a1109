"""Clauses on readers under SRCU: snapshots, lifetime, locking, and the other locks."""

from memslot_spec.clause import AnyClause, by_number
from memslot_spec.clauses.readers import (
    arch_lock,
    balance,
    lifetime,
    locking,
    snapshots,
    updaters,
)

CLAUSES: tuple[AnyClause, ...] = by_number(
    *snapshots.CLAUSES,
    *lifetime.CLAUSES,
    *locking.CLAUSES,
    *arch_lock.CLAUSES,
    *updaters.CLAUSES,
    *balance.CLAUSES,
)
