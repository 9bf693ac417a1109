"""Sequences and races, drawn against the table that they leave.

A race is about a page: its threads, what comes before it and what looks after it are
aimed at what is in view. Which kinds of operations meet is drawn first, so that every
one meets every other, in either order; a race in which nobody meets anybody shows
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from memslot_conformance.scenarios.drawn.before import log_first, rest_first
from memslot_conformance.scenarios.drawn.caches import owned
from memslot_conformance.scenarios.drawn.corner import Corner, InView, draw_corner
from memslot_conformance.scenarios.drawn.epilogue import epilogue
from memslot_conformance.scenarios.drawn.kinds import BY_NAME
from memslot_conformance.scenarios.drawn.left import follow
from memslot_conformance.scenarios.drawn.numbers import pick
from memslot_conformance.scenarios.drawn.regions import draw_set_region, draw_vast
from memslot_conformance.scenarios.drawn.requests import (
    LAST_OF_ALL,
    REQUEST,
    Palette,
    narrowed,
)
from memslot_conformance.scenarios.drawn.shapes import create
from memslot_conformance.scenarios.drawn.situation import Situation
from memslot_conformance.scenarios.drawn.weights import (
    AFTER,
    AIMED,
    AIMED_IN_A_RACE,
    AT_A_SLOT,
    AT_ONCE,
    BESIDE,
    ENDS,
    EVEN,
    MANY,
    MOST_THREADS,
    PREFIX_LENGTHS,
    PREPARED,
    STAYS_WITH,
    THEMES,
    THREAD_LENGTHS,
    THREADS,
    UNMAPPED,
    VAST,
    WITH_REQUEST,
    WRITTEN_FIRST,
)
from memslot_conformance.scenarios.scenario import Operations, Scenario
from memslot_spec.model.operations import (
    DestroyVm,
    InitHvaCache,
    Operation,
    SetRegion,
)
from memslot_spec.model.values import EMPTY, SlotTable


@dataclass(slots=True)
class Drawing:
    """Draws the operations of one scenario, and knows the table they leave.

    The corner is drawn with the first use of `rng`, and kept. `rng` may be another one
    for each step.
    """

    palette: Palette
    rng: Random
    table: SlotTable = EMPTY
    corner: Corner | None = None
    _draw: Situation = field(init=False)

    def __post_init__(self) -> None:
        header = self.palette.header
        corner = self.corner or draw_corner(self.rng, header)
        self.corner = corner
        self._draw = Situation(
            self.table, rng=self.rng, header=header, corner=corner, aimed=AIMED
        )

    def scenario(self) -> Scenario:
        """A prefix, a race of two to four threads, and a look after it."""
        length = self.rng.choice(PREFIX_LENGTHS)
        steps = tuple(self.steps() for _ in range(length))
        return self.race(tuple(operation for some in steps for operation in some))

    def race(self, prefix: Operations) -> Scenario:
        """The race that follows a prefix drawn by `step`."""
        draw, rng = self._situation(AIMED_IN_A_RACE), self.rng
        draw.is_raced = True
        if not draw.slots() and rng.random() < PREPARED:
            prefix = (*prefix, self._create())
        self._look_around(draw)
        threads = [tuple(map(self._one, kinds)) for kinds in self._kinds()]
        before = [*log_first(draw, threads)]
        if before:
            self._all_follow(before)
            threads = [tuple(map(self._again, ops)) for ops in threads]
        before += rest_first(draw, threads)
        apart = tuple(owned(ops, thread) for thread, ops in enumerate(threads, 1))
        prefix += tuple(before)
        after = tuple(self._of(self.palette) for _ in range(pick(rng, AFTER)))
        return Scenario(prefix, apart, after + self._end(prefix, apart))

    def _end(self, prefix: Operations, threads: tuple[Operations, ...]) -> Operations:
        """How a race ends: all is looked at, or the VM is destroyed as it is."""
        header = self.palette.header
        match pick(self.rng, ENDS):
            case "look":
                unmaps = self.rng.random() < UNMAPPED
                writes = self.rng.random() < WRITTEN_FIRST
                return epilogue(
                    header, prefix, threads, unmaps=unmaps, writes_first=writes
                )
            case "destroy" if LAST_OF_ALL in header.capabilities.operations:
                return (DestroyVm(),)
            case _:
                return ()

    def forked(self, rng: Random) -> Drawing:
        """Another that knows the same, to draw what is not to be followed here."""
        other = Drawing(self.palette, rng, self.table, self.corner)
        other.ranges.update(self.ranges)
        return other

    @property
    def ranges(self) -> dict[int, InitHvaCache]:
        """The guest ranges that caches were last resolved for."""
        return self._draw.ranges

    def step(self) -> Operation:
        """One operation of a sequence; an update moves the table on."""
        draw = self._situation(AIMED)
        if draw.view is None or self.rng.random() > STAYS_WITH:
            self._look_around(draw)
        operation = self._of(self.palette)
        if not self.table.slots and not isinstance(operation, SetRegion):
            operation = self._of(self.palette)
            if self.rng.random() < EVEN:
                operation = draw_set_region(draw)
        self.follow(operation)
        return operation

    def steps(self) -> Operations:
        """What is asked next: one operation, or several that belong together."""
        draw = self._situation(AIMED)
        if self.rng.random() < VAST:
            vast = draw_vast(draw)
            self._all_follow(vast)
            return vast or (self.step(),)
        has_room = draw.corner.most > MANY and len(self.table.slots) < draw.corner.most
        if has_room and self.rng.random() < AT_ONCE:
            return tuple(self._create() for _ in range(self.rng.randint(2, MANY)))
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
        if slots and self.rng.random() < AT_A_SLOT:
            slots = tuple(s for s in slots if s.log_dirty) or slots
            slot = self.rng.choice(slots if self.rng.random() < EVEN else draw.slots())
            last = slot.base + slot.npages - 1
            inside = slot.base + self.rng.randrange(slot.npages)
            gfn = self.rng.choice((slot.base, slot.base, last, inside))
            as_id = slot.as_id
        held = [s for s in draw.table if s.as_id == as_id and s.covers(gfn)]
        draw.view = InView(gfn, as_id, held[0].id if held else None)

    def _kinds(self) -> list[list[str]]:
        """The kinds on each thread: two that are to meet, and some of a few more."""
        rng, palette = self.rng, self.palette
        every = sorted(set(palette.kinds))
        pair = [rng.choice(every), rng.choice(every)]
        theme = pick(rng, THEMES)
        self._draw.is_about_logs = theme == "log"
        if theme != "any two":
            about = self._about(theme)
            pair = [rng.choice(about), rng.choice(about)]
            every = list(narrowed(Palette(palette.header, about), rng).kinds)
        few = (*pair, *pair, *(rng.choice(every) for _ in range(BESIDE)))
        threads: list[list[str]] = []
        for number in range(pick(rng, THREADS)):
            length = pick(rng, THREAD_LENGTHS)
            kinds = [rng.choice(few) for _ in range(length)]
            if number < len(pair):
                kinds[rng.randrange(length)] = pair[number]
            threads.append(kinds)
        if REQUEST not in pair and rng.random() < WITH_REQUEST:
            threads.insert(rng.randrange(len(threads) + 1), [REQUEST])
        return threads[:MOST_THREADS]

    def _about(self, theme: str) -> tuple[str, ...]:
        """The kinds that are about one thing, requests among them; or else all."""
        kinds = self.palette.kinds
        about = tuple(k for k in kinds if k == REQUEST or theme in BY_NAME[k].about)
        return about if set(about) - {REQUEST} else kinds

    def _one(self, kind: str) -> Operation:
        return self.palette.draw_kind(self._draw, kind)

    def _again(self, operation: Operation) -> Operation:
        """The operation of a race drawn anew, for the slot in view has a log now."""
        if self.rng.random() < EVEN:
            return operation
        return self._one(type(operation).__name__)

    def _of(self, palette: Palette) -> Operation:
        return palette.draw_in(self._draw)
