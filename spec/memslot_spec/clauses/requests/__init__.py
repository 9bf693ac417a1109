"""Clauses on requests: what is refused, and what wins over what."""

from memslot_spec.clause import AnyClause, by_number
from memslot_spec.clauses.requests import (
    live_slot,
    order,
    overlap,
    precedence,
    refusals,
)

CLAUSES: tuple[AnyClause, ...] = by_number(
    *refusals.CLAUSES,
    *live_slot.CLAUSES,
    *overlap.CLAUSES,
    *precedence.CLAUSES,
    *order.CLAUSES,
)
