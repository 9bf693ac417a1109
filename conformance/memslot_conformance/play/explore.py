"""Ways through the schedules of one race: bounded, sampled, and one again.

Each yields what was played and judges nothing. A preemption is a switch away
from a thread that could have gone on; few of them show most races, so bounded
exploration plays the schedules with the fewest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random

from memslot_conformance.adapter.protocols import Make
from memslot_conformance.play.budget import Budget
from memslot_conformance.play.chance import (
    FEW,
    STAYS,
    CountingChooser,
    preempting,
    tossing,
)
from memslot_conformance.play.played import Played
from memslot_conformance.play.scheduler import Chooser, play, stay
from memslot_conformance.scenarios.scenario import Scenario, Schedule
from memslot_spec.history.events import Event


class NotRepeatableError(Exception):
    """The same choices led elsewhere: the target is not deterministic."""


@dataclass(frozen=True, slots=True)
class _Start:
    """The first choices of a schedule: of an earlier play, but the last."""

    choices: bytes
    decisions: int
    last: int | None = None

    def opening(self) -> bytes:
        """The choices, a byte each."""
        last = () if self.last is None else (self.last,)
        return self.choices[: self.decisions] + bytes(last)


class Bounded(Iterator[Played]):
    """Every schedule with at most `preemptions`, each once, the fewest first.

    It ends when all were played, or when the budget is spent; `complete` tells
    the two apart. `played` counts the schedules so far, and `covered` is the
    largest number of preemptions of which every schedule was played, None while
    there is none.
    """

    def __init__(
        self, play_once: Callable[[Chooser], Played], preemptions: int, budget: Budget
    ) -> None:
        self.played = 0
        self.covered: int | None = None
        self._play_once = play_once
        self._bound = preemptions
        self._budget = budget
        # Every schedule is a start continued by `stay`, which adds no preemption:
        # the starts that were not played yet, by their number of preemptions.
        more: list[list[_Start]] = [[] for _ in range(preemptions)]
        self._starts = [[_Start(b"", 0)], *more]
        self._level = 0

    @property
    def complete(self) -> bool:
        """Every schedule within the bound was played."""
        return self.covered == self._bound

    def __next__(self) -> Played:
        """Play the next schedule."""
        if self.complete or not self._budget.spend():
            raise StopIteration
        opening = self._starts[self._level].pop().opening()
        walk = _Walk(opening)
        played = self._play_once(walk.choose)
        self.played += 1
        self._branch(walk, len(opening))
        while self._level <= self._bound and not self._starts[self._level]:
            self.covered = self._level
            self._level += 1
        return played

    def _branch(self, walk: _Walk, first: int) -> None:
        choices = bytes(walk.choices)
        for decision in range(first, len(choices)):
            runnable, current = walk.options[decision - first]
            level = self._level + (current is not None)
            if len(runnable) == 1 or level > self._bound:
                continue
            waiting = self._starts[level]
            for other in runnable:
                if other != choices[decision]:
                    waiting.append(_Start(choices, decision, other))


class _Walk:
    """A chooser that follows an opening, then stays, and notes its options."""

    def __init__(self, opening: bytes) -> None:
        self.choices = bytearray()
        self.options: list[tuple[tuple[int, ...], int | None]] = []
        self._opening = opening

    def choose(
        self, runnable: tuple[int, ...], current: int | None, _last: Event | None
    ) -> int:
        decision = len(self.choices)
        if decision < len(self._opening):
            thread = self._opening[decision]
            if thread not in runnable:
                message = (
                    f"at decision {decision} of the same schedule thread {thread} "
                    f"could run before, and now only {runnable} can"
                )
                raise NotRepeatableError(message)
        else:
            self.options.append((runnable, current))
            thread = runnable[0] if current is None else current
        self.choices.append(thread)
        return thread


def bounded(
    make: Make,
    scenario: Scenario,
    preemptions: int,
    *,
    budget: Budget | None = None,
    step_limit: int | None = None,
) -> Bounded:
    """Every schedule of the scenario with at most this many preemptions."""

    def play_once(choose: Chooser) -> Played:
        return play(make, scenario, choose, step_limit=step_limit)

    return Bounded(play_once, preemptions, budget or Budget())


def sampled(
    make: Make,
    scenario: Scenario,
    rng: Random,
    count: int,
    *,
    step_limit: int | None = None,
) -> Iterator[Played]:
    """So many random schedules, by turns of several kinds.

    Every other one has few preemptions, anywhere: most bugs want one or two, and at
    one place. The others stay at each decision with one probability out of `STAYS`,
    and half of them switch only where shared state changes hands. Some bugs want
    many switches, and some a thread that stands still through a whole update.
    """
    decisions = 0
    for number in range(count):
        if number % 2 and decisions:
            at = {rng.randrange(decisions) for _ in range(rng.choice(FEW))}
            walk = CountingChooser(preempting(rng, frozenset(at)))
        else:
            stays = STAYS[number // 4 % len(STAYS)]
            handing = bool(number // 2 % 2)
            walk = CountingChooser(tossing(rng, stays, only_handing_over=handing))
        yield play(make, scenario, walk.choose, step_limit=step_limit)
        decisions = walk.decisions


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
        self, runnable: tuple[int, ...], current: int | None, last: Event | None
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
        return stay(runnable, current, last)

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
