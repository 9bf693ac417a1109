"""Small targets that can be stepped, for tests of how a play goes and ends."""

from __future__ import annotations

from memslot_conformance.play.played import Played
from memslot_conformance.scenarios.scenario import Scenario
from memslot_spec.history.events import Event, Observed
from memslot_spec.history.header import Interleaving
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.mmu import MmuLocked, MmuUnlocked
from memslot_spec.history.points.tables import TableLoaded, TableRead, UpdateLocked
from memslot_spec.history.views import View
from memslot_spec.model.operations import MmuPages
from memslot_spec.model.replies import Done, Reply
from memslot_spec.model.values import EMPTY, MemoryRegion


class Toy:
    """A counter: `mmu_pages` adds one to it, with a place to switch in between."""

    interleaving = Interleaving.POINTS

    def __init__(self, hook: Hook) -> None:
        self.hook = hook
        self.count = 0

    def set_region(self, region: MemoryRegion) -> Reply:  # noqa: ARG002
        return Done()

    def mmu_pages(self) -> int:
        count = self.count
        self.hook.point(TableLoaded, count)
        self.hook.point(TableRead, count, "count")
        self.count = count + 1
        return self.count

    def observe(self) -> View:
        self.hook.point(TableLoaded, 99)
        return View(table=EMPTY)


class Locks(Toy):
    """Two locks, taken in the one order or in the other."""

    def __init__(self, hook: Hook) -> None:
        super().__init__(hook)
        self.held: set[object] = set()
        self.ended: list[str] = []

    def take(self, kind: type[MmuLocked | UpdateLocked]) -> None:
        self.hook.wait(lambda: kind not in self.held, f"{kind.__name__} is held")
        self.held.add(kind)
        self.hook.point(kind)

    def count_rmaps(self) -> int:
        return self.both(MmuLocked, UpdateLocked)

    def tss_base(self) -> int:
        return self.both(UpdateLocked, MmuLocked)

    def both(self, *kinds: type[MmuLocked | UpdateLocked]) -> int:
        try:
            for kind in kinds:
                self.take(kind)
            self.held.clear()
            self.hook.point(MmuUnlocked)
        finally:
            self.ended.append(type(self).__name__)
            self.hook.point(MmuUnlocked)
        return 0


TWO = Scenario(threads=((MmuPages(),), (MmuPages(),)))


def points(played: Played) -> list[Event]:
    return [e for e in played.events if not isinstance(e, Observed)]
