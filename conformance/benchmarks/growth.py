"""How the cost of judging grows: with slots, pages, length, threads, open updates.

Each is made larger step by step, and the same operations are judged: the seconds of the
processor beside those of the smallest, beside those of running them, and the exponent
that fits the growth. What grows faster than n log n has its reason beside it; the
status is 1 where something does that has none.

    python conformance/benchmarks/growth.py [--rounds 5] [--large]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from math import log
from random import Random
from statistics import median
from time import process_time

from memslot_conformance.play.explore import sampled
from memslot_conformance.play.scheduler import Play
from memslot_conformance.scenarios.scenario import Operations, Scenario
from memslot_conformance.targets.resolve import Target, resolve
from memslot_spec.choices import CHOICES
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.events import Call, Event, Return
from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.judging.blind import blind
from memslot_spec.judging.judge import Judge
from memslot_spec.model.operations import (
    GetDirtyLog,
    GfnToHva,
    GfnToMemslot,
    GuestAccess,
    SetRegion,
)
from memslot_spec.model.replies import Done
from memslot_spec.model.values import LOG_DIRTY_PAGES, MemoryRegion

N_LOG_N = 1.25
"""The exponent that n log n may seem to have at these sizes, and no more."""

STEPS = 10**9
"""No play is cut short here."""

HVA = 0x100_0000_0000
DIRTIED = 20
"""Pages written before each GET, whatever the slot has."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of the processor for the same work: judged, and run where it is."""

    judged: float
    run: float | None = None


@dataclass(frozen=True, slots=True)
class Dimension:
    """What is made larger, and why it may cost more than n log n, if it may."""

    name: str
    sizes: tuple[int, ...]
    cost: Callable[[int], Cost]
    reason: str = ""


def region(slot: int, gfn: int, npages: int, flags: int = 0) -> SetRegion:
    """A request for a slot whose host memory is at its frame's distance from `HVA`."""
    hva = HVA + (gfn << 12)
    return SetRegion(MemoryRegion(slot, gfn << 12, npages << 12, hva, flags))


class Measured:
    """Operations of one VM, judged as they are run; some of them are measured."""

    def __init__(self, target: Target) -> None:
        self._play = Play(target.make, STEPS)
        self._judge = Judge(ApplicableClauses(target.header, CLAUSES, CHOICES))
        self._seen = 0

    def cost(self, operations: Operations) -> Cost:
        """Run these, and judge what came of it. Errors: `ValueError` if it is wrong."""
        begun = process_time()
        self._play.alone(operations, watched=False)
        ran = process_time()
        self._judge.see_all(self._play.events[self._seen :])
        judged = process_time()
        self._seen = len(self._play.events)
        if self._judge.findings or self._play.fault:
            message = f"{self._judge.findings} {self._play.fault}"
            raise ValueError(message)
        return Cost(judged - ran, ran - begun)


def in_slots(target: Target, count: int) -> Cost:
    """Requests, lookups and accesses of one slot among so many."""
    vm = Measured(target)
    vm.cost(tuple(region(slot, 16 * slot, 4) for slot in range(count)))
    gone = SetRegion(MemoryRegion(0, 0, 0, 0))
    return vm.cost(
        (
            region(0, 0, 4, LOG_DIRTY_PAGES),
            GfnToMemslot(1),
            GuestAccess(1, write=True),
            gone,
            region(0, 0, 4),
            GfnToHva(1),
            gone,
        )
    )


def setting_up(target: Target, count: int) -> Cost:
    """So many slots made one after the other."""
    return Measured(target).cost(
        tuple(region(slot, 16 * slot, 4) for slot in range(count))
    )


