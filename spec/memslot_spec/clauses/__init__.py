"""Every clause, in the order in which the book shows them, a package a chapter.

Ids are permanent: a clause that is withdrawn leaves a gap, and its id is not given
out again.

Points and facts have six domains: tables, srcu, mmu, dirty, host and caches. A
chapter judges its calls and replies, and the points of these domains:

========  ===================================
requests  tables
tables    tables, srcu, host, dirty
lookup    none: it judges replies
readers   srcu, tables, mmu, host
delete    tables, srcu, mmu
move      tables, srcu, mmu, host
mmu       mmu, tables, host, dirty
host      mmu, tables, host
dirty     dirty, tables, mmu, host, srcu
sizing    tables
caches    caches, tables, srcu, mmu, host
errors    tables, host, dirty, mmu
progress  none: it judges how a history ends
ranges    tables
========  ===================================
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause
from memslot_spec.clauses import (
    caches,
    delete,
    dirty,
    errors,
    host,
    lookup,
    mmu,
    move,
    progress,
    ranges,
    readers,
    requests,
    sizing,
    tables,
)

GROUPS: tuple[tuple[str, tuple[AnyClause, ...]], ...] = (
    ("Request validation", requests.CLAUSES),
    ("Slot table", tables.CLAUSES),
    ("Lookup", lookup.CLAUSES),
    ("Readers under SRCU", readers.CLAUSES),
    ("Two-step delete", delete.CLAUSES),
    ("Move", move.CLAUSES),
    ("Shadow pages", mmu.CLAUSES),
    ("Reverse maps and host events", host.CLAUSES),
    ("Dirty log", dirty.CLAUSES),
    ("Sizing and TSS", sizing.CLAUSES),
    ("Generations", caches.GENERATIONS),
    ("Caches", caches.CLAUSES),
    ("Errors", errors.CLAUSES),
    ("Progress", progress.CLAUSES),
    ("Tables by ranges", ranges.CLAUSES),
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
