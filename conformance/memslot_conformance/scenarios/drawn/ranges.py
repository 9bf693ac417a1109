"""Requests to a table by ranges, drawn against the table that they find."""

from __future__ import annotations

from collections.abc import Iterator

from memslot_conformance.scenarios.drawn.situation import TRIES, Situation
from memslot_conformance.scenarios.drawn.touches import (
    FRAME,
    HOST,
    Left,
    TouchedRange,
)
from memslot_conformance.scenarios.drawn.weights import EVEN
from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.model.operations import (
    AddRange,
    GetDirtyRange,
    Operation,
    RemoveRange,
    ReplaceTable,
)
from memslot_spec.model.range_rules import BY_IDS, RangeRules, Removal
from memslot_spec.model.values import MemoryRange, Slot, SlotTable

ROOM = 12
"""Granules of a corner in which ranges are put, so that they meet and touch."""

SIZES = (1, 1, 2, 3, 4)
"""Granules of a range."""

OVERLAPPING = 0.15
"""How often what is added meets another range, where that is refused."""

WRONG = 0.3
"""How often a removal names frames that its rule forbids, or more than a range."""

KEPT = 0.6
"""How often a range stays, or comes again elsewhere, when the table is replaced."""

MOST_REPLACED = 3


AT_ONCE = 3
"""The most threads of a race that add ranges, none of which knows of the others'."""


