"""Requests that stand in a known relation to the slots that exist.

A *shape* takes a situation and gives a request: a free range, a range beside a
slot or over one, a slot as it is, moved, changed, deleted. What it should give
is not decided here; the comments only say what each is for.

Units: bases and sizes are drawn in pages and become the bytes of a request.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from memslot_conformance.scenarios.drawn.situation import Situation
from memslot_conformance.scenarios.drawn.weights import HUGE_PAGES, LARGEST_LOGGED
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE, U64
from memslot_spec.arithmetic.slot_word import id_of, pack
from memslot_spec.model.values import (
    BIT_1,
    LOG_DIRTY_PAGES,
    PAGES_PER_HUGE_PAGE,
    MemoryRegion,
    Slot,
)

_LAST_GPA = U64 - PAGE_SIZE

RequestShape = Callable[[Situation], MemoryRegion]


def same(slot: Slot) -> MemoryRegion:
    """The request that describes a slot as it is."""
    return MemoryRegion(
        pack(slot.as_id, slot.id),
        slot.base << PAGE_SHIFT,
        slot.npages << PAGE_SHIFT,
        slot.hva,
        LOG_DIRTY_PAGES * slot.log_dirty | BIT_1 * slot.readonly,
    )


def at(request: MemoryRegion, base: int) -> MemoryRegion:
    """The request at another first gfn; the gpa stays within 64 bits."""
    gpa = min(max(0, base) << PAGE_SHIFT, _LAST_GPA)
    return replace(request, guest_phys_addr=gpa)


def create(draw: Situation) -> MemoryRegion:
    """A new slot where nothing is."""
    as_id, slot_id = draw.unused()
    npages = draw.npages()
    base = draw.free_base(as_id, npages)
    host = draw.host_page(base, npages)
    is_huge = draw.backing is None and npages >= PAGES_PER_HUGE_PAGE
    if is_huge and draw.rng.chance(HUGE_PAGES):
        base -= base % PAGES_PER_HUGE_PAGE
        host -= host % PAGES_PER_HUGE_PAGE
    return MemoryRegion(
        pack(as_id, slot_id),
        base << PAGE_SHIFT,
        npages << PAGE_SHIFT,
        host << PAGE_SHIFT,
        draw.flags(npages),
    )


def create_adjacent(draw: Situation) -> MemoryRegion:
    """A new slot that touches one on either side."""
    slot, new = draw.live(), create(draw)
    bases = [slot.base + slot.npages]
    if new.npages <= slot.base:
        bases.append(slot.base - new.npages)
    word = pack(slot.as_id, id_of(new.slot))
    return replace(at(new, draw.rng.choice(bases)), slot=word)


def create_on_shared_hva(draw: Situation) -> MemoryRegion:
    """A new slot with the host address of one that exists."""
    return replace(create(draw), userspace_addr=draw.live().hva)


def create_at_last_hva(draw: Situation) -> MemoryRegion:
    """A new slot whose last host page is the last that userspace may name."""
    new = create(draw)
    hva = max(0, draw.limits.hva_end - new.memory_size)
    return replace(new, userspace_addr=hva)


def delete(draw: Situation) -> MemoryRegion:
    """A slot deleted by a request that names it fully."""
    return replace(same(draw.live()), memory_size=0)


def delete_by_id(draw: Situation) -> MemoryRegion:
    """A slot deleted by a request that is otherwise about something else.

    The gpa may be anywhere, also inside another slot; no check looks at it.
    """
    other = draw.live()
    inside = other.base + draw.rng.below(other.npages)
    somewhere = draw.rng.choice((0, inside << PAGE_SHIFT, _LAST_GPA))
    hva = draw.rng.choice(
        (0, draw.host_page(inside, 1) << PAGE_SHIFT, draw.limits.hva_end)
    )
    return MemoryRegion(delete(draw).slot, somewhere, 0, hva, draw.flags(1))


def delete_absent(draw: Situation) -> MemoryRegion:
    """A delete of an id without a slot."""
    return replace(create(draw), memory_size=0)


def no_op(draw: Situation) -> MemoryRegion:
    """A slot asked for as it is."""
    return same(draw.live())


def toggle_log(draw: Situation) -> MemoryRegion:
    """Dirty logging of a slot turned on or off."""
    return _toggled(same(draw.live()))


def log_on(draw: Situation) -> MemoryRegion:
    """A slot asked to log, unless it is too large for it."""
    request = same(draw.live())
    return request if request.flags & LOG_DIRTY_PAGES else _toggled(request)


def log_off(draw: Situation) -> MemoryRegion:
    """A slot asked for without a log."""
    request = same(draw.live())
    return replace(request, flags=request.flags & ~LOG_DIRTY_PAGES)


def move(draw: Situation) -> MemoryRegion:
    """A slot moved to where nothing is, at times with its logging toggled."""
    slot = draw.live()
    moved = at(same(slot), draw.free_base(slot.as_id, slot.npages, slot))
    return draw.rng.choice((moved, moved, _toggled(moved)))


def move_to_any(draw: Situation) -> MemoryRegion:
    """A slot moved to wherever a slot may be, others or not."""
    slot = draw.live()
    return at(same(slot), draw.base(slot.npages))


def move_over_itself(draw: Situation) -> MemoryRegion:
    """A slot moved by less than its size."""
    slot = draw.live()
    by = draw.rng.between(1, max(1, slot.npages - 1))
    return at(same(slot), slot.base + draw.rng.choice((by, -by)))


def overlapping(draw: Situation) -> MemoryRegion:
    """A new slot over one: equal, on one end, around it, or inside it."""
    slot, new = draw.live(), create(draw)
    first, last = slot.base, slot.base + slot.npages - 1
    npages = new.npages
    base, npages = draw.rng.choice(
        (
            (first, slot.npages),
            (last, npages),
            (first - npages + 1, npages),
            (first - 1, slot.npages + 2),
            (first + draw.rng.below(slot.npages), 1),
        )
    )
    word = pack(slot.as_id, id_of(new.slot))
    return replace(at(new, base), slot=word, memory_size=npages << PAGE_SHIFT)


def move_onto_another(draw: Situation) -> MemoryRegion:
    """A slot moved onto another of its address space, wholly or in part."""
    mover = draw.live()
    others = [s for s in draw.table if s.as_id == mover.as_id and s is not mover]
    if not others:
        return overlapping(draw)
    other = draw.rng.choice(others)
    last = other.base + other.npages - 1
    bases = (other.base, last, other.base - mover.npages + 1)
    return at(same(mover), draw.rng.choice(bases))


def resized(draw: Situation) -> MemoryRegion:
    """A slot asked for with another size, where it is or elsewhere."""
    request = _again(draw)
    npages = request.npages
    sizes = (npages + 1, npages * 2, max(1, npages - 1), max(1, npages // 2))
    return replace(request, memory_size=draw.rng.choice(sizes) << PAGE_SHIFT)


def at_other_hva(draw: Situation) -> MemoryRegion:
    """A slot asked for with another host address, where it is or elsewhere."""
    request = _again(draw)
    other = draw.host_page(request.base, request.npages) << PAGE_SHIFT
    hvas = (other, request.userspace_addr + PAGE_SIZE, 0)
    return replace(request, userspace_addr=draw.rng.choice(hvas))


def toggle_readonly(draw: Situation) -> MemoryRegion:
    """A slot asked for with the other READONLY, where it is or elsewhere."""
    request = _again(draw)
    return replace(request, flags=request.flags ^ BIT_1)


def _again(draw: Situation) -> MemoryRegion:
    """A request for a slot that exists, at its base, a free one, or a taken one."""
    shapes: tuple[RequestShape, ...] = (
        no_op,
        no_op,
        toggle_log,
        move,
        move_onto_another,
    )
    return draw.rng.choice(shapes)(draw)


def _toggled(request: MemoryRegion) -> MemoryRegion:
    """The request with the other choice of a log, but for slots too large for one."""
    flags = request.flags ^ LOG_DIRTY_PAGES
    return (
        replace(request, flags=flags) if request.npages <= LARGEST_LOGGED else request
    )
