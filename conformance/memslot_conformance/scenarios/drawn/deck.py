"""Which two operations are to meet in a race: dealt, so that each pair comes.

A pair that is drawn by chance is one of hundreds, and most of those say nothing: what
only reads meets what changes nothing that it reads. Those that can conflict are dealt
alone; all of them are dealt with others beside them. The next is that which came least
often.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import combinations_with_replacement, product
from typing import NamedTuple

from memslot_conformance.scenarios.drawn import shapes, touches
from memslot_conformance.scenarios.drawn.accesses import draw_write
from memslot_conformance.scenarios.drawn.choices import Choices
from memslot_conformance.scenarios.drawn.kinds import BY_NAME, KINDS
from memslot_conformance.scenarios.drawn.regions import (
    at_times_failing,
    draw_set_region,
    within_reason,
)
from memslot_conformance.scenarios.drawn.requests import REQUEST
from memslot_conformance.scenarios.drawn.scenario_weights import (
    ALONE,
    FAILING_IN_A_RACE,
)
from memslot_conformance.scenarios.drawn.situation import Situation
from memslot_conformance.scenarios.drawn.weights import EVEN
from memslot_spec.model.operations import AgeHva, GuestAccess, Operation, PreFault
from memslot_spec.model.values import MemoryRegion

ACCESS = GuestAccess.__name__

MAPS = frozenset({ACCESS, PreFault.__name__})
"""What maps a page that is not mapped yet, and does little where it is."""

OF_FRAMES = (
    touches.at_a_frame,
    touches.by_cache,
    touches.by_pfn_cache,
    touches.ahead,
)

OF_SPACE_0 = frozenset(
    kind.__name__
    for kind, entry in KINDS.items()
    if entry.touching in OF_FRAMES and not hasattr(kind, "as_id")
)
"""What is about frames, and always about those of the first address space."""

CREATE, DELETE, MOVE = "create", "delete", "move"
LOG_ON, LOG_OFF = "log on", "log off"

REQUESTS: Mapping[str, Callable[[Situation], MemoryRegion]] = {
    CREATE: shapes.create,
    DELETE: shapes.delete,
    MOVE: shapes.move,
    LOG_ON: shapes.log_on,
    LOG_OFF: shapes.log_off,
}
"""The requests that change a table, each in its own way."""


class Card(NamedTuple):
    """An operation of a kind; `way` is which of its sorts, where it has several."""

    kind: str
    way: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.way}" if self.way else self.kind

    def conflicts(self, other: Card) -> bool:
        """One of them may change what the other reads or changes."""
        if REQUEST in (self.kind, other.kind):
            return True
        if self._takes_away != other._takes_away:
            keeper = other if self._takes_away else self
            if "page" in BY_NAME[keeper.kind].needs:
                return True
        return bool(self._about & other._about)

    @property
    def _takes_away(self) -> bool:
        """The host takes pages, and with them what a cache of a page remembers."""
        touching = BY_NAME[self.kind].touching
        return touching is touches.at_host_bytes and self.kind != AgeHva.__name__

    @property
    def makes(self) -> bool:
        """A slot comes to be where none was."""
        return self.way in {CREATE, MOVE}

    @property
    def is_about_logs(self) -> bool:
        """It begins or ends a log, or reads or changes one."""
        return self.way in {LOG_ON, LOG_OFF} or "log" in self._about

    @property
    def _about(self) -> frozenset[str]:
        # What is remembered is of each thread, and no other one reads it.
        return BY_NAME[self.kind].about - {"remembered", *OWN}


OWN = frozenset({"itself", "range", "page"})
"""Needs that are met by a cache or a vCPU of the thread's own."""

Pair = tuple[Card, Card]

MEETS = 3
"""That two met is worth so many times that they were dealt."""


class Hand(NamedTuple):
    """The operations that are to meet; `alone`, nothing else races."""

    pair: Pair
    alone: bool

    @property
    def is_about_logs(self) -> bool:
        """One of them is."""
        return any(card.is_about_logs for card in self.pair)

    @property
    def maps(self) -> bool:
        """One of them maps a page, and the other one may see or undo it."""
        are_about = all("mapping" in BY_NAME[card.kind].about for card in self.pair)
        return are_about and any(card.kind in MAPS for card in self.pair)

    @property
    def is_of_space_0(self) -> bool:
        """One of them knows no other address space."""
        return any(card.kind in OF_SPACE_0 for card in self.pair)

    @property
    def ways(self) -> frozenset[str]:
        """Which sorts of their kinds they are."""
        return frozenset(card.way for card in self.pair)


class Dealt(NamedTuple):
    """A pair of a deck: under what is counted that it was dealt, and that it met.

    What is dealt alone meets nearly always, and the second is empty.
    """

    pair: Pair
    dealt: str
    met: str


def deal(
    kinds: tuple[str, ...], rng: Choices, met: Counter[str], dealt: Counter[str]
) -> Hand | None:
    """One of the pairs of these kinds that came least often; None without any.

    It is counted in `dealt`.
    """
    alone = rng.chance(ALONE)
    deck = _conflicting(kinds) if alone else _every(kinds)
    if not deck:
        return None
    # That it met counts for more; what hardly ever meets is not dealt for ever.
    times = [dealt[of.dealt] + MEETS * met[of.met] for of in deck]
    least = min(times)
    pair, key, _ = rng.choice([deck[at] for at, n in enumerate(times) if n == least])
    dealt[key] += 1
    if alone and rng.chance(EVEN):
        pair = pair[1], pair[0]
    return Hand(pair, alone)


def draw_card(draw: Situation, card: Card) -> Operation:
    """The operation of a card, in a situation."""
    if card.kind == REQUEST:
        if not draw.slots():
            return draw_set_region(draw)
        share = FAILING_IN_A_RACE if card.way in {DELETE, MOVE} else 0.0
        return at_times_failing(draw, within_reason(REQUESTS[card.way](draw)), share)
    if card.way:
        return draw_write(draw)
    return BY_NAME[card.kind].draw(draw)


@lru_cache
def _every(kinds: tuple[str, ...]) -> tuple[Dealt, ...]:
    cards = [Card(kind) for kind in sorted(set(kinds))]
    return tuple(
        Dealt((one, other), f"dealt {one} x {other}", f"pair {one} x {other}")
        for one, other in product(cards, cards)
    )


@lru_cache
def _conflicting(kinds: tuple[str, ...]) -> tuple[Dealt, ...]:
    cards = [card for kind in sorted(set(kinds)) for card in _cards(kind)]
    return tuple(
        Dealt((one, other), f"alone {one} x {other}", "")
        for one, other in combinations_with_replacement(cards, 2)
        if one.conflicts(other)
    )


def _cards(kind: str) -> Iterator[Card]:
    if kind == REQUEST:
        yield from (Card(kind, way) for way in REQUESTS)
        return
    yield Card(kind)
    if kind == ACCESS:
        yield Card(kind, "write")
