"""Ranges that the host takes away, and ageing: every page, and nothing else.

Between the start of a range and its end the host changes what is behind it. What
is mapped goes at the start; what would be mapped waits for the end.
"""

from __future__ import annotations

from memslot_spec.arithmetic.ranges import touches
from memslot_spec.clause import AnyClause, Clause, clause
from memslot_spec.clauses.host.rmap import expects_unmapped, mappings_are_gone
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.mmu import Spte, pages_at
from memslot_spec.history.points.host import InvalidationEnded
from memslot_spec.history.points.mmu import SpteMapped
from memslot_spec.model.operations import AgeHva, InvalidateRange
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.moments.replies import Answered

MAPPINGS = ("SpteMapped", "SpteRemoved", "TablePublished")


def invalidates_mapped_memory(facts: Facts, answered: Answered) -> bool:
    """The host takes a range away, and sptes map some page that it touches."""
    known = facts.calls.get(answered.thread)
    return (
        isinstance(answered.operation, InvalidateRange)
        and known is not None
        and bool(known.mappings)
    )


COVERS_EVERY_PAGE = Clause(
    id="HVA-3",
    title="A range reaches every page that it touches",
    must="An invalidation of a range of host bytes MUST leave no spte for a page that "
    "the range touches, in whichever slots, also where it touches a part of it.",
    source="virt/kvm/kvm_main.c, __kvm_handle_hva_range",
    rows=(53,),
    on=Answered,
    premise=invalidates_mapped_memory,
    expected=expects_unmapped,
    operations=("InvalidateRange",),
    points=MAPPINGS,
    holds=mappings_are_gone,
)


def invalidates_nothing(facts: Facts, answered: Answered) -> bool:
    """The range ends where it starts, or before."""
    operation = answered.operation
    return isinstance(operation, InvalidateRange) and operation.end <= operation.start


@clause(
    id="HVA-4",
    title="An empty range takes nothing away",
    must="An invalidation whose end is not after its start MUST remove no spte.",
    source="virt/kvm/kvm_main.c, __kvm_handle_hva_range: WARN_ON_ONCE(end <= start)",
    rows=(53,),
    on=Answered,
    premise=invalidates_nothing,
    expected="no spte removed: the range is empty",
    operations=("InvalidateRange",),
    points=("SpteRemoved",),
)
def empty_is_nothing(facts: Facts, answered: Answered) -> bool:
    known = facts.calls.get(answered.thread)
    return known is None or facts.host.took.get(answered.thread, -1) < known.step


def a_range_is_open(facts: Facts, event: SpteMapped) -> bool:
    """An spte is installed while the host is taking some range away."""
    return bool(facts.host.open)


def expects_outside(facts: Facts, event: SpteMapped) -> str:
    """Which ranges are open."""
    words = ", ".join(f"[{start:#x}, {end:#x})" for _, start, end in facts.host.open)
    return f"no mapping of a page in {words} before the host is done with it"


@clause(
    id="HVA-5",
    title="Nothing maps a range while the host takes it away",
    must="From the start of an invalidation to its end, a fault MUST NOT map a page "
    "that the range touches.",
    source="mmu_notifier_retry: kvm->mmu_notifier_count, mmu_invalidate_in_progress",
    rows=(53,),
    on=SpteMapped,
    premise=a_range_is_open,
    expected=expects_outside,
    operations=("InvalidateRange",),
    points=("InvalidationBegun", "InvalidationEnded"),
    concurrent=True,
)
def not_while_open(facts: Facts, event: SpteMapped) -> bool:
    npages = pages_at(event.level)
    return not any(
        touches(event.hva, npages, start, end) for _, start, end in facts.host.open
    )


def closes_a_range(facts: Facts, event: InvalidationEnded) -> bool:
    """The range was opened by this thread."""
    return (event.thread, event.start, event.end) in facts.host.open


