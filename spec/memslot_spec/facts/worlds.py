"""What tables there may have been, judged from calls and replies alone.

A *world* is one order in which the updates called so far may have taken effect.
While no two updates overlap there is one world for each outcome still open.
Updates that overlap are placed only when a reply needs it, so most never fork.

For one updater this is exact: a reader is given the smallest version at or
above its floor that explains its reply, and leaves the floor there; to give it
a larger one could only make later replies harder to explain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import permutations

from memslot_spec.model.operations import SetRegion
from memslot_spec.model.plan import Outcome, plan
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.replies import Reply, same_reply
from memslot_spec.model.values import EMPTY, SlotTable

WORLD_CAP = 256
"""More worlds than this and the history is inconclusive, not judged."""

HISTORY_KEPT = 8
"""Versions kept while nothing is open: the newest, and some to call stale."""

Explains = Callable[[SlotTable], bool]


@dataclass(frozen=True, slots=True)
class World:
    """The versions of one order, and how far they are known to be seen.

    `floor` is the newest version that a finished reader saw or a finished
    update left; `settled` counts the finished updates alone. `placed` maps the
    threads of open updates that took effect here to their outcomes.
    """

    versions: tuple[SlotTable, ...] = (EMPTY,)
    floor: int = 0
    settled: int = 0
    placed: tuple[tuple[int, Outcome, int], ...] = ()
    floors: tuple[tuple[int, int, int], ...] = ()

    @property
    def table(self) -> SlotTable:
        """The newest table of this order."""
        return self.versions[-1]

    def outcome_of(self, thread: int) -> tuple[Outcome, int] | None:
        """The outcome placed for this thread's update, and its last version."""
        for owner, outcome, last in self.placed:
            if owner == thread:
                return outcome, last
        return None

    def called(self, thread: int) -> World:
        """A reader starts: it may not see less than what stands now."""
        others = tuple(f for f in self.floors if f[0] != thread)
        return replace(self, floors=(*others, (thread, self.floor, self.settled)))

    def started(self, thread: int) -> tuple[int, int]:
        """The floor and the settled version at this reader's call."""
        for owner, floor, settled in self.floors:
            if owner == thread:
                return floor, settled
        return 0, 0


