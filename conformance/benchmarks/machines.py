"""What the machine of Hypothesis finds of the museum, and what it could have found.

    python conformance/benchmarks/machines.py [--examples 200] [--seed 1] [MUTANT ...]

A mutant that the machine misses needs a race, unless one thread breaks a clause of it
in some other way: by the operations of the fixed scenarios in their order, or by drawn
sequences. So the rest is what is missed. One whose announcements contradict what it
answers is an error, and said to be. Seconds are the processor's. What is known to take
about 200 examples, or more, is in decision 32.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from random import Random

from hypothesis import Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from memslot_conformance import BrokenTargetError, machine
from memslot_conformance.play.lines import operations_of
from memslot_conformance.play.scheduler import Play
from memslot_conformance.scenarios.drawn.by_hypothesis import HEALTH
from memslot_conformance.scenarios.drawn.choices import Seeded
from memslot_conformance.scenarios.drawn.races import Drawing
from memslot_conformance.scenarios.drawn.requests import palette_of
from memslot_conformance.scenarios.fixed import fixed_races
from memslot_conformance.scenarios.scenario import Operations
from memslot_conformance.stateful.asking import BrokenClauseError
from memslot_conformance.stateful.rules import MemslotMachine
from memslot_conformance.targets.resolve import Target, mutant_names, resolve
from memslot_reference.museum import mutant_named
from memslot_spec.clause import AnyClause
from memslot_spec.clauses import clause_by_id
from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.judging.judge import judge_events

SEQUENCES, LENGTH = 200, 50
"""Drawn sequences beside the fixed scenarios, and operations of each."""


CONTRADICTS = "contradicts"
"""In the place of a clause: what the mutant announces cannot be so."""


def found_by_machine(name: str, number: int, examples: int) -> str | None:
    """The clause of the mutant's that the machine finds broken; nothing is shrunk."""
    made: type[MemslotMachine] = machine(f"museum:{name}", clauses=_clauses_of(name))
    chosen = settings(
        made.TestCase.settings,
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=HEALTH,
    )
    try:
        run_state_machine_as_test(seed(number)(made), settings=chosen)
    except BrokenClauseError as broken:
        return str(broken).split()[1]
    except BrokenTargetError:
        return CONTRADICTS
    return None


def found_by_one_thread(name: str) -> str | None:
    """The clause that one thread breaks, if any does; how is no matter."""
    target = resolve(f"museum:{name}")
    applicable = ApplicableClauses(target.header, _clauses_of(name))
    for operations in _asked(target):
        play = Play(target.make)
        play.alone(operations)
        findings = judge_events(applicable, play.played().events).findings
        play.close()
        if findings:
            return findings[0].clause
    return None


def _clauses_of(name: str) -> tuple[AnyClause, ...]:
    """What the museum asks of a mutant: what else it breaks others may tell."""
    return tuple(clause_by_id(id_) for id_ in mutant_named(name).clauses)


def _asked(target: Target) -> Iterator[Operations]:
    for race in fixed_races(target.header):
        yield operations_of(race.scenario)
    palette = palette_of(target.header)
    for number in range(SEQUENCES):
        drawing = Drawing(palette, Seeded(Random(number)))
        asked: Operations = ()
        while len(asked) < LENGTH:
            asked += drawing.steps()
        yield asked


def main() -> None:
    """Print a line for each mutant, and the sums."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mutants", nargs="*", metavar="MUTANT")
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--planted", action="store_true", help="the planted ones too")
    chosen = parser.parse_args()
    names = chosen.mutants or [
        name
        for name in mutant_names()
        if chosen.planted or mutant_named(name).kind == "museum"
    ]
    sums: Counter[str] = Counter()
    for name in names:
        begun = time.process_time()
        clause = found_by_machine(name, chosen.seed, chosen.examples)
        seconds = time.process_time() - begun
        said = "found"
        if clause is None:
            clause = found_by_one_thread(name)
            said = "needs a race" if clause is None else "MISSED"
        sums[said] += 1
        print(f"{name:28} {said:12} {clause or '-':10} {seconds:6.1f} s", flush=True)
    print(", ".join(f"{said} {count}" for said, count in sorted(sums.items())))


if __name__ == "__main__":
    main()
