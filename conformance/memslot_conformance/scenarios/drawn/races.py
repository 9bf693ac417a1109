"""Races, drawn against the table that what comes before them leaves.

A race is about a page: its threads, what comes before it and what looks after it are
aimed at what is in view. Which kinds of operations meet is drawn first, so that every
one meets every other, in either order; a race in which nobody meets anybody shows
nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from memslot_conformance.scenarios.drawn.before import log_first, mapped, rest_first
from memslot_conformance.scenarios.drawn.caches import owned
from memslot_conformance.scenarios.drawn.choices import Choices
from memslot_conformance.scenarios.drawn.corner import Corner, InView
from memslot_conformance.scenarios.drawn.deck import (
    MOVE,
    Card,
    Hand,
    deal,
    draw_card,
)
from memslot_conformance.scenarios.drawn.epilogue import (
    epilogue,
    write_and_get,
)
from memslot_conformance.scenarios.drawn.requests import (
    LAST_OF_ALL,
    REQUEST,
    Palette,
    narrowed,
)
from memslot_conformance.scenarios.drawn.scenario_weights import (
    AFTER,
    AFTER_BARE,
    AIMED_IN_A_RACE,
    AT_THE_NEW,
    BESIDE,
    DEALT,
    ENDS,
    ENDS_OF_BARE,
    HUGE_WHERE_MAPPED,
    IN_SPACE_0,
    MAPPED_FIRST,
    MOST_THREADS,
    PREFIX_LENGTHS,
    PREFIX_LENGTHS_ALONE,
    PREPARED,
    THEMES,
    THREAD_LENGTHS,
    THREADS,
    UNMAPPED,
    WITH_REQUEST,
    WRITTEN_FIRST,
)
from memslot_conformance.scenarios.drawn.sequences import DrawnSequence
from memslot_conformance.scenarios.drawn.situation import Situation
from memslot_conformance.scenarios.drawn.weights import EVEN
from memslot_conformance.scenarios.scenario import Operations, Scenario
from memslot_spec.arithmetic.slot_word import as_id_of
from memslot_spec.model.operations import (
    DestroyVm,
    Operation,
    SetRegion,
)


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


class Drawing(DrawnSequence):
    """Draws the operations of one scenario: a sequence, or one and a race after it."""

    __slots__ = ()

    def scenario(self, dealt: Hand | None = None) -> Scenario:
        """A prefix, a race of two to four threads, and a look after it.

        Where it was `dealt` which two operations are to meet, they do most often.
        """
        alone = dealt is not None and dealt.alone
        if dealt is not None:
            self._draw.corner = self._corner_for(dealt)
        length = self.rng.choice(PREFIX_LENGTHS_ALONE if alone else PREFIX_LENGTHS)
        steps = tuple(self.steps() for _ in range(length))
        prefix = tuple(operation for some in steps for operation in some)
        return self._race(prefix, dealt)

    def _corner_for(self, hand: Hand) -> Corner:
        """A corner in which the two that were dealt have most to do."""
        corner = self._draw.corner
        if hand.alone and hand.maps and self.rng.chance(HUGE_WHERE_MAPPED):
            corner = replace(corner, sizes="huge")
        if hand.is_of_space_0 and self.rng.chance(IN_SPACE_0):
            corner = replace(corner, spaces=(0,))
        return corner

    def _race(self, prefix: Operations, dealt: Hand | None) -> Scenario:
        alone = dealt is not None and dealt.alone
        draw, rng = self._situation(1.0 if alone else AIMED_IN_A_RACE), self.rng
        draw.is_raced = True
        if not draw.slots() and rng.chance(PREPARED):
            prefix = (*prefix, self._create())
        self._look_around(draw)
        threads = self._threads(dealt)
        before = self._before(threads, dealt)
        if before:
            threads = self._threads(dealt) if alone else self._for_a_log(threads)
        before += rest_first(draw, threads)
        apart = tuple(owned(ops, thread) for thread, ops in enumerate(threads, 1))
        prefix += tuple(before)
        length = rng.pick(AFTER_BARE if is_bare(threads) else AFTER)
        after = tuple(self._of(self.palette) for _ in range(length))
        return Scenario(prefix, apart, after + self._end(prefix, apart))

    def _before(self, threads: list[Operations], dealt: Hand | None) -> list[Operation]:
        """The log that a race needs; at times after a mapping that is older."""
        draw = self._draw
        older = [*mapped(draw, threads)] if self.rng.chance(MAPPED_FIRST) else []
        logs = [*log_first(draw, threads, dealt)]
        self._all_follow(logs)
        return [*older, *logs] if logs else []

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

    def looking_at(self, view: InView) -> Situation:
        """The situation with this page in view, as in a race."""
        draw = self._situation(AIMED_IN_A_RACE)
        draw.is_raced, draw.view = True, view
        return draw

    def _threads(self, dealt: Hand | None) -> list[Operations]:
        if dealt is None or not dealt.alone:
            return [tuple(map(self._one, kinds)) for kinds in self._kinds(dealt)]
        return [(one,) for one in self._dealt(dealt)]

    def _dealt(self, hand: Hand) -> Operations:
        """Two operations that are to meet; what makes a slot is met where that is."""
        draw = self._draw
        draw.is_about_logs = hand.is_about_logs
        one, other = hand.pair
        if not other.makes or one.makes:
            first = draw_card(draw, one)
            self._look_at_new(one, first)
            return first, draw_card(draw, other)
        second = draw_card(draw, other)
        self._look_at_new(other, second)
        return draw_card(draw, one), second

    def _look_at_new(self, card: Card, operation: Operation) -> None:
        """Take a page into view where a slot is to be."""
        rng = self.rng
        if not isinstance(operation, SetRegion) or not card.makes:
            return
        if card.way == MOVE and not rng.chance(AT_THE_NEW):
            return
        region = operation.region
        if region.npages:
            inside = rng.choice((0, 0, region.npages - 1, rng.below(region.npages)))
            gfn = min(region.base + inside, self._draw.last)
            self._draw.view = InView(gfn, as_id_of(region.slot))

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
