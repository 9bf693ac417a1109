"""Clauses on the slot table: what an update publishes, and in which address space."""

from memslot_spec.clause import AnyClause
from memslot_spec.clauses.tables import arrays, publications, spaces, table

CLAUSES: tuple[AnyClause, ...] = (
    *table.CLAUSES,
    *spaces.CLAUSES,
    *publications.CLAUSES,
    *arrays.CLAUSES,
    *publications.SHOWN,
)
