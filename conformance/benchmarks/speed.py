"""The speeds that matter, each beside its anchor: one table, measured in one run.

Every row is a ratio, or a rate beside that of something else that is measured with it.
What a row compares is in its function. Where a row needs what is not there, it says so:
the compiled judge is looked for in the folder that `make compiled` fills.

    python conformance/benchmarks/speed.py [--only WORDS] [--compiled build/compiled]

Wall time counts for the cores and for commands, else seconds of the processor.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from zlib import crc32

from growth import Cost, get_of, in_slots, overlapping, setting_up
from long_history import write_long_history
from memslot_conformance.play.bounded import bounded
from memslot_conformance.play.explore import sampled
from memslot_conformance.play.orders import PartialOrder
from memslot_conformance.play.played import Played
from memslot_conformance.scenarios.fixed import fixed_races
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.resolve import resolve
from memslot_spec.clauses import CLAUSES
from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.judging.judge import judge_events
from memslot_spec.model.profile import LINUX, profile_named
from memslot_spec.protocol.programs import Protocol
from memslot_spec.protocol.races import header_for, races_of
from memslot_spec.protocol.search import search

HERE = Path(__file__).parent
EVERY = 8
"""Of the races that are searched to two preemptions one of so many."""

COUNTED, ROUNDS = 400, 5
EVENTS = 600_000
"""Of the long history, which has 400 bytes for each. What grows shows in its memory."""

VERDICTS = (0, 4)
"""Status of a command that found nothing: all was tried, or not all."""

MEMSLOTS = (sys.executable, "-m", "memslot_conformance")


@dataclass(frozen=True, slots=True)
class Row:
    """What is measured, with what it is compared and what is wanted of it."""

    what: str
    anchor: str
    wanted: str
    measure: Callable[[], str]


def order_of(played: Played) -> int:
    """The partial order of a play, event by event."""
    order = PartialOrder()
    for event in played.events:
        if event.thread:
            order.add(event.thread, (event,), waits=False)
    return order.key


def races(name: str) -> dict[str, Scenario]:
    """The fixed races of a target."""
    every = fixed_races(resolve(name).header)
    return {r.name: r.scenario for r in every if len(r.scenario.threads) > 1}


def fixed_that_differ() -> str:
    """Of the fixed races' schedules, the judged ones that differ as partial orders."""
    said: list[str] = []
    for name in ("reference", "reference-linux"):
        make, judged, distinct = resolve(name).make, 0, 0
        for race, scenario in races(name).items():
            if crc32(race.encode()) % EVERY:
                continue
            orders = [order_of(p) for p in bounded(make, scenario, 2, reduced=True)]
            judged += len(orders)
            distinct += len(set(orders))
        said.append(f"{distinct / judged:.1%} of {judged:,} ({name})")
    return ", ".join(said)


def drawn_that_repeat() -> str:
    """Drawn schedules of every fixed race that repeat one of the same race."""
    make, plays, schedules, orders = resolve("reference").make, 0, 0, 0
    for scenario in races("reference").values():
        drawn = list(sampled(make, scenario, Random(3), 12, repeats=False))
        plays += len(drawn)
        schedules += len({p.schedule for p in drawn})
        orders += len({order_of(p) for p in drawn})
    return f"{1 - schedules / plays:.1%} ({1 - orders / plays:.1%}) of {plays:,}"


def seconds_of(*command: str, path: str | None = None) -> float:
    """The wall time of a command that succeeds."""
    begun = perf_counter()
    output_of(*command, path=path)
    return perf_counter() - begun


