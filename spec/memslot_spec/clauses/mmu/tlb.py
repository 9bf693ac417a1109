"""TLBs: no processor can use what a call relies on not being translated any more.

A processor may use a translation whose spte has been removed, until its TLB is
flushed, or until it is made to leave the guest and to flush before it enters again.
When that happens is open: under `mmu_lock`, or after it under a lock that keeps
others from relying on it. By the time the call returns it has happened, also where
somebody else removed the spte.
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.mmu import Spte
from memslot_spec.known import Known
from memslot_spec.moments.host import HostUnmap
from memslot_spec.moments.mmu import (
    LogCleared,
    LoggingEnabled,
    LogWalked,
    SpteReplaced,
    gfns_of,
)
from memslot_spec.moments.tables import SlotRemoved

FLUSHES = ("TlbFlushed", "SpteMapped", "SpteRemoved", "MmuUnlocked", "TablePublished")
READ_OR_CLEAR = ("GetDirtyLog", "ClearDirtyLog")


NONE_WRITABLE = "no processor able to use a writable translation of the slot"


def write_unnoticed(facts: Facts, done: LogWalked | LoggingEnabled) -> str:
    gfns = gfns_of(done.writable_in_tlbs)
    return f"a TLB may still let the guest write to gfn {gfns}, unnoticed by the log"


@clause(
    id="MMU-6",
    title="GET and CLEAR leave no writable translation in use",
    must="When KVM_GET_DIRTY_LOG or KVM_CLEAR_DIRTY_LOG returns, a processor MUST NOT "
    "be able to use a writable translation of the slot whose spte was removed or armed "
    "before the call last released mmu_lock.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:2197, kvm_get_dirty_log_protect(): "
        "kvm_arch_flush_remote_tlbs_memslot(); v2.6.34, kvm_vm_ioctl_get_dirty_log()",
        last_read="2026-11",
    ),
    rows=(48,),
    on=LogWalked,
    expected=NONE_WRITABLE,
    observed=write_unnoticed,
    any_operation=READ_OR_CLEAR,
    points=FLUSHES,
    armed=True,
)
def log_flushes(facts: Facts, walked: LogWalked) -> bool:
    return not walked.writable_in_tlbs


def still_writable(facts: Facts, cleared: LogCleared) -> str:
    return f"gfn {gfns_of(cleared.unarmed)} is still mapped writable, and not armed"


@clause(
    id="MMU-7",
    title="A page whose dirty bit is cleared is armed",
    must="When KVM_GET_DIRTY_LOG or KVM_CLEAR_DIRTY_LOG returns, an spte by which the "
    "guest could write to a page when the call cleared its dirty bit MUST be armed, "
    "unless the page is dirty again or a fault has made the spte writable anew: "
    "write-protected, or with D clear where the processor logs.",
    known=Known(
        read="patch, kvm_mmu_slot_remove_write_access(); 6.1 "
        "arch/x86/kvm/mmu/mmu.c:1352, kvm_arch_mmu_enable_log_dirty_pt_masked()",
        last_read="2026-11",
    ),
    rows=(48,),
    on=LogCleared,
    expected="every page that the call took out of the log armed",
    observed=still_writable,
    any_operation=READ_OR_CLEAR,
    points=(
        "SpteMapped",
        "SpteRemoved",
        "TablePublished",
        "DirtyBitSet",
        "DirtyBitsCleared",
    ),
    armed=True,
)
def log_protects(facts: Facts, cleared: LogCleared) -> bool:
    return not cleared.unarmed


@clause(
    id="MMU-8",
    title="Enabling a log leaves no writable translation in use",
    must="When a request that turns dirty logging on returns, a processor MUST NOT be "
    "able to use a writable translation of the slot whose spte was removed or armed "
    "before the request last released mmu_lock.",
    known=Known(
        read='6.1 arch/x86/kvm/x86.c:12972, kvm_mmu_slot_apply_flags(): "before '
        'returning to userspace"',
        last_read="2026-11",
    ),
    rows=(48,),
    on=LoggingEnabled,
    expected=NONE_WRITABLE,
    observed=write_unnoticed,
    points=FLUSHES,
    armed=True,
)
def start_flushes(facts: Facts, enabled: LoggingEnabled) -> bool:
    return not enabled.writable_in_tlbs


def looked_for_translations(facts: Facts, unmap: HostUnmap) -> bool:
    return unmap.held_mmu_lock and (unmap.was_mapped or bool(unmap.in_tlbs))


def still_in_a_tlb(facts: Facts, unmap: HostUnmap) -> str:
    gfns = gfns_of(unmap.in_tlbs)
    return f"a TLB may still translate gfn {gfns} to the host memory that is unmapped"


@clause(
    id="MMU-9",
    title="No processor uses what the host has unmapped",
    must="When an unmap, an invalidation or a change_pte of host memory returns, a "
    "processor MUST NOT be able to use a translation of that memory whose spte was "
    "removed or replaced before the call last released mmu_lock.",
    known=Known(
        read='patch, kvm_mmu_notifier_invalidate_page(): "flush the tlb before the '
        'pages can be freed"; 6.1 virt/kvm/kvm_main.c:639, __kvm_handle_hva_range()',
        last_read="2026-11-27",
    ),
    rows=(48, 52),
    on=HostUnmap,
    premise=looked_for_translations,
    expected="no processor able to use what the host unmaps, when the call returns",
    observed=still_in_a_tlb,
    any_operation=("UnmapHva", "InvalidateRange", "ChangePte"),
    points=FLUSHES,
)
def unmap_flushes(facts: Facts, unmap: HostUnmap) -> bool:
    return not unmap.in_tlbs


def had_sptes(facts: Facts, removed: SlotRemoved) -> bool:
    return removed.update.had_sptes


def slot_in_tlbs(facts: Facts, removed: SlotRemoved) -> list[Spte]:
    stale = (one.spte for one in facts.host.stale.values())
    return [spte for spte in stale if spte.meets(removed.old)]


def slot_still_in_a_tlb(facts: Facts, removed: SlotRemoved) -> str:
    gfns = gfns_of(slot_in_tlbs(facts, removed))
    return f"a TLB may still translate gfn {gfns} of slot {removed.old.id}"


@clause(
    id="MMU-10",
    title="No processor uses a slot that is deleted or moved",
    must="When a delete or a move publishes its last table, a processor MUST NOT be "
    "able to use a translation of the slot whose spte was removed.",
    known=Known(
        read="v2.6.34, kvm_mmu_zap_all(): kvm_flush_remote_tlbs(); 6.1 "
        "arch/x86/kvm/mmu/mmu.c:5966, kvm_mmu_zap_all_fast(): every vCPU takes a new "
        "root, and :5345, kvm_mmu_load(), which flushes",
        last_read="2026-11",
    ),
    rows=(39, 48),
    on=SlotRemoved,
    premise=had_sptes,
    expected="no processor able to use the slot when its last table is published",
    observed=slot_still_in_a_tlb,
    points=("TlbFlushed", "SpteMapped", "SpteRemoved"),
)
def removal_flushes(facts: Facts, removed: SlotRemoved) -> bool:
    return not slot_in_tlbs(facts, removed)


def replaced_in_a_tlb(facts: Facts, replaced: SpteReplaced) -> str:
    return f"a TLB may still translate gfn {gfns_of(replaced.in_tlbs)} as before"


@clause(
    id="MMU-11",
    title="A fault flushes what it replaces",
    must="When a guest access is answered whose fault removed an spte, and installed "
    "none there that maps the same pages and permits as much, a processor MUST NOT be "
    "able to use the translation that was removed.",
    known=Known(
        read="commits 91546356d0e, 3be2264be3c; 6.1 arch/x86/kvm/mmu/mmu.c:2855, "
        "mmu_set_spte()",
        last_read="2026-11",
    ),
    rows=(48,),
    on=SpteReplaced,
    expected="no processor able to use the spte that the fault removed",
    observed=replaced_in_a_tlb,
    operations=("GuestAccess",),
    points=("TlbFlushed", "SpteMapped", "SpteRemoved"),
)
def fault_flushes(facts: Facts, replaced: SpteReplaced) -> bool:
    return not replaced.in_tlbs


CLAUSES: tuple[AnyClause, ...] = (
    log_flushes,
    log_protects,
    start_flushes,
    unmap_flushes,
    removal_flushes,
    fault_flushes,
)
