"""TLBs: what a call relies on not being translated any more is in no TLB.

A processor may use a translation whose spte has been removed, until the TLBs are
flushed. When they are is open: under `mmu_lock`, or after it under a lock that keeps
others from relying on it. By the time the call returns it has happened, also where
somebody else removed the spte.
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.mmu import Spte
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


NONE_WRITABLE = "the TLBs flushed of writable translations of the slot"


def write_unnoticed(facts: Facts, done: LogWalked | LoggingEnabled) -> str:
    gfns = gfns_of(done.writable_in_tlbs)
    return f"a TLB may still let the guest write to gfn {gfns}, unnoticed by the log"


@clause(
    id="MMU-6",
    title="GET and CLEAR leave no writable translation in a TLB",
    must="When KVM_GET_DIRTY_LOG or KVM_CLEAR_DIRTY_LOG returns, a TLB MUST NOT hold a "
    "writable translation of the slot whose spte was removed or armed before the call "
    "last released mmu_lock.",
    source="commit 6dbf79e7164e",
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
    must="When KVM_GET_DIRTY_LOG or KVM_CLEAR_DIRTY_LOG returns, every spte from "
    "before the call MUST be armed as to a page whose dirty bit the call cleared and "
    "that is not dirty again: write-protected, or with D clear where the processor "
    "logs.",
    source="kvm_mmu_slot_remove_write_access of the seed; 6.1 "
    "arch/x86/kvm/mmu/mmu.c:1352, kvm_arch_mmu_enable_log_dirty_pt_masked()",
    rows=(48,),
    on=LogCleared,
    expected="every page that the call took out of the log armed",
    observed=still_writable,
    any_operation=READ_OR_CLEAR,
    points=(
        "SpteMapped",
        "SpteRemoved",
        "TablePublished",
        "BitmapAllocated",
        "DirtyBitSet",
        "DirtyBitsCleared",
    ),
    armed=True,
)
def log_protects(facts: Facts, cleared: LogCleared) -> bool:
    return not cleared.unarmed


@clause(
    id="MMU-8",
    title="Enabling a log leaves no writable translation in a TLB",
    must="When a request that turns dirty logging on returns, a TLB MUST NOT hold a "
    "writable translation of the slot whose spte was removed or armed before the "
    "request last released mmu_lock.",
    source="arch/x86/kvm/x86.c, kvm_mmu_slot_apply_flags; commit 6dbf79e7164e",
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
    title="What the host has unmapped is in no TLB",
    must="When an unmap or an invalidation of host memory returns, a TLB MUST NOT hold "
    "a translation of that memory whose spte was removed or replaced before the "
    "call last released mmu_lock.",
    source="virt/kvm/kvm_main.c, kvm_mmu_notifier_invalidate_page; 6dbf79e7164e",
    rows=(48, 52),
    on=HostUnmap,
    premise=looked_for_translations,
    expected="the TLBs flushed of what the host unmaps, before the call returns",
    observed=still_in_a_tlb,
    any_operation=("UnmapHva", "InvalidateRange"),
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
    title="A slot that is deleted or moved is in no TLB",
    must="Before a delete or a move publishes its last table, the TLBs MUST have been "
    "flushed of every mapping of the slot.",
    source="kvm_mmu_zap_all: kvm_flush_remote_tlbs",
    rows=(39, 48),
    on=SlotRemoved,
    premise=had_sptes,
    expected="the TLBs flushed of the slot before its last table is published",
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
    must="A fault that removes an spte, and installs none there that maps the same "
    "pages and permits as much, MUST flush the TLBs before the access is answered.",
    source="commits 91546356d0e, 3be2264be3c",
    rows=(48,),
    on=SpteReplaced,
    expected="the TLBs flushed of the spte that the fault removed",
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
