"""False alarms: a conforming target through many schedules, sighted and blind.

Each play is judged twice, with its points and without them. On a conforming
target both must find nothing; on any other, what the blind judge finds the
sighted one must find too. Schedules are of drawn races; a VM is asked one
operation after the other.

    python conformance/benchmarks/false_alarms.py reference --schedules 100000
    python conformance/benchmarks/false_alarms.py reference --schedules 0 --vms 10000
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from random import Random
from time import monotonic

from memslot_conformance.findings.trial import Trial
from memslot_conformance.play.bounded import bounded
from memslot_conformance.play.explore import sampled
from memslot_conformance.play.played import Played
from memslot_conformance.scenarios.drawn.choices import Seeded
from memslot_conformance.scenarios.drawn.races import Drawing, draw_race
from memslot_conformance.scenarios.drawn.requests import Palette, palette_of
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.resolve import Target, resolve
from memslot_spec.clauses import CLAUSES

PLAYS = 20
"""Schedules of each race."""

SHORTEST, LONGEST = 20, 100
"""Operations of one VM."""

EVERY = 1000
"""Plays between two lines about how far it is."""

Try = tuple[Played, Scenario]


def races(target: Target, rng: Random) -> Iterator[Try]:
    """Schedules of drawn races, without end."""
    palette, dealt = palette_of(target.header), Counter[str]()
    while True:
        scenario = draw_race(palette, Seeded(rng), Counter(), dealt)
        for played in sampled(target.make, scenario, rng, PLAYS):
            yield played, scenario


def vms(target: Target, rng: Random) -> Iterator[Try]:
    """VMs that one thread asks, without end."""
    palette = palette_of(target.header)
    while True:
        scenario = _alone(palette, rng)
        for played in bounded(target.make, scenario, 0):
            yield played, scenario


def _alone(palette: Palette, rng: Random) -> Scenario:
    drawing = Drawing(palette, Seeded(rng))
    steps = [drawing.steps() for _ in range(rng.randint(SHORTEST, LONGEST))]
    return Scenario(tuple(operation for some in steps for operation in some))


def run(target: Target, what: str, tries: Iterator[Try], count: int) -> bool:
    """Judge so many plays; True if nothing was found, and no word is untrue."""
    sighted = Trial(target.header, CLAUSES)
    blind = Trial(target.header, CLAUSES, is_blind=True)
    found = Counter[str]()
    only_blind = 0
    begun = monotonic()
    while sighted.counts.schedules < count:
        played, scenario = next(tries)
        seen = sighted.try_play(played, scenario)
        unseen = blind.judge(played).findings
        found.update(f"sighted {finding.clause}" for finding in seen)
        found.update(f"blind {finding.clause}" for finding in unseen)
        only_blind += bool(unseen) and not seen
        if (seen or unseen) and target.name in {"reference", "reference-linux"}:
            print(scenario, played.schedule, seen, unseen, sep="\n")
        if sighted.counts.schedules % EVERY == 0 or sighted.counts.schedules == count:
            words = ", ".join(f"{name} {n}" for name, n in sorted(found.items()))
            print(
                f"{target.name} {target.profile.name} {what}: "
                f"{sighted.counts.schedules} of {count}, {sighted.counts.steps} steps, "
                f"{monotonic() - begun:.0f} s; findings: {words or 'none'}; "
                f"found by the blind judge alone: {only_blind}",
                flush=True,
            )
    for why in sorted(set(sighted.withheld.values())):
        print(f"{target.name} is said to contradict itself: {why}", flush=True)
    return not found and not only_blind and not sighted.withheld


def main() -> int:
    """Run each seed; status 1 if anything was found."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("target", nargs="?", default="reference")
    parser.add_argument("--profile")
    parser.add_argument("--schedules", type=int, default=100_000)
    parser.add_argument("--vms", type=int, default=0)
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3])
    chosen = parser.parse_args()
    target = resolve(chosen.target, chosen.profile)
    clean: list[bool] = []
    for seed in chosen.seeds:
        alone = f"VMs of seed {seed}", vms(target, Random(seed)), chosen.vms
        raced = f"schedules of seed {seed}", races(target, Random(seed))
        clean += [run(target, *alone), run(target, *raced, chosen.schedules)]
    return 0 if all(clean) else 1


if __name__ == "__main__":
    sys.exit(main())
