"""Shadow pages: what a guest access reaches, and the slot ids in bitmaps.

A shadow page's slot bitmap says which slots have sptes in it; write protection
of a slot visits only the pages whose bitmap names it. A missing bit is a page
that is never protected; a bit too many costs a visit.
"""

from __future__ import annotations

from collections.abc import Iterable

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.mmu import ShadowPageCreated, SpteMapped
from memslot_spec.known import Known
from memslot_spec.model.operations import AllocateRoot
from memslot_spec.model.profile import ONLY_2_6_34
from memslot_spec.model.readers import is_visible_gfn
from memslot_spec.model.replies import Done
from memslot_spec.moments.mmu import BackedAccess, MappedAtRest, SpteInSlot
from memslot_spec.moments.replies import Answered


def the_right_page(facts: Facts, backed: BackedAccess) -> str:
    access, slot = backed.access, backed.slot
    if slot.readonly and access.write:
        return "MMIO: the slot is READONLY"
    hva = slot.hva_of(access.gfn)
    or_fault = ", or EFAULT" if facts.limits.may_fault(hva) else ""
    return f"the page at hva {hva:#x}{or_fault}"


def is_of_userspace(facts: Facts, backed: BackedAccess) -> bool:
    return backed.slot.id < facts.limits.user_slots


@clause(
    id="MMU-1",
    title="An access reaches the page its slot defines",
    must="A guest access to a frame of a valid user slot MUST reach the page that the "
    "slot defines there, or exit to user space as MMIO where it writes to a READONLY "
    "slot. Where the host has no page for it, it may fail with EFAULT; one by the "
    "emulator or by a walk of the page table, and any in v2.6.34, may end as one in "
    "no slot.",
    known=Known(
        read="patch, tdp_page_fault(): is_error_pfn() is MMIO; 6.1 "
        "arch/x86/kvm/mmu/mmu.c:4153, kvm_faultin_pfn(); 3165, kvm_handle_bad_page(); "
        "arch/x86/kvm/x86.c:7614, emulator_read_write_onepage()",
        last_read="2026-11-27",
    ),
    rows=(16, 46),
    on=BackedAccess,
    premise=is_of_userspace,
    expected=the_right_page,
    operations=("GuestAccess",),
)
def right_page(facts: Facts, backed: BackedAccess) -> bool:
    return backed.explained


def lacks_its_bit(facts: Facts, mapped: SpteInSlot) -> bool:
    """The page's slot bitmap is known, and the slot's id is not in it."""
    page = facts.shadow.pages.get(mapped.place[0])
    return page is not None and mapped.slot.id not in page.slot_ids


def the_bits(facts: Facts, rest: MappedAtRest) -> str:
    return "; ".join(
        f"the bit of slot {mapped.slot.id} in shadow page {mapped.place[0]}, which "
        f"maps gfn {mapped.spte.gfn:#x} of it"
        for mapped in rest.sptes
        if lacks_its_bit(facts, mapped)
    )


def bits_of(slot_ids: Iterable[int]) -> str:
    """The bits of a slot bitmap, such as `the bits of slots 0, 3`."""
    ids = ", ".join(map(str, sorted(slot_ids)))
    return f"the bits of slots {ids}" if ids else "no bit"


def the_bits_set(facts: Facts, rest: MappedAtRest) -> str:
    pages = {m.place[0] for m in rest.sptes if lacks_its_bit(facts, m)}
    return "; ".join(
        f"shadow page {page} has {bits_of(facts.shadow.pages[page].slot_ids)}"
        for page in sorted(pages)
    )


@clause(
    id="MMU-2",
    title="A shadow page's bitmap names the slots it maps",
    must="When mmu_lock is given back, the bit of the slot that covers an spte's "
    "frame, in the table used for its fault, MUST be set in the slot bitmap of the "
    "spte's shadow page.",
    known=Known(
        read="patch, page_header_update_slot()",
        last_read="2026-11",
    ),
    rows=(46,),
    profiles=ONLY_2_6_34,
    on=MappedAtRest,
    expected=the_bits,
    observed=the_bits_set,
    points=(
        "MmuUnlocked",
        "SpteMapped",
        "SpteRemoved",
        "SlotBitSet",
        "ShadowPageCreated",
        "TablePublished",
    ),
)
def bit_of_the_slot(facts: Facts, rest: MappedAtRest) -> bool:
    return not any(lacks_its_bit(facts, mapped) for mapped in rest.sptes)