def most_ranges(draw: Situation) -> int:
    """How many ranges a request may leave: who has all it can have may refuse more."""
    most = draw.header.domain.slots
    return max(most // AT_ONCE if draw.is_raced else most, 1)


def has_room(draw: Situation) -> bool:
    """One more range may be asked for."""
    return len(draw.table.slots) < most_ranges(draw)


def rules_of(draw: Situation) -> RangeRules:
    """What the target declares."""
    return draw.header.domain.ranges or BY_IDS


def draw_range(draw: Situation) -> MemoryRange:
    """Some range of the corner, wherever others are."""
    rng, grain = draw.rng, draw.header.domain.page_granule
    npages = min(rng.choice(SIZES) * grain, draw.largest_slot)
    gfn = draw.corner.base + rng.below(ROOM) * grain
    gfn = max(0, min(gfn, draw.last + 1 - npages)) // grain * grain
    return MemoryRange(gfn, npages, _host(draw, gfn, npages))


def _host(draw: Situation, gfn: int, npages: int) -> int:
    return draw.host_page(gfn, npages) << PAGE_SHIFT


def draw_add(draw: Situation) -> Operation:
    """A range beside the others, or over one of them where that is refused.

    Where there are as many as may be, one is removed.
    """
    if not has_room(draw):
        slot = aimed_at(draw)
        return RemoveRange(slot.base, slot.npages)
    one = draw_range(draw)
    refused = rules_of(draw).refuses_overlap and draw.rng.chance(OVERLAPPING)
    for _ in range(0 if refused else TRIES):
        if not draw.table.meeting(one.gfn, one.npages, 0):
            break
        one = draw_range(draw)
    if not rules_of(draw).refuses_overlap:
        met = draw.table.meeting(one.gfn, one.npages, 0)
        if met:
            return RemoveRange(met[0].base, met[0].npages)
    return AddRange(one.gfn, one.npages, one.hva)


def draw_remove(draw: Situation) -> Operation:
    """A range, or by the target's rule several, a part, or what may not be removed."""
    rng, slots = draw.rng, draw.table.slots
    if not slots:
        one = draw_range(draw)
        return RemoveRange(one.gfn, one.npages)
    slot = aimed_at(draw)
    if not rng.chance(WRONG) or not has_room(draw):
        return RemoveRange(slot.base, slot.npages)
    if rng.chance(EVEN):
        return _several(draw, slot)
    return _part(draw, slot)


def _several(draw: Situation, slot: Slot) -> RemoveRange:
    """From one range to the end of one that may lie behind it."""
    later = [one for one in draw.table if one.base >= slot.base][:MOST_REPLACED]
    last = draw.rng.choice(later)
    return RemoveRange(slot.base, last.base + last.npages - slot.base)


def _part(draw: Situation, slot: Slot) -> RemoveRange:
    """Some granules of a range, or some before or behind it as well."""
    rng, grain = draw.rng, draw.header.domain.page_granule
    first = max(slot.base + (rng.below(3) - 1) * grain, 0)
    npages = max(slot.npages + (rng.below(3) - 1) * grain, grain)
    return RemoveRange(first, min(npages, draw.last + 1 - first))


def draw_replace(draw: Situation) -> Operation:
    """A whole table: of what is there, of what was there elsewhere, of new ranges."""
    rng, grain = draw.rng, draw.header.domain.page_granule
    made: list[MemoryRange] = []
    for slot in draw.table:
        if rng.chance(KEPT):
            hva: int = slot.hva
            if rng.chance(EVEN):
                hva = _host(draw, slot.base, slot.npages)
            made.append(MemoryRange(slot.base, slot.npages, hva))
    for _ in range(rng.below(MOST_REPLACED)):
        one = draw_range(draw)
        apart = all(_apart(one, other) for other in made)
        if apart or (rules_of(draw).refuses_overlap and rng.chance(OVERLAPPING)):
            made.append(one)
    in_order = sorted(made[: most_ranges(draw)], key=lambda one: one.gfn // grain)
    return ReplaceTable(tuple(in_order))


def _apart(one: MemoryRange, other: MemoryRange) -> bool:
    ends, begins = one.gfn + one.npages, other.gfn + other.npages
    return ends <= other.gfn or begins <= one.gfn


def draw_get_range(draw: Situation) -> Operation:
    """The log of a range that is there, or of one that may not be."""
    if not draw.table.slots:
        one = draw_range(draw)
        return GetDirtyRange(one.gfn, one.npages)
    slot = aimed_at(draw)
    return GetDirtyRange(slot.base, slot.npages)


def aimed_at(draw: Situation) -> Slot:
    """The range in view, or another."""
    view = draw.in_view()
    slot = None if view is None else draw.table.at(view.gfn, 0)
    return slot or draw.rng.choice(draw.table.slots)


def by_ranges(known: Left, operation: Operation) -> Iterator[TouchedRange]:
    """The frames and host bytes that a request has and those that it is to have."""
    match operation:
        case AddRange(gfn, npages, hva):
            yield from _of_range(MemoryRange(gfn, npages, hva))
        case RemoveRange(gfn, npages):
            yield from _met(known.table, gfn, npages)
        case GetDirtyRange(gfn, npages):
            yield TouchedRange(FRAME, 0, gfn, gfn + npages)
        case ReplaceTable(ranges):
            for slot in known.table:
                yield from _of_range(MemoryRange(slot.base, slot.npages, slot.hva))
            for one in ranges:
                yield from _of_range(one)
        case _:
            return


def _met(table: SlotTable, gfn: int, npages: int) -> Iterator[TouchedRange]:
    yield TouchedRange(FRAME, 0, gfn, gfn + npages)
    for slot in table.meeting(gfn, npages, 0):
        yield from _of_range(MemoryRange(slot.base, slot.npages, slot.hva))


def _of_range(one: MemoryRange) -> Iterator[TouchedRange]:
    yield TouchedRange(FRAME, 0, one.gfn, one.gfn + one.npages)
    yield TouchedRange(HOST, 0, one.hva, one.hva + (one.npages << PAGE_SHIFT))


def is_one_step(rules: RangeRules, table: SlotTable, request: RemoveRange) -> bool:
    """The removal may be asked for beside readers: they see it done or not."""
    if rules.removal is Removal.EXACT or rules.removes_at_once:
        return True
    return len(table.meeting(request.gfn, request.npages, 0)) <= MOST_STEPS


MOST_STEPS = 2
"""Ranges that may go one by one beside readers: in any order of two they are judged."""
