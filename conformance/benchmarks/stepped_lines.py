"""How many switches a second a stepped program makes, beside the same table called.

A *switch* is one decision of the scheduler: a thread is given the turn, runs to its
next stop, and what it did is recorded. The race is a delete and a create beside lookups
on two threads. It is searched with at most one preemption, and drawn at random. Seconds
are of processor time, the program's beside the suite's; nothing is judged.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from resource import RUSAGE_CHILDREN, RUSAGE_SELF
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from memslot_conformance.adapter.protocols import Make
from memslot_conformance.play.bounded import bounded
from memslot_conformance.play.explore import sampled
from memslot_conformance.play.played import Played
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.resolve import made_by
from memslot_conformance.targets.skeletons.copies import PACKAGE, SKELETONS, copied
from memslot_conformance.targets.stdio.target import ProgramFactory
from memslot_spec.model.operations import GfnToHva, GfnToMemslot, SetRegion
from memslot_spec.model.values import MemoryRegion

ONE = SetRegion(MemoryRegion(0, 0, 8192, 1 << 30))
OTHER = SetRegion(MemoryRegion(1, 16384, 8192, 1 << 31))
DELETE = SetRegion(MemoryRegion(0, 0, 0, 0))
RACE = Scenario(
    (ONE,), ((DELETE, OTHER), (GfnToHva(1), GfnToMemslot(0)), (GfnToHva(0),))
)

DRAWN = 200

Way = Callable[[Make], Iterable[Played]]

WAYS: dict[str, Way] = {
    "searched": lambda make: bounded(make, RACE, 1),
    "searched, reduced": lambda make: bounded(make, RACE, 1, reduced=True),
    "drawn": lambda make: sampled(make, RACE, Random(1), DRAWN),
    "drawn, none twice": lambda make: sampled(
        make, RACE, Random(1), DRAWN, repeats=False
    ),
}


def called() -> Make:
    """The table of the skeleton in Python, which is stepped in this process."""
    skeleton = SKELETONS["python"]
    with TemporaryDirectory() as folder:
        text = copied(skeleton, Path(folder)).read_text("utf-8")
    inside: dict[str, Any] = {"__name__": PACKAGE}
    exec(text, inside)  # noqa: S102 - a file of our own
    return made_by(inside["Adapter"], name="skeleton").make


def spent() -> float:
    """Processor seconds of this process and of the programs that it waited for."""
    used = [resource.getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def rate(make: Make, way: Way, end: Callable[[], None]) -> float:
    """Switches a second, by the processor."""
    begun = spent()
    switches = sum(played.decisions for played in way(make))
    end()
    return switches / (spent() - begun)


def show(rounds: int) -> None:
    """Print switches a second of each way, called and over lines."""
    if shutil.which("cargo") is None:
        print("no switches: cargo is missing, so no program in Rust is built")
        return
    skeleton, make = SKELETONS["rust"], called()
    with TemporaryDirectory() as folder:
        copied(skeleton, Path(folder))
        for line in skeleton.build:
            subprocess.run([*line.split(), "--quiet"], cwd=folder, check=True)
        for name, way in WAYS.items():
            here: list[float] = []
            afar: list[float] = []
            for _ in range(rounds):
                here.append(rate(make, way, lambda: None))
                factory = ProgramFactory(f"{folder}/target/release/mine", None)
                afar.append(rate(factory, way, factory.end))
            mine, theirs = median(here), median(afar)
            print(
                f"{name:<20}{mine:>9,.0f} switches/s called, in Python"
                f"{theirs:>9,.0f} over lines, in Rust  1 : {mine / theirs:.2f}"
            )
