"""A smaller scenario asks nothing that its target was not to be asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from memslot_conformance.play.askable import askable
from memslot_conformance.play.budget import Budget
from memslot_conformance.play.played import Played
from memslot_conformance.play.shrink import shrink_scenario
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.resolve import resolve
from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.history.events import Call
from memslot_spec.model.operations import (
    GfnToMemslot,
    InvalidateRange,
    Operation,
    SetRegion,
    UseHvaCache,
    VcpuGfnToMemslot,
)
from memslot_spec.model.values import MemoryRegion

HEADER = resolve("reference", "v2.6.34").header
COARSE = replace(HEADER, domain=replace(HEADER.domain, page_granule=16))


def slot(base: int, npages: int, word: int = 0, *, private: bool = False) -> SetRegion:
    region = MemoryRegion(word, base << PAGE_SHIFT, npages << PAGE_SHIFT, 0)
    return SetRegion(region, private=private)


def race(*threads: tuple[Operation, ...]) -> Scenario:
    return Scenario((), threads)


def use(cache: int) -> UseHvaCache:
    return UseHvaCache(cache, 0, 8)


USER_SLOTS = HEADER.limits.user_slots


@pytest.mark.parametrize(
    ("asked", "strange"),
    [
        (slot(32, 16), slot(32, 1)),
        (slot(32, 16), slot(1, 16)),
        (slot(32, 16, USER_SLOTS, private=True), slot(32, 16, 0, private=True)),
        (InvalidateRange(0x1000, 0x1008), InvalidateRange(0x1000, 0xFFF)),
    ],
)
def test_what_is_outside_the_domain_is_not_asked(
    asked: Operation, strange: Operation
) -> None:
    original = Scenario((asked, GfnToMemslot(3)))
    may_ask = askable(COARSE, original)
    assert may_ask(original)
    assert may_ask(Scenario((asked,)))
    assert not may_ask(Scenario((strange,)))
    assert askable(COARSE, Scenario((strange,)))(Scenario((strange,)))


def test_a_cache_and_a_vcpu_stay_with_one_thread_of_a_race() -> None:
    original = race((use(2), use(2)), (use(3), VcpuGfnToMemslot(3, 0)))
    may_ask = askable(HEADER, original)
    assert may_ask(race((use(0), use(0)), (use(1), VcpuGfnToMemslot(1, 0))))
    assert not may_ask(race((use(0),), (use(0),)))
    assert not may_ask(race((VcpuGfnToMemslot(0, 0),), (VcpuGfnToMemslot(0, 0),)))
    assert may_ask(Scenario((use(0), use(0)), ()))


def test_shrinking_plays_only_what_may_be_asked() -> None:
    target = resolve("reference", "v2.6.34")
    original = Scenario((slot(160, 48), GfnToMemslot(170)))

    def has_a_slot(played: Played) -> bool:
        requests = [
            event.operation.region
            for event in played.events
            if isinstance(event, Call) and isinstance(event.operation, SetRegion)
        ]
        assert all(request.npages % 16 == 0 for request in requests)
        return any(request.npages for request in requests)

    small = shrink_scenario(
        target.make,
        original,
        (),
        has_a_slot,
        budget=Budget(plays=500),
        may_ask=askable(COARSE, original),
    )
    assert small.scenario == Scenario((slot(0, 16),))
