"""Choices of the shadow MMU: accesses that need not reach a page, and the audit."""

from __future__ import annotations

from memslot_spec.choice import AnyChoice, choice
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.mmu import RmapsCounted
from memslot_spec.model.profile import BOTH, ONLY_2_6_34
from memslot_spec.model.readers import serves
from memslot_spec.model.replies import Accessed, Mmio, Refused
from memslot_spec.moments.mmu import BackedAccess

REACHED, EFAULT, EMULATED = "the page", "EFAULT", "MMIO: emulated"
AS_NO_SLOT = "as where no slot is"


@choice(
    id="host-hole",
    title="An access where the host may have no page",
    options=(EFAULT, REACHED, AS_NO_SLOT),
    source="6.1 arch/x86/kvm/mmu/mmu.c:3165, kvm_handle_bad_page(): -EFAULT; "
    "arch/x86/kvm/x86.c:7614, emulator_read_write_onepage(): MMIO; v2.6.34, "
    "tdp_page_fault(): is_error_pfn() is MMIO",
    profiles=BOTH,
    clauses=("MMU-1",),
    on=BackedAccess,
    operations=("GuestAccess",),
    holes=True,
)
def host_hole(facts: Facts, backed: BackedAccess) -> str | None:
    """How an access ended whose host address is in a hole."""
    access, slot = backed.access, backed.slot
    if not facts.limits.may_fault(slot.hva_of(access.gfn)):
        return None
    if isinstance(backed.reply, Accessed):
        return REACHED
    if isinstance(backed.reply, Refused):
        return EFAULT
    ends = backed.explained and serves(slot, access)
    return AS_NO_SLOT if ends else None


@choice(
    id="private-access",
    title="An access to a frame of a private slot",
    options=(REACHED, EMULATED),
    source="6.1 arch/x86/kvm/mmu/mmu.c:4166, kvm_faultin_pfn(): RET_PF_EMULATE for "
    "APIC_ACCESS_PAGE_PRIVATE_MEMSLOT",
    profiles=BOTH,
    clauses=("MMU-1",),
    on=BackedAccess,
    operations=("GuestAccess",),
    private=True,
)
def private_access(facts: Facts, backed: BackedAccess) -> str | None:
    """How an access to one of the kernel's own slots ended."""
    if backed.slot.id < facts.limits.user_slots:
        return None
    if isinstance(backed.reply, Accessed):
        return REACHED
    return EMULATED if isinstance(backed.reply, Mmio) else None


USERS_SMALL, EVERY_LIST = "4 KiB pages of user slots", "every reverse map"


@choice(
    id="audit-extent",
    title="What count_rmaps counts",
    options=(USERS_SMALL, EVERY_LIST),
    source="patch, count_rmaps(), whose result audit_rmap() does not look at",
    profiles=ONLY_2_6_34,
    clauses=("RMAP-4",),
    on=RmapsCounted,
    operations=("CountRmaps",),
    points=("RmapAdded", "RmapRemoved"),
)
def audit_extent(facts: Facts, event: RmapsCounted) -> str | None:
    """Which reverse maps the audit counted, where it shows."""
    least = facts.shadow.small_entries(facts.limits.user_slots)
    if least == facts.shadow.entries():
        return None
    return USERS_SMALL if event.count == least else EVERY_LIST


CHOICES: tuple[AnyChoice, ...] = (host_hole, private_access, audit_extent)
