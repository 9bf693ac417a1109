"""Stepped tables that go wrong in a race, each in its own way."""

from __future__ import annotations

from stepped_table import SteppedTable

from memslot_spec.history.points.srcu import SectionEntered
from memslot_spec.history.points.tables import UpdateLocked
from memslot_spec.model.replies import Reply
from memslot_spec.model.values import Gfn, Hva, MemoryRegion


class RaisesInside(SteppedTable):
    """A lookup raises where an update is under way."""

    def gfn_to_hva(self, gfn: Gfn) -> Hva | None:
        """As its parent, mostly."""
        self.enter()
        locked = self.locked
        self.leave()
        if locked:
            message = "no \x1b[2J room"
            raise KeyError(message)
        return super().gfn_to_hva(gfn)


class WaitsForItself(SteppedTable):
    """An update waits for the readers while a reader waits for the update."""

    def gfn_to_hva(self, gfn: Gfn) -> Hva | None:
        """As its parent, after any update."""
        self.enter()
        self.hook.wait(lambda: not self.locked, "the \x1b[2J update")
        self.leave()
        return super().gfn_to_hva(gfn)


class NeverEnds(SteppedTable):
    """A lookup beside an update goes on looking."""

    def gfn_to_hva(self, gfn: Gfn) -> Hva | None:
        """As its parent, where nothing is under way."""
        while self.locked:
            self.hook.point(SectionEntered, 0)
        return super().gfn_to_hva(gfn)


class Alone(SteppedTable):
    """An update waits for what nobody does, once there is a slot."""

    def set_region(self, region: MemoryRegion) -> Reply:
        """As its parent, the first time."""
        self.hook.wait(lambda: self.versions < 2, "a second life")
        return super().set_region(region)


class Forgets(SteppedTable):
    """It counts over all of its VMs, and locks twice every fourth time."""

    updates = 0

    def set_region(self, region: MemoryRegion) -> Reply:
        """As its parent, and one point more now and then."""
        Forgets.updates += 1
        if Forgets.updates % 4 == 0:
            self.hook.point(UpdateLocked)
        return super().set_region(region)
