"""The source of choices: all that is drawn is drawn from one, whoever is behind it.

A draw says out of what, and how often each. Who answers is an engine: a seed, which
costs next to nothing, or one that knows what it chose and can choose less, as
Hypothesis does. So each choice has a least answer: no, the first of several, the lowest
number.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from random import Random
from typing import Protocol, TypeVar

T = TypeVar("T")
Weighted = tuple[tuple[int, T], ...]
"""Choices, each with its weight before it."""

BITS = 53
"""Of a random fraction: a whole number of no more bits is made of one."""


class Choices(Protocol):
    """Who chooses."""

    def chance(self, share: float) -> bool:
        """Yes, with this probability."""
        ...

    def choice(self, of: Sequence[T]) -> T:
        """One of these, each as often; there has to be one."""
        ...

    def pick(self, of: Weighted[T]) -> T:
        """One of these, each as often as its weight says."""
        ...

    def below(self, count: int) -> int:
        """A number from 0 on and below this one, which is above 0."""
        ...

    def between(self, low: int, high: int) -> int:
        """A number from the one up to the other, both among them."""
        ...


class Seeded:
    """Choices by chance: the same seed gives the same ones."""

    __slots__ = ("_fraction", "_rng")

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._fraction = rng.random

    def chance(self, share: float) -> bool:
        """Yes, with this probability."""
        return self._fraction() < share

    def choice(self, of: Sequence[T]) -> T:
        """One of these, each as often."""
        return of[int(self._fraction() * len(of))]

    def pick(self, of: Weighted[T]) -> T:
        """One of these, each as often as its weight says."""
        spread: tuple[T, ...] = spread_out(of)
        return spread[int(self._fraction() * len(spread))]

    def below(self, count: int) -> int:
        """A number from 0 on and below this one."""
        if count >> BITS:
            return self._rng.randrange(count)
        return int(self._fraction() * count)

    def between(self, low: int, high: int) -> int:
        """A number from the one up to the other."""
        return low + self.below(high + 1 - low)


@lru_cache(maxsize=256)
def spread_out(of: Weighted[T]) -> tuple[T, ...]:
    """The choices, each as many times as its weight says."""
    return tuple(choice for weight, choice in of for _ in range(weight))
