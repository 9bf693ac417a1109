"""Slot requests, drawn so that every rule is met often.

A request is a shape, which relates it to the slots that exist, and no defect,
one, or two. So each defect meets creates, deletes, live slots and overlaps, and
what wins when several things are wrong is asked as well.

Nothing here judges: what a request should give is the plan's business.
"""

from __future__ import annotations

from dataclasses import replace

from memslot_conformance.scenarios.drawn import defects, shapes
from memslot_conformance.scenarios.drawn.choices import Weighted
from memslot_conformance.scenarios.drawn.defects import Defect
from memslot_conformance.scenarios.drawn.scenario_weights import VAST_PAGES
from memslot_conformance.scenarios.drawn.shapes import RequestShape
from memslot_conformance.scenarios.drawn.situation import Situation
from memslot_conformance.scenarios.drawn.weights import (
    DEFECT_COUNTS,
    EVEN,
    FAILING,
    GROWING,
    LARGEST_LOGGED,
    PRIVATE,
    RACED_DEFECTS,
    ROLLBACK,
)
from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.arithmetic.slot_word import as_id_of, id_of, pack
from memslot_spec.history.header import Header
from memslot_spec.history.points.dirty import BitmapAllocated
from memslot_spec.model.operations import SetRegion
from memslot_spec.model.profile import profile_named
from memslot_spec.model.values import LOG_DIRTY_PAGES, Failure, MemoryRegion

SHAPES: Weighted[RequestShape] = (
    (12, shapes.create),
    (6, shapes.create_adjacent),
    (3, shapes.create_on_shared_hva),
    (2, shapes.create_at_last_hva),
    (10, shapes.delete),
    (6, shapes.delete_by_id),
    (3, shapes.delete_absent),
    (5, shapes.no_op),
    (15, shapes.toggle_log),
    (10, shapes.move),
    (2, shapes.move_to_any),
    (4, shapes.move_over_itself),
    (6, shapes.overlapping),
    (4, shapes.move_onto_another),
    (3, shapes.resized),
    (3, shapes.at_other_hva),
    (2, shapes.toggle_readonly),
)
"""What a request is about; each is drawn with the weight before it."""

RACED_SHAPES: Weighted[RequestShape] = (
    (5, shapes.create),
    (3, shapes.create_adjacent),
    (2, shapes.create_on_shared_hva),
    (12, shapes.delete),
    (4, shapes.delete_by_id),
    (1, shapes.no_op),
    (12, shapes.toggle_log),
    (10, shapes.move),
    (4, shapes.move_over_itself),
    (2, shapes.overlapping),
    (1, shapes.move_onto_another),
)
"""What a request of a race is about: mostly, a slot that changes while it is used."""

FIRST_SHAPES: Weighted[RequestShape] = (
    (12, shapes.create),
    (1, shapes.create_at_last_hva),
    (1, shapes.delete_absent),
)
"""What a request can be about while there are no slots."""

FULL_SHAPES: Weighted[RequestShape] = ((1, shapes.delete), (1, shapes.delete_by_id))
"""What a request that would make a new slot becomes when there are enough."""

DEFECTS: Weighted[Defect] = (
    (2, defects.misaligned_gpa),
    (2, defects.misaligned_size),
    (2, defects.misaligned_hva),
    (2, defects.wrapping),
    (2, defects.id_over),
    (2, defects.as_id_over),
    (2, defects.unknown_flag),
    (2, defects.too_many_pages),
    (3, defects.bad_hva),
    (2, defects.beyond),
)
"""What is wrong with a request that has something wrong with it."""


def draw_set_region(draw: Situation) -> SetRegion:
    """One request of user space, or now and then the kernel's own."""
    if draw.header.domain.private_slots and draw.rng.chance(PRIVATE):
        return draw_private(draw)
    return at_times_failing(draw, draw_region(draw), FAILING)


