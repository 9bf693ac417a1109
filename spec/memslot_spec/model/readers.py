"""What a reader may answer: pure functions of one table.

A reader that runs beside updates may answer any of these, applied to one table
that it may have loaded. Source: the lookups of `virt/kvm/kvm_main.c`,
`kvm_mmu_calculate_mmu_pages` and `rmode_tss_base`, with the patch's hunks.
"""

from __future__ import annotations

from memslot_spec.arithmetic.sizing import (
    page_budget_fiftieth,
    page_budget_permille,
    tss_base,
)
from memslot_spec.model.operations import (
    GfnToHva,
    GfnToHvaProt,
    GfnToMemslot,
    GuestAccess,
    IsVisibleGfn,
    MemslotId,
    MmuPages,
    Origin,
    TableReader,
    VcpuGfnToMemslot,
)
from memslot_spec.model.profile import Limits, Profile, WindowAccess
from memslot_spec.model.replies import (
    Accessed,
    FoundHostPage,
    FoundHva,
    FoundId,
    FoundSlot,
    GuestPageFault,
    Mmio,
    Number,
    Refused,
    Reply,
    Retry,
    Visible,
)
from memslot_spec.model.values import Errno, Hva, HvaError, Slot, SlotTable


def gfn_to_memslot(table: SlotTable, gfn: int, as_id: int = 0) -> Slot | None:
    """The slot that covers a frame, INVALID or not; the lowest id if several.

    Zapping depends on it: `rmap_remove` finds the reverse map of a slot that is
    being deleted through this lookup.
    """
    return table.at(gfn, as_id)


def gfn_to_hva(table: SlotTable, gfn: int, as_id: int = 0) -> Hva | None:
    """The host address behind a frame, for writing; None is the error value."""
    slot = gfn_to_memslot(table, gfn, as_id)
    if slot is None or slot.invalid or slot.readonly:
        return None
    return slot.hva_of(gfn)


def gfn_to_hva_prot(table: SlotTable, gfn: int, *, write: bool) -> FoundHostPage:
    """The host page behind a frame; INVALID is an error before READONLY is."""
    slot = gfn_to_memslot(table, gfn)
    if slot is None or slot.invalid:
        return FoundHostPage(None, error=HvaError.BAD)
    if slot.readonly and write:
        return FoundHostPage(None, error=HvaError.RO_BAD)
    return FoundHostPage(slot.hva_of(gfn), writable=not slot.readonly)


def is_visible_gfn(table: SlotTable, gfn: int, limits: Limits) -> bool:
    """A user slot that is not INVALID covers the frame."""
    return any(
        slot.as_id == 0
        and slot.id < limits.user_slots
        and not slot.invalid
        and slot.covers(gfn)
        for slot in table.slots
    )


def memslot_id(table: SlotTable, gfn: int) -> int | None:
    """The id of the covering slot; None where no slot covers the frame."""
    slot = gfn_to_memslot(table, gfn)
    return None if slot is None else slot.id


def total_pages(table: SlotTable) -> int:
    """Pages of all slots: private ones and INVALID ones count too."""
    return sum(slot.npages for slot in table.slots)


def mmu_pages(table: SlotTable, profile: Profile) -> int:
    """The shadow page budget with no limit requested, in pages."""
    if profile.budget_is_permille:
        return page_budget_permille(total_pages(table))
    return page_budget_fiftieth(total_pages(table))


def default_tss_base(table: SlotTable) -> int:
    """Guest byte address of the default TSS: three pages below slot 0's end.

    An absent slot 0 counts as base 0 with no pages; the sum wraps at 2^64.
    """
    slot = table.find(0, 0)
    if slot is None:
        return tss_base(0, 0)
    return tss_base(slot.base, slot.npages)


def answer(  # noqa: PLR0911 - one answer for each reader
    table: SlotTable, operation: TableReader, profile: Profile, limits: Limits
) -> Reply:
    """What the operation answers when this table is the one it loads."""
    match operation:
        case GfnToMemslot(gfn, as_id):
            return FoundSlot(gfn_to_memslot(table, gfn, as_id))
        case GfnToHva(gfn, as_id):
            return FoundHva(gfn_to_hva(table, gfn, as_id))
        case GfnToHvaProt(gfn, write):
            return gfn_to_hva_prot(table, gfn, write=write)
        case VcpuGfnToMemslot(_, gfn):
            return FoundSlot(gfn_to_memslot(table, gfn))
        case IsVisibleGfn(gfn):
            return Visible(is_visible_gfn(table, gfn, limits))
        case MemslotId(gfn):
            return FoundId(memslot_id(table, gfn))
        case MmuPages():
            return Number(mmu_pages(table, profile))
        case _:
            return Number(default_tss_base(table))


def accesses(
    table: SlotTable, access: GuestAccess, profile: Profile, limits: Limits
) -> tuple[Reply, ...]:
    """The replies to a guest access that this table explains.

    Where no valid slot covers the frame, and for a write to a READONLY one, they
    differ by origin. While the slot is INVALID a page fault gives MMIO in 2009 and is
    tried again today; who tries any other access again, KVM's own aside, does better
    than KVM. Where the host has no page it is EFAULT, or as where no slot is, but for
    a page fault today. A private slot (the APIC access page) may be emulated instead.

    Source: 6.1 virt/kvm/kvm_main.c:3001, __kvm_read_guest_page(): EFAULT, whatever was
    missing; v2.6.34, tdp_page_fault(): is_error_pfn() is MMIO.
    """
    slot = gfn_to_memslot(table, access.gfn, access.as_id)
    is_of_kvm = access.origin is Origin.KVM
    ends = GuestPageFault() if access.origin is Origin.TABLE_WALK else Mmio()
    is_new = profile.window_access is WindowAccess.RETRY
    faults_alone = is_new and access.origin is Origin.PAGE_FAULT
    if slot is not None and serves(slot, access):
        hva = slot.hva_of(access.gfn)
        served = _served(hva, slot, limits)
        may_end = limits.may_fault(hva) and not is_of_kvm and not faults_alone
        return (*served, ends) if may_end else served
    if is_of_kvm:
        return (Refused(Errno.EFAULT),)
    if slot is None or not slot.invalid:
        return (ends,)
    if faults_alone:
        return (Retry(),)
    return (ends, Retry())


def serves(slot: Slot, access: GuestAccess) -> bool:
    """The slot, which covers the frame, has memory for the access."""
    writes = access.write and access.origin is not Origin.TABLE_WALK
    return not slot.invalid and not (writes and slot.readonly)


def _served(hva: Hva, slot: Slot, limits: Limits) -> tuple[Reply, ...]:
    reached: tuple[Reply, ...] = (Accessed(hva),)
    if slot.id >= limits.user_slots:
        reached = (*reached, Mmio())
    if limits.may_fault(hva):
        reached = (*reached, Refused(Errno.EFAULT), Refused(None))
    return reached
