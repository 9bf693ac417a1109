"""Rounds: races for threads that nobody steps, of many operations on one page.

What threads do is over in microseconds, and whether any of it meets is chance. So who
updates takes a slot away and brings it back, here or beside, by other memory or the
same, and who looks goes on looking at the page that this is about.
"""

from __future__ import annotations

from dataclasses import replace

from memslot_conformance.scenarios.drawn.choices import Choices, Weighted
from memslot_conformance.scenarios.drawn.corner import InView
from memslot_conformance.scenarios.drawn.epilogue import epilogue
from memslot_conformance.scenarios.drawn.left import left_by, table_after
from memslot_conformance.scenarios.drawn.races import Drawing
from memslot_conformance.scenarios.drawn.requests import REQUEST, Palette
from memslot_conformance.scenarios.drawn.shapes import at, same
from memslot_conformance.scenarios.drawn.weights import EVEN
from memslot_conformance.scenarios.scenario import Operations, Scenario
from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.arithmetic.slot_word import pack
from memslot_spec.history.header import Header
from memslot_spec.model.operations import Operation, SetRegion
from memslot_spec.model.values import LOG_DIRTY_PAGES, MemoryRegion, Slot, SlotTable

UPDATES: Weighted[int] = ((3, 2), (3, 3), (2, 5))
SECOND_UPDATER = 0.4
LOOKERS: Weighted[int] = ((4, 1), (4, 2), (1, 3))
LOOKED_AT: Weighted[int] = ((5, 1), (3, 2), (1, 3))
"""How many operations a thread repeats that looks."""

LOOKS = 16
"""How often it does so in all, if nothing ends it before."""

THERE: Weighted[str] = ((6, "delete"), (5, "move"), (2, "flags"), (2, "refused"))
UNTHERE: Weighted[str] = ((3, "as before"), (2, "other memory"))
"""What is asked of a slot that is there, and of one that is not."""


def draw_round(palette: Palette, rng: Choices) -> Scenario:
    """One or two threads that update, some that look, and a look at all at the end."""
    drawing = Drawing(palette, rng)
    drawn = drawing.scenario()
    prefix, header = drawn.prefix, palette.header
    table = left_by(header, prefix).table
    slots = [slot for slot in table if _may_be_asked(slot, header)]
    if not slots:
        return drawn
    slot = rng.choice(slots)
    updates = [_updates(header, table, same(slot), rng)]
    beside = _beside(header, table, slot)
    if beside is not None and rng.chance(SECOND_UPDATER):
        updates.append(_updates(header, table, beside, rng))
    about = _pages(slot, updates)
    looks = [_looks(drawing, slot, about) for _ in range(rng.pick(LOOKERS))]
    threads = (*updates, *(look for look in looks if look))
    return Scenario(prefix, threads, epilogue(header, prefix, threads))


def _may_be_asked(slot: Slot, header: Header) -> bool:
    """It is one of user space, which may also lie a little farther up."""
    above, most = slot.base + 3 * slot.npages - 1, header.domain.largest_slot
    fits = most is None or 2 * slot.npages <= most
    is_the_users = slot.id < header.limits.user_slots
    return is_the_users and fits and above <= header.limits.largest_gfn


def _beside(header: Header, table: SlotTable, slot: Slot) -> MemoryRegion | None:
    """Another slot, of an id that is free, where the first one never comes."""
    taken = {one.id for one in table if one.as_id == slot.as_id}
    most = header.domain.slots or header.limits.user_slots
    free = next((one for one in range(most) if one not in taken), None)
    if free is None:
        return None
    other = at(same(slot), slot.base + 2 * slot.npages)
    host = other.userspace_addr + 4 * other.memory_size
    return replace(other, slot=pack(slot.as_id, free), userspace_addr=host)


def _updates(
    header: Header, table: SlotTable, region: MemoryRegion, rng: Choices
) -> Operations:
    """There and back again, as the table goes that nobody else changes."""
    base = region.guest_phys_addr >> PAGE_SHIFT
    places = base, base + (region.memory_size >> PAGE_SHIFT)
    updates: list[Operation] = []
    for _ in range(rng.pick(UPDATES)):
        found = next((s for s in table if same(s).slot == region.slot), None)
        there = None if found is None else same(found)
        request = SetRegion(_request(region, there, places, rng))
        table = table_after(header, table, request)
        updates.append(request)
    return tuple(updates)


def _request(
    region: MemoryRegion,
    there: MemoryRegion | None,
    places: tuple[int, int],
    rng: Choices,
) -> MemoryRegion:
    """What to ask next of a slot that is there, or is not."""
    if there is None:
        back = at(region, rng.choice(places))
        other = replace(back, userspace_addr=back.userspace_addr + back.memory_size)
        return other if rng.pick(UNTHERE) == "other memory" else back
    match rng.pick(THERE):
        case "delete":
            return replace(there, memory_size=0)
        case "move":
            here = there.guest_phys_addr >> PAGE_SHIFT == places[0]
            return at(there, places[here])
        case "flags":
            return replace(there, flags=there.flags ^ LOG_DIRTY_PAGES)
        case _:
            # Of another size it is refused, by whatever it has got until then.
            return replace(there, memory_size=2 * there.memory_size)


def _pages(slot: Slot, updates: list[Operations]) -> tuple[int, ...]:
    """The first page of each place that is written about."""
    asked = [op.region for ops in updates for op in ops if isinstance(op, SetRegion)]
    pages = {region.guest_phys_addr >> PAGE_SHIFT for region in asked}
    return (slot.base, *sorted(pages - {slot.base}))


def _looks(drawing: Drawing, slot: Slot, pages: tuple[int, ...]) -> Operations:
    """A few operations that are no requests, again and again."""
    rng, palette = drawing.rng, drawing.palette
    kinds = [kind for kind in palette.kinds if kind != REQUEST]
    if not kinds:
        return ()
    if rng.chance(EVEN):
        kinds = sorted(set(kinds))
    page = pages[0] if rng.chance(EVEN) else rng.choice(pages)
    draw = drawing.looking_at(InView(page, slot.as_id, slot.id))
    few = [
        palette.draw_kind(draw, rng.choice(kinds)) for _ in range(rng.pick(LOOKED_AT))
    ]
    return tuple(few[number % len(few)] for number in range(LOOKS))
