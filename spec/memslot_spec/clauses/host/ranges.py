"""Ranges that the host takes away, and ageing: every page, and nothing else.

Between the start of a range and its end the host changes what is behind it. What
is mapped goes at the start; what would be mapped waits for the end.
"""

from __future__ import annotations

from memslot_spec.arithmetic.ranges import touches
from memslot_spec.clause import AnyClause, Clause, Needs
from memslot_spec.clauses.host.rmap import expects_unmapped, mappings_are_gone
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.mmu import Spte, pages_at
from memslot_spec.history.points.host import InvalidationEnded
from memslot_spec.history.points.mmu import SpteMapped
from memslot_spec.model.operations import AgeHva, InvalidateRange
from memslot_spec.model.profile import BOTH, ONLY_LINUX
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
    must=(
        "An invalidation of a range of host bytes MUST leave no spte for a page that "
        "the range touches, in whichever slots, also where it touches a part of it."
    ),
    source="virt/kvm/kvm_main.c, __kvm_handle_hva_range",
    rows=(53,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=Answered,
    premise=invalidates_mapped_memory,
    holds=mappings_are_gone,
    expected=expects_unmapped,
    operations=("InvalidateRange",),
    points=MAPPINGS,
)


def invalidates_nothing(facts: Facts, answered: Answered) -> bool:
    """The range ends where it starts, or before."""
    del facts
    operation = answered.operation
    return isinstance(operation, InvalidateRange) and operation.end <= operation.start


def takes_nothing_away(facts: Facts, answered: Answered) -> bool:
    """The thread removed no spte during the call."""
    known = facts.calls.get(answered.thread)
    return known is None or facts.host.took.get(answered.thread, -1) < known.step


def expects_nothing_taken(facts: Facts, answered: Answered) -> str:
    """No spte removed."""
    del facts, answered
    return "no spte removed: the range is empty"


