"""What a real kernel is asked: drawn as for every target, within the guards of it.

Real memory is behind the slots, so a request may be for little of it, or for so much
that every kernel refuses it. A request that the guards do not admit becomes a delete.
"""

from __future__ import annotations

from dataclasses import replace

from memslot_conformance.scenarios.drawn import shapes
from memslot_conformance.scenarios.drawn.choices import Choices
from memslot_conformance.scenarios.drawn.corner import Corner, draw_corner
from memslot_conformance.scenarios.drawn.regions import draw_region
from memslot_conformance.scenarios.drawn.requests import REQUEST, Palette
from memslot_conformance.scenarios.drawn.scenario_weights import AIMED
from memslot_conformance.scenarios.drawn.situation import Situation
from memslot_conformance.targets.kvm.guards import objection
from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.history.header import Header
from memslot_spec.model.operations import Operation, SetRegion
from memslot_spec.model.values import MemoryRegion, Slot, SlotTable


def kernel_situation(
    rng: Choices, header: Header, backing: tuple[int, int], corner: Corner | None = None
) -> Situation:
    """An empty VM of a kernel, with host memory for slots: first byte, and bytes."""
    chosen = corner or draw_corner(rng, header)
    return Situation(
        rng=rng, header=header, corner=chosen, aimed=AIMED, backing=backing
    )


def draw_operation(draw: Situation, palette: Palette) -> Operation:
    """One operation against the table, which the guards of a VM holding it admit."""
    kind = draw.rng.choice(palette.kinds)
    if kind == REQUEST:
        return SetRegion(draw_request(draw))
    return palette.draw_kind(draw, kind)


def draw_request(draw: Situation) -> MemoryRegion:
    """One request against the table, which the guards of a VM holding it admit."""
    request = draw_region(draw)
    if _is_safe(draw.table, request):
        return request
    return shapes.delete(draw) if draw.slots() else replace(request, memory_size=0)


def _is_safe(table: SlotTable, request: MemoryRegion) -> bool:
    """The guard of a VM that holds exactly this table would let it through."""
    held = _held(table, request)
    others = [slot.npages for slot in table if slot is not held]
    return objection(request, sum(others) << PAGE_SHIFT, len(others)) is None


def _held(table: SlotTable, request: MemoryRegion) -> Slot | None:
    return table.find(as_id_of(request.slot), id_of(request.slot))
