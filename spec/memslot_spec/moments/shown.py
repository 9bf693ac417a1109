"""Moments at which a target shows what its own points have told of, or does not.

Both are the target's words. Where they differ one of them is untrue, and what they
differ on may be in use: an spte in a page that is gone, a table nobody published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from memslot_spec.facts.facts import Facts
from memslot_spec.facts.mmu import Place, Spte
from memslot_spec.history.events import Observed
from memslot_spec.history.points.mmu import SpteMapped
from memslot_spec.history.views import ShadowPte
from memslot_spec.history.words.tables import Mapped
from memslot_spec.model.values import SlotTable
from memslot_spec.moments.making import Making, Makings


@dataclass(slots=True)
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


@dataclass(slots=True)
class SptesAndPoints:
    """Introspection shows sptes, and points have told of those that are `present`.

    No request is open. Sptes with serials up to `unreachable` are of roots that no vCPU
    uses any more, and need not be shown.
    """

    view: tuple[ShadowPte, ...]
    present: Mapping[Place, Spte]
    unreachable: int

    @property
    def shown(self) -> dict[Place, Mapped]:
        """The sptes that are shown, each with what it maps."""
        return {(s.page, s.index): Mapped(s.gfn, s.level, s.hva) for s in self.view}

    @property
    def told(self) -> dict[Place, Mapped]:
        """The sptes that points tell of, each with what it maps."""
        return {
            place: Mapped(spte.gfn, spte.level, spte.hva)
            for place, spte in self.present.items()
        }

    @property
    def agree(self) -> bool:
        """What is shown is what was told of, but for what may be hidden."""
        if self._are_the_same():
            return True
        shown, told, present = self.shown, self.told, self.present
        if shown == told:
            return True
        lacking = told.keys() - shown.keys()
        shared = {place: told[place] for place in told.keys() - lacking}
        may_be_hidden = all(present[at].serial <= self.unreachable for at in lacking)
        return may_be_hidden and shared == shown

    def _are_the_same(self) -> bool:
        """Each spte that is present is shown, in one look at each."""
        present = self.present
        if len(self.view) != len(present):
            return False
        for one in self.view:
            spte = present.get((one.page, one.index))
            if spte is None or one.gfn != spte.gfn or one.hva != spte.hva:
                return False
            if one.level != spte.level:
                return False
        # None is there twice.
        return len({(one.page, one.index) for one in self.view}) == len(present)


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
    return SptesAndPoints(sptes, known, facts.host.unreachable)


MAKINGS: Makings = (
    Making(TableAndPoints, Observed, table_and_points),
    Making(SptesAndPoints, Observed, sptes_and_points),
)
