"""The window of a delete: no new mapping, and every old one can still be removed."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, Implied, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.mmu import Spte, pages_at
from memslot_spec.history.points.mmu import (
    RmapIndexed,
    RmapUse,
    ShadowPageCreated,
    SpteMapped,
)
from memslot_spec.known import Known
from memslot_spec.model.operations import GuestAccess
from memslot_spec.model.readers import gfn_to_memslot
from memslot_spec.moments.host import HostUnmap
from memslot_spec.moments.mmu import SlotFlushed, gfns_of

GRACE_PERIODS = ("TablePublished", "GracePeriodBegun", "GracePeriodEnded")


def a_slot_is_closed(facts: Facts, event: SpteMapped) -> bool:
    """Some slot is INVALID or absent, and the grace period after that has ended."""
    return bool(facts.tables.closed)


def meets_a_closed_slot(facts: Facts, as_id: int, gfn: int, npages: int = 1) -> bool:
    closed = facts.tables.closed.values()
    return any(slot.as_id == as_id and slot.meets(gfn, npages) for slot in closed)


def is_backed(facts: Facts, as_id: int, gfn: int, npages: int = 1) -> bool:
    """A valid slot covers all of the frames, in a table that a reader may use."""
    return any(
        slot.as_id == as_id
        and not slot.invalid
        and slot.base <= gfn
        and gfn + npages <= slot.base + slot.npages
        for table in facts.visible_tables()
        for slot in table
    )


def no_spte(facts: Facts, event: SpteMapped) -> str:
    return (
        f"no new spte for gfn {event.gfn:#x}: its slot is INVALID or absent, and the "
        "grace period has ended"
    )


@clause(
    id="DEL-5",
    title="No new spte for a slot that is being deleted",
    must="From the end of the grace period after a slot was published INVALID, until "
    "a table in which it is valid again is published, a fault or a change_pte MUST NOT "
    "install an spte that maps a frame of the slot, unless another slot that is valid "
    "covers it by then.",
    known=Known(
        read='patch: "stops instantiation of new shadow pages for that slot"; 6.1 '
        "arch/x86/kvm/mmu/mmu.c:4163, kvm_faultin_pfn(); commit 2230f9e1171a",
        last_read="2026-11-27",
    ),
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
    return is_backed(facts, event.as_id, gfn, npages)


def frame_of_fault(facts: Facts, event: ShadowPageCreated) -> int | None:
    """The frame for which a fault makes the page; None: it is made for none."""
    call = facts.calls.get(event.thread)
    if event.root or call is None or not isinstance(call.operation, GuestAccess):
        return None
    return call.operation.gfn


def is_made_beside_a_closed_slot(facts: Facts, event: ShadowPageCreated) -> bool:
    frame = frame_of_fault(facts, event)
    return event.direct and frame is not None and bool(facts.tables.closed)


def no_direct_page(facts: Facts, event: ShadowPageCreated) -> str:
    return (
        f"no new direct shadow page for gfn {frame_of_fault(facts, event) or 0:#x}: "
        "its slot is INVALID or absent, and the grace period has ended"
    )


@clause(
    id="DEL-6",
    title="No new direct shadow page for a slot that is being deleted",
    must="From the end of the grace period after a slot was published INVALID, until "
    "a table without it or with it valid again is published, a fault MUST NOT create "
    "a direct shadow page for a frame of the slot, unless another slot that is valid "
    "covers the frame by then. A root is made for no frame.",
    known=Known(
        read='patch: "stops instantiation of new shadow pages for that slot"; 6.1 '
        "arch/x86/kvm/mmu/mmu.c:4163, kvm_faultin_pfn(); 3561, "
        "mmu_alloc_direct_roots(): the root is at gfn 0; once the slot is absent, a "
        "page may hold MMIO: 3183, handle_abnormal_pfn()",
        last_read="2026-11",
    ),
    rows=(37,),
    on=ShadowPageCreated,
    premise=is_made_beside_a_closed_slot,
    expected=no_direct_page,
    operations=("GuestAccess",),
    points=GRACE_PERIODS,
)
def no_new_page(facts: Facts, event: ShadowPageCreated) -> bool:
    frame, as_id = frame_of_fault(facts, event), event.as_id
    if frame is None or not meets_a_closed_slot(facts, as_id, frame):
        return True
    # Where no slot is any more, the page may be there to hold an MMIO spte.
    if gfn_to_memslot(facts.tables.current, frame, as_id) is None:
        return True
    return is_backed(facts, as_id, frame)


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
    known=Known(
        read='patch: "but allows destruction"; 6.1 virt/kvm/kvm_main.c:601, '
        "__kvm_handle_hva_range(): no test of INVALID",
        last_read="2026-11",
    ),
    implied=Implied(
        by=("HVA-1",),
        because="no spte may be left, whatever slot it is of",
    ),
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
    known=Known(
        read="patch, rmap_remove() -> gfn_to_rmap() -> gfn_to_memslot(), used without "
        "a NULL check; 6.1 arch/x86/kvm/mmu/mmu.c:1071, rmap_remove()",
        last_read="2026-11",
    ),
    rows=(38,),
    on=RmapIndexed,
    premise=removes_from_an_invalid_slot,
    expected="the frame's slot found for its reverse map, though the slot is INVALID",
    observed=not_found,
    points=("TablePublished",),
)
def rmap_still_found(facts: Facts, event: RmapIndexed) -> bool:
    return event.slot_id is not None


def had_sptes_to_the_end(facts: Facts, flushed: SlotFlushed) -> bool:
    """It had some to remove, and no fault can make another."""
    return flushed.update.had_sptes and flushed.update.graced_at >= 0


def left_mapped(facts: Facts, flushed: SlotFlushed) -> str:
    gfns = gfns_of(facts.shadow.of_slot(flushed.old))
    return f"gfn {gfns} of slot {flushed.old.id} is still mapped"


@clause(
    id="DEL-9",
    title="The flush leaves nothing of the slot",
    must="The flush of a slot that is deleted or moved, once the grace period after "
    "its INVALID table has ended, MUST leave no spte for it.",
    known=Known(
        read="patch, kvm_arch_flush_shadow(): kvm_mmu_zap_all(); 6.1 "
        "arch/x86/kvm/mmu/mmu.c:5933, kvm_mmu_zap_all_fast(); more than the slot MAY "
        "go",
        last_read="2026-11",
    ),
    rows=(39,),
    on=SlotFlushed,
    premise=had_sptes_to_the_end,
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
