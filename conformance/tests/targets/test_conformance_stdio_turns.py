"""Stepped programs that go wrong in the turns of a race: errors with their place."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping

import pytest

import odd_turns
from memslot_conformance.play.explore import replay
from memslot_conformance.play.played import Played
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.stdio.process import MalformedError
from memslot_conformance.targets.stdio.target import ProgramFactory
from memslot_spec.history.events import Call, Return
from memslot_spec.model.operations import GfnToHva, SetRegion
from memslot_spec.model.replies import FoundHva
from memslot_spec.model.values import MemoryRegion
from odd_ends import TURNS

CREATE = SetRegion(MemoryRegion(0, 0, 4096, 0))
RACE = Scenario((CREATE,), ((GfnToHva(0),), (GfnToHva(1),)))

LASTED: Mapping[str, int] = {
    "a turn too many": 2,
    "goes on in a wait": 1,
    "a reply at the end": 2,
    "an error": 1,
    "dies": 1,
    "leaves": 1,
    "hangs": 1,
}
"""How many turns were told in good order before it went wrong."""


def played(way: str) -> Played:
    words = shlex.join([sys.executable, "-S", "-E", odd_turns.__file__, way])
    factory = ProgramFactory(words, None)
    try:
        return replay(factory, RACE, ())
    finally:
        factory.end()


@pytest.mark.parametrize("way", TURNS)
def test_a_turn_that_goes_wrong_is_an_error_with_its_place(way: str) -> None:
    one = played(way)
    assert one.error is not None
    assert TURNS[way] in one.error.message
    if way != "no turn":
        assert "to answer: {" in one.error.message
    assert all(c.isprintable() or c == "\n" for c in one.error.message)
    turns = [event for event in one.events if event.thread]
    told = [event for event in turns if isinstance(event, Call)]
    assert len(told) == LASTED.get(way, 0)


def test_every_odd_turn_is_tried() -> None:
    assert set(TURNS) >= set(odd_turns.TURNS) - {"escapes"}


def test_what_was_told_before_is_kept() -> None:
    events = [event for event in played("dies").events if event.thread]
    assert events == [Call(1, GfnToHva(0)), Return(1, FoundHva(None))]


def test_who_waits_for_ever_is_stuck_and_its_label_steers_nothing() -> None:
    one = played("escapes")
    assert one.error is not None or one.waits
    assert all("\x1b" not in label for label in one.waits)


def test_a_sound_race_ends() -> None:
    assert played("sound").error is None


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("misspelt point", "is no kind of point. Did you mean 'TableLoaded'?"),
        ("points of the first version", "expected version 2, which knows points"),
    ],
)
def test_points_that_cannot_be_are_refused(way: str, said: str) -> None:
    with pytest.raises(MalformedError) as raised:
        played(way)
    assert said in str(raised.value)
