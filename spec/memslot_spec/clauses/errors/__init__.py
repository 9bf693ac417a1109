"""Clauses on requests that fail, and on what they leave behind."""

from memslot_spec.clause import AnyClause
from memslot_spec.clauses.errors import answers, prefault, resources, rollback

CLAUSES: tuple[AnyClause, ...] = (
    *rollback.CLAUSES,
    *resources.CLAUSES,
    *answers.CLAUSES,
    *prefault.CLAUSES,
)
