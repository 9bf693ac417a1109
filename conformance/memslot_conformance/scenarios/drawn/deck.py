"""Which two operations a race is of that has no others: dealt, so that each pair comes.

A pair that is drawn by chance is one of hundreds, and most of those say nothing: what
only reads meets what changes nothing that it reads. Here are those that can conflict,
and the one is dealt next that came least often.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import combinations_with_replacement
from typing import NamedTuple

from memslot_conformance.scenarios.drawn import shapes, touches
from memslot_conformance.scenarios.drawn.accesses import draw_write
from memslot_conformance.scenarios.drawn.choices import Choices
from memslot_conformance.scenarios.drawn.kinds import BY_NAME
from memslot_conformance.scenarios.drawn.regions import draw_set_region, within_reason
from memslot_conformance.scenarios.drawn.requests import REQUEST
from memslot_conformance.scenarios.drawn.situation import Situation
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


def deal(kinds: tuple[str, ...], met: Mapping[str, int], rng: Choices) -> Pair | None:
    """One of the pairs of these kinds that were dealt least often; None without any."""
    pairs = _pairs(kinds)
    if not pairs:
        return None
    times = [met.get(key_of(pair), 0) for pair in pairs]
    least = min(times)
    return rng.choice(
        [pair for pair, n in zip(pairs, times, strict=True) if n == least]
    )


def key_of(pair: Pair) -> str:
    """Under what it is counted that the pair was dealt."""
    one, other = sorted(map(str, pair))
    return f"dealt {one} x {other}"


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
def _pairs(kinds: tuple[str, ...]) -> tuple[Pair, ...]:
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