def expects_same_table(facts: Facts, event: InvalidationEnded) -> str:
    """Which version it was, and is."""
    begun = facts.host.open.get((event.thread, event.start, event.end))
    return (
        f"the table of the range's start, v{begun}, still current at its end; "
        f"v{facts.tables.newest} is"
    )


@clause(
    id="HVA-6",
    title="No table is published while a range is open",
    must="From the start of an invalidation to its end, no table MUST be published: "
    "both walk the slots to keep their counts.",
    source="commits 52ac8b358b0c, 071064f14d87; mn_active_invalidate_count",
    rows=(54,),
    profiles=ONLY_LINUX,
    on=InvalidationEnded,
    premise=closes_a_range,
    expected=expects_same_table,
    operations=("InvalidateRange",),
    points=("InvalidationBegun", "TablePublished"),
    concurrent=True,
)
def table_stays(facts: Facts, event: InvalidationEnded) -> bool:
    begun = facts.host.open.get((event.thread, event.start, event.end))
    return begun == facts.tables.newest


def _to_be_aged(facts: Facts, answered: Answered) -> tuple[Spte, ...]:
    """The mappings of the page that were an INVALID slot's, and stand yet."""
    known = facts.calls.get(answered.thread)
    if known is None or not known.invalid_mappings:
        return ()
    return tuple(
        spte
        for spte in facts.shadow.sptes.values()
        if spte.serial in known.invalid_mappings and spte.slot is not None
    )


def ages_in_the_window(facts: Facts, answered: Answered) -> bool:
    """The host ages a page that an INVALID slot maps."""
    return isinstance(answered.operation, AgeHva) and bool(_to_be_aged(facts, answered))


def expects_walked(facts: Facts, answered: Answered) -> str:
    """Which slots it should have come to."""
    ids = {spte.slot.id for spte in _to_be_aged(facts, answered) if spte.slot}
    words = ", ".join(str(slot_id) for slot_id in sorted(ids))
    return f"the reverse maps of slot {words} walked, though the slot is INVALID"


@clause(
    id="HVA-7",
    title="The host can still age pages of an INVALID slot",
    must="While a slot is INVALID, an ageing of its host memory MUST still look at "
    "the slot's reverse maps.",
    source='seed: kvm_age_hva walks every slot; "but allows destruction"',
    rows=(38,),
    on=Answered,
    premise=ages_in_the_window,
    expected=expects_walked,
    operations=("AgeHva",),
    points=("RmapIndexed", *MAPPINGS),
    concurrent=True,
)
def ageing_still_works(facts: Facts, answered: Answered) -> bool:
    walked = facts.host.walked.get(answered.thread, frozenset[int]())
    return all(
        spte.slot is None or spte.slot.id in walked
        for spte in _to_be_aged(facts, answered)
    )


def maps_what_was_found(facts: Facts, event: SpteMapped) -> bool:
    """The fault told when it looked up the host's pages."""
    return event.thread in facts.host.found


def expects_still_there(facts: Facts, event: SpteMapped) -> str:
    """The lookup repeated."""
    found = facts.host.found[event.thread]
    return (
        f"the pages at hva {found.hva:#x} looked up again: the host has taken one of "
        "them away since"
    )


@clause(
    id="HVA-8",
    title="A fault does not map a page that is gone",
    must="A fault MUST NOT map a host page that it looked up before the host took "
    "the page away, or while the host was taking it away.",
    source="mmu_notifier_retry; commits 58cd407ca4c6, 93984f19e7bc for caches",
    rows=(53,),
    on=SpteMapped,
    premise=maps_what_was_found,
    expected=expects_still_there,
    any_operation=("UnmapHva", "InvalidateRange"),
    points=("HostPageFound", "MmuLocked"),
    concurrent=True,
)
def looked_up_since(facts: Facts, event: SpteMapped) -> bool:
    return not facts.host.found[event.thread].is_stale


CLAUSES: tuple[AnyClause, ...] = (
    COVERS_EVERY_PAGE,
    empty_is_nothing,
    not_while_open,
    table_stays,
    ageing_still_works,
    looked_up_since,
)
