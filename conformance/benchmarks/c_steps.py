"""What a step costs in C: on greenlets, on threads of the system, beside Python's.

The table of `docs/examples/c` is played through one race by chance, as it is and with
`MS_GATED` in place of `MS_POINTS`, and the stepped table in Python through the same
race. All are done in turn, several times; printed are the medians of steps a second by
time of the processor, played alone and judged. A step is an event.

    python conformance/benchmarks/c_steps.py --rounds 5 --plays 200
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from random import Random
from resource import RUSAGE_SELF, getrusage
from statistics import median
from tempfile import TemporaryDirectory

from memslot_conformance.play.explore import sampled
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.c.header import HEADER
from memslot_conformance.targets.resolve import Target, resolve
from memslot_spec.clauses import CLAUSES
from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.judging.judge import judge_events
from memslot_spec.model.operations import GfnToHva, GfnToMemslot, SetRegion
from memslot_spec.model.values import MemoryRegion

EXAMPLES = Path(__file__).parents[2] / "docs/examples"

MAKE = SetRegion(MemoryRegion(0, 0, 0x1000, 0x10000))
DELETE = SetRegion(MemoryRegion(0, 0, 0, 0))
LOOKS = (GfnToMemslot(0), GfnToHva(0))
RACE = Scenario((MAKE,), ((DELETE, MAKE), LOOKS, LOOKS))


def built(folder: Path, how: str) -> str:
    """The table in C, interleaved in this way."""
    source = (EXAMPLES / "c/table.c").read_text(encoding="utf-8")
    written = folder / f"{how.lower()}.c"
    written.write_text(source.replace("MS_POINTS", how), encoding="utf-8")
    library = written.with_suffix(".so")
    command = ["gcc", "-std=c11", "-O1", "-shared", "-fPIC", f"-I{HEADER.parent}"]
    subprocess.run([*command, "-o", str(library), str(written)], check=True)
    return f"c:{library}"


def spent() -> float:
    """Seconds of the processor that this process and its threads had."""
    used = getrusage(RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def steps_a_second(target: Target, plays: int, *, judged: bool) -> float:
    """How many events of these plays came in a second."""
    applicable = ApplicableClauses(target.header, CLAUSES)
    events, begun = 0, spent()
    for played in sampled(target.make, RACE, Random(1), plays):
        if played.error is not None:
            sys.exit(played.error.message)
        if judged and judge_events(applicable, played.events).findings:
            sys.exit(f"{target.name} breaks a clause")
        events += len(played.events)
    return events / (spent() - begun)


def main() -> None:
    """Print the steps of each, and how many times as many Python makes."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--plays", type=int, default=200)
    options = parser.parse_args()
    if shutil.which("gcc") is None:
        sys.exit("gcc is missing, so no table in C is built")
    sys.path.insert(0, str(EXAMPLES))
    with TemporaryDirectory() as folder:
        targets = {
            "Python": resolve("py:stepped_table:SteppedTable"),
            "C on greenlets": resolve(built(Path(folder), "MS_POINTS")),
            "C on gated threads": resolve(built(Path(folder), "MS_GATED")),
        }
        rates: dict[tuple[str, bool], list[float]] = {}
        for _ in range(options.rounds):
            for name, target in targets.items():
                for judged in (False, True):
                    rate = steps_a_second(target, options.plays, judged=judged)
                    rates.setdefault((name, judged), []).append(rate)
    for name in targets:
        alone, both = (median(rates[name, each]) for each in (False, True))
        of = median(rates["Python", True]) / both
        print(f"{name:<20}{alone:>9,.0f} steps/s{both:>9,.0f} judged  1 : {of:.2f}")


if __name__ == "__main__":
    main()
