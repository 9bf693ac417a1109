"""One order in which the updates called so far may have taken effect: a world.

Worlds that can explain the same from here on are one: which is told by the table each
reader may have met, and not by the order in which those below every floor came.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from memslot_spec.model.plan import Outcome
from memslot_spec.model.replies import Reply
from memslot_spec.model.values import EMPTY, SlotTable

HISTORY_KEPT = 8
"""Versions kept while nothing is open: the newest, and some to call stale."""


@dataclass(frozen=True, slots=True)
class World:
    """The versions of one order, and how far they are known to be seen.

    `floor` is the newest version that a finished reader saw or a finished
    update left; `settled` counts the finished updates alone. `placed` has the
    threads of open updates that took effect here, each with its reply and its last
    version, `floors` those of open readers, each with both as they were at its call.
    `aside` are tables, older than all that, of worlds that are one with this one.
    """

    versions: tuple[SlotTable, ...] = (EMPTY,)
    floor: int = 0
    settled: int = 0
    placed: tuple[tuple[int, Reply, int], ...] = ()
    floors: tuple[tuple[int, int, int], ...] = ()
    aside: frozenset[SlotTable] = frozenset()

    @property
    def table(self) -> SlotTable:
        """The newest table of this order."""
        return self.versions[-1]

    @property
    def newest(self) -> int:
        """Its version."""
        return len(self.versions) - 1

    def answer_of(self, thread: int) -> tuple[Reply, int] | None:
        """The reply placed for this thread's update, and its last version."""
        for owner, reply, last in self.placed:
            if owner == thread:
                return reply, last
        return None

    def called(self, thread: int) -> World:
        """A reader starts: it may not see less than what stands now."""
        others = tuple(f for f in self.floors if f[0] != thread)
        return replace(self, floors=(*others, (thread, self.floor, self.settled)))

    def answered(self, thread: int) -> World:
        """A reader is over: what it may not fall behind binds nobody any more."""
        return replace(self, floors=tuple(f for f in self.floors if f[0] != thread))

    def started(self, thread: int) -> tuple[int, int]:
        """The floor and the settled version at this reader's call."""
        for owner, floor, settled in self.floors:
            if owner == thread:
                return floor, settled
        return 0, 0

    def followed_by(self, thread: int, outcome: Outcome) -> World:
        """This order with the update of a thread placed after it, with this outcome."""
        versions = self.versions + outcome.versions
        placed = (*self.placed, (thread, outcome.reply, len(versions) - 1))
        return replace(self, versions=versions, placed=placed)

    def seen(self, version: int) -> World:
        """Somebody has seen this version: later readers may not fall behind it."""
        return self if version <= self.floor else replace(self, floor=version)

    def returned(self, thread: int, last: int) -> World:
        """The update of a thread is over, which this version is the last of."""
        return replace(
            self,
            floor=max(self.floor, last),
            settled=max(self.settled, last),
            placed=tuple(p for p in self.placed if p[0] != thread),
        )

    def cuts(self) -> list[int]:
        """The versions at or below the floor at which somebody's choice begins."""
        cuts = {self.floor, self.settled}
        for _, floor, settled in self.floors:
            cuts |= {floor, settled}
        cuts |= {last for _, _, last in self.placed if last > self.settled}
        return sorted(cut for cut in cuts if cut <= self.floor)

    def future(self) -> Hashable:
        """What it can explain from here on: equal where that is the same.

        Above the floor the order of versions counts, for a reader that sees one hides
        those before it. Below, only which there are between one cut and the next.
        """
        cuts, versions, floor = self.cuts(), self.versions, self.floor
        below = {cut: number + 1 - len(cuts) for number, cut in enumerate(cuts)}

        def at(version: int) -> int:
            return version - floor if version >= floor else below[version]

        return (
            versions[floor:],
            tuple([frozenset(versions[one:after]) for one, after in pairwise(cuts)]),
            at(self.settled),
            frozenset(
                [
                    (t, reply, at(max(last, self.settled)))
                    for t, reply, last in self.placed
                ]
            ),
            frozenset([(t, at(one), at(other)) for t, one, other in self.floors]),
        )

    def at_its_end(self, *, settled: bool) -> World:
        """The same, once somebody has seen its newest version, or an update left it."""
        end = self.newest
        return replace(self, floor=end, settled=end if settled else self.settled)

    def with_past_of(self, other: World) -> World:
        """This world, which is one with the other, with what is older there as well."""
        older = frozenset(other.versions[: other.cuts()[0]]) | other.aside
        return replace(self, aside=self.aside | older)

    def trimmed(self) -> World:
        """The world with its past cut to `HISTORY_KEPT` versions, nothing open."""
        surplus = len(self.versions) - HISTORY_KEPT
        if surplus <= 0 and not self.floors and not self.aside:
            return self
        surplus = max(surplus, 0)
        return World(
            versions=self.versions[surplus:],
            floor=max(self.floor - surplus, 0),
            settled=max(self.settled - surplus, 0),
        )


def merged(worlds: Iterable[World]) -> list[World]:
    """Of worlds with one future the first, in their order."""
    kept: dict[Hashable, World] = {}
    for world in worlds:
        future = world.future()
        first = kept.get(future)
        kept[future] = world if first is None else first.with_past_of(world)
    return list(kept.values())
