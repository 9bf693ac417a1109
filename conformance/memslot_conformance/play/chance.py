"""Choosers that go by chance: how a schedule is sampled.

A schedule with few preemptions has them anywhere; another tosses at each decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from memslot_conformance.play.scheduler import Chooser
from memslot_spec.history.events import Event, Return
from memslot_spec.history.points.mmu import MmuLocked, MmuUnlocked
from memslot_spec.history.points.srcu import (
    GracePeriodBegun,
    GracePeriodEnded,
    IndexFlipped,
    SectionEntered,
    SectionEntering,
)
from memslot_spec.history.points.tables import (
    TableLoaded,
    TablePublished,
    UpdateLocked,
    UpdateUnlocked,
)

HANDING_OVER: frozenset[object] = frozenset(
    {
        GracePeriodBegun,
        GracePeriodEnded,
        IndexFlipped,
        MmuLocked,
        MmuUnlocked,
        Return,
        SectionEntered,
        SectionEntering,
        TableLoaded,
        TablePublished,
        UpdateLocked,
        UpdateUnlocked,
    }
)
"""The events after which shared state may have changed hands."""


STAYS = (0.5, 0.9, 0.75, 0.95)
"""How likely a sampled schedule is to let the running thread go on."""

FEW = (1, 1, 1, 2, 2, 3)
"""Preemptions of a sampled schedule that has few."""


class CountingChooser:
    """A chooser that counts where it could have preempted."""

    def __init__(self, choose: Chooser) -> None:
        self.decisions = 0
        self._choose = choose

    def choose(
        self, runnable: tuple[int, ...], current: int | None, events: Sequence[Event]
    ) -> int:
        """As the chooser does."""
        self.decisions += current is not None and len(runnable) > 1
        return self._choose(runnable, current, events)


def preempting(rng: Random, at: frozenset[int]) -> Chooser:
    """Stays, but for these of the decisions at which another thread could run."""
    seen = 0

    def choose(
        runnable: tuple[int, ...], current: int | None, _events: Sequence[Event]
    ) -> int:
        nonlocal seen
        if current is None:
            return rng.choice(runnable)
        if len(runnable) == 1:
            return current
        seen += 1
        if seen - 1 not in at:
            return current
        return rng.choice([thread for thread in runnable if thread != current])

    return choose


def tossing(rng: Random, stays: float, *, only_handing_over: bool) -> Chooser:
    """Stays with this probability, or else everywhere but where something changes."""
    random = rng.random

    def choose(
        runnable: tuple[int, ...], current: int | None, events: Sequence[Event]
    ) -> int:
        if current is not None and (
            len(runnable) == 1
            or (only_handing_over and not _has_handed_over(events))
            or random() < stays
        ):
            return current
        others = [thread for thread in runnable if thread != current]
        return others[int(random() * len(others))]

    return choose


def _has_handed_over(events: Sequence[Event]) -> bool:
    return bool(events) and type(events[-1]) in HANDING_OVER
