"""Which schedules are played is pinned: the bounded, the sampled, and the shrunk.

A search that plays other schedules than before gives the same verdicts on nearly
every target; what is pinned here shows it. After a change that is meant, `make
golden` writes it anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from golden_blocks import check_block, check_keys
from memslot_conformance.play.bounded import bounded
from memslot_conformance.play.budget import Budget
from memslot_conformance.play.explore import sampled
from memslot_conformance.play.played import Played
from memslot_conformance.play.shrink import shrink_scenario, shrink_schedule
from memslot_conformance.scenarios.scenario import Scenario, Schedule
from memslot_spec.history.events import Call, Return
from memslot_spec.history.points.tables import TableLoaded
from memslot_spec.model.operations import CountRmaps, Halt, MmuPages, TssBase
from memslot_spec.model.replies import Number
from pinned_draws import sum_of
from toys import Locks

PINNED = Path(__file__).parent / "golden" / "schedules.txt"

SHOWN = 12

ADDS = MmuPages()
LOCKS, LOCKS_BACK = CountRmaps(), TssBase()

RACES = {
    "two": Scenario(threads=((ADDS,), (ADDS,))),
    "three": Scenario((ADDS,), ((ADDS, ADDS), (ADDS,), (ADDS,)), (ADDS,)),
    "locks": Scenario(threads=((LOCKS,), (LOCKS_BACK, ADDS), (ADDS, LOCKS))),
}


class Stepped(Locks):
    """Halting passes three switching points."""

    def halt(self) -> None:
        for number in range(3):
            self.hook.point(TableLoaded, number)


def is_lost(played: Played) -> bool:
    """An addition got lost."""
    numbers = [
        e.reply for e in played.events if isinstance(e, Return) and e.reply != Number(0)
    ]
    return bool(numbers) and Number(len(numbers)) not in numbers


def is_stuck(played: Played) -> bool:
    """Two threads wait for one another."""
    return bool(played.waits)


def is_alternating(played: Played) -> bool:
    """Two threads halt by turns, which takes four preemptions."""
    loads = (e.thread for e in played.events if isinstance(e, TableLoaded))
    return [thread for thread in loads if thread in {1, 2}][:5] == [1, 2, 1, 2, 1]


def is_overrun(played: Played) -> bool:
    """It did not finish within its steps."""
    return played.error is not None


def in_words(schedule: Schedule) -> str:
    """A schedule in one line."""
    return " ".join(f"T{run.thread}x{run.points}" for run in schedule) or "none"


def told(played: Played) -> str:
    """What a play was: its schedule, what each thread began, and how it ended."""
    calls = ", ".join(
        f"{e.thread} {type(e.operation).__name__}"
        for e in played.events
        if isinstance(e, Call)
    )
    ending = f"{played.preemptions} of {played.decisions}"
    return f"{in_words(played.schedule)} ({ending}): {calls}"


def all_told(plays: Iterable[Played]) -> str:
    """The first plays in words, and what sums up all of them."""
    came = tuple(plays)
    whole = [(told(p), p.schedule, p.events, p.error, p.diverged) for p in came]
    lines = [words for words, *_ in whole[:SHOWN]]
    return "\n".join((*lines, f"all {len(came)}: {sum_of(whole)}"))


@pytest.mark.parametrize("name", RACES)
def test_the_bounded_schedules_are_pinned_in_their_order(
    name: str, *, write_golden: bool
) -> None:
    plays = bounded(Locks, RACES[name], 2)
    check_block(PINNED, f"bounded: {name}", all_told(plays), write=write_golden)


@pytest.mark.parametrize("name", RACES)
def test_the_sampled_schedules_of_a_seed_are_pinned(
    name: str, *, write_golden: bool
) -> None:
    plays = sampled(Locks, RACES[name], Random(41), 40)
    check_block(PINNED, f"sampled: {name}", all_told(plays), write=write_golden)


@dataclass(frozen=True)
class Failure:
    """What fails, where, and how long a play may take."""

    fails: Callable[[Played], bool]
    scenario: Scenario
    preemptions: int = 0
    step_limit: int = 1_000

    def found(self) -> Schedule:
        """A schedule that fails, with so many preemptions at least."""
        plays = sampled(
            Stepped, self.scenario, Random(42), 3_000, step_limit=self.step_limit
        )
        return next(
            played.schedule
            for played in plays
            if self.fails(played) and played.preemptions >= self.preemptions
        )


NOISE = (ADDS, Halt())

FAILURES = {
    "lost": Failure(is_lost, RACES["three"], preemptions=4),
    "stuck": Failure(
        is_stuck,
        Scenario(NOISE, ((ADDS, LOCKS, ADDS), NOISE, (Halt(), LOCKS_BACK)), NOISE * 2),
        preemptions=3,
    ),
    "alternating": Failure(
        is_alternating, Scenario((ADDS,), ((Halt(), ADDS), (Halt(),), NOISE), (ADDS,))
    ),
    "overrun": Failure(
        is_overrun,
        Scenario(NOISE, ((LOCKS, ADDS), (Halt(), ADDS)), NOISE),
        preemptions=2,
        step_limit=24,
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_shrinking_tries_and_keeps_is_pinned(
    name: str, *, write_golden: bool
) -> None:
    failure = FAILURES[name]
    asked: list[tuple[str, bool]] = []

    def still_fails(played: Played) -> bool:
        # It is a play of its own schedule, whatever was to be followed.
        assert played.diverged is None
        fails = failure.fails(played)
        asked.append((told(played), fails))
        return fails

    schedule, lines = failure.found(), list[str]()
    for whole in (False, True):
        asked.clear()
        budget = Budget(plays=2_000)
        if whole:
            shrunk = shrink_scenario(
                Stepped,
                failure.scenario,
                schedule,
                still_fails,
                budget=budget,
                step_limit=failure.step_limit,
            )
            played, left = shrunk.played, repr(shrunk.scenario)
        else:
            played = shrink_schedule(
                Stepped,
                failure.scenario,
                schedule,
                still_fails,
                budget=budget,
                step_limit=failure.step_limit,
            )
            left = "the same scenario"
        assert failure.fails(played)
        lines += [f"kept {words}" for words, fails in asked if fails]
        lines += [f"{budget.spent} plays, {sum_of(asked)}", told(played), left]
    check_block(PINNED, f"shrunk: {name}", "\n".join(lines), write=write_golden)


def test_the_pinned_schedules_are_of_these(*, write_golden: bool) -> None:
    keys = [f"{search}: {name}" for search in ("bounded", "sampled") for name in RACES]
    keys += [f"shrunk: {name}" for name in FAILURES]
    check_keys(PINNED, keys, write=write_golden)
