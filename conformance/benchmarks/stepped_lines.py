"""How many switches a second a stepped program makes, beside the same table called.

A *switch* is one decision of the scheduler: a thread is given the turn, runs to its
next stop, and what it did is recorded. The race is a delete and a create beside lookups
on two threads. It is searched with at most one preemption, and drawn at random. Seconds
are of the clock, so that waiting for the program counts; nothing is judged.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

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

WAYS: dict[str, Callable[[Make], Iterable[Played]]] = {
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
    inside: dict[str, object] = {"__name__": PACKAGE}
    exec(text, inside)  # noqa: S102 - a file of our own
    factory = inside["Adapter"]
    if not callable(factory):
        message = "the skeleton has no Adapter"
        raise TypeError(message)
    return made_by(factory, name="skeleton").make


@contextmanager
def in_rust() -> Iterator[Make]:
    """The table of the skeleton in Rust, built and started."""
    skeleton = SKELETONS["rust"]
    with TemporaryDirectory() as folder:
        copied(skeleton, Path(folder))
        for line in skeleton.build:
            subprocess.run([*line.split(), "--quiet"], cwd=folder, check=True)
        factory = ProgramFactory(f"{folder}/target/release/mine", None)
        yield factory
        factory.end()


def measured(make: Make, rounds: int) -> dict[str, float]:
    """Switches a second, by how the race is played: the median of the rounds."""
    rates: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(rounds):
        for name, way in WAYS.items():
            begun = perf_counter()
            switches = sum(played.decisions for played in way(make))
            rates[name].append(switches / (perf_counter() - begun))
    return {name: median(seen) for name, seen in rates.items()}


def show(rounds: int) -> None:
    """Print switches a second of each way, called and over lines."""
    if shutil.which("cargo") is None:
        print("no switches: cargo is missing, so no program in Rust is built")
        return
    here = measured(called(), rounds)
    with in_rust() as make:
        afar = measured(make, rounds)
    for name in WAYS:
        mine, theirs = here[name], afar[name]
        print(
            f"{name:<20}{mine:>9,.0f} switches/s called, in Python"
            f"{theirs:>9,.0f} over lines, in Rust  1 : {mine / theirs:.2f}"
        )
