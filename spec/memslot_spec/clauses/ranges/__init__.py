"""Clauses on tables by ranges: where the law by slot ids has no sense."""

from memslot_spec.clause import AnyClause
from memslot_spec.clauses.ranges import adding, dirty, removal, tables

CLAUSES: tuple[AnyClause, ...] = (
    *removal.CLAUSES,
    *adding.CLAUSES,
    *tables.CLAUSES,
    *dirty.CLAUSES,
)
