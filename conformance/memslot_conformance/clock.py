"""The one clock, which a caller may hold."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

Clock = Callable[[], float]
"""Tells the time: seconds since some moment, never fewer than before."""


CLOCK: Clock = monotonic


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self, clock: Clock = CLOCK) -> None:
        self._clock = clock
        self._begun = clock()

    @property
    def seconds(self) -> float:
        """Since it was made."""
        return self._clock() - self._begun
