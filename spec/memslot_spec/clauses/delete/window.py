"""The window of a delete: no new mapping, and every old one can still go."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.mmu import pages_at
from memslot_spec.history.points.mmu import (
    RmapIndexed,
    RmapUse,
    ShadowPageCreated,
    SpteMapped,
)
from memslot_spec.model.operations import UnmapHva
from memslot_spec.model.readers import gfn_to_memslot
from memslot_spec.moments.mmu import SlotFlushed
from memslot_spec.moments.replies import Answered


def a_slot_is_closed(facts: Facts, event: SpteMapped) -> bool:
    """A fault maps something while a slot is between its two steps, or gone."""
    return bool(facts.tables.closed)


def _is_closed(facts: Facts, as_id: int, first: int, npages: int) -> bool:
    """A closed slot of the address space has one of these frames."""
    return any(
        slot.as_id == as_id and slot.meets(first, npages)
        for slot in facts.tables.closed.values()
    )


def _is_allowed(facts: Facts, as_id: int, first: int, npages: int) -> bool:
    """Some table in use has one valid slot over all these frames."""
    return any(
        slot.as_id == as_id
        and not slot.invalid
        and slot.base <= first
        and first + npages <= slot.base + slot.npages
        for table in facts.visible_tables()
        for slot in table
    )


def expects_no_new_spte(facts: Facts, event: SpteMapped) -> str:
    """No mapping."""
    return (
        f"no new spte for gfn {event.gfn:#x}: its slot is INVALID or gone, and the "
        "grace period has ended"
    )


@clause(
    id="DEL-5",
    title="No new spte for a slot that is going",
    must="From the end of the first grace period until a table in which the slot is "
    "valid again is published, a fault MUST NOT install an spte for a frame of "
    "the slot.",
    source='seed: "stops instantiation of new shadow pages for that slot"',
    rows=(37,),
    on=SpteMapped,
    premise=a_slot_is_closed,
    expected=expects_no_new_spte,
    points=("TablePublished", "GracePeriodBegun", "GracePeriodEnded"),
)
def no_new_spte(facts: Facts, event: SpteMapped) -> bool:
    npages = pages_at(event.level)
    if not _is_closed(facts, event.as_id, event.gfn, npages):
        return True
    return _is_allowed(facts, event.as_id, event.gfn, npages)


def makes_a_direct_page(facts: Facts, event: ShadowPageCreated) -> bool:
    """A shadow page that maps frames directly, while a slot is closed."""
    return event.direct and bool(facts.tables.closed)


def expects_no_new_page(facts: Facts, event: ShadowPageCreated) -> str:
    """No shadow page."""
    return (
        f"no new direct shadow page at gfn {event.gfn:#x}: every slot in its range "
        "is INVALID or gone"
    )


@clause(
    id="DEL-6",
    title="No new direct shadow page for a slot that is going",
    must="From the end of the first grace period until a table in which the slot is "
    "valid again is published, a fault MUST NOT create a shadow page that maps "
    "frames of that slot alone directly.",
    source='seed: "stops instantiation of new shadow pages for that slot"',
    rows=(37,),
    on=ShadowPageCreated,
    premise=makes_a_direct_page,
    expected=expects_no_new_page,
    points=("TablePublished", "GracePeriodBegun", "GracePeriodEnded"),
)
def no_new_page(facts: Facts, event: ShadowPageCreated) -> bool:
    npages = event.npages
    if not _is_closed(facts, event.as_id, event.gfn, npages):
        return True
    return any(
        slot.as_id == event.as_id and not slot.invalid and slot.meets(event.gfn, npages)
        for table in facts.visible_tables()
        for slot in table
    )


def unmaps_in_the_window(facts: Facts, answered: Answered) -> bool:
    """The host takes a page away that an INVALID slot has mapped."""
    known = facts.calls.get(answered.thread)
    return (
        isinstance(answered.operation, UnmapHva)
        and known is not None
        and bool(known.invalid_mappings)
    )


def expects_unmapped_in_window(facts: Facts, answered: Answered) -> str:
    """The mappings gone."""
    known = facts.calls.get(answered.thread)
    left: frozenset[int] = frozenset() if known is None else known.invalid_mappings
    gfns = sorted(s.gfn for s in facts.shadow.sptes.values() if s.serial in left)
    frames = ", ".join(f"{gfn:#x}" for gfn in gfns)
    return f"no spte left for gfn {frames}: INVALID still allows destruction"


@clause(
    id="DEL-7",
    title="The host can still take pages of an INVALID slot",
    must="While a slot is INVALID, an unmap of its host memory MUST still remove "
    "every spte for it.",
    source='seed: "but allows destruction"',
    rows=(38,),
    on=Answered,
    premise=unmaps_in_the_window,
    expected=expects_unmapped_in_window,
    operations=("UnmapHva",),
    points=("SpteMapped", "SpteRemoved", "TablePublished"),
    concurrent=True,
)
def unmap_still_works(facts: Facts, answered: Answered) -> bool:
    known = facts.calls.get(answered.thread)
    standing = {spte.serial for spte in facts.shadow.sptes.values()}
    return known is None or not known.invalid_mappings & standing


def removes_in_the_window(facts: Facts, event: RmapIndexed) -> bool:
    """An spte of an INVALID slot is about to leave its reverse map."""
    if event.use is not RmapUse.REMOVE:
        return False
    slot = gfn_to_memslot(facts.tables.current, event.gfn)
    return slot is not None and slot.invalid


def expects_slot_found(facts: Facts, event: RmapIndexed) -> str:
    """The INVALID slot."""
    slot = gfn_to_memslot(facts.tables.current, event.gfn)
    name = "?" if slot is None else slot.id
    return f"the reverse map of slot {name} found, though the slot is INVALID"


@clause(
    id="DEL-8",
    title="Zapping still finds the INVALID slot",
    must="While a slot is INVALID, the removal of an spte from its reverse map MUST "
    "still find the slot.",
    source="rmap_remove -> gfn_to_rmap -> gfn_to_memslot, used without a NULL check",
    rows=(38,),
    on=RmapIndexed,
    premise=removes_in_the_window,
    expected=expects_slot_found,
    points=("TablePublished",),
)
def rmap_still_found(facts: Facts, event: RmapIndexed) -> bool:
    return event.slot_id is not None


def had_sptes(facts: Facts, flushed: SlotFlushed) -> bool:
    return flushed.update.had_sptes


def nothing_left(facts: Facts, flushed: SlotFlushed) -> str:
    left = facts.shadow.of_slot(flushed.old)
    frames = ", ".join(sorted(f"{spte.gfn:#x}" for spte in left))
    return f"no spte of the slot after its flush; gfn {frames} is mapped"


@clause(
    id="DEL-9",
    title="The flush leaves nothing of the slot",
    must="The flush of a slot that is deleted or moved MUST leave no spte for it.",
    source="seed, kvm_arch_flush_shadow: kvm_mmu_zap_all; more than the slot MAY go",
    rows=(39,),
    on=SlotFlushed,
    premise=had_sptes,
    expected=nothing_left,
    points=("SpteMapped", "SpteRemoved", "TablePublished"),
)
def flush_is_whole(facts: Facts, flushed: SlotFlushed) -> bool:
    return not facts.shadow.of_slot(flushed.old)


CLAUSES: tuple[AnyClause, ...] = (
    no_new_spte,
    no_new_page,
    unmap_still_works,
    rmap_still_found,
    flush_is_whole,
)