def room_for_every_id(facts: Facts, event: ShadowPageCreated) -> str:
    ids = facts.limits.user_slots + facts.profile.private_slots
    return f"a slot bitmap of at least {ids} bits: private slots have ids too"


def its_room(facts: Facts, event: ShadowPageCreated) -> str:
    return f"shadow page {event.page} is made with a bitmap of {event.capacity} bits"


@clause(
    id="MMU-3",
    title="A slot bitmap has room for every id",
    must="A slot bitmap MUST be able to hold every slot id, private ones included.",
    known=Known(
        read="v2.6.34 arch/x86/include/asm/kvm_host.h, struct kvm_mmu_page: "
        "KVM_MEMORY_SLOTS + KVM_PRIVATE_MEM_SLOTS",
        last_read="2026-11-27",
    ),
    rows=(47,),
    profiles=ONLY_2_6_34,
    on=ShadowPageCreated,
    expected=room_for_every_id,
    observed=its_room,
)
def room_for_all(facts: Facts, event: ShadowPageCreated) -> bool:
    return event.capacity >= facts.limits.user_slots + facts.profile.private_slots


def its_first_bits(facts: Facts, event: ShadowPageCreated) -> str:
    return f"shadow page {event.page} is made with {bits_of(event.slot_ids)}"


@clause(
    id="MMU-4",
    title="A new shadow page has an empty bitmap",
    must="The slot bitmap of a new shadow page MUST be empty.",
    known=Known(
        read="v2.6.34 arch/x86/kvm/mmu.c, kvm_mmu_alloc_page(): bitmap_zero()",
        last_read="2026-11-27",
    ),
    rows=(47,),
    profiles=ONLY_2_6_34,
    on=ShadowPageCreated,
    expected="an empty slot bitmap in a new shadow page",
    observed=its_first_bits,
)
def born_empty(facts: Facts, event: ShadowPageCreated) -> bool:
    return not event.slot_ids


def asks_for_invisible_root(facts: Facts, answered: Answered) -> bool:
    """The frame is visible in none of the tables that may explain the answer."""
    operation = answered.operation
    return isinstance(operation, AllocateRoot) and not any(
        is_visible_gfn(table, operation.gfn, facts.limits)
        for table in answered.candidates
    )


@clause(
    id="MMU-5",
    title="No root for a frame that is not visible",
    must="A shadow root MUST be refused for a frame that is not visible.",
    known=Known(
        read="patch, mmu_check_root(); 6.1 has it too: 6.1 "
        "arch/x86/kvm/mmu/mmu.c:3531, mmu_check_root()",
        last_read="2026-11-27",
        derived="it binds v2.6.34 alone because later kernels load a dummy root "
        "instead, which is remembered of them and was not looked up",
    ),
    rows=(49,),
    profiles=ONLY_2_6_34,
    on=Answered,
    premise=asks_for_invisible_root,
    expected="the root refused: its frame is not visible",
    observed="done: the root is granted",
    operations=("AllocateRoot",),
)
def root_is_visible(facts: Facts, answered: Answered) -> bool:
    return not isinstance(answered.reply, Done)


def was_zapped(facts: Facts, event: SpteMapped) -> str:
    return f"no spte in shadow page {event.page}, which is zapped"


def has_zapped_pages(facts: Facts, event: SpteMapped) -> bool:
    return bool(facts.shadow.zapped)


@clause(
    id="MMU-12",
    title="A zapped shadow page gets no spte",
    must="A fault MUST NOT install an spte in a shadow page that has been zapped.",
    known=Known(
        read="commit a955cad84cda; 6.1 arch/x86/kvm/mmu/mmu.c:4213, "
        "is_page_fault_stale()",
        last_read="2026-11",
    ),
    rows=(46,),
    on=SpteMapped,
    premise=has_zapped_pages,
    expected=was_zapped,
    points=("ShadowPageCreated", "ShadowPageZapped"),
)
def in_a_live_page(facts: Facts, event: SpteMapped) -> bool:
    return event.page not in facts.shadow.zapped


CLAUSES: tuple[AnyClause, ...] = (
    right_page,
    bit_of_the_slot,
    room_for_all,
    born_empty,
    root_is_visible,
    in_a_live_page,
)
