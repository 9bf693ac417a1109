"""How much of what a target may say wrongly the suite notices.

    python conformance/benchmarks/power.py fields [--seed 1] [--max-time 10] [--jobs 1]
        [--only NAME ...] [--results FILE]
    python conformance/benchmarks/power.py killer [--seed 1] [--count 400]
        [--max-time 20] [--jobs 2] [--work FOLDER] [--results FILE] [--figures]

`fields` plays a mutant of each reference for each kind of point dropped and doubled,
and for each change of each field of a point or a reply (`power/field_mutants.py`),
each for so many seconds of the processor. NAME is a mutant, or how its name begins. The
results are kept as they come: what is in the file is not played again, unless it was
not detected in less time or with another seed. The status is 1 where a mutant is wrong
and neither detected nor on the list, or more than 5 % of those are on the list.

`killer` draws small changes of the source of both references, made by cosmic-ray (the
extra `killer`), and has `memslots check` judge each, in FOLDER, where what was done is
not done again. The status is 1 where less than 95 % of those that are not equivalent
are killed; `--figures` only tells of what is in the file.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

HERE = Path(__file__).parent / "power"
ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(HERE), str(ROOT / "conformance" / "mutation")]

from field_mutants import GROUPS, THREAD, mutants  # noqa: E402
from field_runs import EQUAL, UNMET, Result, left, read, run_one, write  # noqa: E402
from field_unnoticed import why_lawful, why_missed  # noqa: E402
from killer_figures import TableError, equivalents  # noqa: E402
from killer_figures import figures as killer_figures  # noqa: E402
from killer_lot import SessionError  # noqa: E402
from killer_runs import Plan, WorkError, go_on, prepare  # noqa: E402
from killer_runs import read as read_killer  # noqa: E402
from killer_runs import results as killer_results  # noqa: E402
from killer_runs import write as write_killer  # noqa: E402

RESULTS = HERE / "fields.ndjson"
KILLER_RESULTS = HERE / "killer.ndjson"
KILLER_WORK = ROOT / "mutants" / "killer"
DETECTED, LISTED, OPEN, LAWFUL = "detected", "listed", "open", "lawful"
"""What becomes of a mutant, beside being equal to its reference. `lawful` is what a
correct target may say, `listed` is missed with a reason, and `open` without one. `never
met` ends a run with status 4: it is no finding, and no pass."""

MOST_LISTED = 0.05
"""The part of the wrong mutants that may be on the list."""


def main(words: Sequence[str] | None = None) -> int:
    """Play what is left to play, and print the figures; the exit status."""
    parser = ArgumentParser(description="The power of the suite, measured.")
    parts = parser.add_subparsers(required=True)
    _add_killer(parts.add_parser("killer", help="changes of the references' source"))
    fields = parts.add_parser("fields", help="every field of points and replies")
    fields.add_argument("--seed", type=int, default=1)
    fields.add_argument("--max-time", type=float, default=10.0)
    fields.add_argument("--jobs", type=int, default=1)
    fields.add_argument("--only", nargs="+", default=[], metavar="NAME")
    fields.add_argument("--results", type=Path, default=RESULTS)
    chosen = parser.parse_args(words)
    if "work" in chosen:
        return _killer(chosen)
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


def _add_killer(killer: ArgumentParser) -> None:
    killer.add_argument("--seed", type=int, default=1)
    killer.add_argument("--count", type=int, default=400)
    killer.add_argument("--max-time", type=float, default=20.0)
    killer.add_argument("--jobs", type=int, default=2)
    killer.add_argument("--work", type=Path, default=KILLER_WORK)
    killer.add_argument("--results", type=Path, default=KILLER_RESULTS)
    killer.add_argument("--python", default=sys.executable, help="runs each mutant")
    killer.add_argument("--figures", action="store_true", help="run nothing")


def _killer(chosen: Namespace) -> int:
    """Go through what is left of the lot, and print the figures; the exit status."""
    try:
        named = equivalents()
        if not chosen.figures:
            plan = Plan(
                work=chosen.work.absolute(),
                seed=chosen.seed,
                count=chosen.count,
                max_time=chosen.max_time,
                jobs=chosen.jobs,
                python=chosen.python,
            )
            prepare(plan, ROOT)
            try:
                go_on(plan)
            finally:
                write_killer(killer_results(plan), chosen.results)
        return int(not killer_figures(read_killer(chosen.results), named))
    except (SessionError, TableError, WorkError) as error:
        sys.exit(str(error))


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
    sorts: dict[str, Counter[str]] = {group: Counter() for group in GROUPS}
    for result in results:
        sort, why = sorted_out(result)
        sorts[mutants()[result.mutant].group][sort] += 1
        if sort != DETECTED:
            print(f"{sort}: {result.mutant}: {why}")
    for group, counts in sorts.items():
        print(_line(group, counts))
    asked = sum((sorts[group] for group in GROUPS if group != THREAD), Counter[str]())
    print(_line("all but threads", asked))
    seconds = sum(result.seconds for result in results)
    print(f"{len(results)} mutants, {seconds:.0f} s of the processor")
    return int(
        asked[OPEN] + asked[UNMET] > 0 or asked[LISTED] > MOST_LISTED * _wrong(asked)
    )


def sorted_out(result: Result) -> tuple[str, str]:
    """What becomes of a mutant in the figures, and why."""
    mutant = mutants()[result.mutant]
    if result.is_detected:
        return DETECTED, result.by
    if result.outcome == EQUAL:
        return EQUAL, "it never said anything else than its reference"
    if why := why_lawful(mutant):
        return LAWFUL, why
    if result.outcome == UNMET:
        return UNMET, result.by
    if why := why_missed(mutant):
        return LISTED, why
    return OPEN, f"{result.outcome} {result.by}"


def _wrong(counts: Counter[str]) -> int:
    """How many are wrong: lawful and equal ones are not."""
    return sum(counts[sort] for sort in (DETECTED, LISTED, UNMET, OPEN))


def _line(what: str, counts: Counter[str]) -> str:
    wrong = _wrong(counts)
    percent = 100 * counts[DETECTED] / max(wrong, 1)
    return (
        f"{what:18} {wrong:4} wrong, {counts[DETECTED]:4} detected ({percent:5.1f} %), "
        f"{counts[UNMET]:3} never met, {counts[LISTED]:3} listed, "
        f"{counts[OPEN]:3} open; "
        f"{counts[LAWFUL]:3} lawful, {counts[EQUAL]:3} equal"
    )


if __name__ == "__main__":
    sys.exit(main())
