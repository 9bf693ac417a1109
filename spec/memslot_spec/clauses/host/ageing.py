"""What an ageing answers: whether the guest has accessed the page since the last one.

The host decides by the answers which pages it can do without. In v2.6.34 a processor
without A bits is always told "old"; today such an spte is made to fault instead.
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.known import Known
from memslot_spec.moments.accesses import Aged


def was_accessed(facts: Facts, aged: Aged) -> bool:
    return aged.is_young


@clause(
    id="HVA-14",
    title="An ageing finds what was accessed",
    must="An ageing MUST answer that a page was touched where an spte that maps it has "
    "its A bit set: by the access it was made for, or by one through it that came "
    "after the TLBs were flushed of it. This holds where the spte stands to the end, "
    "and no other ageing has cleared the bit.",
    known=Known(
        read="patch, kvm_mmu_notifier_clear_flush_young(); v2.6.34 arch/x86/kvm/mmu.c, "
        'kvm_age_rmapp(): "always return old for EPT" without A bits; 6.1 '
        "arch/x86/kvm/mmu/mmu.c:606, mmu_spte_age()",
        last_read="2026-11-27",
    ),
    rows=(52,),
    on=Aged,
    premise=was_accessed,
    expected="touched: an spte that was accessed maps the page",
    observed="not touched",
    operations=("AgeHva", "GuestAccess"),
    points=("SpteMapped", "SpteRemoved", "SpteUpdated", "RmapIndexed", "TlbFlushed"),
    ages=True,
)
def finds_the_mark(facts: Facts, aged: Aged) -> bool:
    return aged.answer


def was_not_accessed(facts: Facts, aged: Aged) -> bool:
    return aged.is_old


@clause(
    id="HVA-15",
    title="An ageing clears what it finds",
    must="An ageing MUST answer that a page was not touched where no spte maps it, and "
    "where the page has been aged before and nothing was accessed and no spte of it "
    "made since that began.",
    known=Known(
        read="patch, kvm_mmu_notifier_clear_flush_young(); v2.6.34 arch/x86/kvm/mmu.c, "
        "kvm_age_rmapp(): clear_bit(); 6.1 arch/x86/kvm/mmu/mmu.c:606, mmu_spte_age()",
        last_read="2026-11-27",
    ),
    rows=(52,),
    on=Aged,
    premise=was_not_accessed,
    expected="not touched: nobody has accessed the page since it was last aged",
    observed="touched",
    operations=("AgeHva", "GuestAccess"),
    points=("SpteMapped", "SpteRemoved", "SpteUpdated"),
    ages=True,
)
def clears_the_mark(facts: Facts, aged: Aged) -> bool:
    return not aged.answer


CLAUSES: tuple[AnyClause, ...] = (finds_the_mark, clears_the_mark)
