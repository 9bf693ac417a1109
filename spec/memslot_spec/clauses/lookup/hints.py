"""Lookups that remember: the last slot found, a search over sorted slots.

Whatever they remember, the answer is that of a scan of the same table.
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause, Implied, clause
from memslot_spec.clauses.lookup.lookup import the_answer
from memslot_spec.facts.facts import Facts
from memslot_spec.history.words import describe_reply
from memslot_spec.known import Known
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.model.replies import FoundSlot
from memslot_spec.model.values import Slot
from memslot_spec.moments.lookups import Covered, HintUsed, LookedUp

SEARCH = (
    "patch, gfn_to_memslot_unaliased(); "
    "6.1 include/linux/kvm_host.h:1648, search_memslots()"
)
SEARCHES = ("GfnToMemslot", "VcpuGfnToMemslot")


def slots_of_the_space(looked_up: LookedUp) -> tuple[Slot, ...]:
    return tuple(s for s in looked_up.table if s.as_id == looked_up.as_id)


def is_first_or_last_frame(facts: Facts, covered: Covered) -> bool:
    slot = covered.slot
    return covered.hint is None and covered.gfn in (
        slot.base,
        slot.base + slot.npages - 1,
    )


@clause(
    id="LOOK-10",
    title="A search finds the first and the last frame",
    must="A search MUST find a slot from the first of its frames to the last, frame 0 "
    "included.",
    known=Known(
        read=f"{SEARCH}; commit efbeec7098ee",
        last_read="2026-11",
    ),
    implied=Implied(
        by=("LOOK-1", "CACHE-16"),
        because="the first and the last frame are covered",
    ),
    rows=(26,),
    on=Covered,
    premise=is_first_or_last_frame,
    expected=the_answer,
    any_operation=SEARCHES,
)
def finds_at_the_edge(facts: Facts, covered: Covered) -> bool:
    return covered.reply == FoundSlot(covered.slot)


def is_beside_the_slots(facts: Facts, looked_up: LookedUp) -> bool:
    """The frame is below every slot, above every slot, or next to one."""
    slots, gfn = slots_of_the_space(looked_up), looked_up.gfn
    if looked_up.slot is not None or looked_up.hint is not None or not slots:
        return False
    return (
        gfn < min(slot.base for slot in slots)
        or gfn >= max(slot.base + slot.npages for slot in slots)
        or any(gfn in (slot.base - 1, slot.base + slot.npages) for slot in slots)
    )


@clause(
    id="LOOK-11",
    title="A search finds nothing beside the slots",
    must="A search for a frame below all slots, above all slots, or next to one MUST "
    "find none.",
    known=Known(
        read=f"{SEARCH}; commit 0774a964ef56",
        last_read="2026-11",
    ),
    implied=Implied(
        by=("LOOK-2", "CACHE-17"),
        because="a frame beside the slots is in a hole",
    ),
    rows=(26,),
    on=LookedUp,
    premise=is_beside_the_slots,
    expected=the_answer,
    any_operation=SEARCHES,
)
def finds_nothing_beside(facts: Facts, looked_up: LookedUp) -> bool:
    return looked_up.reply == FoundSlot(None)


def in_an_empty_space(facts: Facts, looked_up: LookedUp) -> bool:
    # What a vCPU remembers is judged by CACHE-18.
    return looked_up.hint is None and not slots_of_the_space(looked_up)


@clause(
    id="LOOK-12",
    title="A search of no slots finds none",
    must="A search in an address space that has no slot MUST find none.",
    known=Known(
        read=SEARCH,
        last_read="2026-11",
        derived="a scan of no slots finds none, and so does a walk of a tree without "
        "nodes",
    ),
    implied=Implied(
        by=("LOOK-2", "CACHE-17"),
        because="without slots every frame is in a hole",
    ),
    rows=(26,),
    on=LookedUp,
    premise=in_an_empty_space,
    expected=the_answer,
    any_operation=SEARCHES,
)
def finds_nothing_in_nothing(facts: Facts, looked_up: LookedUp) -> bool:
    return looked_up.reply == FoundSlot(None)


def what_a_scan_finds(facts: Facts, used: HintUsed) -> str:
    return describe_reply(FoundSlot(used.slot))


def hint_is_right_or_absent(facts: Facts, used: HintUsed) -> bool:
    return used.slot is not None and used.hint in (None, used.slot)


@clause(
    id="CACHE-16",
    title="A vCPU's hint finds what a scan finds",
    must="kvm_vcpu_gfn_to_memslot of a covered frame MUST return the slot that a scan "
    "of the table finds.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:2340, kvm_vcpu_gfn_to_memslot(): last_used_slot",
        last_read="2026-11",
    ),
    rows=(26,),
    profiles=ONLY_LINUX,
    on=HintUsed,
    premise=hint_is_right_or_absent,
    expected=what_a_scan_finds,
    operations=("VcpuGfnToMemslot",),
)
def hint_finds(facts: Facts, used: HintUsed) -> bool:
    return used.reply == FoundSlot(used.slot)


def in_a_hole_without_hint(facts: Facts, used: HintUsed) -> bool:
    return used.slot is None and used.hint is None


@clause(
    id="CACHE-17",
    title="A vCPU's hint finds nothing in a hole",
    must="kvm_vcpu_gfn_to_memslot of a frame that no slot covers MUST return none, "
    "whatever the vCPU found before.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:2340, kvm_vcpu_gfn_to_memslot(): last_used_slot",
        last_read="2026-11",
    ),
    rows=(26,),
    profiles=ONLY_LINUX,
    on=HintUsed,
    premise=in_a_hole_without_hint,
    expected=what_a_scan_finds,
    operations=("VcpuGfnToMemslot",),
)
def hint_misses(facts: Facts, used: HintUsed) -> bool:
    return used.reply == FoundSlot(None)


def hint_is_of_an_earlier_table(facts: Facts, used: HintUsed) -> bool:
    """The slot that the vCPU found last is gone, or has changed."""
    return used.hint is not None and used.hint != used.slot


@clause(
    id="CACHE-18",
    title="A vCPU's hint does not outlive its table",
    must="kvm_vcpu_gfn_to_memslot MUST NOT return the slot of an earlier table, in "
    "which the vCPU found the frame before.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:2350, kvm_vcpu_gfn_to_memslot(): "
        "last_used_slot_gen",
        last_read="2026-11",
    ),
    rows=(26,),
    profiles=ONLY_LINUX,
    on=HintUsed,
    premise=hint_is_of_an_earlier_table,
    expected=what_a_scan_finds,
    operations=("VcpuGfnToMemslot",),
)
def hint_is_dropped(facts: Facts, used: HintUsed) -> bool:
    return used.reply == FoundSlot(used.slot)


SEARCH_CLAUSES: tuple[AnyClause, ...] = (
    finds_at_the_edge,
    finds_nothing_beside,
    finds_nothing_in_nothing,
)

HINT_CLAUSES: tuple[AnyClause, ...] = (hint_finds, hint_misses, hint_is_dropped)