@dataclass(slots=True)
class Worlds:
    """Every order still possible, and the updates not yet placed.

    They are `lost` once a reply of an update fits none of them: which tables there
    are then, nobody can tell.
    """

    profile: Profile
    limits: Limits
    worlds: tuple[World, ...] = (World(),)
    pending: dict[int, SetRegion] = field(default_factory=dict[int, SetRegion])
    reading: set[int] = field(default_factory=set[int])
    overflowed: bool = False
    lost: bool = False

    def tables(self) -> tuple[SlotTable, ...]:
        """The tables that may stand once every open update is placed as is."""
        if len(self.worlds) == 1:
            return (self.worlds[0].table,)
        return tuple(dict.fromkeys(world.table for world in self.worlds))

    def reader_called(self, thread: int) -> None:
        """Remember what this reader may not fall behind."""
        self.reading.add(thread)
        self.worlds = tuple(world.called(thread) for world in self.worlds)

    def update_called(self, thread: int, operation: SetRegion) -> None:
        """An update is open: it may take effect from here on."""
        self.pending[thread] = operation

    def candidates(self, thread: int, *, settled_only: bool) -> tuple[SlotTable, ...]:
        """Tables that may have been current during this reader's call."""
        found: dict[SlotTable, None] = {}
        for world in self.worlds:
            floor, settled = world.started(thread)
            first = settled if settled_only else floor
            for grown in self._extensions(world):
                found.update(dict.fromkeys(grown.versions[first:]))
        return tuple(found)

    def older(self, thread: int, *, settled_only: bool) -> tuple[SlotTable, ...]:
        """Tables that were replaced before this reader's call."""
        found: dict[SlotTable, None] = {}
        for world in self.worlds:
            floor, settled = world.started(thread)
            last = settled if settled_only else floor
            found.update(dict.fromkeys(world.versions[:last]))
        return tuple(found)

    def reader_answered(
        self, thread: int, explains: Explains, *, settled_only: bool
    ) -> bool:
        """Keep the worlds in which some table explains the reply.

        Returns False, and keeps all worlds, where none does.
        """
        kept: list[World] = []
        for world in self.worlds:
            seen = self._seen(world, thread, explains, settled_only=settled_only)
            if seen is not None:
                kept.append(seen)
                continue
            for grown in self._extensions(world):
                seen = self._seen(grown, thread, explains, settled_only=settled_only)
                if seen is not None and grown is not world:
                    kept.append(seen)
        self.reading.discard(thread)
        if not kept:
            return False
        self._keep(kept)
        return True

    def may_answer(self, thread: int, reply: Reply) -> bool:
        """In some world this update may answer so."""
        return any(same_reply(known, reply) for known in self.replies_of(thread))

    def replies_of(self, thread: int) -> Iterator[Reply]:
        """What this update may answer, world by world: the same may come again."""
        for world in self._with_its_outcome(thread):
            found = world.outcome_of(thread)
            if found is not None:
                yield found[0].reply

    def _with_its_outcome(self, thread: int) -> Iterator[World]:
        """The worlds, with this update placed as the last where it is not yet."""
        for world in self.worlds:
            if world.outcome_of(thread) is not None:
                yield world
            else:
                yield from self._extensions(world, last=thread)

    def update_answered(self, thread: int, reply: Reply) -> bool:
        """Keep the worlds in which this update may have answered so.

        Returns False where there is none: the worlds are lost.
        """
        kept: list[World] = []
        for world in self._with_its_outcome(thread):
            kept.extend(self._returned(world, thread, reply))
        self.pending.pop(thread, None)
        if not kept:
            self.lost = True
            self.worlds = tuple(
                replace(w, placed=tuple(p for p in w.placed if p[0] != thread))
                for w in self.worlds
            )
            return False
        self._keep(kept)
        return True

    def observed(self, table: SlotTable) -> bool:
        """Keep the worlds whose newest table is the one that was shown."""
        kept = [world for world in self.worlds if world.table == table]
        if kept:
            self._keep(kept)
        return bool(kept)

    def _keep(self, worlds: list[World]) -> None:
        if not self.pending and not self.reading:
            if len(worlds) > 1:
                # At rest only the newest table counts; the past is kept to call
                # stale what is older.
                newest = {world.table: world for world in reversed(worlds)}
                worlds = list(newest.values())
            worlds = [_trimmed(world) for world in worlds]
        distinct = tuple(worlds if len(worlds) == 1 else dict.fromkeys(worlds))
        if len(distinct) > WORLD_CAP:
            self.overflowed = True
            distinct = distinct[:WORLD_CAP]
        self.worlds = distinct

    def _extensions(self, world: World, last: int | None = None) -> Iterator[World]:
        """This world with some open updates placed after it, in any order.

        With `last`, that update is placed, and after all others.
        """
        waiting = [t for t in self.pending if world.outcome_of(t) is None]
        others = [t for t in waiting if t != last]
        for count in range(len(others) + 1):
            for order in permutations(others, count):
                chosen = order if last is None else (*order, last)
                yield from self._place(world, chosen)

    def _place(self, world: World, order: tuple[int, ...]) -> Iterator[World]:
        if not order:
            yield world
            return
        thread, rest = order[0], order[1:]
        operation = self.pending[thread]
        for outcome in plan(
            world.table,
            operation.region,
            self.profile,
            self.limits,
            private=operation.private,
            failure=operation.failure,
        ):
            versions = world.versions + outcome.versions
            placed = (*world.placed, (thread, outcome, len(versions) - 1))
            yield from self._place(
                replace(world, versions=versions, placed=placed), rest
            )

    @staticmethod
    def _seen(
        world: World, thread: int, explains: Explains, *, settled_only: bool
    ) -> World | None:
        floor, settled = world.started(thread)
        first = settled if settled_only else floor
        for version in range(first, len(world.versions)):
            if explains(world.versions[version]):
                if settled_only:
                    return world
                return replace(world, floor=max(world.floor, version))
        return None

    @staticmethod
    def _returned(world: World, thread: int, reply: Reply) -> Iterator[World]:
        found = world.outcome_of(thread)
        if found is None:
            return
        outcome, last = found
        if not same_reply(outcome.reply, reply):
            return
        yield replace(
            world,
            floor=max(world.floor, last),
            settled=max(world.settled, last),
            placed=tuple(p for p in world.placed if p[0] != thread),
        )


def _trimmed(world: World) -> World:
    """The world with its past cut to `HISTORY_KEPT` versions, nothing open."""
    surplus = len(world.versions) - HISTORY_KEPT
    if surplus <= 0 and not world.floors:
        return world
    surplus = max(surplus, 0)
    return World(
        versions=world.versions[surplus:],
        floor=max(world.floor - surplus, 0),
        settled=max(world.settled - surplus, 0),
    )
