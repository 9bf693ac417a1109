"""What is wrong with the published patch, hunk by hunk, as data.

`patch.PublishedPatch` has each of these by one method or a few. A defect alone is the
reference with those methods and no others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from memslot_reference.changed import Factory
from memslot_reference.kvm import Kvm
from memslot_reference.patch import PublishedPatch
from memslot_reference.reference import default_limits
from memslot_spec.history.hook import Hook
from memslot_spec.model.profile import Limits, Profile

Since = Literal["the patch", "before", "the series"]
"""Who made it: the hunk, nobody that is known, or a later commit of the series."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchDefect:
    """One defect: in which hunk, which clauses say so, and what became of it.

    `number` is that of `semantics.md`, empty where it has none. `methods` are those of
    `PublishedPatch` that make it. The first of `clauses` finds it where it is alone;
    those of `behind` find what it leaves behind.
    """

    number: str
    hunk: str
    since: Since
    wrong: str
    methods: tuple[str, ...]
    clauses: tuple[str, ...]
    known: str
    became: str
    behind: tuple[str, ...] = ()


DEFECTS: tuple[PatchDefect, ...] = (
    PatchDefect(
        number="S16",
        hunk="mmu.c, kvm_handle_hva()",
        since="before",
        wrong="the walk from a host address counts huge pages from the slot's base",
        methods=("hva_walk_index",),
        clauses=("RMAP-3",),
        behind=("HVA-1",),
        known="[R]",
        became="6e3e243c3b6e",
    ),
    PatchDefect(
        number="S6",
        hunk="mmu.c, page_header_update_slot(); kvm_main.c, memslot_id()",
        since="the patch",
        wrong="the id of a frame in no slot is the last slot's; and the bitmap's id is "
        "looked up again, in a later table: with S9, in which the slot has moved",
        methods=("find_memslot_id", "page_header_update_slot"),
        clauses=("LOOK-7", "MMU-2"),
        known="[R]",
        became="e36d96f7cfa keeps the id in the slot",
    ),
    PatchDefect(
        number="S15",
        hunk="mmu.c, kvm_mmu_calculate_mmu_pages()",
        since="before",
        wrong="the page budget is multiplied in 32 bits: above 214,748,364 pages it is "
        "too small (K22)",
        methods=("calculate_mmu_pages",),
        clauses=("SIZE-2",),
        known="[R]",
        became="bc8a3d8925a8",
    ),
    PatchDefect(
        number="S1",
        hunk="vmx.c, rmode_tss_base()",
        since="the patch",
        wrong="the TSS base loads the table twice, for the base and for the size",
        methods=("rmode_tss_base",),
        clauses=("SRCU-1", "TSS-2"),
        known="[R]",
        became="90d83dc3d49f and f495c6e5e8f: halves of a repair (K01, K02)",
    ),
    PatchDefect(
        number="S7",
        hunk="kvm.h, KVM_MEMSLOT_INVALID",
        since="the patch",
        wrong="no flag bit is checked, and bit 1 makes a slot INVALID",
        methods=("accepted_flags",),
        clauses=("REQ-8",),
        behind=("REQ-9",),
        known="[R]",
        became="4d8b81abc47b gives bit 1 to READONLY",
    ),
    PatchDefect(
        number="",
        hunk="kvm_main.c, the MMU notifiers",
        since="before",
        wrong="the host's events flush the TLBs after they gave mmu_lock back, and "
        "only if they removed an spte",
        methods=("invalidate_page", "invalidate_range_start"),
        clauses=("MMU-9",),
        known="[R]",
        became="6.1 flushes before the unlock: virt/kvm/kvm_main.c:639, "
        "__kvm_handle_hva_range()",
    ),
    PatchDefect(
        number="S8",
        hunk="kvm_main.c, __kvm_set_memory_region()",
        since="the patch",
        wrong="nothing is rolled back when the second step fails",
        methods=("roll_back",),
        clauses=("DEL-17", "ERR-1"),
        behind=("ERR-2",),
        known="[R]",
        became="6.1 swaps back: virt/kvm/kvm_main.c:1870, kvm_set_memslot()",
    ),
    PatchDefect(
        number="S9",
        hunk="kvm_main.c, __kvm_set_memory_region()",
        since="before",
        wrong="a move takes one step, without INVALID and without a flush",
        methods=("moves",),
        clauses=("MOVE-1", "MOVE-4"),
        behind=("DEL-12", "MOVE-5", "RMAP-2"),
        known="[D]",
        became="e40f193f5bb0, 12d6e7538e2d; edd4fa37baa6 for the arrays",
    ),
    PatchDefect(
        number="S10",
        hunk="kvm_main.c, __kvm_set_memory_region()",
        since="before",
        wrong="a new host address for a live slot is reported as done and ignored",
        methods=("host_address",),
        clauses=("REQ-17",),
        behind=("REQ-18",),
        known="[R]",
        became="refused with EINVAL",
    ),
    PatchDefect(
        number="S15",
        hunk="kvm_main.c, __kvm_set_memory_region()",
        since="before",
        wrong="the bytes of a dirty bitmap are counted in 32 bits: a slot of 2^35 "
        "pages gets a bitmap for none",
        methods=("bitmap_pages",),
        clauses=("DIRTY-27",),
        known="[R]",
        became="87bf6e7de113; 660c22c425c bounds the pages of a slot",
    ),
    PatchDefect(
        number="S19",
        hunk="kvm_main.c, __kvm_set_memory_region()",
        since="before",
        wrong="a user slot may lie over a private one: allowed by itself, but sptes of "
        "the private slot are then looked for in the user slot's reverse map",
        methods=("is_scanned",),
        clauses=("RMAP-2",),
        behind=("MMU-1",),
        known="[T]",
        became='"KVM: mmu: Fix overlap between public and private memslots"',
    ),
    PatchDefect(
        number="S20",
        hunk="kvm_main.c, gfn_to_hva(); iommu.c; assigned-dev.c",
        since="before",
        wrong="the translation with a slot in hand does not look whether it is INVALID",
        methods=("find_page",),
        clauses=("LOOK-9",),
        known="[R]",
        became="checked by gfn_to_hva_many(), read at f0161aad4725",
    ),
    PatchDefect(
        number="S17",
        hunk="not in the commit: b050b015abbe, GET_DIRTY_LOG by SRCU",
        since="the series",
        wrong="GET write-protects first and swaps the bitmap then: what is written in "
        "between is marked in the old bitmap, and later writes are lost",
        methods=("swap_bitmap",),
        clauses=("DIRTY-2", "MMU-7"),
        behind=("DIRTY-4",),
        known="[R]",
        became="edde99ce0529",
    ),
)
"""In the order of the chapter: the excerpt, the rest of the commit, the series."""

HARMLESS = ("delete_absent",)
"""Methods of the patch that break nothing: S11, which the profile promised."""

METHODS = frozenset(name for defect in DEFECTS for name in defect.methods)


def alone(defect: PatchDefect) -> Factory:
    """What makes the reference with this defect and no other."""
    repaired = {
        name: getattr(Kvm, name)
        for name in (*METHODS, *HARMLESS)
        if name not in defect.methods
    }
    only = type("OneDefect", (PublishedPatch,), repaired)

    def make(hook: Hook, profile: Profile, limits: Limits | None = None) -> Kvm:
        vm: Kvm = only(hook, profile, limits or default_limits(profile))
        overlaps = "is_scanned" in defect.methods
        vm.domain = replace(vm.domain, overlaps_private=overlaps)
        return vm

    return make
