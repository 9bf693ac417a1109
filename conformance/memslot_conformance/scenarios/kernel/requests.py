"""Slot requests for a real kernel: drawn so that every rule is met often.

A request is a shape, which relates it to the slots that exist, and no defect,
one, or two. So each defect meets creates, deletes, live slots and overlaps, and
what wins when several things are wrong is asked as well.

Nothing here judges: what a request should give is the plan's business.
"""

from __future__ import annotations

import random
from typing import TypeVar

from memslot_conformance.scenarios.kernel import defects, shapes
from memslot_conformance.scenarios.kernel.defects import Defect
from memslot_conformance.scenarios.kernel.shapes import RequestShape, Situation
from memslot_conformance.targets.kvm.guards import objection
from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.model.profile import Limits
from memslot_spec.model.values import MemoryRegion, Slot, SlotTable

MAX_LIVE = 10
"""From this many slots on, deletes are drawn where new slots would be."""

T = TypeVar("T")
Weighted = tuple[tuple[int, T], ...]

SHAPES: Weighted[RequestShape] = (
    (10, shapes.create),
    (6, shapes.create_adjacent),
    (3, shapes.create_on_shared_hva),
    (2, shapes.create_at_last_hva),
    (5, shapes.delete),
    (5, shapes.delete_by_id),
    (4, shapes.delete_absent),
    (6, shapes.no_op),
    (7, shapes.toggle_log),
    (6, shapes.move),
    (4, shapes.move_over_itself),
    (9, shapes.overlapping),
    (7, shapes.move_onto_another),
    (3, shapes.resized),
    (3, shapes.at_other_hva),
    (3, shapes.toggle_readonly),
)
"""What a request is about; each is drawn with the weight before it."""

FIRST_SHAPES: Weighted[RequestShape] = ((9, shapes.create), (1, shapes.delete_absent))
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

DEFECT_COUNTS: Weighted[int] = ((20, 0), (6, 1), (2, 2))

ROLLBACK_PERCENT = 4
"""How often a live slot is moved past the largest gfn, and nothing else.

`kvm_arch_prepare_memory_region` refuses such a move only after the slot was
published as INVALID, so it has to be undone; that the slot still works is then
seen by whatever is drawn for it next.
"""


def draw_request(
    rng: random.Random,
    table: SlotTable,
    limits: Limits,
    backing: tuple[int, int],
) -> MemoryRegion:
    """One request against the table, which the guards of a VM holding it admit.

    `backing` is host memory for new slots: first byte address, and bytes. A
    request is a function of the arguments and of the state of `rng` alone.
    """
    draw = Situation(rng, table, limits, backing)
    if table.slots and rng.randrange(100) < ROLLBACK_PERCENT:
        return defects.beyond(draw, shapes.no_op(draw))
    request = _pick(rng, SHAPES if table.slots else FIRST_SHAPES)(draw)
    if len(table.slots) >= MAX_LIVE and _is_new(table, request):
        request = _pick(rng, FULL_SHAPES)(draw)
    for _ in range(_pick(rng, DEFECT_COUNTS)):
        request = _pick(rng, DEFECTS)(draw, request)
    if _is_safe(table, request):
        return request
    return shapes.delete(draw)


def _pick(rng: random.Random, choices: Weighted[T]) -> T:
    return rng.choice([choice for weight, choice in choices for _ in range(weight)])


def _is_new(table: SlotTable, request: MemoryRegion) -> bool:
    return request.memory_size > 0 and _held(table, request) is None


def _is_safe(table: SlotTable, request: MemoryRegion) -> bool:
    """The guard of a VM that holds exactly this table would let it through."""
    held = _held(table, request)
    others = [slot.npages for slot in table if slot is not held]
    return objection(request, sum(others) << PAGE_SHIFT, len(others)) is None


def _held(table: SlotTable, request: MemoryRegion) -> Slot | None:
    return table.find(as_id_of(request.slot), id_of(request.slot))
