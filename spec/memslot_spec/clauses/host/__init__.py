"""Clauses on reverse maps, and on what the host unmaps."""

from memslot_spec.clause import AnyClause
from memslot_spec.clauses.host import ranges, rmap

CLAUSES: tuple[AnyClause, ...] = (*rmap.CLAUSES, *ranges.CLAUSES)
