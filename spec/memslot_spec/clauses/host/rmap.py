"""Reverse maps and host notifications: from a host page back to its sptes."""

from __future__ import annotations

from memslot_spec.arithmetic.ranges import PAGE_SHIFT, rmap_index
from memslot_spec.clause import AnyClause, Implied, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.mmu import RmapKey, pages_at
from memslot_spec.history.points.mmu import RmapIndexed, RmapsCounted, SpteRemoved
from memslot_spec.history.words import count
from memslot_spec.history.words.names import slot_name
from memslot_spec.known import Known
from memslot_spec.model.profile import ONLY_2_6_34
from memslot_spec.moments.host import HostUnmap, InvalidAged, UnmapWalk
from memslot_spec.moments.mmu import MappedAtRest, SpteInSlot, gfns_of


def its_map(mapped: SpteInSlot) -> RmapKey:
    """The one reverse map on which an spte belongs."""
    spte, slot = mapped.spte, mapped.slot
    index = rmap_index(spte.gfn, slot.base, pages_at(spte.level))
    return slot.as_id, slot.id, spte.level, index


def map_words(key: RmapKey) -> str:
    as_id, slot_id, level, index = key
    return f"reverse map {index:#x} of {slot_name(slot_id, as_id)} at level {level}"


def misplaced(facts: Facts, rest: MappedAtRest) -> list[tuple[SpteInSlot, str]]:
    """The sptes that are not on their one reverse map, and where each one is."""
    held = ((mapped, facts.shadow.held_by.get(mapped.place)) for mapped in rest.sptes)
    return [
        (mapped, " and ".join(map(map_words, keys or ())) or "no reverse map")
        for mapped, keys in held
        if keys != [its_map(mapped)]
    ]


def on_its_map_alone(facts: Facts, rest: MappedAtRest) -> str:
    return "; ".join(
        f"the spte of gfn {mapped.spte.gfn:#x} on {map_words(its_map(mapped))} alone"
        for mapped, _ in misplaced(facts, rest)
    )


def where_they_are(facts: Facts, rest: MappedAtRest) -> str:
    return "; ".join(
        f"the spte of gfn {mapped.spte.gfn:#x} is on {maps}"
        for mapped, maps in misplaced(facts, rest)
    )


@clause(
    id="RMAP-1",
    title="Every spte is on its one reverse map",
    must="Where sptes are found by reverse maps, every present leaf spte MUST be on "
    "exactly one when mmu_lock is given back: that of its slot and its frame's "
    "offset, at its level.",
    known=Known(
        read="patch, rmap_add(), rmap_remove(); 6.1 arch/x86/kvm/mmu/mmu.c:1589, "
        "__rmap_add(); not the TDP MMU: 6.1 arch/x86/kvm/mmu.h:262, "
        "kvm_memslots_have_rmaps()",
        last_read="2026-11",
    ),
    rows=(50,),
    on=MappedAtRest,
    expected=on_its_map_alone,
    observed=where_they_are,
    points=(
        "MmuUnlocked",
        "SpteMapped",
        "SpteRemoved",
        "RmapAdded",
        "RmapRemoved",
        "TablePublished",
    ),
)
def on_one_map(facts: Facts, rest: MappedAtRest) -> bool:
    held_by = facts.shadow.held_by
    return all(held_by.get(m.place) == [its_map(m)] for m in rest.sptes)


def clears_a_leaf(facts: Facts, event: SpteRemoved) -> bool:
    return (event.page, event.index) in facts.shadow.sptes


def still_on_its_map(facts: Facts, event: SpteRemoved) -> str:
    keys = facts.shadow.held_by.get((event.page, event.index), [])
    maps = " and ".join(map(map_words, keys))
    return f"spte {event.page}[{event.index}] cleared while it is on {maps}"


@clause(
    id="RMAP-2",
    title="An spte leaves its reverse map before it is cleared",
    must="An spte MUST be taken off its reverse map before it is cleared: the removal "
    "reads it.",
    known=Known(
        read="v2.6.34 arch/x86/kvm/mmu.c, rmap_remove(): is_rmap_spte(*spte); today "
        "the other way round: 6.1 arch/x86/kvm/mmu/mmu.c:1153, drop_spte()",
        last_read="2026-11",
    ),
    rows=(50,),
    profiles=ONLY_2_6_34,
    on=SpteRemoved,
    premise=clears_a_leaf,
    expected="the spte taken off its reverse map before it is cleared",
    observed=still_on_its_map,
    points=("RmapAdded", "RmapRemoved", "SpteMapped"),
)
def removed_first(facts: Facts, event: SpteRemoved) -> bool:
    return not facts.shadow.held_by.get((event.page, event.index))


def is_a_huge_index(facts: Facts, event: RmapIndexed) -> bool:
    return event.level > 1 and event.slot_id is not None


def the_huge_index(facts: Facts, event: RmapIndexed) -> str:
    pages = pages_at(event.level)
    return (
        f"index {rmap_index(event.gfn, event.base, pages)} = {event.gfn:#x} // {pages} "
        f"- {event.base:#x} // {pages}, for {event.use.value}"
    )


def the_index(facts: Facts, event: RmapIndexed) -> str:
    return f"index {event.index} in the reverse map of slot {event.slot_id}"


