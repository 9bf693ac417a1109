"""What a reduced search finds and reaches of the fixed races, against a full one.

On one target after the other, at most so many preemptions: the clauses that are found
broken, and the premises and choices that are reached, sighted and blind. What a reduced
search leaves out is not played. Each schedule of the reduced search is one of the full
one, so it is judged once.

Run as `partial_orders.py PREEMPTIONS EVERY TARGET...`: of the races every so many.
"""

from __future__ import annotations

import sys
from collections import Counter
from time import process_time

from memslot_conformance.findings.trial import Trial
from memslot_conformance.play.bounded import bounded
from memslot_conformance.play.played import Played
from memslot_conformance.scenarios.fixed import fixed_races
from memslot_conformance.scenarios.scenario import Scenario, Schedule
from memslot_conformance.targets.resolve import Target, resolve
from memslot_spec.clauses import CLAUSES

Thing = tuple[str, str]

SIGHTS = ("sighted", "blind")


def things(trial: Trial, played: Played) -> frozenset[Thing]:
    """What the judge says of a play: what broke, or what was reached."""
    judgement = trial.judge(played)
    if judgement.findings:
        return frozenset(("broken", finding.clause) for finding in judgement.findings)
    reached = {("premise", c) for c, count in judgement.reached.items() if count}
    options = {(f"choice {choice}", option) for choice, option in judgement.taken}
    if played.error is not None:
        reached.add(("error", played.error.message))
    return frozenset(reached | options)


class Compared:
    """A full search of some races of a target and a reduced one."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.full: dict[str, Counter[Thing]] = {sight: Counter() for sight in SIGHTS}
        self.kept: dict[str, Counter[Thing]] = {sight: Counter() for sight in SIGHTS}
        self.schedules = self.judged = 0
        self.seconds = {"full": 0.0, "reduced": 0.0}
        clauses = tuple(CLAUSES)
        self._trials = {
            "sighted": Trial(target.header, clauses),
            "blind": Trial(target.header, clauses, is_blind=True),
        }

    def race(self, scenario: Scenario, preemptions: int) -> None:
        """Explore a race in both ways."""
        make = self.target.make
        since = process_time()
        plays = list(bounded(make, scenario, preemptions))
        between = process_time()
        kept = {
            played.schedule
            for played in bounded(make, scenario, preemptions, reduced=True)
        }
        self.seconds["full"] += between - since
        self.seconds["reduced"] += process_time() - between
        self.schedules += len(plays)
        self.judged += len(kept)
        for played in plays:
            self._judge(played, kept)

    def _judge(self, played: Played, kept: set[Schedule]) -> None:
        for sight, trial in self._trials.items():
            told = things(trial, played)
            self.full[sight].update(told)
            if played.schedule in kept:
                self.kept[sight].update(told)

    def lost(self) -> list[str]:
        """What the full search came to and the reduced one did not."""
        return [
            f"{sight}: {kind} {name}"
            for sight in SIGHTS
            for kind, name in sorted(self.full[sight].keys() - self.kept[sight].keys())
        ]

    def words(self) -> str:
        """The comparison, in a line."""
        broken = sum(kind == "broken" for kind, _ in self.full["sighted"])
        lost = ", ".join(self.lost()) or "nothing lost"
        return (
            f"{self.target.name}: {self.judged:,} of {self.schedules:,} schedules, "
            f"{broken} broken, {lost}, played in "
            f"{self.seconds['reduced']:.1f} s of {self.seconds['full']:.1f} s"
        )


def main(preemptions: int, every: int, names: list[str]) -> None:
    """Compare on each target, and print a line for each."""
    for name in names:
        compared = Compared(resolve(name))
        races = [r.scenario for r in fixed_races(compared.target.header)]
        for scenario in [s for s in races if len(s.threads) > 1][::every]:
            compared.race(scenario, preemptions)
        print(compared.words(), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
