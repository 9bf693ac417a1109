"""What tables there may have been, judged from calls and replies alone.

A *world* is one order in which the updates called so far may have taken effect.
While no two updates overlap there is one world for each outcome still open.
Updates that overlap are placed only when a reply needs it, so most never fork; and
worlds that can explain the same from then on are one.

For one updater this is exact: a reader is given the smallest version at or
above its floor that explains its reply, and leaves the floor there; to give it
a larger one could only make later replies harder to explain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from memslot_spec.facts.orders import Outcomes, explained, orders, tables_later
from memslot_spec.facts.world import World, merged
from memslot_spec.model.operations import TableRequest
from memslot_spec.model.outcomes import outcomes_of
from memslot_spec.model.plan import Outcome
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.range_rules import BY_IDS, RangeRules
from memslot_spec.model.replies import Reply, same_reply
from memslot_spec.model.values import SlotTable

WORLD_CAP = 1024
"""More worlds than this and the history is inconclusive, not judged."""

SEARCHED = 8 * WORLD_CAP
"""So are more orders than this, tried for the reply of one reader."""

Explains = Callable[[SlotTable], bool]


@dataclass(slots=True)
class Worlds:
    """Every order still possible, and the updates not yet placed.

    They are `lost` once a reply of an update fits none of them: which tables there
    are then, nobody can tell.
    """

    profile: Profile
    limits: Limits
    worlds: tuple[World, ...] = (World(),)
    pending: dict[int, TableRequest] = field(default_factory=dict[int, TableRequest])
    reading: set[int] = field(default_factory=set[int])
    overflowed: bool = False
    lost: bool = False
    rules: RangeRules = BY_IDS

    def tables(self) -> tuple[SlotTable, ...]:
        """The tables that may stand once every open update is placed as is."""
        if len(self.worlds) == 1:
            return (self.worlds[0].table,)
        return tuple(dict.fromkeys(world.table for world in self.worlds))

    def reader_called(self, thread: int) -> None:
        """Remember what this reader may not fall behind."""
        self.reading.add(thread)
        self.worlds = tuple(world.called(thread) for world in self.worlds)

    def update_called(self, thread: int, operation: TableRequest) -> None:
        """An update is open: it may take effect from here on."""
        self.pending[thread] = operation

    def candidates(self, thread: int, *, settled_only: bool) -> tuple[SlotTable, ...]:
        """Tables that may have been current during this reader's call."""
        found: dict[SlotTable, None] = {}
        outcomes = self._planner()
        for world in self.worlds:
            floor, settled = world.started(thread)
            first = settled if settled_only else floor
            found.update(dict.fromkeys(world.versions[first:]))
            if self.pending:
                later = tables_later(world, self._waiting(world), outcomes)
                found.update(dict.fromkeys(later))
        return tuple(found)

    def older(self, thread: int, *, settled_only: bool) -> tuple[SlotTable, ...]:
        """Tables that were replaced before this reader's call."""
        found: dict[SlotTable, None] = {}
        for world in self.worlds:
            floor, settled = world.started(thread)
            last = settled if settled_only else floor
            found.update(dict.fromkeys(world.versions[:last]))
            found.update(dict.fromkeys(world.aside))
        return tuple(found)

    def reader_answered(
        self, thread: int, explains: Explains, *, settled_only: bool
    ) -> bool:
        """Keep the worlds in which some table explains the reply.

        Returns False, and keeps all worlds, where none does.
        """
        kept: list[World] = []
        outcomes, tried = self._planner(), 0
        for world in self.worlds:
            seen = self._seen(world, thread, explains, settled_only=settled_only)
            if seen is not None:
                kept.append(seen)
                continue
            for grown in explained(
                world,
                self._waiting(world),
                outcomes,
                explains,
                settled_only=settled_only,
            ):
                tried += 1
                if grown is not None:
                    kept.append(grown)
                elif tried > SEARCHED:
                    self.overflowed = True
                    break
        self.reading.discard(thread)
        if not kept:
            return False
        if self.pending or self.reading:
            kept = [world.answered(thread) for world in kept]
        self._keep(kept)
        return True

    def may_answer(self, thread: int, reply: Reply) -> bool:
        """In some world this update may answer so."""
        return any(same_reply(known, reply) for known in self.replies_of(thread))

    def replies_of(self, thread: int) -> Iterator[Reply]:
        """What this update may answer, world by world: the same may come again."""
        for world in self._with_its_outcome(thread):
            found = world.answer_of(thread)
            if found is not None:
                yield found[0]

    def _with_its_outcome(self, thread: int) -> Iterator[World]:
        """The worlds, with this update placed as the last where it is not yet."""
        outcomes = self._planner()
        for world in self.worlds:
            if world.answer_of(thread) is not None:
                yield world
                continue
            others = tuple(t for t in self._waiting(world) if t != thread)
            for before in orders(world, others, outcomes):
                for outcome in outcomes(before.table, thread):
                    yield before.followed_by(thread, outcome)

    def update_answered(self, thread: int, reply: Reply) -> bool:
        """Keep the worlds in which this update may have answered so.

        Returns False where there is none: the worlds are lost.
        """
        kept: list[World] = []
        for world in self._with_its_outcome(thread):
            found = world.answer_of(thread)
            if found is not None and same_reply(found[0], reply):
                kept.append(world.returned(thread, found[1]))
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
            worlds = [world.trimmed() for world in worlds]
        elif len(worlds) > 1:
            worlds = merged(worlds)
        if len(worlds) > WORLD_CAP:
            self.overflowed = True
        self.worlds = tuple(worlds[:WORLD_CAP])

    def _waiting(self, world: World) -> tuple[int, ...]:
        """The threads whose open updates took no effect in this world so far."""
        return tuple(t for t in self.pending if world.answer_of(t) is None)

    def _planner(self) -> Outcomes:
        """What open updates may do to tables, worked out once for each."""
        known: dict[tuple[SlotTable, int], tuple[Outcome, ...]] = {}

        def outcomes(table: SlotTable, thread: int) -> tuple[Outcome, ...]:
            found = known.get((table, thread))
            if found is None:
                request = self.pending[thread]
                found = known[table, thread] = outcomes_of(
                    request, table, self.profile, self.limits, self.rules
                )
            return found

        return outcomes

    @staticmethod
    def _seen(
        world: World, thread: int, explains: Explains, *, settled_only: bool
    ) -> World | None:
        floor, settled = world.started(thread)
        first = settled if settled_only else floor
        for version in range(first, len(world.versions)):
            if explains(world.versions[version]):
                return world if settled_only else world.seen(version)
        return None
