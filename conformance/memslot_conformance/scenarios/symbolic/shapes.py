"""What the symbolic engine asks: a few operations whose numbers are left open.

A shape fixes which operations come in which order and on which slots. Its
numbers stay open: gfns, pages and host pages, and of one request alone the slot
word or the bytes. Fewer open choices leave the solver more time for each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from memslot_conformance.scenarios.scenario import Operations
from memslot_spec.arithmetic.ranges import PAGE_SIZE, U64
from memslot_spec.history.header import Header
from memslot_spec.model.operations import (
    GfnToHva,
    GfnToMemslot,
    IsVisibleGfn,
    MemslotId,
    Operation,
    SetRegion,
)
from memslot_spec.model.values import MemoryRegion

Numbers = tuple[int, ...]

MOST_PAGES = 1 << 24
"""Pages of the largest slot in a shape of several requests: 64 GiB."""

LOOKUPS = (GfnToMemslot, GfnToHva, IsVisibleGfn, MemslotId)
MakeLookup = Callable[[int], Operation]


@dataclass(frozen=True, slots=True)
class Shape:
    """Operations with open numbers: which numbers, and what is made of them."""

    name: str
    numbers: SearchStrategy[Numbers]
    operations: Callable[[Numbers], Operations]


@dataclass(frozen=True, slots=True)
class _Slots:
    """Sound requests on slots 0 and 1, from numbers in units of the granule."""

    granule: int

    def create(self, slot: int, base: int, npages: int, host: int) -> Operation:
        """A request for a range of guest frames, backed from a host page on."""
        unit = self.granule * PAGE_SIZE
        return SetRegion(
            MemoryRegion(slot, base * unit, npages * unit, host * PAGE_SIZE)
        )

    def two(self, numbers: Numbers) -> Operations:
        """Two slots."""
        return self.create(0, *numbers[:3]), self.create(1, *numbers[3:6])

    def moved(self, numbers: Numbers) -> Operations:
        """Two slots, and the first is moved."""
        _, npages, host, *_, to = numbers
        return *self.two(numbers), self.create(0, to, npages, host)

    def replaced(self, numbers: Numbers) -> Operations:
        """One slot is deleted, and another is created where it may have been."""
        first, second = self.two(numbers)
        base, _, host = numbers[:3]
        return first, self.create(0, base, 0, host), second

    def looked_up(self, lookup: MakeLookup, numbers: Numbers) -> Operations:
        """Two slots, and a lookup at any frame."""
        return *self.two(numbers), lookup(numbers[6])


def shapes_of(header: Header) -> tuple[Shape, ...]:
    """The shapes for a target, the smallest first and the widest last."""
    slots = _Slots(header.domain.page_granule)
    slot = _numbers_of_a_slot(header)
    frame = st.integers(0, header.domain.largest_gfn)
    lookups = tuple(
        Shape(
            f"two slots and {kind.__name__}",
            st.tuples(*slot, *slot, frame),
            partial(slots.looked_up, kind),
        )
        for kind in LOOKUPS
        if kind.__name__ in header.capabilities.operations
    )
    return (
        Shape("two slots", st.tuples(*slot, *slot), slots.two),
        *lookups,
        Shape("a slot replaced", st.tuples(*slot, *slot), slots.replaced),
        Shape("a slot moved", st.tuples(*slot, *slot, slot[0]), slots.moved),
        Shape("any word and flags", st.tuples(_U32, _FLAGS), _any_names),
        Shape("any range", st.tuples(_U64, _U64, _U64), _any_range),
    )


def _numbers_of_a_slot(header: Header) -> tuple[SearchStrategy[int], ...]:
    """Base, pages and host page of a slot that is sound by itself."""
    granule = header.domain.page_granule
    last = min(header.domain.largest_gfn, header.limits.largest_gfn)
    pages = max(min(MOST_PAGES, last + 1) // granule, 1)
    host_pages = header.limits.hva_end // PAGE_SIZE - MOST_PAGES
    return (
        st.integers(0, last // granule),
        st.integers(1, pages),
        st.integers(0, max(host_pages, 0)),
    )


_U32, _U64 = st.integers(0, 2**32 - 1), st.integers(0, U64 - 1)
# A mask other than 2**k - 1 makes CrossHair choose a number, so flags are listed.
_FLAGS = st.sampled_from((0, 1, 2, 3, 4, 1 << 16, 1 << 31))


def _any_names(numbers: Numbers) -> Operations:
    """One request with any slot word, for memory that nothing is wrong with."""
    word, flags = numbers
    return (SetRegion(MemoryRegion(word, 0, PAGE_SIZE, 0, flags)),)


def _any_range(numbers: Numbers) -> Operations:
    """One request for slot 0, with any bytes of guest and of host."""
    return (SetRegion(MemoryRegion(0, *numbers)),)
