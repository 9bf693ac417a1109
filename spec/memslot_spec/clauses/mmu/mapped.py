"""Every spte by itself: whoever made it, it maps memory of one slot, as that allows.

Most sptes are made for an access, which is judged by the page that it reaches. An spte
also maps frames that nobody has accessed yet: those of a large page, those that are
mapped ahead of time, those of an spte that replaces others.
"""

from __future__ import annotations

from collections.abc import Iterator

from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.mmu import pages_at
from memslot_spec.history.points.mmu import SpteMapped
from memslot_spec.history.words.names import slot_name
from memslot_spec.known import Known
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.model.values import Slot


def slots_of(facts: Facts, event: SpteMapped) -> Iterator[Slot]:
    """The slots, in the table that the spte was made from, that have all its frames."""
    table = facts.tables.versions[facts.version(event.table)]
    first, stop = event.gfn, event.gfn + pages_at(event.level)
    for slot in table:
        if slot.as_id != event.as_id:
            continue
        if slot.base <= first and stop <= slot.base + slot.npages:
            yield slot


def where_one_slot_is(facts: Facts, event: SpteMapped) -> str:
    found = [
        f"gfn {event.gfn:#x} is at hva {slot.hva_of(event.gfn):#x} in "
        f"{slot_name(slot.id, slot.as_id)}"
        for slot in slots_of(facts, event)
    ]
    frames = f"gfn {event.gfn:#x} to {event.gfn + pages_at(event.level) - 1:#x}"
    return " or ".join(found) or f"no spte: no slot has all of {frames}"


@clause(
    id="MMU-20",
    title="An spte maps frames of one slot",
    must="Every frame that an spte maps MUST lie in one slot of the table from which "
    "the spte was made, and be mapped to the host address that this slot gives it, "
    "whatever the spte was made for.",
    known=Known(
        read="v2.6.34, __kvm_set_memory_region(): lpage_info[i][0].write_count = 1; "
        "6.1 arch/x86/kvm/x86.c:12814, kvm_alloc_memslot_metadata(): disallow_lpage; "
        "arch/x86/kvm/mmu/mmu.c:3040, kvm_mmu_max_mapping_level(); commit 6794ad5443a2",
        last_read="2026-11-27",
    ),
    rows=(16, 46, 51),
    on=SpteMapped,
    expected=where_one_slot_is,
    points=("TablePublished",),
)
def within_one_slot(facts: Facts, event: SpteMapped) -> bool:
    return any(s.hva_of(event.gfn) == event.hva for s in slots_of(facts, event))


def is_readonly(facts: Facts, event: SpteMapped) -> bool:
    slots = [s for s in slots_of(facts, event) if s.hva_of(event.gfn) == event.hva]
    return bool(slots) and all(slot.readonly for slot in slots)


@clause(
    id="MMU-21",
    title="An spte of a READONLY slot is not writable",
    must="An spte that maps frames of a READONLY slot MUST NOT be writable.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:2737, __gfn_to_pfn_memslot(): a READONLY slot "
        "clears *writable; api.rst 4.35, KVM_MEM_READONLY",
        last_read="2026-11-27",
    ),
    rows=(16,),
    profiles=ONLY_LINUX,
    on=SpteMapped,
    premise=is_readonly,
    expected="an spte that is not writable: its slot is READONLY",
    points=("TablePublished",),
)
def as_writable_as_its_slot(facts: Facts, event: SpteMapped) -> bool:
    return not event.writable


def is_large(facts: Facts, event: SpteMapped) -> bool:
    return pages_at(event.level) > 1


def where_alike(facts: Facts, event: SpteMapped) -> str:
    size = pages_at(event.level) * PAGE_SIZE
    return f"gfn {event.gfn:#x} at a host address that is a multiple of {size:#x}"


@clause(
    id="MMU-29",
    title="A large spte maps memory aligned as its frames are",
    must="An spte that maps more than one frame MUST map host memory that begins at a "
    "multiple of its size: a slot in which frames and host addresses are not aligned "
    "with each other is mapped by sptes of one frame.",
    known=Known(
        read="v2.6.34, __kvm_set_memory_region(): (base_gfn ^ ugfn) & "
        "(KVM_PAGES_PER_HPAGE(level) - 1) sets every write_count; 6.1 "
        "arch/x86/kvm/x86.c:12822, kvm_alloc_memslot_metadata(): disallow_lpage",
        last_read="2026-11-27",
    ),
    rows=(16, 46, 51),
    on=SpteMapped,
    premise=is_large,
    expected=where_alike,
    points=("TablePublished",),
)
def aligned_alike(facts: Facts, event: SpteMapped) -> bool:
    return not event.hva % (pages_at(event.level) * PAGE_SIZE)


CLAUSES: tuple[AnyClause, ...] = (
    within_one_slot,
    as_writable_as_its_slot,
    aligned_alike,
)
