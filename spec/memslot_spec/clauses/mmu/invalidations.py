"""Invalidations: when the host takes the pages, and not only by when it has returned.

Between the start and the end of an invalidation the host gives the pages to somebody
else. So what is asked of the call when it returns is asked when its end is announced.
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.clauses.mmu.tlb import FLUSHES
from memslot_spec.facts.facts import Facts
from memslot_spec.known import Known
from memslot_spec.moments.host import RangeTaken
from memslot_spec.moments.mmu import gfns_of


def was_mapped(facts: Facts, taken: RangeTaken) -> bool:
    return taken.was_mapped


def the_sptes_left(facts: Facts, taken: RangeTaken) -> str:
    return f"the invalidation ends, and still maps gfn {gfns_of(taken.left)}"


@clause(
    id="MMU-18",
    title="The start of an invalidation removes the mappings",
    must="Before an invalidation ends, the sptes MUST be removed that mapped a page "
    "when it began all of which is in its range.",
    known=Known(
        read="patch, kvm_mmu_notifier_invalidate_range_start(); 6.1 "
        "virt/kvm/kvm_main.c:765, kvm_mmu_notifier_invalidate_range_start()",
        last_read="2026-11-27",
    ),
    rows=(52,),
    on=RangeTaken,
    premise=was_mapped,
    expected="the sptes of the range removed by its start: its pages are taken then",
    observed=the_sptes_left,
    operations=("InvalidateRange",),
    points=("InvalidationBegun", "SpteMapped", "SpteRemoved"),
)
def removed_by_the_start(facts: Facts, taken: RangeTaken) -> bool:
    return not taken.left


def still_in_a_tlb(facts: Facts, taken: RangeTaken) -> str:
    return (
        f"the invalidation ends; a TLB may still translate gfn {gfns_of(taken.in_tlbs)}"
    )


@clause(
    id="MMU-19",
    title="The start of an invalidation flushes",
    must="When an invalidation ends, a processor MUST NOT be able to use a translation "
    "of its range whose spte was removed or replaced before the thread last released "
    "mmu_lock.",
    known=Known(
        read="patch, kvm_mmu_notifier_invalidate_range_start(); 6.1 "
        "virt/kvm/kvm_main.c:639, __kvm_handle_hva_range()",
        last_read="2026-11-27",
    ),
    rows=(48, 52),
    on=RangeTaken,
    premise=was_mapped,
    expected="no processor able to use the range when its pages are taken",
    observed=still_in_a_tlb,
    operations=("InvalidateRange",),
    points=("InvalidationBegun", *FLUSHES),
)
def flushed_by_the_start(facts: Facts, taken: RangeTaken) -> bool:
    return not taken.in_tlbs


CLAUSES: tuple[AnyClause, ...] = (removed_by_the_start, flushed_by_the_start)
