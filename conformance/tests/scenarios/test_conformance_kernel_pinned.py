"""What a running kernel is asked is pinned with all its values, by seed.

The limits are those of kernels that there are, and of one with room for little.
After a change that is meant, `make golden` writes it anew.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from golden_blocks import check_block, check_keys
from kernel_draws import LOGS, asked, header_of, situation
from memslot_conformance.scenarios.drawn import shapes
from memslot_conformance.scenarios.drawn.choices import Seeded
from memslot_conformance.scenarios.drawn.regions import DEFECTS, SHAPES
from memslot_conformance.scenarios.drawn.shapes import RequestShape
from memslot_conformance.scenarios.drawn.situation import Situation
from memslot_conformance.scenarios.kernel.requests import kernel_situation
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.model.profile import Limits
from memslot_spec.model.values import (
    Gfn,
    Hva,
    MemoryRegion,
    Slot,
    table_of,
)
from pinned_draws import operations_told, sum_of

PINNED = Path(__file__).parent / "golden" / "kernel-requests.txt"

LIMITS = {
    "one space": Limits(largest_gfn=(1 << 40) - 1, user_slots=32764),
    "two spaces": Limits(largest_gfn=(1 << 34) - 1, address_spaces=2, user_slots=509),
    "every id": Limits(largest_gfn=(1 << 20) + 2, user_slots=1 << 16),
    "little room": Limits(largest_gfn=600, hva_end=Hva(1 << 20), user_slots=3),
}

HAD = {
    "all": LOGS,
    "no CLEAR": LOGS - {"ClearDirtyLog"},
    "options alone": frozenset({"EnableManualProtect"}),
    "none": frozenset[str](),
}

REQUESTS, CALLS = 1_500, 200

SLOTS = table_of(
    Slot(0, Gfn(0), 1, Hva(0x7F00_0000_0000)),
    Slot(1, Gfn(1), 3, Hva(0x7F00_0010_0000), log_dirty=True),
    Slot(2, Gfn(0x200), 64, Hva(0x7F00_0020_0000), readonly=True),
    Slot(0, Gfn(2), 512, Hva(0x7F00_0000_0000), log_dirty=True, as_id=1),
)
"""Slots of one page and of many, beside one another and apart, in two spaces."""

every_limit = pytest.mark.parametrize("name", LIMITS)


def of_slots(limits: Limits, seed: int) -> Situation:
    return situation(limits, seed, SLOTS)


def told(limits: Limits, seed: int, had: frozenset[str]) -> str:
    drawn = asked(limits, seed, REQUESTS, had)
    return operations_told(tuple(operation for _, operation in drawn))


@every_limit
def test_the_requests_of_a_seed_are_pinned(name: str, *, write_golden: bool) -> None:
    drawn = told(LIMITS[name], 31, frozenset())
    check_block(PINNED, f"{name}: requests", drawn, write=write_golden)


@every_limit
def test_each_shape_alone_is_pinned(name: str, *, write_golden: bool) -> None:
    lines: list[str] = []
    for number, (_, shape) in enumerate(SHAPES):
        draw = of_slots(LIMITS[name], number)
        drawn = sum_of(shape(draw) for _ in range(CALLS))
        lines.append(f"{drawn} {shape.__name__}")
    check_block(PINNED, f"{name}: shapes", "\n".join(lines), write=write_golden)


@every_limit
def test_each_defect_of_each_sort_of_request_is_pinned(
    name: str, *, write_golden: bool
) -> None:
    spoiled: tuple[RequestShape, ...] = (shapes.no_op, shapes.create, shapes.delete)
    lines: list[str] = []
    for number, (_, defect) in enumerate(DEFECTS):
        draw = of_slots(LIMITS[name], number)
        drawn = sum_of(
            defect(draw, shape(draw)) for _ in range(CALLS) for shape in spoiled
        )
        lines.append(f"{drawn} {defect.__name__}")
    check_block(PINNED, f"{name}: defects", "\n".join(lines), write=write_golden)


@pytest.mark.parametrize("had", HAD)
def test_the_requests_about_logs_are_pinned(had: str, *, write_golden: bool) -> None:
    drawn = told(LIMITS["two spaces"], 32, HAD[had])
    check_block(PINNED, f"logs: {had}", drawn, write=write_golden)


def test_the_pinned_requests_are_of_these_limits(*, write_golden: bool) -> None:
    drawn = ("requests", "shapes", "defects")
    keys = [f"{name}: {what}" for what in drawn for name in LIMITS]
    keys += [f"logs: {had}" for had in HAD]
    check_keys(PINNED, keys, write=write_golden)


def test_where_every_id_has_a_slot_one_of_them_is_asked_for_again() -> None:
    full = table_of(Slot(0, Gfn(0), 1, Hva(0)), Slot(1, Gfn(8), 1, Hva(0)))
    draw = situation(Limits(user_slots=2), 33, full)
    assert {draw.unused() for _ in range(50)} == {(0, 0), (0, 1)}


def test_a_backing_that_is_too_small_is_used_from_its_start() -> None:
    header = header_of(LIMITS["one space"])
    draw = kernel_situation(Seeded(Random(34)), header, (1 << 30, PAGE_SIZE))
    assert {draw.host_page(0, 2) for _ in range(10)} == {1 << 18}
    assert {draw.host_page(0, 1) for _ in range(10)} == {1 << 18}


def test_no_frame_is_taken_for_free_that_another_slot_of_the_space_has() -> None:
    draw = of_slots(LIMITS["two spaces"], 35)
    for _ in range(300):
        base = draw.free_base(0, 4)
        assert not any(slot.as_id == 0 and slot.meets(base, 4) for slot in SLOTS)


def test_a_slot_may_be_moved_to_where_it_is() -> None:
    held = Slot(0, Gfn(0), 8, Hva(0))
    draw = situation(Limits(largest_gfn=7), 36, table_of(held))
    assert draw.free_base(0, 8, held) == 0
    # Of no free frame it is some frame: sixteen were looked at.
    assert draw.free_base(0, 8) == 0


def test_a_request_at_another_frame_stays_within_64_bits() -> None:
    request = MemoryRegion(0, PAGE_SIZE, PAGE_SIZE, 0)
    assert shapes.at(request, -3).guest_phys_addr == 0
    assert shapes.at(request, 5).guest_phys_addr == 5 * PAGE_SIZE
    assert shapes.at(request, 1 << 60).guest_phys_addr == (1 << 64) - PAGE_SIZE