@clause(
    id="RMAP-3",
    title="A huge page's index counts huge pages",
    must="The reverse-map index of a huge page of H frames MUST be gfn / H - base / H, "
    "where a fault adds, where an spte is removed, and in the host address walk, as "
    "far as reverse maps are used there.",
    known=Known(
        read="patch, gfn_to_rmap(); 6.1 arch/x86/kvm/mmu/mmu.c:1036, gfn_to_rmap(); "
        "commit 6e3e243c3b6e",
        last_read="2026-11-27",
    ),
    rows=(51,),
    on=RmapIndexed,
    premise=is_a_huge_index,
    expected=the_huge_index,
    observed=the_index,
)
def huge_index(facts: Facts, event: RmapIndexed) -> bool:
    return event.index == rmap_index(event.gfn, event.base, pages_at(event.level))


def small_entries(facts: Facts) -> int:
    return facts.shadow.small_entries(facts.limits.user_slots)


def every_entry(facts: Facts, event: RmapsCounted) -> str:
    least, all_of_them = small_entries(facts), facts.shadow.entries()
    if least == all_of_them:
        return f"{count(least, 'spte')} on the reverse maps"
    return (
        f"{count(least, 'spte')} on the reverse maps of 4 KiB pages of user slots, or "
        f"up to {all_of_them} with the others"
    )


@clause(
    id="RMAP-4",
    title="The audit counts every 4 KiB spte of user slots",
    must="count_rmaps MUST count every spte on the reverse maps of 4 KiB pages of user "
    "slots, and nothing that is on no reverse map.",
    known=Known(
        read="patch, count_rmaps(): slots 0 to KVM_MEMORY_SLOTS - 1, m->rmap[j]; "
        "commit 805d32dea4df",
        last_read="2026-11",
    ),
    rows=(50,),
    profiles=ONLY_2_6_34,
    on=RmapsCounted,
    expected=every_entry,
    points=("RmapAdded", "RmapRemoved"),
)
def counted(facts: Facts, event: RmapsCounted) -> bool:
    return small_entries(facts) <= event.count <= facts.shadow.entries()


def was_mapped(facts: Facts, unmap: HostUnmap) -> bool:
    return unmap.was_mapped


NOTHING_LEFT = "no spte left of what the host unmaps"


def still_mapped(facts: Facts, unmap: HostUnmap) -> str:
    return f"gfn {gfns_of(unmap.left)} is still mapped to it"


@clause(
    id="HVA-1",
    title="An unmap removes every spte of the page",
    must="An unmap of a host page MUST leave no spte that maps it, through whichever "
    "slot, INVALID ones included.",
    known=Known(
        read="patch, kvm_handle_hva(); 6.1 virt/kvm/kvm_main.c:601, "
        "__kvm_handle_hva_range(); arch/x86/kvm/mmu/mmu.c:1534, kvm_unmap_gfn_range()",
        last_read="2026-11",
    ),
    rows=(52,),
    on=HostUnmap,
    premise=was_mapped,
    expected=NOTHING_LEFT,
    observed=still_mapped,
    operations=("UnmapHva",),
    points=("SpteMapped", "SpteRemoved", "TablePublished"),
)
def unmaps_in_every_slot(facts: Facts, unmap: HostUnmap) -> bool:
    return not unmap.left


def was_mapped_at_zero(facts: Facts, unmap: HostUnmap) -> bool:
    return unmap.was_mapped and unmap.start >> PAGE_SHIFT == 0


@clause(
    id="HVA-2",
    title="Host address 0 is not special",
    must="An unmap of the host page at address 0 MUST leave no spte that maps it.",
    known=Known(
        read="patch, kvm_handle_hva(): the test of a zero address is dropped",
        last_read="2026-11",
    ),
    implied=Implied(
        by=("HVA-1",),
        because="the page at address 0 is a page",
    ),
    rows=(52,),
    on=HostUnmap,
    premise=was_mapped_at_zero,
    expected=NOTHING_LEFT,
    observed=still_mapped,
    operations=("UnmapHva",),
    points=("SpteMapped", "SpteRemoved", "TablePublished"),
)
def zero_is_an_address(facts: Facts, unmap: HostUnmap) -> bool:
    return not unmap.left


def not_walked(facts: Facts, walk: UnmapWalk | InvalidAged) -> str:
    slots = ", ".join(slot_name(slot_id, as_id) for as_id, slot_id in walk.missed)
    return f"not walked: those of {slots}"


@clause(
    id="HVA-9",
    title="An unmap looks in every slot that maps the page",
    must="Where sptes are found by reverse maps, an unmap of a host page MUST look in "
    "those of every slot that has an spte for it, INVALID ones included, unless the "
    "spte is removed meanwhile.",
    known=Known(
        read="patch, kvm_handle_hva(); 6.1 virt/kvm/kvm_main.c:601, "
        "__kvm_handle_hva_range()",
        last_read="2026-11",
    ),
    rows=(52,),
    on=UnmapWalk,
    expected="the reverse maps walked of every slot that covers the host page",
    observed=not_walked,
    operations=("UnmapHva",),
    points=(
        "RmapIndexed",
        "RmapAdded",
        "SpteMapped",
        "SpteRemoved",
        "TablePublished",
    ),
)
def walks_every_slot(facts: Facts, walk: UnmapWalk) -> bool:
    return not walk.missed


CLAUSES: tuple[AnyClause, ...] = (
    on_one_map,
    removed_first,
    huge_index,
    counted,
    unmaps_in_every_slot,
    zero_is_an_address,
    walks_every_slot,
)
