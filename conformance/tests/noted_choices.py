"""Choices that Hypothesis made, given to a seed's engine as if chance had had it so."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random

from hypothesis import strategies as st

from memslot_conformance.scenarios.drawn.by_hypothesis import Drawn
from memslot_conformance.scenarios.drawn.choices import BITS

HALF = 0.5
"""In the middle of what stands for a number, so that no rounding leads elsewhere."""


class Noted(Drawn):
    """Draws by Hypothesis, each noted as the random number that leads to the same."""

    def __init__(self, draw: Callable[[st.SearchStrategy[int]], int]) -> None:
        super().__init__(draw)
        self.noted: list[float] = []

    def chance(self, share: float) -> bool:
        said = super().chance(share)
        # A seed says yes where its number is low, and Hypothesis where it is high.
        self.noted.append(1 - self.noted.pop())
        return said

    def below(self, count: int) -> int:
        number = super().below(count)
        self.noted.append(number if count >> BITS else (number + HALF) / count)
        return number


class Again(Random):
    """The numbers that were noted, in the place of random ones."""

    def __init__(self, noted: list[float]) -> None:
        super().__init__()
        self.left = deque(noted)

    def random(self) -> float:
        return self.left.popleft()

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        del start, stop, step
        return int(self.left.popleft())
