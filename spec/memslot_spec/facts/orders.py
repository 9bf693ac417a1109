"""The orders in which open updates may take effect after a world, each kind once.

Of orders that leave the same, for all that may come, the first is gone on with: of
updates that do not meet there is one for each set of them, not for each order.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import TypeVar

from memslot_spec.facts.world import World
from memslot_spec.model.plan import Outcome
from memslot_spec.model.values import SlotTable

Outcomes = Callable[[SlotTable, int], tuple[Outcome, ...]]
"""What the open update of a thread may do to a table."""

T = TypeVar("T")

Group = tuple[frozenset[int], list[T]]
"""The updates that took effect, by thread, and what they may have left."""


def tables_later(
    world: World, waiting: tuple[int, ...], outcomes: Outcomes
) -> Iterator[SlotTable]:
    """Every table that these updates may publish after the world's newest."""
    groups: list[Group[SlotTable]] = [(frozenset(), [world.table])]
    while groups:
        known: set[tuple[frozenset[int], SlotTable]] = set()
        later: list[Group[SlotTable]] = []
        for placed, tables in groups:
            for thread in waiting:
                if thread in placed:
                    continue
                together, left = placed | {thread}, list[SlotTable]()
                for table in tables:
                    for outcome in outcomes(table, thread):
                        yield from outcome.versions
                        after = outcome.leaves(table)
                        if (together, after) not in known:
                            known.add((together, after))
                            left.append(after)
                if left:
                    later.append((together, left))
        groups = later


def orders(
    world: World, waiting: tuple[int, ...], outcomes: Outcomes
) -> Iterator[World]:
    """The world with some of these updates after it, and an update after them all.

    That one is over next: then nobody falls behind what it leaves.
    """
    groups: list[Group[World]] = [(frozenset(), [world])]
    while groups:
        for _, worlds in groups:
            yield from worlds
        level = _Level(is_settled=True)
        for placed, worlds in groups:
            for thread in waiting:
                if thread in placed:
                    continue
                left = level.group(placed | {thread})
                for one in worlds:
                    for outcome in outcomes(one.table, thread):
                        level.add(one.followed_by(thread, outcome), left)
        groups = level.groups()


def explained(
    world: World,
    waiting: tuple[int, ...],
    outcomes: Outcomes,
    explains: Callable[[SlotTable], bool],
    *,
    settled_only: bool,
) -> Iterator[World | None]:
    """The world with updates after it, of which the last explains what a reader saw.

    More updates may be placed later. None for each order that was gone on with.
    """
    groups: list[Group[World]] = [(frozenset(), [world])]
    while groups:
        level = _Level(is_settled=False, is_seen=not settled_only)
        for placed, worlds in groups:
            for thread in waiting:
                if thread in placed:
                    continue
                left = level.group(placed | {thread})
                for one in worlds:
                    for outcome in outcomes(one.table, thread):
                        longer = one.followed_by(thread, outcome)
                        version = _first_of(outcome.versions, explains)
                        if version is None:
                            level.add(longer, left)
                            yield None
                        elif settled_only:
                            yield longer
                        else:
                            yield longer.seen(len(one.versions) + version)
        groups = level.groups()


def _first_of(
    tables: tuple[SlotTable, ...], explains: Callable[[SlotTable], bool]
) -> int | None:
    return next((at for at, table in enumerate(tables) if explains(table)), None)


class _Level:
    """Worlds in which equally many updates were placed, of equal ones the first.

    They are compared as they will be once somebody has seen their newest table, or
    an update has left it.
    """

    def __init__(self, *, is_settled: bool, is_seen: bool = True) -> None:
        self._is_settled = is_settled
        self._is_seen = is_seen
        self._groups: list[Group[World]] = []
        self._known: dict[Hashable, tuple[list[World], int]] = {}

    def group(self, placed: frozenset[int]) -> list[World]:
        """A new group, for worlds in which these updates took effect."""
        left: list[World] = []
        self._groups.append((placed, left))
        return left

    def groups(self) -> list[Group[World]]:
        """Those that have a world."""
        return [group for group in self._groups if group[1]]

    def add(self, world: World, left: list[World]) -> None:
        """Put a world into a group, unless one with the same future is there."""
        later = world
        if self._is_seen:
            later = world.at_its_end(settled=self._is_settled)
        future = later.future()
        if future not in self._known:
            self._known[future] = left, len(left)
            left.append(world)
            return
        group, at = self._known[future]
        group[at] = group[at].with_past_of(later)
