"""Choices by weight, and numbers that know nothing of the slots there are."""

from __future__ import annotations

from random import Random
from typing import TypeVar

from memslot_spec.arithmetic.bitmaps import BITS_PER_WORD
from memslot_spec.model.values import PAGES_PER_HUGE_PAGE

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


def near(rng: Random, gfn: int, last: int) -> int:
    """Another frame that has a word of a log, or a huge page, in common with it."""
    of = rng.choice((2, BITS_PER_WORD, PAGES_PER_HUGE_PAGE, PAGES_PER_HUGE_PAGE))
    first = gfn // of * of
    others = (first, first + of - 1, first + rng.randrange(of))
    return min(rng.choice(others), last)


def longer(rng: Random, number: int, most: int) -> int:
    """The number with one more bit above it, where that is not above `most`.

    Who cuts numbers to fewer bits takes the one for the other.
    """
    bits = range(number.bit_length(), most.bit_length())
    more = [number | 1 << bit for bit in bits if number | 1 << bit <= most]
    return rng.choice(more) if more else number


def wide(rng: Random, most: int) -> int:
    """A number up to `most`, of any length in bits as likely as of any other."""
    bits = rng.randrange(most.bit_length() + 1)
    if bits == 0:
        return 0
    return min((1 << bits - 1) + rng.getrandbits(bits - 1), most)