EMPTY_IS_NOTHING = Clause(
    id="HVA-4",
    title="An empty range takes nothing away",
    must="An invalidation whose end is not after its start MUST remove no spte.",
    source="virt/kvm/kvm_main.c, __kvm_handle_hva_range: WARN_ON_ONCE(end <= start)",
    rows=(53,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=Answered,
    premise=invalidates_nothing,
    holds=takes_nothing_away,
    expected=expects_nothing_taken,
    operations=("InvalidateRange",),
    points=("SpteRemoved",),
)


def a_range_is_open(facts: Facts, event: SpteMapped) -> bool:
    """An spte is installed while the host is taking some range away."""
    del event
    return bool(facts.host.open)


def is_outside_open_ranges(facts: Facts, event: SpteMapped) -> bool:
    """The pages that it maps are in none of the open ranges."""
    npages = pages_at(event.level)
    return not any(
        touches(event.hva, npages, start, end) for _, start, end in facts.host.open
    )


def expects_outside(facts: Facts, event: SpteMapped) -> str:
    """Which ranges are open."""
    del event
    words = ", ".join(f"[{start:#x}, {end:#x})" for _, start, end in facts.host.open)
    return f"no mapping of a page in {words} before the host is done with it"


NOT_WHILE_OPEN = Clause(
    id="HVA-5",
    title="Nothing maps a range while the host takes it away",
    must=(
        "From the start of an invalidation to its end, a fault MUST NOT map a page "
        "that the range touches."
    ),
    source="mmu_notifier_retry: kvm->mmu_notifier_count, mmu_invalidate_in_progress",
    rows=(53,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=SpteMapped,
    premise=a_range_is_open,
    holds=is_outside_open_ranges,
    expected=expects_outside,
    operations=("InvalidateRange",),
    points=("InvalidationBegun", "InvalidationEnded"),
    concurrent=True,
)


def closes_a_range(facts: Facts, event: InvalidationEnded) -> bool:
    """The range was opened by this thread."""
    return (event.thread, event.start, event.end) in facts.host.open


def table_is_the_same(facts: Facts, event: InvalidationEnded) -> bool:
    """No table was published since the start."""
    begun = facts.host.open.get((event.thread, event.start, event.end))
    return begun == facts.tables.newest


def expects_same_table(facts: Facts, event: InvalidationEnded) -> str:
    """Which version it was, and is."""
    begun = facts.host.open.get((event.thread, event.start, event.end))
    return (
        f"the table of the range's start, v{begun}, still current at its end; "
        f"v{facts.tables.newest} is"
    )


TABLE_STAYS = Clause(
    id="HVA-6",
    title="No table is published while a range is open",
    must=(
        "From the start of an invalidation to its end, no table MUST be published: "
        "both walk the slots to keep their counts."
    ),
    source="commits 52ac8b358b0c, 071064f14d87; mn_active_invalidate_count",
    rows=(54,),
    profiles=ONLY_LINUX,
    needs=Needs.POINTS,
    on=InvalidationEnded,
    premise=closes_a_range,
    holds=table_is_the_same,
    expected=expects_same_table,
    operations=("InvalidateRange",),
    points=("InvalidationBegun", "TablePublished"),
    concurrent=True,
)


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


def walks_their_slots(facts: Facts, answered: Answered) -> bool:
    """The walk came to the slots of all these mappings."""
    walked = facts.host.walked.get(answered.thread, frozenset[int]())
    return all(
        spte.slot is None or spte.slot.id in walked
        for spte in _to_be_aged(facts, answered)
    )


def expects_walked(facts: Facts, answered: Answered) -> str:
    """Which slots it should have come to."""
    ids = {spte.slot.id for spte in _to_be_aged(facts, answered) if spte.slot}
    words = ", ".join(str(slot_id) for slot_id in sorted(ids))
    return f"the reverse maps of slot {words} walked, though the slot is INVALID"


AGEING_STILL_WORKS = Clause(
    id="HVA-7",
    title="The host can still age pages of an INVALID slot",
    must=(
        "While a slot is INVALID, an ageing of its host memory MUST still look at "
        "the slot's reverse maps."
    ),
    source='seed: kvm_age_hva walks every slot; "but allows destruction"',
    rows=(38,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=Answered,
    premise=ages_in_the_window,
    holds=walks_their_slots,
    expected=expects_walked,
    operations=("AgeHva",),
    points=("RmapIndexed", *MAPPINGS),
    concurrent=True,
)


def maps_what_was_found(facts: Facts, event: SpteMapped) -> bool:
    """The fault told when it looked up the host's pages."""
    return event.thread in facts.host.found


def is_still_there(facts: Facts, event: SpteMapped) -> bool:
    """The host has taken none of them away since."""
    return not facts.host.found[event.thread].is_stale


def expects_still_there(facts: Facts, event: SpteMapped) -> str:
    """The lookup repeated."""
    found = facts.host.found[event.thread]
    return (
        f"the pages at hva {found.hva:#x} looked up again: the host has taken one of "
        "them away since"
    )


LOOKED_UP_SINCE = Clause(
    id="HVA-8",
    title="A fault does not map a page that is gone",
    must=(
        "A fault MUST NOT map a host page that it looked up before the host took "
        "the page away, or while the host was taking it away."
    ),
    source="mmu_notifier_retry; commits 58cd407ca4c6, 93984f19e7bc for caches",
    rows=(53,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=SpteMapped,
    premise=maps_what_was_found,
    holds=is_still_there,
    expected=expects_still_there,
    any_operation=("UnmapHva", "InvalidateRange"),
    points=("HostPageFound", "MmuLocked"),
    concurrent=True,
)


CLAUSES: tuple[AnyClause, ...] = (
    COVERS_EVERY_PAGE,
    EMPTY_IS_NOTHING,
    NOT_WHILE_OPEN,
    TABLE_STAYS,
    AGEING_STILL_WORKS,
    LOOKED_UP_SINCE,
)
