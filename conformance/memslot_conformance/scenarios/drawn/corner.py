"""A corner of the space, kept for a whole sequence, so that its operations meet."""

from __future__ import annotations

from dataclasses import dataclass

from memslot_conformance.scenarios.drawn.choices import Choices
from memslot_conformance.scenarios.drawn.numbers import edge_of_machine, wide
from memslot_conformance.scenarios.drawn.weights import (
    CORNERS,
    HOST_CORNERS,
    IDS,
    IDS_OF_A_CORNER,
    MOST,
    SIZES_OF_A_CORNER,
    SPACES,
)
from memslot_spec.arithmetic.bitmaps import BITS_PER_WORD
from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.history.header import Header
from memslot_spec.model.values import PAGES_PER_HUGE_PAGE

FOUR_GIB = 1 << 32 - PAGE_SHIFT
"""The frame at 4 GiB, below which x86 leaves a hole for devices."""

ROOM = 4 * PAGES_PER_HUGE_PAGE
"""Pages that a corner has, where it ends with the space."""


@dataclass(frozen=True, slots=True)
class Corner:
    """Frames from `base` on, host pages from `host` on, a few ids, address spaces.

    `most` is how many slots there may be before deletes are drawn for new ones, `sizes`
    which part of the mixture of sizes they have, or any.
    """

    base: int
    host: int
    ids: tuple[int, ...]
    spaces: tuple[int, ...]
    most: int
    sizes: str = "any"


@dataclass(slots=True)
class InView:
    """What operations are about for a while: a page, and the slot it is in, if any."""

    gfn: int
    as_id: int = 0
    slot_id: int | None = None


def draw_corner(rng: Choices, header: Header) -> Corner:
    """A corner inside the domain: most often the lowest, at times anywhere."""
    base = _base(rng, header)
    count = rng.choice(IDS_OF_A_CORNER)
    most = rng.pick(MOST)
    first = tuple(range(min(max(count, most), ids_of(header))))
    ids = tuple(dict.fromkeys(any_id(rng, header, first) for _ in range(count)))
    host = _host(rng, header, base)
    sizes = rng.pick(SIZES_OF_A_CORNER)
    spaces = _spaces(rng, header)
    return Corner(base, host, (*ids, *first[count:]), spaces, most, sizes)


def _spaces(rng: Choices, header: Header) -> tuple[int, ...]:
    """One address space, or several: each as often as it is drawn."""
    last = header.limits.address_spaces - 1
    match rng.pick(SPACES):
        case "first":
            return (0,)
        case "last":
            return (last,)
        case _:
            return tuple(dict.fromkeys((0, min(1, last), last)))


def ids_of(header: Header) -> int:
    """How many slot ids there are that may be drawn."""
    return min(header.domain.slots, header.limits.user_slots)


def any_id(rng: Choices, header: Header, near: tuple[int, ...]) -> int:
    """A legal slot id: one of those that are near, most often."""
    top = ids_of(header) - 1
    match rng.pick(IDS):
        case "corner":
            return rng.choice(near)
        case "law":
            return max(top - rng.choice((0, 0, 1)), 0)
        case "machine":
            return edge_of_machine(rng, top)
        case "wide":
            return wide(rng, top)
        case _:
            return rng.below(min(top + 1, 8))


def _base(rng: Choices, header: Header) -> int:
    last = min(header.domain.largest_gfn, header.limits.largest_gfn)
    grain = header.domain.page_granule
    match rng.pick(CORNERS):
        case "lowest":
            base = 0
        case "machine":
            base = edge_of_machine(rng, last)
        case "below 4 GiB":
            base = FOUR_GIB - rng.choice((2, 16, PAGES_PER_HUGE_PAGE))
        case "law":
            base = last + 1 - ROOM
        case _:
            base = wide(rng, last)
    return max(0, min(base, last)) // grain * grain


def _host(rng: Choices, header: Header, base: int) -> int:
    """Where host memory begins: congruent to the frames, to a word, or to neither."""
    top = max(0, (header.limits.hva_end >> PAGE_SHIFT) - ROOM)
    step = base % PAGES_PER_HUGE_PAGE
    match rng.pick(HOST_CORNERS):
        case "in step":
            host = rng.choice((0x1000, 0x2000)) + step
        case "lowest":
            host = step
        case "one page off":
            host = 0x1000 + step + 1
        case "a word off":
            host = 0x1000 + step + BITS_PER_WORD
        case "law":
            host = top
        case _:
            host = wide(rng, top)
    return max(0, min(host, top))
