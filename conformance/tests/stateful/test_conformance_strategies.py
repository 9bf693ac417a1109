"""The strategies yield what a header allows, shrink, and pass Hypothesis' checks."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from memslot_conformance.scenarios.drawn.by_hypothesis import Drawn
from memslot_conformance.scenarios.drawn.corner import draw_corner
from memslot_conformance.scenarios.drawn.regions import draw_region
from memslot_conformance.scenarios.drawn.situation import Situation
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.strategies import (
    frames,
    host_ranges,
    operations,
    regions,
    scenarios,
)
from memslot_conformance.targets.resolve import resolve
from memslot_spec.arithmetic.ranges import U64
from memslot_spec.history.header import Header
from memslot_spec.model.operations import (
    ClearDirtyLog,
    DestroyVm,
    GuestAccess,
    SetRegion,
)
from memslot_spec.model.values import Gfn, Hva, MemoryRegion, Slot, table_of

V2_6_34 = resolve("reference").header
LINUX = resolve("reference-linux").header
A_SLOT = Slot(3, Gfn(0x100), 16, Hva(0x7F00_0000_0000), log_dirty=True)
A_TABLE = table_of(A_SLOT)

# Health checks are on, but that of the time: the machine may have much else to do.
checked = settings(
    max_examples=40,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
A_FEW = 4
"""Pages; which place is the least is another choice than which is drawn first."""

minimal = settings(
    max_examples=2_000,
    database=None,
    derandomize=True,
    phases=(Phase.generate, Phase.shrink),
)
"""Without the phase that explains: it tries what it likes, and keeps of that what took
fewer choices, be its numbers large. Nothing is made small after it."""


class Least(Drawn):
    """Every choice is the least there is."""

    def __init__(self) -> None:
        super().__init__(lambda _: 0)


@pytest.mark.parametrize("header", [V2_6_34, LINUX], ids=["v2.6.34", "linux"])
def test_a_region_fits_the_structure_of_the_kernel(header: Header) -> None:
    @checked
    @given(regions(header, A_TABLE))
    def fits(region: MemoryRegion) -> None:
        assert 0 <= region.slot < 1 << 32
        assert 0 <= region.flags < 1 << 32
        numbers = (region.guest_phys_addr, region.memory_size, region.userspace_addr)
        assert all(0 <= number < U64 for number in numbers)

    fits()


def test_the_least_choices_are_the_least_region() -> None:
    choices = Least()
    corner = draw_corner(choices, V2_6_34)
    draw = Situation(table_of(), rng=choices, header=V2_6_34, corner=corner)
    region = draw_region(draw)
    assert (region.slot, region.base, region.npages, region.flags) == (0, 0, 1, 0)


@pytest.mark.parametrize("number", range(1, 5))
def test_a_region_becomes_small(number: int) -> None:
    def has_pages(region: MemoryRegion) -> bool:
        return bool(region.memory_size)

    drawn, by = regions(V2_6_34), Random(number)
    region = find(drawn, has_pages, settings=minimal, random=by)
    assert region.flags == 0
    assert region.npages <= A_FEW
    assert region.base <= A_FEW


def test_a_region_is_about_the_slots_there_are() -> None:
    def deletes(region: MemoryRegion) -> bool:
        return region.slot == A_SLOT.id and not region.memory_size

    def moves(region: MemoryRegion) -> bool:
        return region.slot == A_SLOT.id and region.npages == A_SLOT.npages

    for wanted in (deletes, moves):
        found = find(regions(LINUX, A_TABLE), wanted, settings=minimal)
        assert wanted(found)


def test_a_frame_is_one_that_may_be_asked_for() -> None:
    seen: list[int] = []

    @checked
    @given(frames(LINUX, A_TABLE))
    def may(frame: tuple[int, int]) -> None:
        gfn, as_id = frame
        assert 0 <= gfn <= LINUX.limits.largest_gfn
        assert 0 <= as_id < LINUX.limits.address_spaces
        seen.append(gfn)

    may()
    assert any(A_SLOT.covers(gfn) for gfn in seen)
    assert any(not A_SLOT.covers(gfn) for gfn in seen)


def test_a_host_range_is_not_backwards() -> None:
    @checked
    @given(host_ranges(LINUX, A_TABLE))
    def forwards(span: tuple[int, int]) -> None:
        assert 0 <= span[0] <= span[1] < U64

    forwards()


def test_an_operation_is_one_that_the_header_names() -> None:
    @checked
    @given(operations(V2_6_34, A_TABLE))
    def named(operation: object) -> None:
        assert type(operation).__name__ in V2_6_34.capabilities.operations
        assert not isinstance(operation, DestroyVm)

    named()


def test_an_operation_of_one_kind_is_of_that_kind() -> None:
    kind = operations(LINUX, A_TABLE, kind=GuestAccess)
    small = find(kind, lambda _: True, settings=minimal)
    assert small == GuestAccess(A_SLOT.base, write=False, direct=False)


@pytest.mark.parametrize("kind", [ClearDirtyLog, DestroyVm])
def test_a_kind_that_is_not_drawn_is_refused(
    kind: type[ClearDirtyLog | DestroyVm],
) -> None:
    with pytest.raises(ValueError, match="is not drawn"):
        operations(V2_6_34, kind=kind)


def test_a_scenario_has_a_race_where_it_may() -> None:
    @checked
    @given(scenarios(V2_6_34, raced=False), scenarios(V2_6_34))
    def has(alone: Scenario, raced: Scenario) -> None:
        assert alone.prefix
        assert not alone.threads
        assert len(raced.threads) >= 2

    has()


def test_a_scenario_becomes_small() -> None:
    def asks(scenario: Scenario) -> bool:
        return any(isinstance(each, SetRegion) for each in scenario.prefix)

    drawn = scenarios(V2_6_34, raced=False)
    found = find(drawn, asks, settings=minimal, random=Random(1))
    assert len(found.prefix) == 1


Make = Callable[[Header], st.SearchStrategy[object]]


@pytest.mark.parametrize("make", [regions, frames, host_ranges, operations, scenarios])
def test_the_health_checks_pass(make: Make) -> None:
    @checked
    @given(make(LINUX))
    def draw(value: object) -> None:
        assert value is not None

    draw()
