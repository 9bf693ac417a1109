"""Clauses on dirty logs."""

from memslot_spec.clause import AnyClause, by_number
from memslot_spec.clauses.dirty import bitmaps, clear, lives, log, refusals, tracking

CLAUSES: tuple[AnyClause, ...] = by_number(
    *tracking.CLAUSES,
    *bitmaps.CLAUSES,
    *lives.CLAUSES,
    *log.CLAUSES,
    *refusals.CLAUSES,
    *clear.CLAUSES,
)
