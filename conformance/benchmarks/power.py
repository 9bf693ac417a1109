"""How much of what a target may say wrongly the suite notices.

    python conformance/benchmarks/power.py fields [--seed 1] [--max-time 10] [--jobs 1]
        [--only NAME ...] [--results FILE]

`fields` plays a mutant of each reference for each kind of point dropped and doubled,
and for each change of each field of a point or a reply (`power/field_mutants.py`),
each for so many seconds of the processor. NAME is a mutant, or how its name begins. The
results are kept as they come: what is in the file is not played again, unless it was
not detected in less time or with another seed. The status is 1 where a mutant is
neither detected nor on the list, or more than 5 % are on the list.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

HERE = Path(__file__).parent / "power"
sys.path.insert(0, str(HERE))

from field_mutants import mutants  # noqa: E402
from field_runs import EQUAL, Result, left, read, run_one, write  # noqa: E402
from field_unnoticed import UNNOTICED  # noqa: E402

RESULTS = HERE / "fields.ndjson"
MOST_UNNOTICED = 0.05
"""The part of all mutants that may be on the list."""


def main(words: Sequence[str] | None = None) -> int:
    """Play what is left to play, and print the figures; the exit status."""
    parser = ArgumentParser(description="The power of the suite, measured.")
    parts = parser.add_subparsers(required=True)
    fields = parts.add_parser("fields", help="every field of points and replies")
    fields.add_argument("--seed", type=int, default=1)
    fields.add_argument("--max-time", type=float, default=10.0)
    fields.add_argument("--jobs", type=int, default=1)
    fields.add_argument("--only", nargs="+", default=[], metavar="NAME")
    fields.add_argument("--results", type=Path, default=RESULTS)
    chosen = parser.parse_args(words)
    names = [n for n in mutants() if n.startswith(tuple(chosen.only) or "")]
    known = read(chosen.results)
    todo = left(names, known, chosen.seed, chosen.max_time)
    for result in _played(todo, chosen.seed, chosen.max_time, chosen.jobs):
        known[result.mutant] = result
        write(result, chosen.results)
        print(
            f"{result.mutant:64} {result.outcome:10} {result.seconds:6.2f} s  "
            f"{result.by[:100]}",
            flush=True,
        )
    return figures([known[name] for name in names])


def _played(
    names: Sequence[str], seed: int, max_time: float, jobs: int
) -> Iterator[Result]:
    if jobs == 1:
        yield from (_one(name, seed, max_time) for name in names)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
        for future in as_completed(
            [pool.submit(_one, name, seed, max_time) for name in names]
        ):
            yield future.result()


def _one(name: str, seed: int, max_time: float) -> Result:
    return run_one(mutants()[name], seed, max_time)


def figures(results: Sequence[Result]) -> int:
    """Print the sums, what was not noticed, and why; the exit status."""
    played = [result for result in results if result.outcome != EQUAL]
    missed = [result for result in played if not result.is_detected]
    listed = [result for result in missed if result.mutant in UNNOTICED]
    counted = Counter(result.outcome for result in results)
    for result in missed:
        why = UNNOTICED.get(result.mutant, f"NOT ON THE LIST {result.by}")
        print(f"{result.outcome}: {result.mutant}: {why}")
    for result in results:
        if result.outcome == EQUAL:
            print(f"equal: {result.mutant}")
    for result in results:
        if result.is_detected and result.mutant in UNNOTICED:
            print(f"on the list, and detected: {result.mutant} by {result.by}")
    detected = len(played) - len(missed)
    print(
        f"{len(played)} mutants, {detected} detected "
        f"({100 * detected / max(len(played), 1):.1f} %), {len(listed)} on the list; "
        f"{', '.join(f'{n} {what}' for what, n in counted.most_common())}; "
        f"{sum(result.seconds for result in results):.0f} s of the processor"
    )
    too_many = len(listed) > MOST_UNNOTICED * len(played)
    return int(too_many or len(listed) < len(missed))


if __name__ == "__main__":
    sys.exit(main())