def output_of(*command: str, path: str | None = None) -> str:
    """What a command printed. Errors: `RuntimeError`, where it gave no verdict."""
    paths = [part for part in (path, *sys.path) if part]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(
        command, env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode not in VERDICTS:
        raise RuntimeError(done.stderr[-500:])
    return done.stdout


def on_all_cores() -> str:
    """The same scenarios of one target by one worker and by one for each core."""
    cores = os.cpu_count() or 1
    with TemporaryDirectory() as folder:
        spent = {
            jobs: seconds_of(
                *(*MEMSLOTS, "check", "reference", "--layers", "sampled,sequential"),
                *("--scenarios", str(COUNTED), "--jobs", str(jobs)),
                *("--report-dir", f"{folder}/{jobs}"),
            )
            for jobs in (1, cores)
        }
    return f"{spent[1] / spent[cores] / cores:.2f} N, N = {cores}"


def rates_of_judging(path: str | None) -> tuple[float, float]:
    """Steps a second of the fixed races: run and judged, and the judging alone."""
    told = output_of(
        *(sys.executable, str(HERE / "judging.py"), "--rounds", str(ROUNDS)), path=path
    )
    run, both = (
        float(re.findall(rf"{words} +([\d,]+)", told)[0].replace(",", ""))
        for words in ("run, not judged", "run and judged")
    )
    return both, 1 / (1 / both - 1 / run)


def compiled(folder: Path) -> str:
    """Judged steps a second of the compiled judge beside the interpreted one."""
    if not folder.is_dir():
        return f"not measured: no folder {folder}, see `make compiled`"
    fast, slow = rates_of_judging(str(folder)), rates_of_judging(None)
    return f"{fast[0] / slow[0]:.2f} (judge alone {fast[1] / slow[1]:.2f})"


def judged(cost: Callable[[], Cost]) -> float:
    """The median of what judging costs."""
    return median(cost().judged for _ in range(ROUNDS))


def slots_500() -> str:
    """An operation judged among 500 slots, and with one; 2,000 slots made."""
    target = resolve("reference-linux")
    many, one = (judged(partial(in_slots, target, n)) for n in (500, 1))
    made = setting_up(target, 2000)
    return f"{many / one:.1f}; 2,000 slots judged in {made.judged:.1f} s"


def get_2_20() -> str:
    """A GET of 2^20 pages: judged, and run."""
    target = resolve("reference-linux")
    costs = [get_of(target, 2**20) for _ in range(ROUNDS)]
    return f"{median(c.judged / (c.run or 1) for c in costs):.2f}"


def six_updates() -> str:
    """Six requests at once judged without points, and one."""
    target = resolve("reference-linux")
    six, one = (judged(partial(overlapping, target, n)) for n in (6, 1))
    return f"{six / one:.0f}, decided"


def long_history() -> str:
    """`memslots judge` on a long history; the judge alone."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "long.ndjson"
        events, header, some = write_long_history(file, EVENTS)
        applicable = ApplicableClauses(header, CLAUSES)
        begun = process_time()
        judge_events(applicable, some)
        alone = len(some) / (process_time() - begun)
        before = os.times()
        output_of(*MEMSLOTS, "judge", str(file))
        after = os.times()
        spent = after.children_user - before.children_user
        return (
            f"{events / spent:,.0f}/s; judge alone {alone:,.0f}/s ({events:,} events)"
        )


def protocol() -> str:
    """Transitions a second with all clauses, and four threads judged to the end."""
    limits = header_for(LINUX).limits
    of = Protocol(profile_named(LINUX.name), limits)
    header, begun = header_for(LINUX), process_time()
    done = [search(of, one, header, CLAUSES, reduced=False) for one in races_of(2)]
    rate = sum(one.transitions for one in done) / (process_time() - begun)
    four = seconds_of(*MEMSLOTS, "protocol", "--threads", "4")
    return f"{rate:,.0f}/s; four threads in {four:.0f} s"


def layers() -> str:
    """Steps a second of the sequential layer beside the fixed one, in one run."""
    with TemporaryDirectory() as folder:
        output_of(
            *(*MEMSLOTS, "check", "reference", "--max-time", "20", "--jobs", "1"),
            *("--report-dir", folder),
        )
        report = (Path(folder) / "report.ndjson").read_text()
    rates = {
        layer: int(steps) / float(seconds)
        for layer, steps, seconds in re.findall(
            r'"layer": "(\w+)".*?"steps": (\d+), "seconds": ([\d.]+)', report
        )
    }
    return f"{rates['sequential'] / rates['fixed']:.2f}"


def starting() -> str:
    """`--version` and `--help`, and python that does nothing."""
    commands = ((*MEMSLOTS, "--version"), (*MEMSLOTS, "--help"))
    version, told = (
        median(seconds_of(*command) for _ in range(9)) for command in commands
    )
    empty = median(seconds_of(sys.executable, "-c", "pass") for _ in range(9))
    return f"{version:.3f} s, {told:.3f} s; python {empty:.3f} s"


def rows(folder: Path) -> tuple[Row, ...]:
    """Every row, in the order in which they are told."""
    return (
        Row("fixed schedules that differ", "all", ">= 60 %", fixed_that_differ),
        Row("drawn schedules that repeat", "0", "0 (<= 10 %)", drawn_that_repeat),
        Row("one target on N cores", "N", ">= 0.9 N", on_all_cores),
        Row(
            "compiled judge",
            "interpreted",
            ">= 1.2 (2)",
            lambda: compiled(folder),
        ),
        Row("an operation among 500 slots", "one slot", "<= 20; 10 s", slots_500),
        Row("a GET of 2^20 pages judged", "run", "<= 15", get_2_20),
        Row("six updates judged blind", "one", "<= 250", six_updates),
        Row("memslots judge", "the judge alone", ">= 110,000/s", long_history),
        Row("search of the protocol", "-", ">= 40,000/s; 180 s", protocol),
        Row("a step of sequential", "of fixed", ">= 0.5", layers),
        Row("--version, --help", "python", "0.08 s", starting),
    )


def main() -> None:
    """Measure every row, and print it when it is done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="")
    parser.add_argument("--compiled", type=Path, default=Path("build/compiled"))
    given = parser.parse_args()
    print("| what | beside | wanted | now |\n|---|---|---|---|", flush=True)
    for row in rows(given.compiled.absolute()):
        if given.only in row.what:
            now = row.measure()
            print(f"| {row.what} | {row.anchor} | {row.wanted} | {now} |", flush=True)
    print(f"load at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
