"""Numbers that know nothing of the slots there are."""

from __future__ import annotations

from memslot_conformance.scenarios.drawn.choices import Choices
from memslot_spec.arithmetic.bitmaps import BITS_PER_WORD
from memslot_spec.model.values import PAGES_PER_HUGE_PAGE


def edge_of_machine(rng: Choices, most: int) -> int:
    """A power of two or one beside it, from 0 up to `most`."""
    power = 1 << rng.below(max(most.bit_length(), 1))
    return max(0, min(power + rng.choice((-1, 0, 0, 1)), most))


def near(rng: Choices, gfn: int, last: int) -> int:
    """Another frame with which it has a word of a log or a huge page in common.

    Or its place in the next huge page: there it has the same index in a shadow page.
    """
    of = rng.choice((1, 2, BITS_PER_WORD, PAGES_PER_HUGE_PAGE, PAGES_PER_HUGE_PAGE))
    if of == 1:
        return min(gfn ^ PAGES_PER_HUGE_PAGE, last)
    first = gfn // of * of
    others = (first, first + of - 1, first + rng.below(of))
    return min(rng.choice(others), last)


def longer(rng: Choices, number: int, most: int) -> int:
    """The number with one more bit above it, where that is not above `most`.

    Who cuts numbers to fewer bits takes the one for the other.
    """
    bits = range(number.bit_length(), most.bit_length())
    more = [number | 1 << bit for bit in bits if number | 1 << bit <= most]
    return rng.choice(more) if more else number


def wide(rng: Choices, most: int) -> int:
    """A number up to `most`, of any length in bits as likely as of any other."""
    bits = rng.below(most.bit_length() + 1)
    if bits == 0:
        return 0
    return min((1 << bits - 1) + rng.below(1 << bits - 1), most)
