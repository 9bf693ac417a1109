"""Numbers of a failure: what is left is small, or does not fail one below."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from memslot_conformance.play.lines import Line, gaps, moved, operations_of, places
from memslot_conformance.play.lower import Lowering
from memslot_conformance.scenarios.scenario import Scenario
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, U64
from memslot_spec.model.operations import (
    ClearDirtyLog,
    GetDirtyLog,
    GfnToMemslot,
    GuestAccess,
    InvalidateRange,
    Operation,
    Origin,
    ReplaceTable,
    SetRegion,
    UnmapHva,
    UseHvaCache,
)
from memslot_spec.model.values import (
    LOG_DIRTY_PAGES,
    Failure,
    MemoryRange,
    MemoryRegion,
)


def slot(
    base: int,
    npages: int,
    host: int = 0,
    *,
    word: int = 0,
    flags: int = 0,
    gpa: int = 0,
) -> SetRegion:
    """A request by pages; `gpa` are the bytes by which its address is not aligned."""
    return SetRegion(
        MemoryRegion(
            word,
            (base << PAGE_SHIFT) + gpa,
            npages << PAGE_SHIFT,
            host << PAGE_SHIFT,
            flags,
        )
    )


def alone(*operations: Operation) -> Scenario:
    return Scenario(prefix=operations)


def lowered(
    scenario: Scenario, fails: Callable[[tuple[Operation, ...]], bool]
) -> tuple[Operation, ...]:
    """What is left of the operations; it fails as it did."""
    assert fails(operations_of(scenario))
    left = Lowering(scenario, lambda s: fails(operations_of(s))).run()
    assert fails(operations_of(left))
    return operations_of(left)


def last_frame(operations: tuple[Operation, ...]) -> bool:
    """The last frame of a slot is accessed."""
    request, access = operations
    assert isinstance(request, SetRegion)
    assert isinstance(access, GuestAccess)
    region = request.region
    return access.gfn == region.base + region.npages - 1 and region.npages > 0


def test_a_slot_and_what_is_accessed_in_it_move_together() -> None:
    scenario = alone(
        slot(0x4321, 0x777, 0x1234), GuestAccess(0x4321 + 0x776, write=True)
    )
    assert lowered(scenario, last_frame) == (slot(0, 1), GuestAccess(0))


def test_slots_that_touch_go_on_touching() -> None:
    def touch(operations: tuple[Operation, ...]) -> bool:
        one, other = (o.region for o in operations if isinstance(o, SetRegion))
        ends = one.base + one.npages
        return bool(one.npages and other.npages) and ends == other.base

    scenario = alone(slot(0x5000, 0x123, 7, word=3), slot(0x5123, 0x400, 99, word=9))
    assert lowered(scenario, touch) == (slot(0, 1), slot(1, 1))


def test_a_limit_is_found_by_halves_and_one_below_it_does_not_fail() -> None:
    def beyond(operations: tuple[Operation, ...]) -> bool:
        return any(isinstance(o, GfnToMemslot) and o.gfn > 300 for o in operations)

    assert lowered(alone(GfnToMemslot(0x123456)), beyond) == (GfnToMemslot(301),)


def test_the_edges_of_the_machine_are_tried_before_halves() -> None:
    def is_huge(operations: tuple[Operation, ...]) -> bool:
        return any(
            isinstance(o, GfnToMemslot) and o.gfn and o.gfn % 512 == 0
            for o in operations
        )

    assert lowered(alone(GfnToMemslot(7 * 512)), is_huge) == (GfnToMemslot(512),)


def test_what_depends_on_the_place_within_a_huge_page_keeps_it() -> None:
    def near_the_end(operations: tuple[Operation, ...]) -> bool:
        return any(
            isinstance(o, GfnToMemslot) and o.gfn % 512 == 300 for o in operations
        )

    assert lowered(alone(GfnToMemslot((999 << 9) + 300)), near_the_end) == (
        GfnToMemslot(300),
    )


def test_what_reaches_beyond_a_limit_is_drawn_near_it_from_below() -> None:
    limit = 1 << 40

    def beyond(operations: tuple[Operation, ...]) -> bool:
        """Two slots meet, and one of them ends above the limit."""
        one, other = (o.region for o in operations if isinstance(o, SetRegion))
        ends = one.base + one.npages, other.base + other.npages
        meet = max(one.base, other.base) < min(ends)
        return meet and max(ends) > limit

    left = lowered(
        alone(slot(limit - 0x801, 0x784), slot(limit - 0x7E, 0x7F, word=1)), beyond
    )
    assert left == (slot(limit, 1), slot(limit, 1))


def test_what_is_as_far_apart_in_the_guest_as_at_the_host_stays_so() -> None:
    def same_page(operations: tuple[Operation, ...]) -> bool:
        request, access, unmap = operations
        assert isinstance(request, SetRegion)
        assert isinstance(access, GuestAccess)
        assert isinstance(unmap, UnmapHva)
        region, page = request.region, unmap.hva >> PAGE_SHIFT
        into = access.gfn - region.base
        at_host = page - (region.userspace_addr >> PAGE_SHIFT)
        return 2 <= into == at_host < region.npages

    scenario = alone(slot(0, 100, 0), GuestAccess(77), UnmapHva(77 << PAGE_SHIFT))
    assert lowered(scenario, same_page) == (
        slot(0, 3),
        GuestAccess(2),
        UnmapHva(2 << PAGE_SHIFT),
    )


def test_a_slot_is_renamed_wherever_it_is_named() -> None:
    def of_one_slot(operations: tuple[Operation, ...]) -> bool:
        request, get, clear = operations
        assert isinstance(request, SetRegion)
        assert isinstance(get, GetDirtyLog)
        assert isinstance(clear, ClearDirtyLog)
        return request.region.slot == get.slot == clear.slot

    scenario = alone(
        slot(9, 9, word=0x1001F),
        GetDirtyLog(0x1001F),
        ClearDirtyLog(0x1001F, 64, 128, (0b1100, 0xFF)),
    )
    assert lowered(scenario, of_one_slot) == (
        slot(0, 0),
        GetDirtyLog(0),
        ClearDirtyLog(0, 0, 0, (0b100,)),
    )


def test_what_has_a_default_is_left_at_it_and_bits_go_one_by_one() -> None:
    def logs(operations: tuple[Operation, ...]) -> bool:
        request = operations[0]
        assert isinstance(request, SetRegion)
        return bool(request.region.flags & LOG_DIRTY_PAGES)

    request = slot(1, 1, flags=0xFF).region
    scenario = alone(
        SetRegion(request, private=True, failure=Failure.PREPARE),
        GuestAccess(3, write=True, direct=False, root=5, as_id=1, origin=Origin.KVM),
    )
    assert lowered(scenario, logs) == (
        slot(0, 0, flags=LOG_DIRTY_PAGES),
        GuestAccess(0),
    )


@pytest.mark.parametrize("bytes_off", [1, 513, 4095])
def test_a_place_within_a_page_is_lowered_by_itself(bytes_off: int) -> None:
    def unaligned(operations: tuple[Operation, ...]) -> bool:
        return any(
            isinstance(o, SetRegion) and o.region.guest_phys_addr % 4096
            for o in operations
        )

    assert lowered(alone(slot(77, 5, gpa=bytes_off)), unaligned) == (slot(0, 0, gpa=1),)


def test_numbers_that_are_no_places_are_lowered_each() -> None:
    def long(operations: tuple[Operation, ...]) -> bool:
        return any(isinstance(o, UseHvaCache) and o.length >= 8 for o in operations)

    scenario = alone(UseHvaCache(3, 4096, 1 << 63, write=True))
    assert lowered(scenario, long) == (UseHvaCache(0, 0, 8),)


def test_gaps_are_between_the_places_of_a_line_and_before_the_first() -> None:
    scenario = alone(slot(4, 2, 7), GfnToMemslot(10), InvalidateRange(0x9000, 0xA001))
    assert sorted(places(scenario, Line.GUEST)) == [4, 6, 10]
    assert [(g.above, g.pages) for g in gaps(scenario, Line.GUEST)] == [
        (4, 4),
        (6, 2),
        (10, 4),
    ]
    assert sorted(places(scenario, Line.HOST)) == [7, 9, 10]


def test_what_would_not_fit_into_a_number_is_no_candidate() -> None:
    scenario = alone(slot(0, (U64 >> PAGE_SHIFT) - 1))
    assert moved(scenario, {Line.GUEST: lambda place: 2 * place}) is None
    assert moved(scenario, {Line.GUEST: lambda place: place - 1}) is None


def test_no_candidate_is_tried_twice_and_a_race_keeps_its_threads() -> None:
    scenario = Scenario(
        (slot(64, 64),), ((GfnToMemslot(65),), (GuestAccess(66),)), (GfnToMemslot(67),)
    )
    tried: list[Scenario] = []

    def fails(candidate: Scenario) -> bool:
        tried.append(candidate)
        return False

    assert Lowering(scenario, fails).run() == scenario
    assert len(tried) == len(set(tried)) > 0
    assert {tuple(map(len, s.threads)) for s in tried} == {(1, 1)}


def test_of_a_table_that_replaces_another_one_small_range_is_left() -> None:
    ranges = tuple(MemoryRange(64 * n, 8, 0x90000 * n) for n in (1, 2, 3))

    def fails(scenario: Scenario) -> bool:
        (asked,) = scenario.prefix
        assert isinstance(asked, ReplaceTable)
        return any(one.npages > 1 for one in asked.ranges)

    left = Lowering(alone(ReplaceTable(ranges)), fails).run()
    assert left == alone(ReplaceTable((MemoryRange(0, 2, 0),)))
