"""Moments at which a target shows what its own points have told of, or does not.

Both are the target's words. Where they differ one of them is untrue, and what they
differ on may be in use: an spte in a page that is gone, a table nobody published.
"""

from __future__ import annotations

from dataclasses import dataclass

from memslot_spec.facts.facts import Facts
from memslot_spec.facts.mmu import Place
from memslot_spec.history.events import Observed
from memslot_spec.history.points.mmu import SpteMapped
from memslot_spec.history.words.tables import Mapped
from memslot_spec.model.values import SlotTable
from memslot_spec.moments.making import Making, Makings


@dataclass(frozen=True, slots=True)
class TableAndPoints:
    """Introspection shows a table, and points have told which one was published last.

    No request is open.
    """

    shown: SlotTable
    published: SlotTable

    @property
    def agree(self) -> bool:
        """It is the one."""
        return self.shown == self.published


@dataclass(frozen=True, slots=True)
class SptesAndPoints:
    """Introspection shows the sptes, and points have told of those that are present.

    Each is there with what it maps. No request is open. Of those that points tell of,
    `hidden` are the sptes of roots that no vCPU uses any more, which need not be shown.
    """

    shown: dict[Place, Mapped]
    told: dict[Place, Mapped]
    hidden: frozenset[Place]

    @property
    def agree(self) -> bool:
        """What is shown is what was told of, but for what may be hidden."""
        if self.shown == self.told:
            return True
        lacking = self.told.keys() - self.shown.keys()
        shared = {place: self.told[place] for place in self.told.keys() - lacking}
        return lacking <= self.hidden and shared == self.shown


def table_and_points(facts: Facts, event: Observed) -> TableAndPoints | None:
    """The table that is shown, and the one that points tell of, if both are there."""
    table = event.view.table
    if table is None or not facts.sighted or facts.updates:
        return None
    return TableAndPoints(table, facts.tables.current)


def sptes_and_points(facts: Facts, event: Observed) -> SptesAndPoints | None:
    """The sptes that are shown, and those that points tell of, if both are there."""
    sptes, known = event.view.sptes, facts.shadow.sptes
    if sptes is None or SpteMapped.__name__ not in facts.announced or facts.updates:
        return None
    if not sptes and not known:
        return None
    unreachable = facts.host.unreachable
    return SptesAndPoints(
        {(s.page, s.index): Mapped(s.gfn, s.level, s.hva) for s in sptes},
        {p: Mapped(s.gfn, s.level, s.hva) for p, s in known.items()},
        frozenset(place for place, spte in known.items() if spte.serial <= unreachable),
    )


MAKINGS: Makings = (
    Making(TableAndPoints, Observed, table_and_points),
    Making(SptesAndPoints, Observed, sptes_and_points),
)
