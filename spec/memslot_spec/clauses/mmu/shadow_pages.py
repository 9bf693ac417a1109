"""Shadow pages: what a guest access reaches, and the slot ids in bitmaps.

A shadow page's slot bitmap says which slots have sptes in it; write protection
of a slot visits only the pages whose bitmap names it. A missing bit is a page
that is never protected; a bit too many costs a visit.
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.mmu import Place
from memslot_spec.history.points.mmu import ShadowPageCreated
from memslot_spec.model.operations import AllocateRoot, GuestAccess
from memslot_spec.model.profile import ONLY_2_6_34
from memslot_spec.model.readers import gfn_to_memslot, is_visible_gfn
from memslot_spec.model.replies import Done
from memslot_spec.moments.mmu import AtRest
from memslot_spec.moments.replies import Answered


def accesses_backed_memory(facts: Facts, answered: Answered) -> bool:
    """The one candidate table has a valid slot at the frame."""
    operation = answered.operation
    if not isinstance(operation, GuestAccess) or len(answered.candidates) != 1:
        return False
    slot = gfn_to_memslot(answered.candidates[0], operation.gfn, operation.as_id)
    return slot is not None and not slot.invalid


def expects_the_right_page(facts: Facts, answered: Answered) -> str:
    """The page's host address."""
    operation = answered.operation
    if not isinstance(operation, GuestAccess):
        return ""
    slot = gfn_to_memslot(answered.candidates[0], operation.gfn, operation.as_id)
    if slot is None:
        return ""
    if slot.readonly and operation.write:
        return "MMIO: the slot is READONLY"
    return f"the page at hva {slot.hva_of(operation.gfn):#x}"


@clause(
    id="MMU-1",
    title="An access reaches the page its slot defines",
    must="A guest access to a frame of a valid slot MUST reach the page that the "
    "slot defines there, or leave as MMIO where it writes to a READONLY slot.",
    source="tdp_page_fault, gfn_to_pfn",
    rows=(16, 46),
    on=Answered,
    premise=accesses_backed_memory,
    expected=expects_the_right_page,
    operations=("GuestAccess",),
)
def right_page(facts: Facts, answered: Answered) -> bool:
    return answered.explained


def _mapped(facts: Facts, rest: AtRest) -> tuple[Place, ...]:
    """The touched places that hold an spte whose slot is known."""
    sptes = facts.shadow.sptes
    return tuple(
        place
        for place in rest.touched
        if place in sptes and sptes[place].slot is not None
    )


def mapped_something(facts: Facts, rest: AtRest) -> bool:
    """At least one spte was installed since the last rest."""
    return bool(_mapped(facts, rest))


def _unmarked(facts: Facts, rest: AtRest) -> tuple[Place, ...]:
    """The places whose slot's id is not in their page's bitmap."""
    found: list[Place] = []
    for place in _mapped(facts, rest):
        slot = facts.shadow.sptes[place].slot
        page = facts.shadow.pages.get(place[0])
        if slot is not None and page is not None and slot.id not in page.slot_ids:
            found.append(place)
    return tuple(found)


def expects_bit(facts: Facts, rest: AtRest) -> str:
    """Which bit is missing where."""
    words: list[str] = []
    for place in _unmarked(facts, rest):
        spte = facts.shadow.sptes[place]
        slot_id = "?" if spte.slot is None else spte.slot.id
        has = sorted(facts.shadow.pages[place[0]].slot_ids)
        words.append(
            f"bit {slot_id} in the slot bitmap of shadow page {place[0]}, which maps "
            f"gfn {spte.gfn:#x} of that slot; the bitmap holds {has}"
        )
    return "; ".join(words)


@clause(
    id="MMU-2",
    title="A shadow page's bitmap names the slots it maps",
    must="When an spte is installed, the bit of the id of the slot that covers its "
    "frame, in the table used for the fault, MUST be set in the shadow page's "
    "slot bitmap.",
    source="seed, page_header_update_slot",
    rows=(46,),
    profiles=ONLY_2_6_34,
    on=AtRest,
    premise=mapped_something,
    expected=expects_bit,
    points=(
        "MmuUnlocked",
        "SpteMapped",
        "SpteRemoved",
        "SlotBitSet",
        "ShadowPageCreated",
        "TablePublished",
    ),
)
def bit_of_the_slot(facts: Facts, rest: AtRest) -> bool:
    return not _unmarked(facts, rest)


def is_any_page(facts: Facts, event: ShadowPageCreated) -> bool:
    """A shadow page is made."""
    return True


def expects_room(facts: Facts, event: ShadowPageCreated) -> str:
    """How many ids there are."""
    ids = facts.limits.user_slots + facts.profile.private_slots
    return f"a slot bitmap of at least {ids} bits: private slots have ids too"


@clause(
    id="MMU-3",
    title="A slot bitmap has room for every id",
    must="A slot bitmap MUST be able to hold every slot id, private ones included.",
    source="arch/x86/include/asm/kvm_host.h: KVM_MEMORY_SLOTS + KVM_PRIVATE_MEM_SLOTS",
    rows=(47,),
    profiles=ONLY_2_6_34,
    on=ShadowPageCreated,
    premise=is_any_page,
    expected=expects_room,
)
def room_for_all(facts: Facts, event: ShadowPageCreated) -> bool:
    return event.capacity >= facts.limits.user_slots + facts.profile.private_slots


@clause(
    id="MMU-4",
    title="A new shadow page has an empty bitmap",
    must="The slot bitmap of a new shadow page MUST be empty.",
    source="arch/x86/kvm/mmu.c, kvm_mmu_alloc_page: bitmap_zero",
    rows=(47,),
    profiles=ONLY_2_6_34,
    on=ShadowPageCreated,
    premise=is_any_page,
    expected="an empty slot bitmap in a new shadow page",
)
def born_empty(facts: Facts, event: ShadowPageCreated) -> bool:
    return not event.slot_ids


def asks_for_invisible_root(facts: Facts, answered: Answered) -> bool:
    """The frame is visible in no table that may be current."""
    operation = answered.operation
    return isinstance(operation, AllocateRoot) and not any(
        is_visible_gfn(table, operation.gfn, facts.limits)
        for table in answered.candidates
    )


@clause(
    id="MMU-5",
    title="No root for a frame that is not visible",
    must="A shadow root MUST be refused for a frame that is not visible.",
    source="arch/x86/kvm/mmu.c, mmu_check_root",
    rows=(49,),
    profiles=ONLY_2_6_34,
    on=Answered,
    premise=asks_for_invisible_root,
    expected="the root refused: its frame is not visible",
    operations=("AllocateRoot",),
)
def root_is_visible(facts: Facts, answered: Answered) -> bool:
    return not isinstance(answered.reply, Done)


CLAUSES: tuple[AnyClause, ...] = (
    right_page,
    bit_of_the_slot,
    room_for_all,
    born_empty,
    root_is_visible,
)
