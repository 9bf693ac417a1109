"""Choosers that go by chance: how a schedule is sampled.

A schedule with few preemptions has them anywhere; another tosses at each decision.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from random import Random

from memslot_conformance.adapter.stepped import Plan
from memslot_conformance.play.ahead import foresight_of, going_on
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


FORESEEN = 64
"""So many tosses are made ahead, at most."""


class CountingChooser:
    """A chooser that counts where it could have preempted."""

    def __init__(self, choose: Chooser) -> None:
        self.decisions = 0
        self.ahead = foresight_of(choose)
        self._choose = choose

    def choose(
        self, runnable: tuple[int, ...], current: int | None, events: Sequence[Event]
    ) -> int:
        """As the chooser does."""
        self.decisions += current is not None and len(runnable) > 1
        return self._choose(runnable, current, events)


class Preempting:
    """Stays, but for these of the decisions at which another thread could run."""

    def __init__(self, rng: Random, at: frozenset[int]) -> None:
        self._rng = rng
        self._at = at
        self._seen = self._thread = 0

    def __call__(
        self, runnable: tuple[int, ...], current: int | None, _events: Sequence[Event]
    ) -> int:
        """Stay, or go on with another."""
        self._thread = self._chosen(runnable, current)
        return self._thread

    def ahead(self) -> Plan:
        """It stays up to the next of the decisions, if all that come are counted."""
        turns = [at - self._seen for at in self._at if at >= self._seen]
        return going_on(self._thread, min(turns)) if turns else going_on(self._thread)

    def _chosen(self, runnable: tuple[int, ...], current: int | None) -> int:
        if current is None:
            return self._rng.choice(runnable)
        if len(runnable) == 1:
            return current
        self._seen += 1
        if self._seen - 1 not in self._at:
            return current
        return self._rng.choice([thread for thread in runnable if thread != current])


class Tossing:
    """Stays with this probability, or else everywhere but where something changes."""

    def __init__(self, rng: Random, stays: float, *, only_handing_over: bool) -> None:
        self._random = rng.random
        self._stays = stays
        self._only_handing_over = only_handing_over
        self._drawn: deque[float] = deque()
        self._thread = 0

    def __call__(
        self, runnable: tuple[int, ...], current: int | None, events: Sequence[Event]
    ) -> int:
        """Stay, or go on with another."""
        if current is None or not (
            len(runnable) == 1
            or (self._only_handing_over and not _has_handed_over(events))
            or self._next() < self._stays
        ):
            others = [thread for thread in runnable if thread != current]
            current = others[int(self._next() * len(others))]
        self._thread = current
        return current

    def ahead(self) -> Plan:
        """It stays as often as it is drawn to, if it is asked each time."""
        drawn = self._drawn
        turns = 0
        while turns < FORESEEN:
            if turns == len(drawn):
                drawn.append(self._random())
            if drawn[turns] >= self._stays:
                break
            turns += 1
        return going_on(self._thread, turns)

    def _next(self) -> float:
        return self._drawn.popleft() if self._drawn else self._random()


def _has_handed_over(events: Sequence[Event]) -> bool:
    return bool(events) and type(events[-1]) in HANDING_OVER
