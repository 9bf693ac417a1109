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

from field_mutants import GROUPS, THREAD, mutants  # noqa: E402
from field_runs import EQUAL, Result, left, read, run_one, write  # noqa: E402
from field_unnoticed import reason_of  # noqa: E402

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
    """Print what was not noticed and why, and the sums; the exit status."""
    played = [result for result in results if result.outcome != EQUAL]
    for result in results:
        if result.outcome == EQUAL:
            print(f"equal: {result.mutant}")
        elif not result.is_detected and _group(result) != THREAD:
            print(f"{result.outcome}: {result.mutant}: {_why(result)}")
        elif result.is_detected and reason_of(result.mutant):
            print(f"on the list, and detected: {result.mutant} by {result.by}")
    for group in GROUPS:
        print(_sums(group, [result for result in played if _group(result) == group]))
    asked = [result for result in played if _group(result) != THREAD]
    print(_sums("all but threads", asked))
    outcomes = Counter(result.outcome for result in results).most_common()
    print(", ".join(f"{count} {outcome}" for outcome, count in outcomes))
    missed = [result for result in asked if not result.is_detected]
    listed = [result for result in missed if reason_of(result.mutant)]
    return int(len(listed) < len(missed) or len(listed) > MOST_UNNOTICED * len(asked))


def _sums(what: str, results: Sequence[Result]) -> str:
    detected = sum(result.is_detected for result in results)
    listed = sum(
        bool(reason_of(result.mutant)) for result in results if not result.is_detected
    )
    percent = 100 * detected / max(len(results), 1)
    seconds = sum(result.seconds for result in results)
    return (
        f"{what:18} {len(results):4} mutants, {detected:4} detected "
        f"({percent:5.1f} %), {listed:3} on the list, "
        f"{len(results) - detected - listed:3} open, {seconds:5.0f} s"
    )


def _group(result: Result) -> str:
    return mutants()[result.mutant].group


def _why(result: Result) -> str:
    return reason_of(result.mutant) or f"OPEN {result.by}"


if __name__ == "__main__":
    sys.exit(main())
