"""Frames that are write-protected because somebody asks for it.

Whoever write-protects a frame, to shadow a page table in it or to track it, relies on
the next write to fault.
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.known import Known
from memslot_spec.moments.mmu import gfns_of
from memslot_spec.moments.protection import FrameProtected


def was_writable(facts: Facts, done: FrameProtected) -> bool:
    return done.had_some


def still_writable(facts: Facts, done: FrameProtected) -> str:
    return f"gfn {gfns_of(done.left)} is mapped writable as before"


@clause(
    id="MMU-22",
    title="A write protection reaches every spte of the frame",
    must="When a write protection of a frame returns, each spte through which the "
    "frame could be written when it began MUST have been made read-only or removed, "
    "large ones included.",
    known=Known(
        read="v2.6.34 arch/x86/kvm/mmu.c, rmap_write_protect(): large pages, too; 6.1 "
        "arch/x86/kvm/mmu/mmu.c:1363, kvm_mmu_slot_gfn_write_protect()",
        last_read="2026-11-27",
    ),
    rows=(48,),
    on=FrameProtected,
    premise=was_writable,
    expected="no spte left by which the frame can be written",
    observed=still_writable,
    operations=("WriteProtectGfn",),
    points=("SpteMapped", "SpteRemoved", "SpteUpdated"),
)
def protects_every_spte(facts: Facts, done: FrameProtected) -> bool:
    return not done.left


def relies_on_the_tlbs(facts: Facts, done: FrameProtected) -> bool:
    return done.held_mmu_lock and (done.had_some or bool(done.in_tlbs))


def writable_in_a_tlb(facts: Facts, done: FrameProtected) -> str:
    return f"a TLB may still let the guest write to gfn {gfns_of(done.in_tlbs)}"


@clause(
    id="MMU-23",
    title="A write protection leaves no writable translation in use",
    must="When a write protection of a frame returns, a processor MUST NOT be able to "
    "use a writable translation of the frame whose spte was removed or made read-only "
    "before the call last released mmu_lock, by whomever.",
    known=Known(
        read="commit 6dbf79e7164e; 6.1 arch/x86/kvm/x86.c:12984, "
        "kvm_mmu_slot_apply_flags(): \"a !writable SPTE doesn't guarantee a CPU can't "
        'perform writes"; mmu.c:1174, spte_write_protect(): is_mmu_writable_spte()',
        last_read="2026-11-27",
    ),
    rows=(48,),
    on=FrameProtected,
    premise=relies_on_the_tlbs,
    expected="no processor able to use a writable translation of the frame",
    observed=writable_in_a_tlb,
    operations=("WriteProtectGfn",),
    points=(
        "TlbFlushed",
        "SpteMapped",
        "SpteRemoved",
        "SpteUpdated",
        "MmuUnlocked",
    ),
)
def protection_flushes(facts: Facts, done: FrameProtected) -> bool:
    return not done.in_tlbs


CLAUSES: tuple[AnyClause, ...] = (protects_every_spte, protection_flushes)
