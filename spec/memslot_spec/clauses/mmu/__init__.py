"""Clauses on shadow pages, sptes and TLBs."""

from memslot_spec.clause import AnyClause
from memslot_spec.clauses.mmu import (
    ending,
    invalidations,
    lock,
    mapped,
    protection,
    shadow_pages,
    shown,
    tlb,
)

CLAUSES: tuple[AnyClause, ...] = (
    *shadow_pages.CLAUSES,
    *tlb.CLAUSES,
    *ending.CLAUSES,
    *shown.CLAUSES,
    *invalidations.CLAUSES,
    *mapped.CLAUSES,
    *protection.CLAUSES,
    *lock.CLAUSES,
)
