"""Ways through the schedules of one race: bounded, sampled, and one again.

Each yields what was played and judges nothing. A preemption is a switch away
from a thread that could have gone on; few of them show most races, so bounded
exploration plays the schedules with the fewest first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random

from memslot_conformance.adapter.protocols import Make
from memslot_conformance.adapter.stepped import Plan, Stretch
from memslot_conformance.play.chance import (
    FEW,
    STAYS,
    CountingChooser,
    Preempting,
    Tossing,
)
from memslot_conformance.play.played import Played
from memslot_conformance.play.reduction import LeftOutError
from memslot_conformance.play.scheduler import Chooser, play, stay
from memslot_conformance.play.unrepeated import DrawnWalk, Unrepeated
from memslot_conformance.scenarios.scenario import Run, Scenario, Schedule
from memslot_spec.history.events import Event

TRIES = 2
"""How often a schedule is drawn for each that is wanted, where none may repeat."""


def sampled(
    make: Make,
    scenario: Scenario,
    rng: Random,
    count: int,
    *,
    step_limit: int | None = None,
    repeats: bool = True,
) -> Iterator[Played]:
    """So many random schedules, by turns of several kinds.

    Every other one has few preemptions, anywhere: most bugs want one or two, and at
    one place. The others stay at each decision with one probability out of `STAYS`,
    and half of them switch only where shared state changes hands. Some bugs want
    many switches, and some a thread that stands still through a whole update.
    Without `repeats` no partial order comes twice, so there may be fewer.
    """
    decisions = played = 0
    drawn = None if repeats else Unrepeated(rng)
    for number in range(count if repeats else count * TRIES):
        choose = _chooser(rng, number, decisions)
        walk = CountingChooser(choose) if drawn is None else DrawnWalk(choose, drawn)
        try:
            one = play(make, scenario, walk.choose, step_limit=step_limit)
        except LeftOutError:
            continue
        if isinstance(walk, DrawnWalk) and not walk.finish(one):
            continue
        yield one
        decisions, played = walk.decisions, played + 1
        if played == count or (drawn is not None and drawn.is_over):
            return


def _chooser(rng: Random, number: int, decisions: int) -> Chooser:
    if number % 2 and decisions:
        at = {rng.randrange(decisions) for _ in range(rng.choice(FEW))}
        return Preempting(rng, frozenset(at))
    stays = STAYS[number // 4 % len(STAYS)]
    handing = bool(number // 2 % 2)
    return Tossing(rng, stays, only_handing_over=handing)


class Following:
    """A chooser that follows a schedule, and then stays.

    A run whose thread cannot go on is left for the next one, and `diverged` says
    where that happened first.
    """

    def __init__(self, schedule: Schedule) -> None:
        self.diverged: str | None = None
        self._runs = list(reversed(schedule))
        self._thread = 0
        self._points = 0
        self._decision = 0

    def choose(
        self, runnable: tuple[int, ...], current: int | None, events: Sequence[Event]
    ) -> int:
        """Go on with the run, or with the next one that can go on."""
        self._decision += 1
        while self._points or self._runs:
            if not self._points:
                self._next_run()
            elif self._thread in runnable:
                self._points -= 1
                return self._thread
            else:
                self._strayed()
                self._points = 0
        return stay(runnable, current, events)

    def ahead(self) -> Plan:
        """The rest of the schedule, and then it stays."""
        here = (Run(self._thread, self._points), *reversed(self._runs))
        left = tuple(Stretch(r.thread, r.points) for r in here if r.points)
        return Plan(left, stays=True)

    def finish(self) -> str | None:
        """Where it diverged, runs that were never reached among it."""
        if not self._points and self._runs:
            self._next_run()
        if self._points:
            self._decision += 1
            self._strayed()
        return self.diverged

    def _next_run(self) -> None:
        run = self._runs.pop()
        self._thread, self._points = run.thread, run.points

    def _strayed(self) -> None:
        if self.diverged is None:
            self.diverged = (
                f"at decision {self._decision} thread {self._thread} "
                f"cannot go on for another {self._points}"
            )


def replay(
    make: Make,
    scenario: Scenario,
    schedule: Schedule,
    *,
    step_limit: int | None = None,
) -> Played:
    """Play this schedule; `diverged` says where it could not be followed."""
    following = Following(schedule)
    played = play(make, scenario, following.choose, step_limit=step_limit)
    return replace(played, diverged=following.finish())
