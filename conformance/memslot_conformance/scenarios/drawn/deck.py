"""Which two operations are to meet in a race: dealt, so that each pair comes.

A pair that is drawn by chance is one of hundreds, and most of those say nothing: what
only reads meets what changes nothing that it reads. Those that can conflict are dealt
alone; all of them are dealt with others beside them. The next is that which came least
often.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from itertools import combinations_with_replacement
from typing import NamedTuple

from memslot_conformance.scenarios.drawn import shapes, touches
from memslot_conformance.scenarios.drawn.accesses import draw_write
from memslot_conformance.scenarios.drawn.choices import Choices
from memslot_conformance.scenarios.drawn.kinds import BY_NAME
from memslot_conformance.scenarios.drawn.regions import draw_set_region, within_reason
from memslot_conformance.scenarios.drawn.requests import REQUEST
from memslot_conformance.scenarios.drawn.scenario_weights import ALONE
from memslot_conformance.scenarios.drawn.situation import Situation
from memslot_conformance.scenarios.drawn.weights import EVEN
from memslot_spec.model.operations import GuestAccess, Operation, SetRegion
from memslot_spec.model.values import MemoryRegion

ACCESS = GuestAccess.__name__

LOG_ON, LOG_OFF = "log on", "log off"

REQUESTS: Mapping[str, Callable[[Situation], MemoryRegion]] = {
    "create": shapes.create,
    "delete": shapes.delete,
    "move": shapes.move,
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
        return bool(self._about & other._about)

    @property
    def is_about_logs(self) -> bool:
        """It begins or ends a log, or reads or changes one."""
        return self.way in {LOG_ON, LOG_OFF} or "log" in self._about

    @property
    def _about(self) -> frozenset[str]:
        entry = BY_NAME[self.kind]
        # The host takes away what a cache of a page has remembered.
        takes = entry.touching is touches.at_host_bytes
        return entry.about | {"remembered"} if takes else entry.about


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
    def ways(self) -> frozenset[str]:
        """Which sorts of their kinds they are."""
        return frozenset(card.way for card in self.pair)


def deal(kinds: tuple[str, ...], met: Counter[str], rng: Choices) -> Hand | None:
    """One of the pairs of these kinds that came least often; None without any.

    It is counted in `met` that it was dealt.
    """
    alone = rng.chance(ALONE)
    pairs = _conflicting(kinds) if alone else _every(kinds)
    if not pairs:
        return None
    times = [_times(pair, met, alone=alone) for pair in pairs]
    least = min(times)
    one, other = rng.choice([pairs[at] for at, n in enumerate(times) if n == least])
    met[_key((one, other), alone=alone)] += 1
    turned = alone and rng.chance(EVEN)
    return Hand((other, one) if turned else (one, other), alone)


def _times(pair: Pair, met: Counter[str], *, alone: bool) -> int:
    dealt = met.get(_key(pair, alone=alone), 0)
    # That it met counts for more; what hardly ever meets is not dealt for ever.
    return dealt if alone else dealt + MEETS * met.get(_met(pair), 0)


@cache
def _key(pair: Pair, *, alone: bool) -> str:
    return f"{'alone' if alone else 'dealt'} {pair[0]} x {pair[1]}"


@cache
def _met(pair: Pair) -> str:
    return f"pair {pair[0]} x {pair[1]}"


def draw_card(draw: Situation, card: Card) -> Operation:
    """The operation of a card, in a situation."""
    if card.kind == REQUEST:
        if not draw.slots():
            return draw_set_region(draw)
        return SetRegion(within_reason(REQUESTS[card.way](draw)))
    if card.way:
        return draw_write(draw)
    return BY_NAME[card.kind].draw(draw)


@lru_cache
def _every(kinds: tuple[str, ...]) -> tuple[Pair, ...]:
    cards = [Card(kind) for kind in sorted(set(kinds))]
    return tuple((one, other) for one in cards for other in cards)


@lru_cache
def _conflicting(kinds: tuple[str, ...]) -> tuple[Pair, ...]:
    cards = [card for kind in sorted(set(kinds)) for card in _cards(kind)]
    return tuple(
        (one, other)
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
