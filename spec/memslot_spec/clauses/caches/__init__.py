"""Clauses on what is cached from a table, and on the generations that date it."""

from memslot_spec.clause import AnyClause
from memslot_spec.clauses.caches import generations, hva, mmio, pfn
from memslot_spec.clauses.lookup import hints

GENERATIONS: tuple[AnyClause, ...] = generations.CLAUSES
CLAUSES: tuple[AnyClause, ...] = (
    *mmio.CLAUSES,
    *hva.CLAUSES,
    *hints.HINT_CLAUSES,
    *pfn.CLAUSES,
)
