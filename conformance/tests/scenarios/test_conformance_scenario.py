"""What a scenario and a schedule are, and the short ways to write them down."""

from __future__ import annotations

from memslot_conformance.scenarios.notation import delete, private, put, race
from memslot_conformance.scenarios.scenario import Run, Scenario, joined, without_thread
from memslot_spec.model.operations import Halt, MmuPages, SetRegion
from memslot_spec.model.values import Failure, MemoryRegion


def test_a_scenario_counts_the_operations_of_all_its_parts() -> None:
    threads = ((Halt(), Halt()), (Halt(),))
    assert Scenario((MmuPages(),) * 5, threads, (Halt(),) * 7).operations == 15
    assert Scenario().operations == 0


def test_neighbours_of_one_thread_are_joined_and_empty_runs_are_gone() -> None:
    schedule = (Run(1, 2), Run(1, 3), Run(2, 0), Run(1, 1), Run(3, 1), Run(2, -1))
    assert joined(schedule) == (Run(1, 6), Run(3, 1))
    assert joined(()) == ()


def test_the_threads_after_one_that_is_taken_out_move_down() -> None:
    schedule = (Run(1, 2), Run(2, 3), Run(1, 1), Run(3, 4))
    assert without_thread(schedule, 1) == (Run(1, 3), Run(2, 4))
    assert without_thread(schedule, 2) == (Run(1, 3), Run(2, 4))
    assert without_thread(schedule, 3) == schedule[:3]


def test_a_request_is_written_down_in_pages() -> None:
    region = MemoryRegion(3, 0x10_000, 0x4000, 0x1_000_000, 1)
    assert put(3, 16, 4, 0x1000, 1) == SetRegion(region)
    failing = put(3, 16, 4, 0x1000, 1, Failure.PREPARE)
    assert failing == SetRegion(region, failure=Failure.PREPARE)
    assert delete(2) == SetRegion(MemoryRegion(2, 0, 0, 0, 0))
    assert delete(2, 5, Failure.ALLOCATE) == SetRegion(
        MemoryRegion(2, 0x5000, 0, 0, 0), failure=Failure.ALLOCATE
    )
    assert private(32, 1, 2, 3) == SetRegion(
        MemoryRegion(32, 0x1000, 0x2000, 0x3000, 0), private=True
    )


def test_a_race_has_a_name_a_prefix_threads_and_an_end() -> None:
    written = race("of two", (Halt(),), (MmuPages(),), (Halt(),), after=(delete(0),))
    assert written.name == "of two"
    assert written.scenario == Scenario(
        (Halt(),), ((MmuPages(),), (Halt(),)), (delete(0),)
    )
