"""What was met is counted: by operation, objection, edge, and pairs on one thing."""

from __future__ import annotations

from memslot_conformance.scenarios.drawn.met import Met
from memslot_conformance.scenarios.notation import delete, put
from memslot_conformance.scenarios.scenario import Operations, Scenario
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.model.operations import (
    GetDirtyLog,
    GfnToHva,
    GuestAccess,
    InitHvaCache,
    InvalidateRange,
    TssBase,
    UnmapHva,
    UseHvaCache,
)
from scenario_headers import LINUX, REFERENCE

S0 = put(0, 16, 4, 0x1000)
S1 = put(1, 32, 4, 0x2000)


def pairs(prefix: Operations, *threads: Operations) -> set[str]:
    met = Met(LINUX)
    met.scenario(Scenario(prefix, threads))
    return {key for key in met.counter if key.startswith("pair ")}


def test_two_operations_meet_on_a_frame_and_not_beside_it() -> None:
    assert pairs((S0,), (GuestAccess(17),), (GfnToHva(17),)) == {
        "pair GuestAccess x GfnToHva"
    }
    assert pairs((S0,), (GuestAccess(17),), (GfnToHva(18),)) == set()
    assert pairs((S0,), (GuestAccess(17),), (GfnToHva(17, as_id=1),)) == set()


def test_the_host_meets_the_guest_by_way_of_a_slot() -> None:
    page = 0x1001 * PAGE_SIZE
    met = {"pair UnmapHva x GuestAccess"}
    assert pairs((S0,), (UnmapHva(page),), (GuestAccess(17),)) == met
    assert pairs((), (UnmapHva(page),), (GuestAccess(17),)) == set()
    ranges = (InvalidateRange(page, page + 1),)
    assert pairs((S0,), ranges, (GuestAccess(17),)) == {
        "pair InvalidateRange x GuestAccess"
    }


def test_a_request_meets_what_its_slot_had_and_what_it_is_to_have() -> None:
    moved = put(0, 64, 4, 0x1000)
    for gfn in (16, 64):
        assert pairs((S0,), (moved,), (GfnToHva(gfn),)) == {"pair SetRegion x GfnToHva"}
    assert pairs((S0, S1), (delete(0),), (GfnToHva(32),)) == set()
    assert pairs((S0,), (GetDirtyLog(0),), (delete(0),)) == {
        "pair GetDirtyLog x SetRegion"
    }


def test_a_cache_meets_by_the_range_it_was_resolved_for() -> None:
    init = InitHvaCache(2, 17 << 12, 16)
    assert pairs((S0, init), (GuestAccess(17),), (UseHvaCache(2, 0, 8),)) == {
        "pair GuestAccess x UseHvaCache"
    }
    assert pairs((S0,), (GuestAccess(17),), (UseHvaCache(2, 0, 8),)) == set()


def test_what_is_about_the_whole_vm_meets_everything() -> None:
    assert pairs((), (TssBase(),), (GfnToHva(17),)) == {"pair TssBase x GfnToHva"}


def test_order_is_that_of_threads_and_each_pair_counts_once_in_a_race() -> None:
    met = Met(LINUX)
    twice = (GfnToHva(17), GfnToHva(17))
    met.scenario(Scenario((S0,), (twice, (GuestAccess(17),))))
    assert met.counter["pair GfnToHva x GuestAccess"] == 1
    assert met.counter["pair GuestAccess x GfnToHva"] == 0


def test_one_thread_is_counted_as_one_after_the_other() -> None:
    met = Met(LINUX)
    for operation in (S0, GuestAccess(17), GfnToHva(17)):
        met.step(operation)
    assert met.counter["then SetRegion > GuestAccess"] == 1
    assert met.counter["then GuestAccess > GfnToHva"] == 1
    assert met.counter["change CREATE"] == 1


def test_objections_and_edges_are_counted() -> None:
    met = Met(REFERENCE)
    met.step(put(REFERENCE.limits.user_slots, 0, 1, 0))
    assert met.counter["objection BAD_ID"] == 1
    assert met.counter["edge SetRegion: the first slot id too high"] == 1
    assert met.counter["edge SetRegion: one page"] == 1