def get_of(target: Target, npages: int) -> Cost:
    """The dirty log of a slot of so many pages, of which a few are dirty."""
    vm = Measured(target)
    dirty = range(0, npages, npages // DIRTIED)
    vm.cost(
        (
            region(0, 0, npages, LOG_DIRTY_PAGES),
            *(GuestAccess(gfn, write=True) for gfn in dirty),
        )
    )
    return vm.cost((GetDirtyLog(0),))


def of_length(target: Target, count: int) -> Cost:
    """So many rounds of a few operations, in one history."""
    once = (
        region(0, 0, 4),
        GuestAccess(1, write=True),
        GfnToMemslot(1),
        region(0, 8, 4),
        SetRegion(MemoryRegion(0, 0, 0, 0)),
    )
    return Measured(target).cost(once * count)


def on_threads(target: Target, count: int) -> Cost:
    """So many readers beside an updater; the cost of a thousand events."""
    readers = ((GfnToMemslot(1), GuestAccess(1, write=True)) * 10,) * count
    scenario = Scenario((region(0, 0, 4),), ((region(0, 8, 4),), *readers))
    begun = process_time()
    plays = list(sampled(target.make, scenario, Random(1), 4, step_limit=STEPS))
    ran = process_time()
    applicable = ApplicableClauses(target.header, CLAUSES, CHOICES)
    for played in plays:
        Judge(applicable).see_all(played.events)
    thousands = sum(len(played.events) for played in plays) / 1000
    return Cost((process_time() - ran) / thousands, (ran - begun) / thousands)


def overlapping(target: Target, count: int) -> Cost:
    """So many requests under way at once, judged by calls and replies alone."""
    requests = [region(slot, 16 * slot, 4) for slot in range(count)]
    events: list[Event] = [Call(t, request) for t, request in enumerate(requests)]
    events += [Return(t, Done()) for t in range(count)]
    judge = Judge(ApplicableClauses(blind(target.header), CLAUSES, CHOICES))
    begun = process_time()
    judge.see_all(events)
    spent = process_time() - begun
    if judge.findings or judge.undecided:
        message = f"{judge.findings} {judge.undecided}"
        raise ValueError(message)
    return Cost(spent)


def dimensions(target: Target, *, large: bool) -> tuple[Dimension, ...]:
    """Everything that is made larger."""
    more = (2000,) if large else ()

    def of(cost: Callable[[Target, int], Cost]) -> Callable[[int], Cost]:
        return lambda size: cost(target, size)

    return (
        Dimension("slots, an operation", (1, 8, 32, 125, 500), of(in_slots)),
        Dimension(
            "slots, setting up",
            (8, 32, 125, 500, *more),
            of(setting_up),
            "each of n publications tells of every slot there is",
        ),
        Dimension("pages, a GET", (2**10, 2**14, 2**17, 2**20), of(get_of)),
        Dimension("length, rounds", (25, 100, 400, 1600), of(of_length)),
        Dimension("threads, 1000 events", (1, 2, 4, 8), of(on_threads)),
        Dimension(
            "open updates, blind",
            (1, 2, 4, 6, 8),
            of(overlapping),
            "which came first is open: each set of n updates may be the ones",
        ),
    )


def exponent(sizes: tuple[int, ...], costs: list[float]) -> float:
    """The slope of the line that fits best, both axes in logarithms."""
    xs, ys = [log(size) for size in sizes], [log(cost) for cost in costs]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    up = sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True))
    return up / sum((a - x) ** 2 for a in xs)


def measure(dimension: Dimension, rounds: int) -> bool:
    """Print how one dimension grows; no faster than it may."""
    judged: list[float] = []
    for size in dimension.sizes:
        costs = [dimension.cost(size) for _ in range(rounds)]
        judged.append(median(cost.judged for cost in costs))
        runs = [cost.run for cost in costs if cost.run]
        beside = f"{judged[-1] / median(runs):9.1f}" if runs else f"{'-':>9}"
        ratio = judged[-1] / judged[0]
        print(
            f"{dimension.name:<22}{size:>8}{judged[-1] * 1000:>11.2f}{ratio:>9.1f}"
            f"{beside}",
            flush=True,
        )
    fitted = exponent(dimension.sizes, judged)
    too_fast = fitted > N_LOG_N
    why = f": {dimension.reason or 'NO REASON'}" if too_fast else ""
    print(f"{'':<22}n^{fitted:.2f}{why}", flush=True)
    return not too_fast or bool(dimension.reason)


def main() -> int:
    """Measure every dimension."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", action="store_true")
    given = parser.parse_args()
    target = resolve("reference-linux")
    print(f"{'':<22}{'size':>8}{'judged ms':>11}{'ratio':>9}{'/ run':>9}")
    every = dimensions(target, large=given.large)
    fast = [measure(dimension, given.rounds) for dimension in every]
    return 0 if all(fast) else 1


if __name__ == "__main__":
    sys.exit(main())
