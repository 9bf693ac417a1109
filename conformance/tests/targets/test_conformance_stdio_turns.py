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

CREATE = SetRegion(MemoryRegion(0, 0, 4096, 0))
RACE = Scenario((CREATE,), ((GfnToHva(0),), (GfnToHva(1),)))

AN_END = "turn: expected a reply, or a wait, or a last point that ends a turn, got "
A_THREAD = "turn.thread: expected thread 1, whose turn it is, got "

SAID: Mapping[str, str] = {
    "no turn": "no turn was told of, and thread 1 could take one",
    "another thread": f"{A_THREAD}2",
    "no thread of the race": f"{A_THREAD}7",
    "thread 0": f"{A_THREAD}0",
    "stops nowhere": f"{AN_END}null",
    "stops too early": f'{AN_END}"TableRead"',
    "runs over a stop": 'expected a turn that ends at each of its stops, got "Sect',
    "two ends": "turn: expected one of reply, waits and error, got ",
    "another's point": "turn.points[0].thread: expected thread 1, got 2",
    "no kind of point": "turn.points[0].e: expected one of ",
    "a call": "turn.points[0].e: expected one of ",
    "a negative index": "turn.points[0].index: expected 0..2**64-1, got -1",
    "a turn too many": "turn.thread: expected the answer, for nobody has a turn, got 1",
    "goes on in a wait": "expected thread 2, whose turn it is, got 1",
    "ready for nothing": "turn.ready: expected threads that wait, got [2]",
    "another reply": 'turn.reply: expected FoundHva for a GfnToHva, got "Done"',
    "a reply beside": "reply: expected no reply and no view to this request, got",
    "a reply at the end": "reply: expected no reply and no view to this request, got",
    "an error beside": 'error: expected no error beside a turn, got "why"',
    "an error": r"thread 1: error: no \x1b memory",
    "dies": "it was killed by signal 9 (SIGKILL) before it had answered",
    "leaves": "it exited with status 3 before it had answered",
    "hangs": "no answer within 0.3 seconds",
    "endless": "of its standard output has more than 1,048,576 bytes",
    "a turn of nobody": "turn: expected no turn, which this request does not give",
    "a point of a thread": "points[0].thread: expected thread 0, got 1",
    "waits and answers": "waits: expected a reply or a wait, got ",
    "waits for a start": "points: expected no points and no wait here, got",
}
"""What is said of it when its race is played."""

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


@pytest.mark.parametrize("way", SAID)
def test_a_turn_that_goes_wrong_is_an_error_with_its_place(way: str) -> None:
    one = played(way)
    assert one.error is not None
    assert SAID[way] in one.error.message
    if way != "no turn":
        assert "to answer: {" in one.error.message
    assert all(c.isprintable() or c == "\n" for c in one.error.message)
    turns = [event for event in one.events if event.thread]
    told = [event for event in turns if isinstance(event, Call)]
    assert len(told) == LASTED.get(way, 0)


def test_every_odd_turn_is_tried() -> None:
    assert set(SAID) >= set(odd_turns.TURNS) - {"escapes"}


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
