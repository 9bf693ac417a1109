"""Choices by weight, and numbers that know nothing of slots."""

from __future__ import annotations

from random import Random
from typing import TypeVar

T = TypeVar("T")
Weighted = tuple[tuple[int, T], ...]
"""Choices, each with its weight before it."""


def pick(rng: Random, choices: Weighted[T]) -> T:
    """One of the choices, each as often as its weight says."""
    roll = rng.random() * sum(weight for weight, _ in choices)
    for weight, choice in choices:
        roll -= weight
        if roll < 0:
            return choice
    return choices[-1][1]


def edge_of_machine(rng: Random, most: int) -> int:
    """A power of two or one beside it, from 0 up to `most`."""
    power = 1 << rng.randrange(max(most.bit_length(), 1))
    return max(0, min(power + rng.choice((-1, 0, 0, 1)), most))


def wide(rng: Random, most: int) -> int:
    """A number up to `most`, of any length in bits as likely as of any other."""
    bits = rng.randrange(most.bit_length() + 1)
    if bits == 0:
        return 0
    return min((1 << bits - 1) + rng.getrandbits(bits - 1), most)
