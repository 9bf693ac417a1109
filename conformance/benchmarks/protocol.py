"""What judging costs in the search of the protocol: states with it and without.

The races of so many threads are searched in turns with no transition judged, with
every one, and with those that the reduction leaves. Seconds are of this process's own
processor time; each figure is the median of the rounds.

    python conformance/benchmarks/protocol.py --rounds 5
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from dataclasses import dataclass
from statistics import median
from time import process_time

from memslot_spec.clauses import CLAUSES
from memslot_spec.model.profile import LINUX, profile_named
from memslot_spec.protocol.programs import Protocol
from memslot_spec.protocol.races import header_for, races_of
from memslot_spec.protocol.search import search
from memslot_spec.protocol.walk import Race, count_states


@dataclass(slots=True)
class Round:
    """Seconds of one round, and what was met in it."""

    states: int = 0
    nodes: int = 0
    transitions: int = 0
    left: int = 0
    walking: float = 0.0
    judging: float = 0.0
    reducing: float = 0.0


def searched(protocol: Protocol, profile: str, races: tuple[Race, ...]) -> Round:
    """Search each race without the judge, with it, and with the reduction."""
    done = Round()
    header = header_for(profile_named(profile))
    for race in races:
        begun = process_time()
        done.states += count_states(protocol, race)
        walked = process_time()
        found = search(protocol, race, header, CLAUSES, reduced=False)
        judged = process_time()
        reduced = search(protocol, race, header, CLAUSES)
        done.reducing += process_time() - judged
        done.judging += judged - walked
        done.left += reduced.transitions
        done.walking += walked - begun
        done.nodes += found.nodes
        done.transitions += found.transitions
    return done


def main() -> int:
    """Run the rounds and print the medians."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, choices=(2, 3, 4), default=2)
    parser.add_argument("--profile", default=LINUX.name)
    chosen = parser.parse_args()
    profile = profile_named(chosen.profile)
    protocol = Protocol(profile, header_for(profile).limits)
    races = races_of(chosen.threads)
    print(
        f"protocol of {profile.name}, {len(races)} races of {chosen.threads} threads, "
        f"{chosen.rounds} rounds, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}"
    )
    rounds = [searched(protocol, profile.name, races) for _ in range(chosen.rounds)]
    first = rounds[0]
    print(
        f"  {first.states} states, {first.nodes} nodes, "
        f"{first.transitions} transitions, {first.left} with the reduction"
    )
    moves = median(r.transitions / r.judging for r in rounds)
    walked = median(r.states / r.walking for r in rounds)
    judged = median(r.states / r.judging for r in rounds)
    print(f"  not judged               {walked:9,.0f} states/s")
    print(f"  judged                   {judged:9,.0f} states/s")
    print(f"                           {moves:9,.0f} transitions/s")
    left = median(r.left / r.reducing for r in rounds)
    print(f"  with the reduction       {left:9,.0f} transitions/s")
    spared = median(r.judging / r.reducing for r in rounds)
    print(f"  judged / reduced         {spared:9.2f} times as long")
    print(
        f"  judged / not judged      {walked / judged:9.1f} times as long", flush=True
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