def at_times_failing(draw: Situation, region: MemoryRegion, share: float) -> SetRegion:
    """The request, which so often meets a failure, if the target can be made to."""
    failures = draw.header.domain.failures
    if failures and draw.rng.chance(share):
        return SetRegion(region, failure=Failure(draw.rng.choice(failures)))
    return SetRegion(region)


def draw_sound(draw: Situation) -> MemoryRegion:
    """A request with which nothing is wrong by itself, whatever it meets."""
    return within_reason(_shaped(draw))


def draw_region(draw: Situation) -> MemoryRegion:
    """One request against the table: sound, or wrong in one way or in two."""
    rng = draw.rng
    if draw.slots() and rng.chance(ROLLBACK):
        return defects.beyond(draw, shapes.no_op(draw))
    request = _shaped(draw)
    for _ in range(rng.pick(RACED_DEFECTS if draw.is_raced else DEFECT_COUNTS)):
        request = rng.pick(DEFECTS)(draw, request)
    return within_reason(request)


def _shaped(draw: Situation) -> MemoryRegion:
    rng, count = draw.rng, len(draw.table.slots)
    if not draw.slots():
        return rng.pick(FIRST_SHAPES)(draw)
    if not draw.is_raced and count < draw.corner.most // 2 and rng.chance(GROWING):
        return shapes.create(draw)
    if draw.is_about_logs and rng.chance(EVEN):
        return shapes.toggle_log(draw)
    request = rng.pick(RACED_SHAPES if draw.is_raced else SHAPES)(draw)
    if count >= draw.corner.most and _is_new(draw, request):
        return rng.pick(FULL_SHAPES)(draw)
    return request


def _is_new(draw: Situation, request: MemoryRegion) -> bool:
    word = request.slot
    held = draw.table.find(as_id_of(word), id_of(word))
    return request.memory_size > 0 and held is None


def draw_private(draw: Situation) -> SetRegion:
    """The kernel's own request: a slot of its own set, moved or deleted."""
    rng = draw.rng
    word = draw.limits.user_slots + rng.below(draw.header.domain.private_slots)
    held = draw.table.find(0, word)
    if held is not None and rng.chance(GROWING):
        return SetRegion(replace(shapes.same(held), memory_size=0), private=True)
    made = shapes.create(draw)
    if held is not None:
        made = shapes.at(shapes.same(held), made.base)
    return SetRegion(replace(made, slot=word, flags=0), private=True)


def draw_vast(draw: Situation) -> tuple[SetRegion, ...]:
    """A slot whose log is larger than 32 bits can count, and its delete at once.

    Only for those who say how large their bitmaps are; and nobody asks for the log,
    which would be an answer of gigabytes.
    """
    if not may_be_vast(draw.header):
        return ()
    domain = draw.header.domain
    as_id, slot_id = draw.unused()
    npages = VAST_PAGES // domain.page_granule * domain.page_granule
    base = draw.free_base(as_id, npages)
    word, size = pack(as_id, slot_id), npages << PAGE_SHIFT
    region = MemoryRegion(word, base << PAGE_SHIFT, size, 0, LOG_DIRTY_PAGES)
    return SetRegion(region), SetRegion(replace(region, memory_size=0))


def may_be_vast(header: Header) -> bool:
    """No law bounds how large a slot is, and bitmaps are told of by their size."""
    profile, domain = profile_named(header.profile), header.domain
    is_bounded = profile.max_pages is not None or profile.checks_hva
    is_bounded |= BitmapAllocated.__name__ not in header.capabilities.announces
    last = min(domain.largest_gfn, header.limits.largest_gfn)
    return not is_bounded and domain.largest_slot is None and last >= VAST_PAGES


def within_reason(request: MemoryRegion) -> MemoryRegion:
    """The request, without logging where the slot is too large for it."""
    if request.npages <= LARGEST_LOGGED:
        return request
    return replace(request, flags=request.flags & ~LOG_DIRTY_PAGES)
