"""The layers of what is drawn: a machine for each, run on one slice after the other."""

from __future__ import annotations

import importlib
from random import Random
from typing import Protocol

from memslot_conformance.layers.fixed import STOPPED
from memslot_conformance.layers.kernel import KernelMachine
from memslot_conformance.layers.machines import (
    ConcurrentMachine,
    Machine,
    SequentialMachine,
    Slice,
    run_slice,
)

ENGINES = ("hypothesis", "crosshair")
"""What draws for the sequential layer; the second needs the extra `symbolic`."""

SYMBOLIC = "memslot_conformance.layers.symbolic"
"""Loaded by name, since what it imports may not be there."""

EXAMPLES = 10_000
STEPS = {"sampled": 8, "sequential": 25}


class Drawn(Protocol):
    """How much was drawn, in numbers."""

    @property
    def scenarios(self) -> int:
        """Races, or VMs."""
        ...

    @property
    def schedules(self) -> int:
        """What was played."""
        ...

    @property
    def requests(self) -> int:
        """Operations that were asked one by one."""
        ...


def drawn_words(name: str, drawn: Drawn) -> str:
    """How much the layer of this name drew, in words."""
    if name == "sampled":
        return (
            f"{drawn.schedules:,} random schedules of {drawn.scenarios:,} drawn races"
        )
    return f"{drawn.requests:,} operations in {drawn.scenarios:,} VMs"


class DrawnLayer:
    """The layer `sampled` or `sequential` on one target."""

    def __init__(self, name: str, work: Slice, rng: Random) -> None:
        self.over = False
        self._name = name
        self._work = work
        self._rng = rng
        self._counts = work.trial.counts

    def turn(self, steps: int) -> None:
        """Draw and play what is about so many steps.

        Errors: `TargetBrokeError`.
        """
        work = self._work
        self._counts = work.trial.counts
        work.steps = self._counts.steps + steps
        run_slice(
            self._machine,
            work,
            number=self._rng.getrandbits(32),
            examples=EXAMPLES,
            steps=STEPS[self._name],
        )
        self.over = not work.budget.left or self._counts.scenarios >= work.scenarios

    @property
    def _machine(self) -> type[Machine]:
        if self._work.target.usable is not None:
            return KernelMachine
        return ConcurrentMachine if self._name == "sampled" else SequentialMachine

    @property
    def covered(self) -> str:
        """How much was drawn, in words."""
        return drawn_words(self._name, self._counts)

    @property
    def cut(self) -> str | None:
        """Only a finding that is enough cuts what has no end."""
        return STOPPED if self._work.findings.enough else None


class SolvedLayer(DrawnLayer):
    """The layer `sequential` by the other engine, which loses by every restart."""

    _covered = ""

    def turn(self, steps: int) -> None:  # noqa: ARG002 - it has one turn, to the end
        """Follow paths until the budget is spent. Errors: `TargetBrokeError`."""
        self._counts = self._work.trial.counts
        engine = importlib.import_module(SYMBOLIC)
        number = self._rng.getrandbits(32)
        self._covered = engine.run_symbolic(self._work, number=number)
        self.over = True

    @property
    def covered(self) -> str:
        """Which shapes were followed, and how far."""
        return self._covered or super().covered
