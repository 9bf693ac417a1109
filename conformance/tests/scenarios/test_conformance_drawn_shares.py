"""Shares of what is drawn: every kind, edge, objection and meeting, often enough.

What is drawn never is tested never, and no verdict shows it. The seeds are fixed,
so the counts are too; `golden/shares.txt` wants half of each. After a change to the
draws that is meant, `make golden` writes it anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from golden_blocks import check_keys, check_shares, read_blocks
from memslot_conformance.scenarios.drawn.can_meet import can_be_met
from memslot_conformance.scenarios.drawn.choices import Seeded
from memslot_conformance.scenarios.drawn.left import follow, left_by
from memslot_conformance.scenarios.drawn.met import (
    Met,
    pairs_of,
)
from memslot_conformance.scenarios.drawn.races import Drawing, draw_race
from memslot_conformance.scenarios.drawn.regions import draw_set_region
from memslot_conformance.scenarios.drawn.requests import palette_of
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.resolve import resolve
from memslot_spec.model.operations import SetRegion
from memslot_spec.model.updates import Objection

SHARES = Path(__file__).parent / "golden" / "shares.txt"

HEADERS = {name: resolve(name).header for name in ("reference", "reference-linux")}

REQUESTS, OPERATIONS, RACES = 10_000, 6_000, 600
OF_ONE_VM = 60
"""Requests and operations in a row to one VM."""

AT_LEAST = 20
"""How often each edge of the law is met in so many requests."""

RACES_PER_PAIR = 8
ONE_IN = 2_000
"""Every pair that can meet does so once in so many races, or more often."""

every_target = pytest.mark.parametrize("target", HEADERS)


def requests_of(target: str, seed: int, count: int) -> Counter[str]:
    """What so many requests are, to VMs of which each has its corner."""
    header, rng = HEADERS[target], Seeded(Random(seed))
    palette, met = palette_of(header), Met(HEADERS[target])
    for _ in range(count // OF_ONE_VM + 1):
        draw = palette.situation(rng)
        met.begin()
        for _ in range(OF_ONE_VM):
            request = draw_set_region(draw)
            follow(header, draw, request)
            met.step(request)
    return met.counter


def of_race(scenario: Scenario) -> Iterator[str]:
    """How long a race is, and of what it is made."""
    yield f"{min(len(scenario.prefix), 9)} before"
    yield f"{'many' if len(scenario.after) > 2 else len(scenario.after)} after"
    yield f"{len(scenario.threads)} threads"
    yield from (f"{len(thread)} on a thread" for thread in scenario.threads)
    for thread in scenario.threads:
        yield from (f"race: {type(operation).__name__}" for operation in thread)


@every_target
def test_requests_are_odd_in_every_way_and_sound(
    target: str, *, write_golden: bool
) -> None:
    seen = requests_of(target, 1, REQUESTS)
    check_shares(SHARES, f"{target}: requests", _alone(seen), write=write_golden)
    wanted = can_be_met(HEADERS[target])
    of_requests = {key for key in wanted if key.startswith("edge SetRegion:")}
    of_requests |= {f"objection {one.name}" for one in Objection} & wanted
    assert {key: seen[key] for key in of_requests if seen[key] < AT_LEAST} == {}


@every_target
def test_operations_are_of_every_kind_and_at_their_edges(
    target: str, *, write_golden: bool
) -> None:
    rng, palette, met = (
        Seeded(Random(2)),
        palette_of(HEADERS[target]),
        Met(HEADERS[target]),
    )
    for _ in range(OPERATIONS // OF_ONE_VM):
        drawing = Drawing(palette, rng)
        met.begin()
        for _ in range(OF_ONE_VM):
            met.step(drawing.step())
    check_shares(SHARES, f"{target}: operations", met.counter, write=write_golden)
    kinds = {key for key in can_be_met(HEADERS[target]) if key.startswith("kind ")}
    assert kinds <= set(met.counter)


@every_target
def test_races_are_of_every_kind_and_size(target: str, *, write_golden: bool) -> None:
    rng, palette, met = (
        Seeded(Random(3)),
        palette_of(HEADERS[target]),
        Met(HEADERS[target]),
    )
    dealt = Counter[str]()
    for _ in range(RACES):
        scenario = draw_race(palette, rng, met.counter, dealt)
        met.scenario(scenario)
        met.counter.update(of_race(scenario))
    check_shares(SHARES, f"{target}: races", _alone(met.counter), write=write_golden)


@every_target
def test_every_operation_meets_every_other_in_either_order(target: str) -> None:
    header, rng, seen = HEADERS[target], Seeded(Random(4)), Counter[str]()
    palette = palette_of(header)
    pairs = {key for key in can_be_met(header) if key.startswith("pair ")}
    dealt = Counter[str]()
    races = max(RACES_PER_PAIR * len(pairs), ONE_IN)
    for _ in range(races):
        scenario = draw_race(palette, rng, seen, dealt)
        known = left_by(header, scenario.prefix)
        seen.update(pairs_of(known, scenario.threads))
    least = races // ONE_IN
    assert {key: seen[key] for key in pairs if seen[key] < least} == {}


def test_the_pinned_shares_are_of_what_is_drawn(*, write_golden: bool) -> None:
    drawn = ("requests", "operations", "races")
    keys = [f"{target}: {what}" for what in drawn for target in HEADERS]
    check_keys(SHARES, keys, write=write_golden)


def test_every_objection_is_pinned() -> None:
    lines = "\n".join(read_blocks(SHARES).values()).splitlines()
    pinned = {line.split(maxsplit=1)[1] for line in lines}
    assert {f"objection {objection.name}" for objection in Objection} <= pinned


def test_slots_are_many_at_times_and_of_any_id() -> None:
    palette, rng = palette_of(HEADERS["reference-linux"]), Seeded(Random(5))
    most, ids = 0, set[int]()
    for _ in range(120):
        drawing = Drawing(palette, rng)
        asked = (operation for _ in range(200) for operation in drawing.steps())
        for operation in asked:
            if isinstance(operation, SetRegion) and not operation.private:
                ids.add(operation.region.slot & 0xFFFF)
        most = max(most, len(drawing.table.slots))
    assert most > 100
    assert len({slot_id.bit_length() for slot_id in ids}) > 12


def _alone(seen: Counter[str]) -> Counter[str]:
    """What is of one operation: pairs are counted for themselves."""
    return Counter(
        {key: n for key, n in seen.items() if not key.startswith(("pair ", "then "))}
    )
