"""Sequences and races, drawn against the table that they leave.

A race is about a page: its threads, what comes before it and what looks after it are
aimed at what is in view. Which kinds of operations meet is drawn first, so that every
one meets every other, in either order; a race in which nobody meets anybody shows
nothing.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from memslot_conformance.scenarios.drawn.before import log_first, rest_first
from memslot_conformance.scenarios.drawn.caches import owned
from memslot_conformance.scenarios.drawn.choices import Choices
from memslot_conformance.scenarios.drawn.corner import Corner, InView, draw_corner
from memslot_conformance.scenarios.drawn.deck import Hand, deal, draw_card
from memslot_conformance.scenarios.drawn.epilogue import (
    epilogue,
    write_and_get,
)
from memslot_conformance.scenarios.drawn.kinds import BY_NAME, MADE_BY
from memslot_conformance.scenarios.drawn.left import follow
from memslot_conformance.scenarios.drawn.numbers import near
from memslot_conformance.scenarios.drawn.regions import draw_set_region, draw_vast
from memslot_conformance.scenarios.drawn.requests import (
    LAST_OF_ALL,
    REQUEST,
    Palette,
    narrowed,
)
from memslot_conformance.scenarios.drawn.scenario_weights import (
    AFTER,
    AFTER_BARE,
    AGAIN,
    AIMED,
    AIMED_IN_A_RACE,
    AT_A_SLOT,
    AT_A_SLOT_IN_A_RACE,
    BESIDE,
    DEALT,
    ENDS,
    ENDS_OF_BARE,
    LAST_ASKED,
    MOST_THREADS,
    PREFIX_LENGTHS,
    PREPARED,
    STAYS_WITH,
    SUBJECTS,
    THEMES,
    THREAD_LENGTHS,
    THREADS,
    UNMAPPED,
    VAST,
    WITH_REQUEST,
    WRITTEN_FIRST,
)
from memslot_conformance.scenarios.drawn.shapes import create
from memslot_conformance.scenarios.drawn.situation import Situation
from memslot_conformance.scenarios.drawn.weights import AT_ONCE, EVEN, MANY
from memslot_conformance.scenarios.scenario import Operations, Scenario
from memslot_spec.model.operations import (
    DestroyVm,
    GetDirtyLog,
    GuestAccess,
    Operation,
    SetRegion,
)
from memslot_spec.model.values import EMPTY, SlotTable


def draw_race(
    palette: Palette, choices: Choices, met: Counter[str], dealt: Counter[str]
) -> Scenario:
    """The next race of a target: most often of the two operations that are dealt.

    In `met` is what met so far; in `dealt` it is counted which pairs were dealt.
    """
    is_dealt = choices.chance(DEALT)
    hand = deal(palette.kinds, choices, met, dealt) if is_dealt else None
    return Drawing(palette, choices).scenario(hand)


def is_bare(threads: Sequence[Sequence[object]]) -> bool:
    """Two operations race, and nothing else."""
    return [len(operations) for operations in threads] == [1, 1]


@dataclass(slots=True)
class Drawing:
    """Draws the operations of one scenario, and knows the table they leave.

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

    def scenario(self, dealt: Hand | None = None) -> Scenario:
        """A prefix, a race of two to four threads, and a look after it.

        Where it was `dealt` which two operations are to meet, they do most often.
        """
        length = self.rng.choice(PREFIX_LENGTHS)
        steps = tuple(self.steps() for _ in range(length))
        prefix = tuple(operation for some in steps for operation in some)
        return self._race(prefix, dealt)

    def _race(self, prefix: Operations, dealt: Hand | None) -> Scenario:
        alone = dealt is not None and dealt.alone
        draw, rng = self._situation(1.0 if alone else AIMED_IN_A_RACE), self.rng
        draw.is_raced = True
        if not draw.slots() and rng.chance(PREPARED):
            prefix = (*prefix, self._create())
        self._look_around(draw)
        threads = self._threads(dealt)
        before = [*log_first(draw, threads, dealt)]
        if before:
            self._all_follow(before)
            threads = self._threads(dealt) if alone else self._for_a_log(threads)
        before += rest_first(draw, threads)
        apart = tuple(owned(ops, thread) for thread, ops in enumerate(threads, 1))
        prefix += tuple(before)
        length = rng.pick(AFTER_BARE if is_bare(threads) else AFTER)
        after = tuple(self._of(self.palette) for _ in range(length))
        return Scenario(prefix, apart, after + self._end(prefix, apart))

    def _end(self, prefix: Operations, threads: tuple[Operations, ...]) -> Operations:
        """How a race ends: all is looked at, or the VM is destroyed as it is."""
        header = self.palette.header
        match self.rng.pick(ENDS_OF_BARE if is_bare(threads) else ENDS):
            case "look":
                unmaps = self.rng.chance(UNMAPPED)
                writes = self.rng.chance(WRITTEN_FIRST)
                return epilogue(
                    header, prefix, threads, unmaps=unmaps, writes_first=writes
                )
            case "write":
                return write_and_get(header, prefix, threads)
            case "destroy" if LAST_OF_ALL in header.capabilities.operations:
                return (DestroyVm(),)
            case _:
                return ()

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

    def looking_at(self, view: InView) -> Situation:
        """The situation with this page in view, as in a race."""
        draw = self._situation(AIMED_IN_A_RACE)
        draw.is_raced, draw.view = True, view
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

    def _threads(self, dealt: Hand | None) -> list[Operations]:
        if dealt is None or not dealt.alone:
            return [tuple(map(self._one, kinds)) for kinds in self._kinds(dealt)]
        self._draw.is_about_logs = dealt.is_about_logs
        return [(draw_card(self._draw, card),) for card in dealt.pair]

    def _kinds(self, dealt: Hand | None) -> list[list[str]]:
        """The kinds on each thread: two that are to meet, and some of a few more."""
        rng, palette = self.rng, self.palette
        every = sorted(set(palette.kinds))
        pair = self._pair(palette.kinds)
        theme = rng.pick(THEMES)
        self._draw.is_about_logs = theme == "log"
        if theme != "any two":
            about = self._about(theme)
            pair = self._pair(about)
            every = list(narrowed(Palette(palette.header, about), rng).kinds)
        if dealt is not None:
            pair = [card.kind for card in dealt.pair]
        few = (*pair, *pair, *(rng.choice(every) for _ in range(BESIDE)))
        threads: list[list[str]] = []
        for number in range(rng.pick(THREADS)):
            length = rng.pick(THREAD_LENGTHS)
            kinds = [rng.choice(few) for _ in range(length)]
            if number < len(pair):
                kinds[rng.below(length)] = pair[number]
            threads.append(kinds)
        if REQUEST not in pair and rng.chance(WITH_REQUEST):
            threads.insert(rng.below(len(threads) + 1), [REQUEST])
        return threads[:MOST_THREADS]

    def _pair(self, kinds: Sequence[str]) -> list[str]:
        """The two kinds that are to meet, each as often or by its weight."""
        rng, every = self.rng, sorted(set(kinds))
        return [rng.choice(every if rng.chance(EVEN) else kinds) for _ in range(2)]

    def _about(self, theme: str) -> tuple[str, ...]:
        """The kinds that are about one thing, requests among them; or else all."""
        kinds = self.palette.kinds
        about = {k for k in kinds if k == REQUEST or theme in BY_NAME[k].about}
        makers = {MADE_BY[n] for k in about for n in BY_NAME[k].needs if n in MADE_BY}
        few = tuple(kind for kind in kinds if kind in about | makers)
        return few if about - {REQUEST} else kinds

    def _one(self, kind: str) -> Operation:
        return self.palette.draw_kind(self._draw, kind)

    def _for_a_log(self, threads: list[Operations]) -> list[Operations]:
        """Operations drawn anew, half of them: the slot in view has a log now."""
        return [
            tuple(
                one if self.rng.chance(EVEN) else self._one(type(one).__name__)
                for one in operations
            )
            for operations in threads
        ]

    def _of(self, palette: Palette) -> Operation:
        return palette.draw_in(self._draw)
