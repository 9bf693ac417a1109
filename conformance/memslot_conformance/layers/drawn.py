"""The layers of what is drawn: one scenario after the other, each of its own seed."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Protocol

from memslot_conformance.layers.fixed import STOPPED
from memslot_conformance.layers.kernel import play_kernel
from memslot_conformance.layers.races import play_race
from memslot_conformance.layers.sequences import play_sequence
from memslot_conformance.layers.slices import OutOfTimeError, Slice
from memslot_conformance.scenarios.drawn.choices import Choices, Seeded

ENGINES = ("seeded", "crosshair")
"""What draws for the sequential layer; the second needs the extra `symbolic`."""

SYMBOLIC = "memslot_conformance.layers.symbolic"
"""Loaded by name, since what it imports may not be there."""

PlayOne = Callable[[Slice, Choices], None]
"""Draws one scenario and plays it: `OutOfTimeError` where it may not, or not on."""


class DrawnCounts(Protocol):
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

    @property
    def raced(self) -> int:
        """What was played on threads that nobody steps."""
        ...

    @property
    def overlapped(self) -> int:
        """In how many of these calls overlapped."""
        ...


def drawn_words(name: str, drawn: DrawnCounts) -> str:
    """How much the layer of this name drew, in words."""
    if name == "sampled" and drawn.raced:
        return (
            f"{drawn.schedules:,} rounds of {drawn.scenarios:,} drawn races; calls "
            f"overlapped in {drawn.overlapped:,}"
        )
    if name == "sampled":
        return f"{drawn.schedules:,} schedules of {drawn.scenarios:,} drawn races"
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
        play = self._play_one
        with suppress(OutOfTimeError):
            while True:
                work.check_turn()
                play(work, Seeded(Random(self._rng.getrandbits(64))))
        self.over = not work.budget.left or self._counts.scenarios >= work.scenarios

    @property
    def _play_one(self) -> PlayOne:
        if self._work.target.usable is not None:
            return play_kernel
        return play_race if self._name == "sampled" else play_sequence

    @property
    def covered(self) -> str:
        """How much was drawn, in words."""
        return drawn_words(self._name, self._counts)

    @property
    def cut(self) -> str | None:
        """Only a finding that is enough cuts what has no end."""
        return STOPPED if self._work.findings.enough else None

    @property
    def left_out(self) -> int:
        """What is drawn is no search of which something would be left."""
        return 0


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
