"""Every clause, in the order in which the pages show them.

Ids are permanent: a clause that goes leaves a gap, and its id is not given out
again.
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause
from memslot_spec.clauses import (
    delete,
    errors,
    lookup,
    move,
    progress,
    request,
    rmap,
    shadow_pages,
    sizing,
    srcu,
    table,
)

GROUPS: tuple[tuple[str, tuple[AnyClause, ...]], ...] = (
    ("Request validation", request.CLAUSES),
    ("Slot table", table.CLAUSES),
    ("Lookup", lookup.CLAUSES),
    ("Readers under SRCU", srcu.CLAUSES),
    ("Two-step delete", delete.CLAUSES),
    ("Move", move.CLAUSES),
    ("Shadow pages", shadow_pages.CLAUSES),
    ("Reverse maps and host events", rmap.CLAUSES),
    ("Sizing and TSS", sizing.CLAUSES),
    ("Errors", errors.CLAUSES),
    ("Progress", progress.CLAUSES),
)

CLAUSES: tuple[AnyClause, ...] = tuple(
    clause for _, clauses in GROUPS for clause in clauses
)


def clause_by_id(clause_id: str) -> AnyClause:
    """The clause of this id. Errors: `KeyError` names it."""
    for clause in CLAUSES:
        if clause.id == clause_id:
            return clause
    raise KeyError(clause_id)
