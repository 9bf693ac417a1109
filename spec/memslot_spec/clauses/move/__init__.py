"""Clauses on moves: their steps, and their pages."""

from memslot_spec.clause import AnyClause
from memslot_spec.clauses.move import pages, steps

CLAUSES: tuple[AnyClause, ...] = (*steps.CLAUSES, *pages.CLAUSES)
