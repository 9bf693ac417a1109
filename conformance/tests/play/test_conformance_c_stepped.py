"""A table in C is stepped as one in Python is: same clauses, schedules and replays."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from c_libraries import EXAMPLE, broken, built, example, needs_c
from command_line import memslots
from memslot_conformance.layers.fixed import BOUNDS
from memslot_conformance.play.scheduler import play
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.resolve import resolve
from memslot_spec.history.events import Event, Finished, Return
from memslot_spec.model.operations import GfnToHva, SetRegion
from memslot_spec.model.values import MemoryRegion

pytestmark = needs_c

MAKE = SetRegion(MemoryRegion(0, 0, 0x1000, 0x10000))
DELETE = SetRegion(MemoryRegion(0, 0, 0, 0))
RACE = Scenario((MAKE,), ((GfnToHva(0),), (DELETE,)))


def first_then_second(
    runnable: tuple[int, ...], _: int | None, events: Sequence[Event]
) -> int:
    """The reader enters its section; then the update goes as far as it can."""
    entered = sum(event.thread == 1 for event in events) > 2
    return runnable[-1] if entered else runnable[0]


def test_a_sound_table_in_c_breaks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BOUNDS, "quick", {1: 0, 2: 1, 3: 0, 4: 0})
    assert broken(example(tmp_path)) == set()


@pytest.mark.parametrize(
    ("bug", "clause"),
    [
        ("NO_GRACE_PERIOD", "SRCU-4"),
        ("NO_INVALID_STEP", "DEL-1"),
        ("IN_PLACE", "SLOT-7"),
    ],
)
def test_a_bug_in_c_is_found_and_its_failure_replayed(
    bug: str, clause: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    target = example(tmp_path, bug)
    result = memslots("check", target, "--layers", "fixed", "-x", "--report-dir", "out")
    assert result.exit_code == 1
    assert f"FAIL {clause}" in result.output
    (failure,) = Path("out/failures").iterdir()
    again = memslots("replay", str(failure))
    assert again.exit_code == 1
    assert f"FAIL {clause}" in again.output


def test_the_same_schedule_gives_the_same_history(tmp_path: Path) -> None:
    make = resolve(example(tmp_path)).make
    once = play(make, RACE, first_then_second)
    assert once.error is None
    assert once.preemptions
    assert play(make, RACE, first_then_second).events == once.events


def test_threads_that_wait_for_ever_in_c_are_left_there(tmp_path: Path) -> None:
    """They cannot be raised in, and the next play is whole."""
    source = EXAMPLE.read_text(encoding="utf-8")
    never = source.replace("    vm->readers[index]--;\n", "")
    make = resolve(built(never, tmp_path)).make
    for _ in range(50):
        played = play(make, RACE, first_then_second)
        assert played.error is None
        assert played.events[-1] == Finished(0, (2,))
        assert played.waits == ("the readers",)
        assert sum(isinstance(event, Return) for event in played.events) == 2


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("ms_update_locked(vm->hooks);", "point.kind = 999;", "has the kind 999"),
        ("ms_update_locked(vm->hooks);", "point.numbers = 9;", "has 9 numbers"),
        ("hooks, unlocked, vm", "hooks, 1 ? 0 : unlocked, vm", "until is NULL"),
    ],
)
def test_a_point_that_says_nothing_is_an_error_of_the_library(
    before: str, after: str, told: str, tmp_path: Path
) -> None:
    if after.startswith("point"):
        after = (
            "{ ms_point point = ms_point_of(MS_POINT_UPDATE_LOCKED, 0); "
            f"{after} ms_announce(vm->hooks, &point); }}"
        )
    source = EXAMPLE.read_text(encoding="utf-8").replace(before, after)
    played = play(resolve(built(source, tmp_path)).make, Scenario((MAKE,)))
    assert played.error is not None
    assert told in played.error.message
