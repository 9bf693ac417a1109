"""Programs that are stepped: what comes over the pipe is what comes without one."""

from __future__ import annotations

import sys
from collections.abc import Generator
from random import Random

import pytest

from memslot_conformance.adapter.stepped import Plan, Stretch
from memslot_conformance.play.bounded import bounded
from memslot_conformance.play.budget import Budget
from memslot_conformance.play.determinism import self_check
from memslot_conformance.play.explore import replay, sampled
from memslot_conformance.play.scheduler import Play, play
from memslot_conformance.scenarios.scenario import Run, Scenario
from memslot_conformance.targets.resolve import Target, resolve
from memslot_spec.history.events import Finished
from memslot_spec.model.operations import GfnToHva, GfnToMemslot, SetRegion
from memslot_spec.model.values import MemoryRegion
from served_targets import EXAMPLES, served

CREATE = SetRegion(MemoryRegion(0, 0, 8192, 1 << 30))
ANOTHER = SetRegion(MemoryRegion(1, 16384, 8192, 1 << 31))
DELETE = SetRegion(MemoryRegion(0, 0, 0, 0))
RACE = Scenario(
    (CREATE,),
    ((DELETE, ANOTHER), (GfnToHva(1), GfnToMemslot(0))),
    (GfnToHva(1),),
)
THREE = Scenario((CREATE,), ((DELETE,), (GfnToHva(0),), (GfnToMemslot(1),)))

TABLE = "stepped_table:make"
REFERENCES = (
    "memslot_reference.reference:reference",
    "memslot_reference.reference:reference_linux",
)


@pytest.fixture(autouse=True, scope="module")
def _with_the_examples() -> Generator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.path", [str(EXAMPLES), *sys.path])
        yield


@pytest.fixture(name="here", scope="module")
def _here() -> Target:
    return resolve(f"py:{TABLE}")


@pytest.fixture(name="afar", scope="module")
def _afar() -> Target:
    return resolve(served(TABLE))


@pytest.mark.parametrize("reduced", [False, True], ids=["all", "reduced"])
@pytest.mark.parametrize("scenario", [RACE, THREE], ids=["two", "three"])
def test_a_bounded_search_is_the_same(
    here: Target, afar: Target, scenario: Scenario, *, reduced: bool
) -> None:
    def searched(target: Target) -> list[object]:
        budget = Budget(plays=60)
        search = bounded(target.make, scenario, 2, budget=budget, reduced=reduced)
        return [*search, search.played, search.left]

    assert searched(afar) == searched(here)


@pytest.mark.parametrize("repeats", [True, False], ids=["repeats", "no repeats"])
def test_what_is_drawn_is_what_its_schedule_gives(
    here: Target, afar: Target, *, repeats: bool
) -> None:
    plays = list(sampled(afar.make, RACE, Random(3), 40, repeats=repeats))
    assert len(plays) == 40
    for played in plays:
        again = replay(here.make, RACE, played.schedule)
        assert again.events == played.events
        assert replay(afar.make, RACE, played.schedule) == again


@pytest.mark.parametrize("path", REFERENCES)
def test_every_kind_of_point_comes_over(path: str) -> None:
    here, afar = resolve(f"py:{path}"), resolve(served(path))
    assert afar.header.capabilities == here.header.capabilities
    for scenario in (RACE, THREE):
        found = list(bounded(afar.make, scenario, 1, budget=Budget(plays=8)))
        assert found == list(bounded(here.make, scenario, 1, budget=Budget(plays=8)))
    assert self_check(afar.make, RACE, (Run(1, 9), Run(2, 9))) is None


def test_where_a_thread_cannot_go_on_the_next_run_is_taken(
    here: Target, afar: Target
) -> None:
    schedule = (Run(2, 3), Run(1, 500), Run(2, 500), Run(1, 2), Run(2, 4))
    played = replay(afar.make, RACE, schedule)
    assert played.diverged is not None
    assert played == replay(here.make, RACE, schedule)


BROKEN = {"RaisesInside": 13, "WaitsForItself": 30, "NeverEnds": 12}
"""How many plays are enough to meet what goes wrong."""


@pytest.mark.parametrize("name", BROKEN)
def test_what_goes_wrong_in_a_race_is_told_as_it_is_here(name: str) -> None:
    path = f"stepped_adapters:{name}"
    here, afar = resolve(f"py:{path}"), resolve(served(path))
    plays = BROKEN[name]
    mine = list(bounded(here.make, RACE, 1, budget=Budget(plays=plays)))
    theirs = list(bounded(afar.make, RACE, 1, budget=Budget(plays=plays)))
    assert [each.schedule for each in theirs] == [each.schedule for each in mine]
    assert any(each.error or each.waits for each in mine)
    for one, other in zip(mine, theirs, strict=True):
        assert one.events == other.events
        assert (one.error is None) == (other.error is None)
        if one.error is not None and other.error is not None:
            assert (one.error.thread, one.error.operation) == (
                (other.error.thread, other.error.operation)
            )
        for label in other.waits:
            assert label.isprintable()


def test_a_program_that_broke_in_a_race_says_where() -> None:
    afar = resolve(served("stepped_adapters:RaisesInside"))
    plays = bounded(afar.make, RACE, 1)
    fault = next(each.error for each in plays if each.error is not None)
    assert fault.thread == 2
    assert fault.operation == GfnToHva(1)
    assert r"thread 2: error: KeyError: 'no \x1b[2J room'" in fault.message
    assert "to answer: " in fault.message


class WrongAhead:
    """It stays, and foresees that thread 2 goes on after the first turn."""

    def choose(
        self, runnable: tuple[int, ...], current: int | None, events: object
    ) -> int:
        del events
        return runnable[0] if current is None else current

    def ahead(self) -> Plan:
        return Plan((Stretch(2, 100),))


def test_what_nobody_chose_was_not_played(here: Target, afar: Target) -> None:
    for target in (afar, resolve(served("stepped_adapters:RaisesInside"))):
        played = play(target.make, THREE, WrongAhead().choose)
        assert played.error is None
        if target is afar:
            assert played == play(here.make, THREE)


def test_a_thread_alone_may_wait_for_ever() -> None:
    afar = resolve(served("stepped_adapters:Alone"))
    play = Play(afar.make)
    assert not play.alone((CREATE, ANOTHER, DELETE), watched=False)
    assert play.played().waits == ("a second life",)
    assert play.played().events[-1] == Finished(0, (0,))
    play.close()
    assert Play(afar.make).alone((CREATE,))


def test_what_is_not_the_same_again_is_noticed() -> None:
    afar = resolve(served("stepped_adapters:Forgets"))
    found = self_check(afar.make, RACE)
    assert found is not None
    assert "went two ways" in str(found)
