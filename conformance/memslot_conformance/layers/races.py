"""Drawn races: each of them is played under several schedules, or again and again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from random import Random

from memslot_conformance.layers.slices import Slice
from memslot_conformance.play.bounded import bounded
from memslot_conformance.play.budget import Budget
from memslot_conformance.play.explore import sampled
from memslot_conformance.play.played import Played
from memslot_conformance.play.threads import raced
from memslot_conformance.scenarios.drawn.choices import Choices
from memslot_conformance.scenarios.drawn.drawings import race_of, round_of
from memslot_conformance.scenarios.drawn.met import Met
from memslot_conformance.scenarios.drawn.races import is_bare
from memslot_conformance.scenarios.noted import note
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.resolve import Target
from memslot_spec.history.events import Return
from memslot_spec.history.header import Interleaving
from memslot_spec.model.operations import TableRequest
from memslot_spec.model.replies import Refused, Retry

SCHEDULES = 12
"""Schedules played of one race that was drawn; fewer where there are no more."""

ORDERS = 24
"""The most of a race of two threads with one operation each. That many are all of one
preemption, most often, and what a preemption at one place shows chance seldom meets."""

ONE_AFTER_THE_OTHER = 2
"""The first schedules of two operations: those without a preemption."""

IDLE = 0.25
"""How often all schedules are played of a race in which one operation is refused, or
asked to come again, whichever of the two comes first."""

ROUNDS = 3
"""Plays of one round on threads that nobody steps: another round is another chance."""

SEEDS = 1 << 32
"""Of so many numbers one chooses the schedules of a race."""


def play_race(work: Slice, choices: Choices) -> None:
    """Draw a race, and play it until it breaks something, or often enough.

    Errors: `OutOfTimeError`, `TargetBrokeError`.
    """
    counts, header = work.trial.counts, work.target.header
    if work.trial.is_raced:
        scenario = round_of(work.palette, choices)
    else:
        scenario = race_of(work.palette, choices, counts.met, counts.dealt)
    number = choices.below(SEEDS)
    work.trial.begin_scenario()
    met = Met(header)
    met.scenario(scenario)
    counts.met.update(met.counter)
    work.crash_record.say(f"a race with schedules of seed {number}: {scenario!r}")
    note(work.crash_record, scenario)
    for played in _plays(work.target, scenario, Random(number)):
        work.begin_play()
        findings = work.trial.try_play(played, scenario)
        if findings:
            work.findings.take(findings, played, scenario, "sampled")
            work.check_time()
            return


def _plays(target: Target, scenario: Scenario, rng: Random) -> Iterator[Played]:
    if target.header.capabilities.interleaving is Interleaving.THREADS:
        return (raced(target.make, scenario, disturb=rng) for _ in range(ROUNDS))
    if is_bare(scenario.threads):
        every = bounded(
            target.make, scenario, 1, budget=Budget(plays=ORDERS), reduced=True
        )
        return _unless_idle(every, scenario, rng)
    return sampled(target.make, scenario, rng, SCHEDULES, repeats=False)


def _unless_idle(
    plays: Iterable[Played], scenario: Scenario, rng: Random
) -> Iterator[Played]:
    """The plays of two operations, seldom all where one of them never does anything.

    The first two are one operation after the other, in either order.
    """
    # A request that is refused may have come far before it is.
    asked = enumerate(chain(*scenario.threads), 1)
    idle = {thread for thread, one in asked if not isinstance(one, TableRequest)}
    for number, played in enumerate(plays, 1):
        yield played
        idle -= _busy(played)
        if number == ONE_AFTER_THE_OTHER and idle and rng.random() >= IDLE:
            return


def _busy(played: Played) -> set[int]:
    """The threads that were answered otherwise than with a refusal."""
    return {
        event.thread
        for event in played.events
        if isinstance(event, Return) and not isinstance(event.reply, Refused | Retry)
    }
