"""Clauses on reverse maps, and on what the host unmaps, replaces and ages."""

from memslot_spec.clause import AnyClause
from memslot_spec.clauses.host import ageing, pairs, ranges, replaced, rmap

CLAUSES: tuple[AnyClause, ...] = (
    *rmap.CLAUSES,
    *ranges.CLAUSES,
    *replaced.CLAUSES,
    *ageing.CLAUSES,
    *pairs.CLAUSES,
)
