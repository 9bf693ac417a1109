"""Ranges that the host invalidates, and ageing: every page, and nothing else.

Between the start of an invalidation and its end the host changes what is behind the
range. Sptes of it are removed at the start; faults wait for the end to map it again.
"""

from __future__ import annotations

from memslot_spec.arithmetic.ranges import touches
from memslot_spec.clause import AnyClause, clause
from memslot_spec.clauses.host.rmap import (
    NOTHING_LEFT,
    not_walked,
    still_mapped,
)
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.host import Range, pages_faulted
from memslot_spec.history.points.host import InvalidationEnded
from memslot_spec.history.points.mmu import SpteMapped
from memslot_spec.known import Known
from memslot_spec.model.operations import ChangePte
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.moments.host import HostUnmap, InvalidAged


def had_a_whole_page(facts: Facts, unmap: HostUnmap) -> bool:
    return bool(unmap.whole)


@clause(
    id="HVA-3",
    title="A range reaches every page in it",
    must="An invalidation of a range of host bytes MUST leave no spte for a page that "
    "lies in the range, in whichever slots: none that was there when it began, and no "
    "large one that was mapped meanwhile for a page beside the range.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:578, __kvm_handle_hva_range(); v2.6.34, "
        "kvm_mmu_notifier_invalidate_range_start(): kvm_unmap_hva() for each page",
        last_read="2026-11-27",
    ),
    rows=(53,),
    on=HostUnmap,
    premise=had_a_whole_page,
    expected=NOTHING_LEFT,
    observed=still_mapped,
    operations=("InvalidateRange",),
    points=("SpteMapped", "SpteRemoved", "TablePublished"),
)
def covers_every_page(facts: Facts, unmap: HostUnmap) -> bool:
    return not any(spte.serial in unmap.whole for spte in unmap.left)


def had_a_part_of_a_page(facts: Facts, unmap: HostUnmap) -> bool:
    return bool(unmap.part)


@clause(
    id="HVA-10",
    title="A range reaches the pages at its ends",
    must="An invalidation of a range of host bytes MUST leave no spte for a page of "
    "which the range has a part, in whichever slots.",
    known=Known(
        read='6.1 virt/kvm/kvm_main.c:619, __kvm_handle_hva_range(): "gfn(page) | '
        'page intersects with [hva_start, hva_end)"',
        last_read="2026-11",
    ),
    rows=(53,),
    profiles=ONLY_LINUX,
    on=HostUnmap,
    premise=had_a_part_of_a_page,
    expected=NOTHING_LEFT,
    observed=still_mapped,
    operations=("InvalidateRange",),
    points=("SpteMapped", "SpteRemoved", "TablePublished"),
)
def covers_its_ends(facts: Facts, unmap: HostUnmap) -> bool:
    return not any(spte.serial in unmap.part for spte in unmap.left)


def is_empty(facts: Facts, unmap: HostUnmap) -> bool:
    return unmap.end <= unmap.start


@clause(
    id="HVA-4",
    title="An empty range removes nothing",
    must="An invalidation whose end is not after its start MUST remove no spte.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:587, __kvm_handle_hva_range(): "
        "WARN_ON_ONCE(range->end <= range->start)",
        last_read="2026-11",
    ),
    rows=(53,),
    on=HostUnmap,
    premise=is_empty,
    expected="no spte removed: the range is empty",
    observed="the call removed an spte",
    operations=("InvalidateRange",),
    points=("SpteRemoved",),
)
def empty_is_nothing(facts: Facts, unmap: HostUnmap) -> bool:
    return not unmap.removed_some


def open_to(facts: Facts, event: SpteMapped) -> list[Range]:
    """The open ranges, but for its own where a change_pte maps what it has put there.

    It has to mind those of others: they may replace the page once more.
    """
    call = facts.calls.get(event.thread)
    changes = call is not None and isinstance(call.operation, ChangePte)
    return [one for one in facts.host.open if not changes or one[0] != event.thread]


def a_range_is_open(facts: Facts, event: SpteMapped) -> bool:
    return bool(open_to(facts, event))


def a_page_outside(facts: Facts, event: SpteMapped) -> str:
    ranges = open_to(facts, event)
    words = ", ".join(f"[{start:#x}, {end:#x})" for _, start, end in ranges)
    return f"no spte for a page in {words} until the host is done with it"


