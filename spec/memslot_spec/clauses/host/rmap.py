"""Reverse maps and host notifications: from a host page back to its sptes."""

from __future__ import annotations

from memslot_spec.arithmetic.ranges import rmap_index
from memslot_spec.clause import AnyClause, Clause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.mmu import Place, RmapKey, pages_at
from memslot_spec.history.points.mmu import RmapIndexed, RmapsCounted, SpteRemoved
from memslot_spec.model.operations import UnmapHva
from memslot_spec.moments.mmu import AtRest
from memslot_spec.moments.replies import Answered


def _key(facts: Facts, place: Place) -> RmapKey | None:
    """The one reverse map on which the spte at this place belongs."""
    spte = facts.shadow.sptes.get(place)
    if spte is None or spte.slot is None:
        return None
    index = rmap_index(spte.gfn, spte.slot.base, pages_at(spte.level))
    return spte.slot.id, spte.level, index


def mapped_something(facts: Facts, rest: AtRest) -> bool:
    """An spte through a known slot stands where something was touched."""
    return any(_key(facts, place) is not None for place in rest.touched)


def _misplaced(facts: Facts, rest: AtRest) -> tuple[Place, ...]:
    return tuple(
        place
        for place in rest.touched
        if (key := _key(facts, place)) is not None
        and facts.shadow.held_by.get(place) != [key]
    )


def expects_its_map(facts: Facts, rest: AtRest) -> str:
    """Where it should be, and where it is."""
    words = [
        f"the spte at {place} on reverse map {_key(facts, place)} alone; it is on "
        f"{facts.shadow.held_by.get(place, [])}"
        for place in _misplaced(facts, rest)
    ]
    return "; ".join(words)


@clause(
    id="RMAP-1",
    title="Every spte is on its one reverse map",
    must="Every present leaf spte MUST be on exactly one reverse map: that of its "
    "slot and its frame's offset, at its level.",
    source="arch/x86/kvm/mmu.c, rmap_add, rmap_remove",
    rows=(50,),
    on=AtRest,
    premise=mapped_something,
    expected=expects_its_map,
    points=(
        "MmuUnlocked",
        "SpteMapped",
        "SpteRemoved",
        "RmapAdded",
        "RmapRemoved",
        "TablePublished",
    ),
)
def on_one_map(facts: Facts, rest: AtRest) -> bool:
    return not _misplaced(facts, rest)


def clears_a_leaf(facts: Facts, event: SpteRemoved) -> bool:
    """The spte that goes is one that was announced."""
    return (event.page, event.index) in facts.shadow.sptes


def expects_off_its_map(facts: Facts, event: SpteRemoved) -> str:
    """Off every map."""
    keys = facts.shadow.held_by.get((event.page, event.index), [])
    return f"the spte taken off its reverse map before it is cleared; it is on {keys}"


@clause(
    id="RMAP-2",
    title="An spte leaves its reverse map before it is cleared",
    must="An spte MUST be taken off its reverse map before it is cleared.",
    source="commit 6d74229f013",
    rows=(50,),
    on=SpteRemoved,
    premise=clears_a_leaf,
    expected=expects_off_its_map,
    points=("RmapAdded", "RmapRemoved", "SpteMapped"),
)
def removed_first(facts: Facts, event: SpteRemoved) -> bool:
    return not facts.shadow.held_by.get((event.page, event.index))


def is_a_huge_index(facts: Facts, event: RmapIndexed) -> bool:
    """The position of a huge page is computed."""
    return event.level > 1 and event.slot_id is not None


def expects_huge_index(facts: Facts, event: RmapIndexed) -> str:
    """The index."""
    pages = pages_at(event.level)
    return (
        f"index {rmap_index(event.gfn, event.base, pages)} = {event.gfn:#x} // {pages} "
        f"- {event.base:#x} // {pages}, for {event.use.value}"
    )


