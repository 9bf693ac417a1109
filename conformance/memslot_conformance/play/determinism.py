"""The self-check: the same scenario and schedule give the same history."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

from memslot_conformance.adapter.protocols import Make
from memslot_conformance.play.explore import replay
from memslot_conformance.play.played import Played
from memslot_conformance.scenarios.scenario import Scenario, Schedule
from memslot_spec.history.events import Event


@dataclass(frozen=True, slots=True)
class Nondeterministic:
    """The first step, counted from 1, at which two equal plays differ.

    An event is None where that play had ended; `error` says how one of them broke, if
    the target did.
    """

    step: int
    first: Event | None
    second: Event | None
    error: str | None = None

    def __str__(self) -> str:
        broke = "" if self.error is None else f"; it broke by {self.error}"
        return (
            f"the same schedule went two ways: step {self.step} was "
            f"{self.first!r}, and the second time {self.second!r}{broke}"
        )


def first_difference(first: Played, second: Played) -> Nondeterministic | None:
    """Where the events of two plays differ first; None where they are equal."""
    pairs = zip_longest(first.events, second.events)
    broke = first.error or second.error
    error = None if broke is None else broke.message
    for step, (one, other) in enumerate(pairs, 1):
        if one != other:
            return Nondeterministic(step, one, other, error)
    return None


def self_check(
    make: Make,
    scenario: Scenario,
    schedule: Schedule = (),
    *,
    step_limit: int | None = None,
) -> Nondeterministic | None:
    """Play it twice; None where both plays are the same."""
    first = replay(make, scenario, schedule, step_limit=step_limit)
    second = replay(make, scenario, schedule, step_limit=step_limit)
    return first_difference(first, second)