@clause(
    id="HVA-5",
    title="A range is not mapped while the host invalidates it",
    must="From the start of an invalidation to its end, a fault MUST NOT map the page "
    "of its access where the range touches that page, nor a change_pte its own, unless "
    "the range is its own as well. A large spte for a page beside the range may map "
    "some of the range, until the host splits the page.",
    known=Known(
        read="v2.6.34, mmu_notifier_retry(): kvm->mmu_notifier_count; 6.1 "
        "include/linux/kvm_host.h:1965, mmu_invalidate_retry_hva(): the fault's hva "
        "alone; arch/x86/kvm/mmu/mmu.c:3086, kvm_mmu_hugepage_adjust(); commit "
        "6bdb913f0a70",
        last_read="2026-11-27",
    ),
    rows=(53,),
    on=SpteMapped,
    premise=a_range_is_open,
    expected=a_page_outside,
    operations=("InvalidateRange",),
    points=("InvalidationBegun", "InvalidationEnded"),
    concurrent=True,
)
def not_while_open(facts: Facts, event: SpteMapped) -> bool:
    pages = pages_faulted(event, facts.calls.get(event.thread))
    opened = open_to(facts, event)
    return not any(touches(*pages, start, end) for _, start, end in opened)


def closes_a_range(facts: Facts, event: InvalidationEnded) -> bool:
    return (event.thread, event.start, event.end) in facts.host.open


def the_table_of_the_start(facts: Facts, event: InvalidationEnded) -> str:
    begun_at = facts.host.open[event.thread, event.start, event.end]
    return f"v{begun_at} still current, as when the range was opened"


def the_table_of_the_end(facts: Facts, event: InvalidationEnded) -> str:
    return f"v{facts.tables.newest} published before the range is closed"


@clause(
    id="HVA-6",
    title="No table is published while a range is open",
    must="While an invalidation is open, from its start to its end, a table MUST NOT "
    "be published. The VM's teardown may publish one: no invalidation ends after it.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:1576, kvm_swap_active_memslots(); 1332, "
        "kvm_destroy_vm(); commits 52ac8b358b0c, 071064f14d87",
        last_read="2026-11-27",
    ),
    rows=(54,),
    profiles=ONLY_LINUX,
    on=InvalidationEnded,
    premise=closes_a_range,
    expected=the_table_of_the_start,
    observed=the_table_of_the_end,
    operations=("InvalidateRange",),
    points=("InvalidationBegun", "TablePublished"),
    concurrent=True,
)
def table_stays(facts: Facts, event: InvalidationEnded) -> bool:
    begun_at = facts.host.open[event.thread, event.start, event.end]
    return begun_at == facts.tables.newest


@clause(
    id="HVA-7",
    title="The host can still age pages of an INVALID slot",
    must="Where sptes are found by reverse maps, an ageing of host memory MUST look at "
    "those of a slot that maps it also while the slot is INVALID.",
    known=Known(
        read='patch: kvm_age_hva() walks every slot; "but allows destruction"; 6.1 '
        "arch/x86/kvm/mmu/mmu.c:1627, kvm_age_gfn()",
        last_read="2026-11",
    ),
    rows=(38,),
    on=InvalidAged,
    expected="the reverse maps walked of a slot that is INVALID as well",
    observed=not_walked,
    operations=("AgeHva",),
    points=("RmapIndexed", "SpteMapped", "SpteRemoved", "TablePublished"),
    concurrent=True,
)
def ageing_still_works(facts: Facts, aged: InvalidAged) -> bool:
    return not aged.missed


def maps_what_it_looked_up(facts: Facts, event: SpteMapped) -> bool:
    return event.thread in facts.host.looked_up


def another_lookup(facts: Facts, event: SpteMapped) -> str:
    hva = facts.host.looked_up[event.thread].hva
    return f"the pages at hva {hva:#x} looked up again: the host has unmapped one since"


@clause(
    id="HVA-8",
    title="A fault does not map a page that the host has unmapped",
    must="A fault MUST NOT map a host page that it looked up before the host unmapped, "
    "invalidated or replaced the page, or while the host was doing so.",
    known=Known(
        read="v2.6.34, mmu_notifier_retry(); 6.1 include/linux/kvm_host.h:1954, "
        "mmu_invalidate_retry_hva(); commits 58cd407ca4c6, 93984f19e7bc for caches",
        last_read="2026-11-27",
    ),
    rows=(53,),
    on=SpteMapped,
    premise=maps_what_it_looked_up,
    expected=another_lookup,
    any_operation=("UnmapHva", "InvalidateRange", "ChangePte"),
    points=("HostPageFound", "MmuLocked"),
    concurrent=True,
)
def looked_up_since(facts: Facts, event: SpteMapped) -> bool:
    return not facts.host.looked_up[event.thread].is_stale


CLAUSES: tuple[AnyClause, ...] = (
    covers_every_page,
    covers_its_ends,
    empty_is_nothing,
    not_while_open,
    table_stays,
    ageing_still_works,
    looked_up_since,
)
