"""Clauses on lookups: what a reader of one table answers."""

from memslot_spec.clause import AnyClause, by_number
from memslot_spec.clauses.lookup import (
    copies,
    hints,
    lookup,
    ordinary,
    translation,
)

CLAUSES: tuple[AnyClause, ...] = by_number(
    *lookup.CLAUSES,
    *translation.CLAUSES,
    *ordinary.CLAUSES,
    *copies.CLAUSES,
    *hints.SEARCH_CLAUSES,
)
