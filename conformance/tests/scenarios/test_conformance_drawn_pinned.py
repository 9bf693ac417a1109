"""Draws are pinned with all their values, for targets of every sort.

A share says that something is drawn often enough; what is pinned here says that
nothing else is drawn than before. The seeds that are in reports name these draws.
After a change that is meant, `make golden` writes them anew.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from golden_blocks import check_block, check_keys
from memslot_conformance.scenarios.drawn.caches import accesses_of
from memslot_conformance.scenarios.drawn.dirty import clear_at
from memslot_conformance.scenarios.drawn.races import Drawing
from memslot_conformance.scenarios.drawn.requests import (
    LAST_OF_ALL,
    narrowed,
    palette_of,
)
from memslot_conformance.scenarios.drawn.values import sound_region
from memslot_conformance.scenarios.drawn.weights import KINDS, USUAL
from memslot_spec.model.operations import SetRegion
from memslot_spec.model.values import Gfn, Hva, MemoryRegion, Slot
from pinned_draws import operations_told, races_told
from scenario_headers import HEADERS, LINUX

PINNED = Path(__file__).parent / "golden" / "drawn.txt"

REQUESTS, OPERATIONS, RACES = 2_000, 4_000, 1_000

every_target = pytest.mark.parametrize("target", HEADERS)


@every_target
def test_the_requests_of_a_seed_are_pinned(target: str, *, write_golden: bool) -> None:
    palette, rng = palette_of(HEADERS[target]), Random(21)
    drawn = tuple(palette.draw_request(rng) for _ in range(REQUESTS))
    told = operations_told(drawn)
    check_block(PINNED, f"{target}: requests", told, write=write_golden)


@every_target
def test_the_operations_of_a_seed_are_pinned(
    target: str, *, write_golden: bool
) -> None:
    palette, rng = palette_of(HEADERS[target]), Random(22)
    drawn = tuple(palette.draw(rng) for _ in range(OPERATIONS))
    told = operations_told(drawn)
    check_block(PINNED, f"{target}: operations", told, write=write_golden)


@every_target
def test_the_races_of_a_seed_are_pinned(target: str, *, write_golden: bool) -> None:
    palette, rng = palette_of(HEADERS[target]), Random(23)
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
        kind: KINDS.get(kind, USUAL) for kind in set(kinds)
    }


def test_a_race_is_of_requests_and_of_one_to_three_kinds_more() -> None:
    palette, rng = palette_of(LINUX), Random(24)
    few = [narrowed(palette, rng) for _ in range(300)]
    assert {len(set(drawn.kinds)) for drawn in few} == {2, 3, 4}
    assert {kind for drawn in few for kind in drawn.kinds} == set(palette.kinds)
    assert all(drawn.kinds.count("SetRegion") == 1 for drawn in few)
    assert all(len(drawn.kinds) == 2 * len(set(drawn.kinds)) - 1 for drawn in few)


def test_a_palette_of_requests_alone_is_narrowed_to_itself() -> None:
    palette = palette_of(HEADERS["bare"])
    assert narrowed(palette, Random(25)) is palette


def test_sound_requests_keep_to_the_granule_where_the_domain_ends_between() -> None:
    header = HEADERS["narrow"]
    grain, rng = header.domain.page_granule, Random(26)
    assert (header.domain.largest_gfn + 1) % grain
    for _ in range(500):
        region = sound_region(rng, header, 0.5)
        assert region.base % grain == region.npages % grain == 0


def test_the_log_of_one_word_is_cleared_from_its_start() -> None:
    slot = Slot(0, Gfn(0), 64, Hva(0), log_dirty=True)
    rng = Random(27)
    assert {clear_at(slot, rng).first_page for _ in range(50)} == {0}


def test_accesses_beside_a_slot_stay_within_the_domain() -> None:
    last = LINUX.domain.largest_gfn
    for base, is_asked in ((last - 2, True), (last - 1, False)):
        update = SetRegion(MemoryRegion(0, base << 12, 2 << 12, 0))
        rng = Random(28)
        asked = any(accesses_of(update, LINUX, rng) for _ in range(100))
        assert asked is is_asked
