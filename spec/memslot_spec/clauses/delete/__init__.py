"""Clauses on the two-step delete: its steps, and the window between them."""

from memslot_spec.clause import AnyClause, by_number
from memslot_spec.clauses.delete import accesses, prefault, steps, window

CLAUSES: tuple[AnyClause, ...] = by_number(
    *steps.CLAUSES, *window.CLAUSES, *accesses.CLAUSES, *prefault.CLAUSES
)
