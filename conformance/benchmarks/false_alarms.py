"""False alarms: a conforming target through many schedules, sighted and blind.

Each play is judged twice, with its points and without them. On a conforming
target both must find nothing; on any other, what the blind judge finds the
sighted one must find too.

    python conformance/benchmarks/false_alarms.py reference --schedules 100000
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections import Counter
from random import Random
from time import monotonic

from memslot_conformance.drawing import Drawing
from memslot_conformance.explore import sampled
from memslot_conformance.generate import palette_of
from memslot_conformance.targets import Target, resolve
from memslot_conformance.trial import Bench
from memslot_spec.clauses import CLAUSES

PLAYS = 20
"""Schedules of each race."""


def run(target: Target, seed: int, schedules: int) -> bool:
    """Play so many schedules under this seed; True if nothing was found."""
    rng = Random(seed)
    palette = palette_of(target.header)
    sighted = Bench(target.header, CLAUSES)
    blind = Bench(target.header, CLAUSES, is_blind=True)
    found = Counter[str]()
    only_blind = 0
    shown = False
    begun = monotonic()
    while sighted.tally.schedules < schedules:
        scenario = Drawing(palette, rng).scenario()
        for played in sampled(target.make, scenario, rng, PLAYS):
            seen = sighted.try_play(played, scenario)
            unseen = blind.judge(played).findings
            found.update(f"sighted {finding.clause}" for finding in seen)
            found.update(f"blind {finding.clause}" for finding in unseen)
            only_blind += bool(unseen) and not seen
            if (seen or unseen) and not shown and target.name == "reference":
                shown = True
                print(scenario, played.schedule, seen, unseen, sep="\n")
    words = ", ".join(f"{name} {count}" for name, count in sorted(found.items()))
    print(
        f"{target.name} {target.profile.name} seed {seed}: "
        f"{sighted.tally.schedules} schedules, {sighted.tally.steps} steps, "
        f"{monotonic() - begun:.0f} s; findings: {words or 'none'}; "
        f"found by the blind judge alone: {only_blind}",
        flush=True,
    )
    return not found and not only_blind


def main() -> int:
    """Run each seed; status 1 if anything was found."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("target", nargs="?", default="reference")
    parser.add_argument("--profile")
    parser.add_argument("--schedules", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3])
    chosen = parser.parse_args()
    target = resolve(chosen.target, chosen.profile)
    clean = [run(target, seed, chosen.schedules) for seed in chosen.seeds]
    return 0 if all(clean) else 1


if __name__ == "__main__":
    sys.exit(main())
