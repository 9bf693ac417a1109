"""Choices that Hypothesis makes, so that it can make them smaller, and keep them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeVar

from hypothesis import HealthCheck
from hypothesis import strategies as st

from memslot_conformance.scenarios.drawn.choices import Weighted, spread_out

T = TypeVar("T")

HEALTH = (
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
    HealthCheck.large_base_example,
    HealthCheck.too_slow,
)
"""Checks of Hypothesis on itself that mean nothing where a target is slow."""

GRAIN = 1 << 8
"""A probability is told in so many parts. Of more numbers than these Hypothesis draws
the low ones more often: of 2^16 the upper half was one in eight, and a fair coin no."""

KEPT = 1024
"""Strategies that are kept, for to make one takes longer than to draw from it."""


@lru_cache(maxsize=KEPT)
def _below(count: int) -> st.SearchStrategy[int]:
    return st.integers(0, count - 1)


class Drawn:
    """Choices by a function of Hypothesis that draws, as `st.composite` hands one in.

    Each is a whole number from 0 on, which Hypothesis makes smaller; the least is the
    least answer.
    """

    def __init__(self, draw: Callable[[st.SearchStrategy[int]], int]) -> None:
        self._draw = draw

    def chance(self, share: float) -> bool:
        """Yes, with this probability."""
        parts = round(share * GRAIN)
        return self.below(GRAIN) >= GRAIN - parts

    def choice(self, of: Sequence[T]) -> T:
        """One of these, each as often."""
        return of[self.below(len(of))]

    def pick(self, of: Weighted[T]) -> T:
        """One of these, each as often as its weight says."""
        spread: tuple[T, ...] = spread_out(of)
        return self.choice(spread)

    def below(self, count: int) -> int:
        """A number from 0 on and below this one."""
        return self._draw(_below(count))

    def between(self, low: int, high: int) -> int:
        """A number from the one up to the other."""
        return low + self.below(high + 1 - low)
