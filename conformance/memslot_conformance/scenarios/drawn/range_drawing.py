"""Sequences, races and rounds for a target with a table by ranges.

As those for a table by ids they are aimed: all that a scenario asks is about one page
for a while, and about the ranges that it is in and comes to be in.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from memslot_conformance.scenarios.drawn.accesses import draw_access, draw_write
from memslot_conformance.scenarios.drawn.choices import Choices, Weighted
from memslot_conformance.scenarios.drawn.corner import InView
from memslot_conformance.scenarios.drawn.kinds import BY_NAME
from memslot_conformance.scenarios.drawn.left import follow
from memslot_conformance.scenarios.drawn.ranges import (
    aimed_at,
    draw_add,
    is_one_step,
    rules_of,
)
from memslot_conformance.scenarios.drawn.requests import Palette
from memslot_conformance.scenarios.drawn.scenario_weights import (
    AIMED,
    AIMED_IN_A_RACE,
    STAYS_WITH,
)
from memslot_conformance.scenarios.drawn.situation import Situation
from memslot_conformance.scenarios.drawn.weights import EVEN
from memslot_conformance.scenarios.scenario import Operations, Scenario
from memslot_spec.model.operations import (
    GetDirtyRange,
    GfnToHva,
    GuestAccess,
    Operation,
    RangeRequest,
    RemoveRange,
    ReplaceTable,
)

PREFIX_LENGTHS = (1, 2, 2, 3, 4)
THREADS: Weighted[int] = ((5, 1), (3, 2))
"""Threads that ask beside the first, which changes the table."""

LENGTHS: Weighted[int] = ((5, 1), (3, 2), (1, 3))
UPDATES: Weighted[int] = ((2, 3), (2, 5))
LOOKS = 16
"""Operations of a thread of a round: it is long, for what it meets is chance."""

READ_AFTER_WRITE = 0.4
"""How often a write is followed by a question for the log of its range."""


@dataclass(slots=True)
class RangeDrawing:
    """Draws what is asked, and knows the table that it leaves."""

    palette: Palette
    rng: Choices
    _draw: Situation = field(init=False)

    def __post_init__(self) -> None:
        self._draw = self.palette.situation(self.rng)
        self._draw.aimed = AIMED

    def steps(self) -> Operations:
        """What is asked next in a sequence."""
        draw = self._draw
        if draw.view is None or not self.rng.chance(STAYS_WITH):
            self._look_around()
        operation = self._one(self.palette.kinds)
        asked: list[Operation] = [operation]
        if isinstance(operation, GuestAccess) and operation.write:
            slot = draw.table.at(operation.gfn, 0)
            if slot is not None and self.rng.chance(READ_AFTER_WRITE):
                asked.append(GetDirtyRange(slot.base, slot.npages))
        kept = tuple(one for one in asked if self._has(type(one)))
        for one in kept:
            follow(self.palette.header, draw, one)
        return kept

    def scenario(self) -> Scenario:
        """A prefix, a race of a request with others, and a look at what it left."""
        prefix = self._prefix()
        updates = self._requests(self.rng.pick(LENGTHS))
        others = [
            self._beside(self.rng.pick(LENGTHS)) for _ in range(self.rng.pick(THREADS))
        ]
        threads = [updates, *others]
        if self.rng.chance(EVEN):
            threads.reverse()
        return Scenario(prefix, tuple(threads), self._look(threads))

    def round(self) -> Scenario:
        """One thread that changes the table again and again, and some that look."""
        prefix = self._prefix()
        updates = self._requests(self.rng.pick(UPDATES))
        looks = [self._looks() for _ in range(self.rng.pick(THREADS))]
        return Scenario(prefix, (updates, *looks), self._look([updates]))

    def _prefix(self) -> Operations:
        draw, header = self._draw, self.palette.header
        prefix: list[Operation] = []
        add = draw_add(draw)
        follow(header, draw, add)
        prefix.append(add)
        for _ in range(self.rng.choice(PREFIX_LENGTHS)):
            prefix.extend(self.steps())
        draw.aimed, draw.is_raced = AIMED_IN_A_RACE, True
        self._look_around()
        return tuple(prefix)

    def _requests(self, length: int) -> Operations:
        """Requests that follow each other, as if nobody else asked."""
        draw, header = self._draw, self.palette.header
        before = draw.table
        asked: list[Operation] = []
        for _ in range(length):
            request = self._one(self._kinds_of_requests())
            if not isinstance(request, RemoveRange) or is_one_step(
                rules_of(draw), draw.table, request
            ):
                asked.append(request)
                follow(header, draw, request)
        draw.table = before
        return tuple(asked) or (draw_add(draw),)

    def _beside(self, length: int) -> Operations:
        """What another thread asks: lookups mostly, and at times a request."""
        if self.rng.chance(EVEN / 2):
            return self._requests(length)
        return tuple(self._one(self._kinds_of_looks()) for _ in range(length))

    def _looks(self) -> Operations:
        few = [self._one(self._kinds_of_looks()) for _ in range(self.rng.pick(LENGTHS))]
        return tuple(few[number % len(few)] for number in range(LOOKS))

    def _look(self, threads: list[Operations]) -> Operations:
        """The page in view and a range of what was asked, looked at and written."""
        draw = self._draw
        gfn = 0 if draw.view is None else draw.view.gfn
        looks: list[Operation] = [GfnToHva(gfn), GuestAccess(gfn)]
        for operations in threads:
            for one in operations:
                if isinstance(one, ReplaceTable):
                    looks += [GfnToHva(each.gfn) for each in one.ranges[:1]]
        looks.append(GuestAccess(gfn, write=True))
        looks += [
            GetDirtyRange(s.base, s.npages) for s in draw.table.meeting(gfn, 1, 0)
        ]
        return tuple(look for look in looks if self._has(type(look)))

    def _look_around(self) -> None:
        """Take a page into view: most often of a range that is there."""
        draw = self._draw
        draw.view = None
        gfn, _ = draw.frame()
        if draw.table.slots:
            slot = aimed_at(draw)
            gfn = slot.base + self.rng.below(slot.npages)
        draw.view = InView(gfn)

    def _one(self, kinds: tuple[str, ...]) -> Operation:
        kind = self.rng.choice(kinds)
        if kind == GuestAccess.__name__:
            return (draw_write if self.rng.chance(EVEN) else draw_access)(self._draw)
        return BY_NAME[kind].draw(self._draw)

    def _kinds_of_requests(self) -> tuple[str, ...]:
        return tuple(kind for kind in self.palette.kinds if kind in REQUESTS)

    def _kinds_of_looks(self) -> tuple[str, ...]:
        looks = tuple(kind for kind in self.palette.kinds if kind not in REQUESTS)
        return looks or self.palette.kinds

    def _has(self, kind: type[Operation]) -> bool:
        return kind.__name__ in self.palette.header.capabilities.operations


REQUESTS = frozenset(kind.__name__ for kind in RangeRequest.__args__)
