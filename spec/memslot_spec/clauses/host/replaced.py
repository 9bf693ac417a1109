"""Pages that the host puts in the place of others, and which page an access reaches.

With `change_pte` (KSM) the host puts another page behind an address while sptes stand.
Kernels up to 6.9 have it. Since 6bdb913f0a70, of 2012, the host invalidates the page
around it, and none stands any more: f3b65bbaed7c, which removed it.
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.mmu import SpteUpdated
from memslot_spec.history.words import count
from memslot_spec.known import Known
from memslot_spec.model.operations import ChangePte
from memslot_spec.model.profile import ONLY_2_6_34
from memslot_spec.moments.accesses import PageReached
from memslot_spec.moments.host import HostUnmap
from memslot_spec.moments.mmu import gfns_of


def was_mapped(facts: Facts, unmap: HostUnmap) -> bool:
    return unmap.was_mapped


def maps_the_old_page(facts: Facts, unmap: HostUnmap) -> str:
    return f"gfn {gfns_of(unmap.left)} is still mapped to the page of before"


@clause(
    id="HVA-11",
    title="A page that is replaced is mapped no more",
    must="When change_pte returns, it MUST NOT have left an spte that maps the page of "
    "before, through whichever slot, INVALID ones included.",
    known=Known(
        read="patch, kvm_mmu_notifier_change_pte(): kvm_set_spte_hva(); v2.6.34 "
        "arch/x86/kvm/mmu.c, kvm_set_pte_rmapp(); 6.1 virt/kvm/kvm_main.c:695, "
        "kvm_change_spte_gfn()",
        last_read="2026-11-27",
    ),
    rows=(52,),
    on=HostUnmap,
    premise=was_mapped,
    expected="no spte left of the page that the host has replaced",
    observed=maps_the_old_page,
    operations=("ChangePte",),
    points=("SpteMapped", "SpteRemoved", "SpteUpdated"),
)
def leaves_no_old_page(facts: Facts, unmap: HostUnmap) -> bool:
    return not unmap.left


def changes_in_place(facts: Facts, event: SpteUpdated) -> bool:
    call = facts.calls.get(event.thread)
    if call is None or not isinstance(call.operation, ChangePte):
        return False
    return event.other_page and not call.operation.writable


@clause(
    id="HVA-12",
    title="A page that is replaced stays read-only",
    must="An spte that change_pte gives another page MUST NOT be writable where the "
    "host's own page table does not let that page be written.",
    known=Known(
        read="v2.6.34 arch/x86/kvm/mmu.c, kvm_set_pte_rmapp(): new_spte &= "
        "~PT_WRITABLE_MASK; 6.1 arch/x86/kvm/mmu/spte.c:330, "
        "kvm_mmu_changed_pte_notifier_make_spte()",
        last_read="2026-11-27",
    ),
    rows=(52,),
    profiles=ONLY_2_6_34,
    on=SpteUpdated,
    premise=changes_in_place,
    expected="the W bit clear: the page is shared, and nobody may write to it",
    operations=("ChangePte",),
)
def stays_read_only(facts: Facts, event: SpteUpdated) -> bool:
    return not event.writable


def the_page_of_then(facts: Facts, reached: PageReached) -> str:
    least, most = reached.least, count(reached.most, "replacement")
    times = most if least == reached.most else f"{least} to {most}"
    return f"the page that is at hva {reached.hva:#x} after {times}"


def another_page(facts: Facts, reached: PageReached) -> str:
    return f"the page that was there after {count(reached.replaced, 'replacement')}"


@clause(
    id="HVA-13",
    title="An access reaches the page that is there now",
    must="A guest access, or a use of a cached page, MUST reach the page that the host "
    "has behind the address at some moment of it: none that was replaced before it "
    "began.",
    known=Known(
        read='api.rst 4.35, KVM_CAP_SYNC_MMU: "changes in the backing of the memory '
        'region are automatically reflected into the guest"; 6.1 '
        "include/linux/kvm_host.h:1954, mmu_invalidate_retry_hva()",
        last_read="2026-11-27",
    ),
    rows=(52, 53),
    on=PageReached,
    expected=the_page_of_then,
    observed=another_page,
    operations=("GuestAccess",),
    any_operation=("UnmapHva", "InvalidateRange", "ChangePte", "UsePfnCache"),
    host_pages=True,
)
def reaches_the_new_page(facts: Facts, reached: PageReached) -> bool:
    return reached.least <= reached.replaced <= reached.most


CLAUSES: tuple[AnyClause, ...] = (
    leaves_no_old_page,
    stays_read_only,
    reaches_the_new_page,
)
