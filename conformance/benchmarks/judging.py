"""What judging costs: the reference run, the same plays judged, and Hypothesis.

Three things in turns, so that a busy machine slows them alike: plays of the
reference with every event emitted and none judged; the judging of those very
plays; and a Hypothesis machine whose one rule does nothing. A step is an event.
Seconds are of this process's own processor time; each figure is the median of
the rounds.

    python conformance/benchmarks/judging.py --rounds 9
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from statistics import median
from time import process_time

from hypothesis import Phase, seed, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    rule,
    run_state_machine_as_test,
)

from memslot_conformance.findings.trial import Trial
from memslot_conformance.play.explore import sampled
from memslot_conformance.scenarios.drawn.choices import Seeded
from memslot_conformance.scenarios.drawn.races import Drawing
from memslot_conformance.scenarios.drawn.requests import palette_of
from memslot_conformance.scenarios.fixed import fixed_races
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.resolve import Target, resolve
from memslot_spec.clauses import CLAUSES

PLAYS = 8
"""Schedules played of each race before they are judged."""

DRAWN_RACES = 30
EXAMPLES, STEPS = 20, 50
"""What the empty machine runs in one round: examples, and rules in each."""


@dataclass(slots=True)
class Round:
    """Seconds of one round of one workload, and the events it was about."""

    events: int = 0
    running: float = 0.0
    judging: float = 0.0
    judging_blind: float = 0.0


def played_and_judged(
    target: Target, scenarios: Iterable[Scenario], rng: Random
) -> Round:
    """Run each scenario a few times, then judge what came of it."""
    done = Round()
    sighted = Trial(target.header, CLAUSES)
    blind = Trial(target.header, CLAUSES, is_blind=True)
    for scenario in scenarios:
        begun = process_time()
        plays = list(sampled(target.make, scenario, rng, PLAYS))
        run = process_time()
        for played in plays:
            sighted.try_play(played, scenario)
        judged = process_time()
        for played in plays:
            blind.try_play(played, scenario)
        done.judging_blind += process_time() - judged
        done.judging += judged - run
        done.running += run - begun
        done.events += sum(len(played.events) for played in plays)
    return done


class Empty(RuleBasedStateMachine):
    """A machine whose rule does nothing: what Hypothesis costs by itself."""

    steps = 0

    @rule()
    def step(self) -> None:
        """Count, and nothing else."""
        Empty.steps += 1


def steps_of_empty_machine(number: int) -> float:
    """Steps a second of the empty machine."""
    Empty.steps = 0
    machine = seed(number)(Empty)
    chosen = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
    )
    begun = process_time()
    run_state_machine_as_test(machine, settings=chosen)
    return Empty.steps / (process_time() - begun)


def report(name: str, rounds: list[Round], empty: float) -> None:
    """Print the medians of one workload."""
    running = median(r.events / r.running for r in rounds)
    judged = median(r.events / (r.running + r.judging) for r in rounds)
    ratio = median(r.judging / r.running for r in rounds)
    least, most = (f(r.judging / r.running for r in rounds) for f in (min, max))
    blind = median(r.judging_blind / r.running for r in rounds)
    print(f"{name}, {rounds[0].events} events a round")
    print(f"  run, not judged          {running:9,.0f} steps/s")
    print(f"  run and judged           {judged:9,.0f} steps/s")
    print(f"  judging / running        {ratio:9.2f}   ({least:.2f} to {most:.2f})")
    print(f"  the same, points removed {blind:9.2f}")
    print(f"  empty Hypothesis machine {empty:9,.0f} steps/s")
    print(f"  judged / empty machine   {judged / empty:9.1f}", flush=True)


def main() -> int:
    """Run the rounds and print the medians."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--profile")
    chosen = parser.parse_args()
    target = resolve("reference", chosen.profile)
    print(
        f"{target.name} {target.profile.name}, seed {chosen.seed}, {chosen.rounds} "
        f"rounds, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}"
    )
    fixed: list[Round] = []
    drawn: list[Round] = []
    empty: list[float] = []
    races = [race.scenario for race in fixed_races(target.header)]
    for number in range(chosen.rounds):
        rng = Random(chosen.seed + number)
        drawing = Drawing(palette_of(target.header), Seeded(rng))
        fixed.append(played_and_judged(target, races, rng))
        scenarios = [drawing.scenario() for _ in range(DRAWN_RACES)]
        drawn.append(played_and_judged(target, scenarios, rng))
        empty.append(steps_of_empty_machine(number))
    report("fixed races", fixed, median(empty))
    report("drawn races", drawn, median(empty))
    print(f"load at the end {os.getloadavg()[0]:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
