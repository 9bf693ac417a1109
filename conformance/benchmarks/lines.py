"""What it costs to speak to a target over lines: the same table, in three ways.

The table of the skeleton is asked the same operations, and judged: called in this
process; over lines, each answer read before the next request is written; and over
lines, with what is known ahead written ahead. Seconds are of processor time, those of
the program beside those of this process. A step is an event.

    python conformance/benchmarks/lines.py --rounds 5

Then the switches of a program that is stepped are counted: see `stepped_lines`.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, cast

import stepped_lines
from memslot_conformance.adapter.protocols import Implementation, Make
from memslot_conformance.play.scheduler import Play
from memslot_conformance.scenarios.drawn.choices import Seeded
from memslot_conformance.scenarios.drawn.races import Drawing
from memslot_conformance.scenarios.drawn.requests import palette_of
from memslot_conformance.scenarios.scenario import Operations
from memslot_conformance.targets.skeletons.copies import PACKAGE, SKELETONS, copied
from memslot_conformance.targets.stdio.target import ProgramFactory
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.header import Domain, Header
from memslot_spec.history.hook import Hook
from memslot_spec.history.views import View
from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.judging.judge import Judge
from memslot_spec.model.profile import LINUX, Limits
from memslot_spec.model.replies import Done, Refused, Reply
from memslot_spec.model.values import (
    Errno,
    Gfn,
    Hva,
    MemoryRegion,
    Slot,
    table_of,
)

OPERATIONS = 100
SKELETON = SKELETONS["stdio"]


def table_of_skeleton() -> type[Any]:
    """The class that the skeleton keeps its slots in."""
    text = resources.files(PACKAGE).joinpath(SKELETON.kept).read_text("utf-8")
    inside: dict[str, Any] = {}
    exec(text.partition("\nvms = ")[0], inside)  # noqa: S102 - a file of our own
    made: type[Any] = inside["Vm"]
    return made


class InProcess:
    """The same table, called."""

    table: type[Any]

    def __init__(self) -> None:
        self._vm: Any = self.table()

    def set_region(self, region: MemoryRegion) -> Reply:
        """As the skeleton carries it out."""
        errno = self._vm.set_region(
            region.slot,
            region.guest_phys_addr,
            region.memory_size,
            region.userspace_addr,
            region.flags,
        )
        return Refused(Errno(errno)) if errno else Done()

    def gfn_to_memslot(self, gfn: Gfn) -> Slot | None:
        """As the skeleton carries it out."""
        found = self._vm.find(gfn)
        return None if found is None else Slot(**found)

    def gfn_to_hva(self, gfn: Gfn) -> Hva | None:
        """As the skeleton carries it out."""
        slot = self.gfn_to_memslot(gfn)
        return None if slot is None or slot.readonly else slot.hva_of(gfn)

    def observe(self) -> View:
        """As the skeleton shows it."""
        shown = map(self._vm.shown, self._vm.slots)
        return View(table=table_of(*(Slot(**each) for each in shown)))


def drawn(header: Header, count: int) -> list[Operations]:
    """What every one of them is asked: so many lives."""
    lives: list[Operations] = []
    for seed in range(count):
        drawing = Drawing(palette_of(header), Seeded(Random(seed)))
        asked: list[Any] = []
        while len(asked) < OPERATIONS:
            asked += drawing.steps()
        lives.append(tuple(asked[:OPERATIONS]))
    return lives


def judged(make: Make, header: Header, lives: list[Operations], *, at_once: int) -> int:
    """Ask and judge all of it, so many operations at once; how many events came."""
    applicable = ApplicableClauses(header, CLAUSES)
    events = 0
    for operations in lives:
        play, judge, seen = Play(make), Judge(applicable), 0
        for start in range(0, len(operations), at_once):
            play.alone(operations[start : start + at_once])
            judge.see_all(play.events[seen:])
            seen = len(play.events)
        if judge.findings or play.fault:
            sys.exit(f"{play.fault or judge.findings}")
        events += seen
        play.close()
    return events


def making(factory: ProgramFactory, *, ahead: bool) -> Make:
    """Makes VMs of the program; or those for which nothing is written ahead."""

    def make(hook: Hook) -> Implementation:
        del hook
        made: Any = factory()
        if not ahead:
            made.foresee = None
        return cast("Implementation", made)

    return make


def main() -> None:
    """Print steps a second of each way, and how often it goes into the first."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lives", type=int, default=30)
    options = parser.parse_args()
    rounds: int = options.rounds
    InProcess.table = table_of_skeleton()
    with TemporaryDirectory() as folder:
        command = f"{sys.executable} -S -E {copied(SKELETON, Path(folder))}"
        first = ProgramFactory(command, None)
        greeting = first.greeting
        header = Header(
            target="lines",
            profile=LINUX.name,
            limits=greeting.limits or Limits(),
            capabilities=greeting.capabilities,
            domain=greeting.domain or Domain(),
        )
        first.end()
        lives = drawn(header, options.lives)

        def through(at_once: int, *, ahead: bool) -> float:
            begun = stepped_lines.spent()
            factory = ProgramFactory(command, None)
            make = making(factory, ahead=ahead)
            events = judged(make, header, lives, at_once=at_once)
            factory.end()
            return events / (stepped_lines.spent() - begun)

        def called() -> float:
            begun = stepped_lines.spent()
            events = judged(lambda _: InProcess(), header, lives, at_once=1)
            return events / (stepped_lines.spent() - begun)

        ways: dict[str, Callable[[], float]] = {
            "called in the process": called,
            "lines, an answer at a time": lambda: through(1, ahead=False),
            "lines, the look written ahead": lambda: through(1, ahead=True),
            "lines, 16 operations and looks ahead": lambda: through(16, ahead=True),
        }
        rates: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                rates[name].append(way())
    best = median(rates["called in the process"])
    for name, seen in rates.items():
        rate = median(seen)
        print(f"{name:<38}{rate:>9,.0f} judged steps/s  1 : {best / rate:.2f}")
    stepped_lines.show(rounds)


if __name__ == "__main__":
    main()
