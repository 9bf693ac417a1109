"""Clauses on shadow pages, sptes and TLBs."""

from memslot_spec.clause import AnyClause
from memslot_spec.clauses.mmu import mapped, protection, shadow_pages, tlb

CLAUSES: tuple[AnyClause, ...] = (
    *shadow_pages.CLAUSES,
    *tlb.CLAUSES,
    *mapped.CLAUSES,
    *protection.CLAUSES,
)