@clause(
    id="RMAP-3",
    title="A huge page's index counts huge pages",
    must="The reverse-map index of a huge page MUST be gfn / H - base / H, where a "
    "fault adds, where an spte is removed, and in the host address walk.",
    source="gfn_to_rmap; commit 6e3e243c3b6e",
    rows=(51,),
    on=RmapIndexed,
    premise=is_a_huge_index,
    expected=expects_huge_index,
)
def huge_index(facts: Facts, event: RmapIndexed) -> bool:
    return event.index == rmap_index(event.gfn, event.base, pages_at(event.level))


def is_any_count(facts: Facts, event: RmapsCounted) -> bool:
    """The audit counted."""
    return True


def expects_every_entry(facts: Facts, event: RmapsCounted) -> str:
    """How many there are."""
    return f"{facts.shadow.entries()} sptes on the reverse maps of all slots"


@clause(
    id="RMAP-4",
    title="The audit counts every entry",
    must="count_rmaps MUST count every spte on the reverse maps of all slots.",
    source="seed, count_rmaps; commit 805d32dea4df",
    rows=(50,),
    on=RmapsCounted,
    premise=is_any_count,
    expected=expects_every_entry,
    points=("RmapAdded", "RmapRemoved"),
)
def counted(facts: Facts, event: RmapsCounted) -> bool:
    return event.count == facts.shadow.entries()


def unmaps_mapped_memory(facts: Facts, answered: Answered) -> bool:
    """The host takes a page away that sptes map."""
    known = facts.calls.get(answered.thread)
    return (
        isinstance(answered.operation, UnmapHva)
        and known is not None
        and bool(known.mappings)
    )


def mappings_are_gone(facts: Facts, answered: Answered) -> bool:
    """None of the mappings that stood at the call stands any more."""
    known = facts.calls.get(answered.thread)
    standing = {spte.serial for spte in facts.shadow.sptes.values()}
    return known is None or not known.mappings & standing


def expects_unmapped(facts: Facts, answered: Answered) -> str:
    """Which mappings are left."""
    known = facts.calls.get(answered.thread)
    left: frozenset[int] = frozenset() if known is None else known.mappings
    gfns = sorted(s.gfn for s in facts.shadow.sptes.values() if s.serial in left)
    frames = ", ".join(f"{gfn:#x}" for gfn in gfns)
    return f"no spte left that maps the host page; gfn {frames} still does"


REACHES_EVERY_SLOT = Clause(
    id="HVA-1",
    title="A host event reaches every slot",
    must="An unmap of a host page MUST reach every slot that covers it, INVALID "
    "ones included, and leave no spte that maps it.",
    source="seed, kvm_handle_hva",
    rows=(52,),
    on=Answered,
    premise=unmaps_mapped_memory,
    expected=expects_unmapped,
    operations=("UnmapHva",),
    points=("SpteMapped", "SpteRemoved", "TablePublished"),
    holds=mappings_are_gone,
)


def unmaps_address_zero(facts: Facts, answered: Answered) -> bool:
    """The page is the one at host address 0, and sptes map it."""
    operation = answered.operation
    return (
        isinstance(operation, UnmapHva)
        and operation.hva >> 12 == 0
        and unmaps_mapped_memory(facts, answered)
    )


ZERO_IS_AN_ADDRESS = Clause(
    id="HVA-2",
    title="Host address 0 is not special",
    must="An unmap of the host page at address 0 MUST reach the slots that cover it.",
    source="seed, kvm_handle_hva: the test of a zero address is dropped",
    rows=(52,),
    on=Answered,
    premise=unmaps_address_zero,
    expected=expects_unmapped,
    operations=("UnmapHva",),
    points=("SpteMapped", "SpteRemoved", "TablePublished"),
    holds=mappings_are_gone,
)


CLAUSES: tuple[AnyClause, ...] = (
    on_one_map,
    removed_first,
    huge_index,
    counted,
    REACHES_EVERY_SLOT,
    ZERO_IS_AN_ADDRESS,
)
