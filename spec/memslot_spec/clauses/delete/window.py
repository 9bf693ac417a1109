"""The window of a delete: no new mapping, and every old one can still be removed."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.mmu import Spte, pages_at
from memslot_spec.history.points.mmu import (
    RmapIndexed,
    RmapUse,
    ShadowPageCreated,
    SpteMapped,
)
from memslot_spec.model.readers import gfn_to_memslot
from memslot_spec.moments.host import HostUnmap
from memslot_spec.moments.mmu import SlotFlushed, gfns_of

GRACE_PERIODS = ("TablePublished", "GracePeriodBegun", "GracePeriodEnded")


def a_slot_is_closed(facts: Facts, event: SpteMapped) -> bool:
    """Some slot is INVALID or absent, and the grace period after that has ended."""
    return bool(facts.tables.closed)


def meets_a_closed_slot(facts: Facts, as_id: int, gfn: int, npages: int) -> bool:
    closed = facts.tables.closed.values()
    return any(slot.as_id == as_id and slot.meets(gfn, npages) for slot in closed)


def no_spte(facts: Facts, event: SpteMapped) -> str:
    return (
        f"no new spte for gfn {event.gfn:#x}: its slot is INVALID or absent, and the "
        "grace period has ended"
    )


@clause(
    id="DEL-5",
    title="No new spte for a slot that is being deleted",
    must="From the end of the first grace period until a table in which the slot is "
    "valid again is published, a fault MUST NOT install an spte for a frame of "
    "the slot.",
    source='seed: "stops instantiation of new shadow pages for that slot"',
    rows=(37,),
    on=SpteMapped,
    premise=a_slot_is_closed,
    expected=no_spte,
    points=GRACE_PERIODS,
)
def no_new_spte(facts: Facts, event: SpteMapped) -> bool:
    gfn, npages = event.gfn, pages_at(event.level)
    if not meets_a_closed_slot(facts, event.as_id, gfn, npages):
        return True
    # Another slot may have come in its place: it has to cover all of the frames.
    return any(
        slot.as_id == event.as_id
        and not slot.invalid
        and slot.base <= gfn
        and gfn + npages <= slot.base + slot.npages
        for table in facts.visible_tables()
        for slot in table
    )


def a_direct_page_and_a_closed_slot(facts: Facts, event: ShadowPageCreated) -> bool:
    return event.direct and bool(facts.tables.closed)


def no_direct_page(facts: Facts, event: ShadowPageCreated) -> str:
    return (
        f"no new direct shadow page at gfn {event.gfn:#x}: every slot in its range "
        "is INVALID or absent"
    )


@clause(
    id="DEL-6",
    title="No new direct shadow page for a slot that is being deleted",
    must="From the end of the first grace period until a table in which the slot is "
    "valid again is published, a fault MUST NOT create a shadow page that maps "
    "frames of that slot alone directly.",
    source='seed: "stops instantiation of new shadow pages for that slot"',
    rows=(37,),
    on=ShadowPageCreated,
    premise=a_direct_page_and_a_closed_slot,
    expected=no_direct_page,
    points=GRACE_PERIODS,
)
def no_new_page(facts: Facts, event: ShadowPageCreated) -> bool:
    gfn, npages = event.gfn, event.npages
    if not meets_a_closed_slot(facts, event.as_id, gfn, npages):
        return True
    return any(
        slot.as_id == event.as_id and not slot.invalid and slot.meets(gfn, npages)
        for table in facts.visible_tables()
        for slot in table
    )


def was_mapped_in_an_invalid_slot(facts: Facts, unmap: HostUnmap) -> bool:
    return bool(unmap.invalid)


def left_in_invalid_slots(unmap: HostUnmap) -> list[Spte]:
    return [spte for spte in unmap.left if spte.serial in unmap.invalid]


def still_mapped(facts: Facts, unmap: HostUnmap) -> str:
    gfns = gfns_of(left_in_invalid_slots(unmap))
    return f"gfn {gfns} of an INVALID slot is still mapped"


@clause(
    id="DEL-7",
    title="The host can still unmap pages of an INVALID slot",
    must="While a slot is INVALID, an unmap of its host memory MUST still remove "
    "every spte for it.",
    source='seed: "but allows destruction"',
    rows=(38,),
    on=HostUnmap,
    premise=was_mapped_in_an_invalid_slot,
    expected="no spte left of what the host unmaps, though the slot is INVALID",
    observed=still_mapped,
    operations=("UnmapHva",),
    points=("SpteMapped", "SpteRemoved", "TablePublished"),
    concurrent=True,
)
def unmap_still_works(facts: Facts, unmap: HostUnmap) -> bool:
    return not left_in_invalid_slots(unmap)


def removes_from_an_invalid_slot(facts: Facts, event: RmapIndexed) -> bool:
    if event.use is not RmapUse.REMOVE:
        return False
    slot = gfn_to_memslot(facts.tables.current, event.gfn, event.as_id or 0)
    return slot is not None and slot.invalid


def not_found(facts: Facts, event: RmapIndexed) -> str:
    return f"no slot found for gfn {event.gfn:#x}, whose spte is removed"


@clause(
    id="DEL-8",
    title="Zapping still finds the INVALID slot",
    must="Where sptes are found by reverse maps, the removal of an spte MUST still "
    "find its slot while the slot is INVALID.",
    source="rmap_remove -> gfn_to_rmap -> gfn_to_memslot, used without a NULL check",
    rows=(38,),
    on=RmapIndexed,
    premise=removes_from_an_invalid_slot,
    expected="the frame's slot found for its reverse map, though the slot is INVALID",
    observed=not_found,
    points=("TablePublished",),
)
def rmap_still_found(facts: Facts, event: RmapIndexed) -> bool:
    return event.slot_id is not None


def had_sptes(facts: Facts, flushed: SlotFlushed) -> bool:
    return flushed.update.had_sptes


def left_mapped(facts: Facts, flushed: SlotFlushed) -> str:
    gfns = gfns_of(facts.shadow.of_slot(flushed.old))
    return f"gfn {gfns} of slot {flushed.old.id} is still mapped"


@clause(
    id="DEL-9",
    title="The flush leaves nothing of the slot",
    must="The flush of a slot that is deleted or moved MUST leave no spte for it.",
    source="seed, kvm_arch_flush_shadow: kvm_mmu_zap_all; more than the slot MAY go",
    rows=(39,),
    on=SlotFlushed,
    premise=had_sptes,
    expected="no spte of the slot after its flush",
    observed=left_mapped,
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
