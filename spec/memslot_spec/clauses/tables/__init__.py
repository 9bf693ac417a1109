"""Clauses on the slot table: what an update publishes, and in which address space."""

from memslot_spec.clause import AnyClause, by_number
from memslot_spec.clauses.tables import arrays, left, publications, spaces, table

CLAUSES: tuple[AnyClause, ...] = by_number(
    *table.CLAUSES,
    *left.CLAUSES,
    *spaces.CLAUSES,
    *publications.CLAUSES,
    *arrays.CLAUSES,
)
