"""The source of choices: all that is drawn is drawn from one, whoever is behind it.

A draw asks for one thing out of several, and says how often each. Who answers is an
engine: a seed, which costs next to nothing, or one that knows what it chose and can
choose less, as Hypothesis does. So every choice has a least answer, and it comes first:
no, the first of a sequence, the lowest number.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Protocol, TypeVar

T = TypeVar("T")
Weighted = tuple[tuple[int, T], ...]
"""Choices, each with its weight before it."""


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

    def bits(self, count: int) -> int:
        """A number of so many bits, or of fewer."""
        ...


class Seeded:
    """Choices by chance: the same seed gives the same ones."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng

    def chance(self, share: float) -> bool:
        """Yes, with this probability."""
        return self._rng.random() < share

    def choice(self, of: Sequence[T]) -> T:
        """One of these, each as often."""
        return self._rng.choice(of)

    def pick(self, of: Weighted[T]) -> T:
        """One of these, each as often as its weight says."""
        roll = self._rng.random() * sum(weight for weight, _ in of)
        for weight, choice in of:
            roll -= weight
            if roll < 0:
                return choice
        return of[-1][1]

    def below(self, count: int) -> int:
        """A number from 0 on and below this one."""
        return self._rng.randrange(count)

    def between(self, low: int, high: int) -> int:
        """A number from the one up to the other."""
        return self._rng.randint(low, high)

    def bits(self, count: int) -> int:
        """A number of so many bits, or of fewer."""
        return self._rng.getrandbits(count)
