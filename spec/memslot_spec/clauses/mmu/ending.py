"""Roots that are to be had, and what is mapped when the process or the VM ends."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.mmu import ShadowPageZapped
from memslot_spec.history.words import count
from memslot_spec.known import Known
from memslot_spec.model.replies import Done
from memslot_spec.moments.ending import Released, VmEnded
from memslot_spec.moments.mmu import RootAsked, gfns_of


def is_visible_throughout(facts: Facts, asked: RootAsked) -> bool:
    may_run_out = facts.limits.enough_pages is not None
    return asked.visible_in == frozenset({True}) and not may_run_out


@clause(
    id="MMU-13",
    title="A root for a visible frame is granted",
    must="A shadow root MUST be granted for a frame that is visible in every table "
    "that the call may have met, where no memory can run out.",
    known=Known(
        read="v2.6.34 arch/x86/kvm/mmu.c, mmu_check_root(); 6.1 "
        "arch/x86/kvm/mmu/mmu.c:3531, mmu_check_root(): a guest whose root is refused "
        "shuts down; 2613, make_mmu_pages_available(): ENOSPC",
        last_read="2026-11-27",
    ),
    rows=(49,),
    on=RootAsked,
    premise=is_visible_throughout,
    expected="the root granted: its frame is visible",
    observed="the root is refused",
    operations=("AllocateRoot",),
)
def root_is_granted(facts: Facts, asked: RootAsked) -> bool:
    return isinstance(asked.reply, Done)


def the_sptes_left(facts: Facts, ended: VmEnded) -> str:
    return f"the VM destroyed, and still mapped: gfn {gfns_of(ended.sptes)}"


@clause(
    id="MMU-14",
    title="Nothing is mapped when the VM is gone",
    must="Every spte MUST be removed, at the latest when the VM is destroyed.",
    known=Known(
        read="commit 647492047763: the vCPUs free what they have mapped; 6.1 "
        "arch/x86/kvm/x86.c:13038, kvm_arch_flush_shadow_all(); "
        "arch/x86/kvm/mmu/tdp_mmu.c:924, kvm_tdp_mmu_zap_all()",
        last_read="2026-11-27",
    ),
    rows=(35,),
    on=VmEnded,
    expected="every spte removed by the end of the VM",
    observed=the_sptes_left,
    operations=("DestroyVm",),
    points=("SpteMapped", "SpteRemoved"),
)
def nothing_is_mapped(facts: Facts, ended: VmEnded) -> bool:
    return not ended.sptes


def had_shadow_pages(facts: Facts, ended: VmEnded) -> bool:
    return bool(facts.shadow.pages or facts.shadow.zapped)


def the_pages_left(facts: Facts, ended: VmEnded) -> str:
    left = ", ".join(map(str, ended.pages))
    return f"the VM destroyed, and not zapped: shadow page {left}"


@clause(
    id="MMU-15",
    title="No shadow page is left of a VM",
    must="Every shadow page MUST be zapped, at the latest when the VM is destroyed.",
    known=Known(
        read="commit 647492047763: the vCPUs free their shadow pages; 6.1 "
        "arch/x86/kvm/mmu/mmu.c:6514, kvm_mmu_zap_all()",
        last_read="2026-11-27",
    ),
    rows=(35,),
    on=VmEnded,
    premise=had_shadow_pages,
    expected="every shadow page zapped by the end of the VM",
    observed=the_pages_left,
    operations=("DestroyVm",),
    points=("ShadowPageCreated", "ShadowPageZapped"),
)
def no_page_is_left(facts: Facts, ended: VmEnded) -> bool:
    return not ended.pages


def was_no_root(facts: Facts, event: ShadowPageZapped) -> bool:
    return event.page not in facts.shadow.roots


@clause(
    id="MMU-28",
    title="A shadow page is zapped once",
    must="A shadow page that is not there, or not any more, MUST NOT be zapped, unless "
    "it was made as a root: a root in use is zapped, and again when it is freed.",
    known=Known(
        read="6.1 arch/x86/kvm/mmu/mmu.c:1692, kvm_mmu_free_shadow_page(), which takes "
        "it off its list and frees it; 2471, __kvm_mmu_prepare_zap_page(): root_count; "
        "3445, mmu_free_root_page()",
        last_read="2026-11-27",
    ),
    rows=(46,),
    on=ShadowPageZapped,
    premise=was_no_root,
    expected="a shadow page that is there",
    observed="it was zapped before, or never made",
    points=("ShadowPageCreated",),
)
def zapped_while_there(facts: Facts, event: ShadowPageZapped) -> bool:
    return event.page in facts.shadow.pages


def had_mappings(facts: Facts, released: Released) -> bool:
    return released.was_mapped


def the_sptes_kept(facts: Facts, released: Released) -> str:
    gfns = gfns_of(released.left)
    return f"{count(len(released.left), 'spte')} left of those before: gfn {gfns}"


@clause(
    id="MMU-16",
    title="Nothing is mapped when the process is gone",
    must="When the release of the MMU notifier returns, every spte that was there when "
    "it was called MUST be removed, or be out of reach of every vCPU.",
    known=Known(
        read="patch, kvm_mmu_notifier_release(): kvm_arch_flush_shadow(); 6.1 "
        "virt/kvm/kvm_main.c:906, kvm_mmu_notifier_release()",
        last_read="2026-11-27",
    ),
    rows=(35, 52),
    on=Released,
    premise=had_mappings,
    expected="every spte of before removed: the host tells of these pages no more",
    observed=the_sptes_kept,
    operations=("ReleaseNotifier",),
    points=("SpteMapped", "SpteRemoved"),
)
def released_unmapped(facts: Facts, released: Released) -> bool:
    return not released.left


CLAUSES: tuple[AnyClause, ...] = (
    root_is_granted,
    nothing_is_mapped,
    no_page_is_left,
    zapped_while_there,
    released_unmapped,
)
