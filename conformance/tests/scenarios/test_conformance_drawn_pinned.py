"""Draws are pinned with all their values, for targets of every sort.

A share says that something is drawn often enough; what is pinned here says that
nothing else is drawn than before. The seeds that are in reports name these draws.
After a change that is meant, `make golden` writes them anew.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import get_args

import pytest

from golden_blocks import check_block, check_keys
from memslot_conformance.scenarios.drawn.can_meet import can_be_met
from memslot_conformance.scenarios.drawn.choices import Seeded
from memslot_conformance.scenarios.drawn.dirty import draw_clear
from memslot_conformance.scenarios.drawn.kinds import BY_NAME
from memslot_conformance.scenarios.drawn.races import Drawing
from memslot_conformance.scenarios.drawn.requests import (
    LAST_OF_ALL,
    narrowed,
    palette_of,
)
from memslot_conformance.scenarios.drawn.sequences import DrawnSequence
from memslot_conformance.scenarios.drawn.weights import LARGEST_LOGGED
from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.history.wire import operation_from_json, operation_to_json
from memslot_spec.model.operations import ClearDirtyLog, Operation, SetRegion
from memslot_spec.model.values import Gfn, Hva, Slot, table_of
from pinned_draws import operations_told, races_told
from scenario_headers import HEADERS, LINUX

PINNED = Path(__file__).parent / "golden" / "drawn.txt"

REQUESTS, OPERATIONS, RACES = 2_000, 4_000, 1_000

every_target = pytest.mark.parametrize("target", HEADERS)


@every_target
def test_the_requests_of_a_seed_are_pinned(target: str, *, write_golden: bool) -> None:
    palette, rng = palette_of(HEADERS[target]), Seeded(Random(21))
    drawn = tuple(palette.draw_request(rng) for _ in range(REQUESTS))
    told = operations_told(drawn)
    check_block(PINNED, f"{target}: requests", told, write=write_golden)


@every_target
def test_the_operations_of_a_seed_are_pinned(
    target: str, *, write_golden: bool
) -> None:
    palette, rng = palette_of(HEADERS[target]), Seeded(Random(22))
    drawn = tuple(palette.draw(rng) for _ in range(OPERATIONS))
    told = operations_told(drawn)
    check_block(PINNED, f"{target}: operations", told, write=write_golden)


@every_target
def test_the_races_of_a_seed_are_pinned(target: str, *, write_golden: bool) -> None:
    palette, rng = palette_of(HEADERS[target]), Seeded(Random(23))
    drawn = (Drawing(palette, rng).scenario() for _ in range(RACES))
    told = races_told(drawn)
    check_block(PINNED, f"{target}: races", told, write=write_golden)


def test_the_pinned_draws_are_of_these_targets(*, write_golden: bool) -> None:
    drawn = ("requests", "operations", "races")
    keys = [f"{target}: {what}" for what in drawn for target in HEADERS]
    check_keys(PINNED, keys, write=write_golden)


@every_target
def test_a_palette_has_each_kind_as_often_as_its_weight(target: str) -> None:
    header = HEADERS[target]
    kinds = palette_of(header).kinds
    assert set(kinds) == set(header.capabilities.operations) - {LAST_OF_ALL}
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        kind: BY_NAME[kind].weight for kind in set(kinds)
    }


def test_every_operation_has_an_entry_but_the_last_of_all() -> None:
    every = {kind.__name__ for kind in get_args(Operation)}
    assert set(BY_NAME) == every - {LAST_OF_ALL}


def test_a_race_is_of_requests_and_of_one_to_three_kinds_more() -> None:
    palette, rng = palette_of(LINUX), Seeded(Random(24))
    few = [narrowed(palette, rng) for _ in range(300)]
    assert {len(set(drawn.kinds)) for drawn in few} == {2, 3, 4}
    assert {kind for drawn in few for kind in drawn.kinds} == set(palette.kinds)
    assert all(drawn.kinds.count("SetRegion") == 1 for drawn in few)
    assert all(len(drawn.kinds) == 2 * len(set(drawn.kinds)) - 1 for drawn in few)


def test_a_palette_of_requests_alone_is_narrowed_to_itself() -> None:
    palette = palette_of(HEADERS["bare"])
    assert narrowed(palette, Seeded(Random(25))) is palette


@every_target
def test_sound_requests_keep_to_the_domain(target: str) -> None:
    header = HEADERS[target]
    domain, rng = header.domain, Seeded(Random(26))
    last = min(domain.largest_gfn, header.limits.largest_gfn)
    for _ in range(200):
        draw = palette_of(header).situation(rng)
        for _ in range(10):
            npages = draw.npages()
            as_id, slot_id = draw.unused()
            base = draw.free_base(as_id, npages)
            assert base % domain.page_granule == npages % domain.page_granule == 0
            assert base + npages - 1 <= last
            assert slot_id < min(domain.slots, header.limits.user_slots)
            host_end = (draw.host_page(base, npages) + npages) << PAGE_SHIFT
            assert host_end <= header.limits.hva_end


def test_no_slot_is_larger_than_the_domain_has_it() -> None:
    header = replace(LINUX, domain=replace(LINUX.domain, largest_slot=100))
    palette, rng, largest = palette_of(header), Seeded(Random(27)), 0
    for _ in range(100):
        drawing = Drawing(palette, rng)
        for _ in range(50):
            operation = drawing.step()
            if isinstance(operation, SetRegion):
                largest = max(largest, operation.region.npages)
    # A slot that is there is asked for with twice its size, which is refused.
    assert 100 <= largest <= 200
    assert {"edge SetRegion: one page too many", "objection TOO_MANY_PAGES"}.isdisjoint(
        can_be_met(header)
    )


@every_target
def test_what_is_drawn_can_be_written_down_and_read(target: str) -> None:
    palette = palette_of(HEADERS[target])
    for number in range(60):
        drawing = DrawnSequence(palette, Seeded(Random(number)))
        for operation in (one for _ in range(100) for one in drawing.steps()):
            assert operation_from_json(operation_to_json(operation), "") == operation


def test_the_log_of_one_word_is_cleared_from_its_start() -> None:
    slot = Slot(0, Gfn(0), 64, Hva(0), log_dirty=True)
    draw = palette_of(LINUX).situation(Seeded(Random(27)))
    draw.table = table_of(slot)
    cleared = [draw_clear(draw) for _ in range(200)]
    aimed = [c for c in cleared if isinstance(c, ClearDirtyLog) and c.slot == 0]
    assert Counter(c.first_page for c in aimed).most_common(1)[0][0] == 0


def test_a_vast_log_is_deleted_at_once_and_never_read() -> None:
    drawing, vast = Drawing(palette_of(HEADERS["reference"]), Seeded(Random(28))), 0
    for _ in range(4_000):
        for one, after in pairwise((*drawing.steps(), None)):
            if not isinstance(one, SetRegion) or one.region.npages <= LARGEST_LOGGED:
                continue
            if one.region.log_dirty:
                vast += 1
                assert after == SetRegion(replace(one.region, memory_size=0))
    assert vast
