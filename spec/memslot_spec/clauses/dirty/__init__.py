"""Clauses on dirty logs."""

from memslot_spec.clause import AnyClause, by_number
from memslot_spec.clauses.dirty import bitmaps, clear, log, refusals, tracking

CLAUSES: tuple[AnyClause, ...] = by_number(
    *tracking.CLAUSES, *bitmaps.CLAUSES, *log.CLAUSES, *refusals.CLAUSES, *clear.CLAUSES
)
