"""Sequences, drawn against the table that they leave.

A sequence has a subject and keeps to a slot for a while: where all is asked, little of
it is about what was asked before.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from memslot_conformance.scenarios.drawn.choices import Choices
from memslot_conformance.scenarios.drawn.corner import Corner, InView, draw_corner
from memslot_conformance.scenarios.drawn.kinds import BY_NAME, MADE_BY
from memslot_conformance.scenarios.drawn.left import follow
from memslot_conformance.scenarios.drawn.log_cycles import log_cycle
from memslot_conformance.scenarios.drawn.numbers import near
from memslot_conformance.scenarios.drawn.regions import draw_set_region, draw_vast
from memslot_conformance.scenarios.drawn.requests import REQUEST, Palette
from memslot_conformance.scenarios.drawn.scenario_weights import (
    AGAIN,
    AIMED,
    AT_A_SLOT,
    AT_A_SLOT_IN_A_RACE,
    LAST_ASKED,
    LOG_CYCLE,
    STAYS_WITH,
    SUBJECTS,
    VAST,
)
from memslot_conformance.scenarios.drawn.shapes import create
from memslot_conformance.scenarios.drawn.situation import Situation
from memslot_conformance.scenarios.drawn.weights import AT_ONCE, EVEN, MANY
from memslot_conformance.scenarios.scenario import Operations
from memslot_spec.model.operations import (
    GetDirtyLog,
    GuestAccess,
    Operation,
    SetRegion,
)
from memslot_spec.model.values import EMPTY, SlotTable


@dataclass(slots=True)
class DrawnSequence:
    """Draws what one thread asks, and knows the table that it leaves.

    The corner is drawn first, and kept.
    """

    palette: Palette
    rng: Choices
    table: SlotTable = EMPTY
    corner: Corner | None = None
    _draw: Situation = field(init=False)
    _asked: deque[Operation] = field(init=False)
    _subject: str = field(init=False)
    _narrow: Palette = field(init=False)

    def __post_init__(self) -> None:
        header = self.palette.header
        corner = self.corner or draw_corner(self.rng, header)
        self.corner = corner
        self._asked = deque(maxlen=LAST_ASKED)
        self._subject = self.rng.pick(SUBJECTS)
        every = self.palette
        about = self._about(self._subject)
        self._narrow = every if self._subject == "any two" else Palette(header, about)
        self._draw = Situation(
            self.table, rng=self.rng, header=header, corner=corner, aimed=AIMED
        )

    def step(self) -> Operation:
        """One operation of a sequence; an update moves the table on."""
        draw = self._situation(AIMED)
        if draw.view is None or not self.rng.chance(STAYS_WITH):
            self._look_around(draw)
        if self._asked and self.rng.chance(AGAIN):
            return self._asked_again()
        draw.is_about_logs = self._subject == "log"
        operation = self._of(self._narrow)
        if not self.table.slots and not isinstance(operation, SetRegion):
            operation = self._of(self._narrow)
            if self.rng.chance(EVEN):
                operation = draw_set_region(draw)
        self.follow(operation)
        if not isinstance(operation, SetRegion):
            self._asked.append(operation)
        return operation

    def _asked_again(self) -> Operation:
        """One of the last things asked, at times of a frame beside it."""
        again = self.rng.choice(self._asked)
        if isinstance(again, GetDirtyLog):
            # Its slot may have become one that is too large to be told of.
            return self.palette.draw_kind(self._draw, type(again).__name__)
        if isinstance(again, GuestAccess) and self.rng.chance(EVEN):
            again = replace(again, gfn=near(self.rng, again.gfn, self._draw.last))
        self.follow(again)
        return again

    def steps(self) -> Operations:
        """What is asked next: one operation, or several that belong together."""
        draw = self._situation(AIMED)
        if self.rng.chance(VAST):
            vast = draw_vast(draw)
            self._all_follow(vast)
            return vast or (self.step(),)
        if draw.view is not None and self.rng.chance(LOG_CYCLE):
            cycle = tuple(log_cycle(draw))
            self._all_follow(cycle)
            return cycle or (self.step(),)
        has_room = draw.corner.most > MANY and len(self.table.slots) < draw.corner.most
        if has_room and self.rng.chance(AT_ONCE):
            return tuple(self._create() for _ in range(self.rng.between(2, MANY)))
        return (self.step(),)

    def _create(self) -> Operation:
        """A slot where none is."""
        request = SetRegion(create(self._draw))
        self.follow(request)
        return request

    def follow(self, operation: Operation) -> None:
        """Know what an operation leaves."""
        follow(self.palette.header, self._draw, operation)
        self.table = self._draw.table

    def _all_follow(self, operations: Sequence[Operation]) -> None:
        for operation in operations:
            self.follow(operation)

    def _situation(self, aimed: float) -> Situation:
        draw = self._draw
        draw.rng, draw.table, draw.aimed = self.rng, self.table, aimed
        draw.is_raced = draw.is_about_logs = False
        return draw

    def _look_around(self, draw: Situation) -> None:
        """Take a page into view: most often of a slot that is there."""
        draw.view = None
        gfn, as_id = draw.frame()
        slots = draw.slots()
        often = AT_A_SLOT_IN_A_RACE if draw.is_raced else AT_A_SLOT
        if slots and self.rng.chance(often):
            slots = tuple(s for s in slots if s.log_dirty) or slots
            slot = self.rng.choice(slots if self.rng.chance(EVEN) else draw.slots())
            last = slot.base + slot.npages - 1
            inside = slot.base + self.rng.below(slot.npages)
            gfn = self.rng.choice((slot.base, slot.base, last, inside))
            as_id = slot.as_id
        held = draw.table.at(gfn, as_id)
        draw.view = InView(gfn, as_id, None if held is None else held.id)

    def _about(self, theme: str) -> tuple[str, ...]:
        """The kinds that are about one thing, requests among them; or else all."""
        kinds = self.palette.kinds
        about = {k for k in kinds if k == REQUEST or theme in BY_NAME[k].about}
        makers = {MADE_BY[n] for k in about for n in BY_NAME[k].needs if n in MADE_BY}
        few = tuple(kind for kind in kinds if kind in about | makers)
        return few if about - {REQUEST} else kinds

    def _of(self, palette: Palette) -> Operation:
        return palette.draw_in(self._draw)
