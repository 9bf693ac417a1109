"""Bounded search: every schedule with few preemptions, or every partial order.

The schedules with the fewest preemptions come first. A reduced search leaves out what
`reduction` shows to be the same partial order as another schedule, and keeps it: it
can be played later, for the relation behind it knows only what a target announces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from memslot_conformance.adapter.protocols import Make
from memslot_conformance.play.budget import Budget
from memslot_conformance.play.dependence import Footprint, depend
from memslot_conformance.play.orders import Piece
from memslot_conformance.play.played import Played
from memslot_conformance.play.reduction import (
    Asleep,
    LeftOutError,
    OrderedWalk,
    SearchNodes,
    SearchWalk,
)
from memslot_conformance.play.scheduler import Chooser, play
from memslot_conformance.scenarios.scenario import Scenario

TWO = 2
"""Threads of a race in which one of them runs alone while the other sleeps."""

Pieces = tuple[Footprint, ...]


@dataclass(slots=True)
class _Run:
    """What a thread does if it is let run until it cannot go on, where that is known.

    Asked at one decision after the other, the last first, while the other thread of
    two runs.
    """

    pieces: Pieces | None

    def meets(self, between: Pieces) -> bool:
        """It may depend on some of these, or nobody knows."""
        mine = self.pieces
        return mine is None or any(depend(a, b) for a in between for b in mine)


@dataclass(slots=True)
class _Start:
    """The first choices of a schedule: of an earlier play, but the last.

    Where two threads are all there are, `run` is what the other one of them would do
    that is chosen `last`, and `between` what the first did until that was known last.
    `pieces` are what was done by the first choices, and later.
    """

    choices: bytes
    decisions: int
    last: int | None = None
    asleep: Asleep = field(default_factory=dict[int, Footprint])
    run: _Run | None = None
    between: Pieces = ()
    pieces: Sequence[Piece] = ()

    def left(self) -> _Start:
        """What is kept of it where it is left out."""
        return _Start(self.choices, self.decisions, self.last)

    @property
    def is_vain(self) -> bool:
        """The preempted thread would sleep until the other one cannot go on."""
        return self.run is not None and not self.run.meets(self.between)

    def opening(self) -> bytes:
        """The choices, a byte each."""
        last = () if self.last is None else (self.last,)
        return self.choices[: self.decisions] + bytes(last)


class Bounded(Iterator[Played]):
    """Every schedule with at most `preemptions`, each once, the fewest first.

    `reduced`, one of each partial order: the others are in `left_out`. It ends when
    all were played, or when the budget is spent; `complete` tells the two apart.
    `played` counts the schedules so far, and `covered` is the largest number of
    preemptions of which every schedule was played, None while there is none.
    """

    def __init__(
        self,
        play_once: Callable[[Chooser], Played],
        preemptions: int,
        budget: Budget,
        *,
        reduced: bool = False,
    ) -> None:
        self.played = 0
        self.covered: int | None = None
        self._play_once = play_once
        self._bound = preemptions
        self._budget = budget
        self._known = SearchNodes() if reduced else None
        # Every schedule is a start continued by `stay`, which adds no preemption:
        # the starts that were not played yet, by their number of preemptions.
        more: list[list[_Start]] = [[] for _ in range(preemptions)]
        self._starts = [[_Start(b"", 0)], *more]
        self._left: list[list[_Start]] = [[] for _ in range(preemptions + 1)]
        self._level = 0
        self._are_two = False

    @property
    def complete(self) -> bool:
        """Every schedule within the bound was played, or left out."""
        return self.covered == self._bound

    @property
    def left(self) -> int:
        """How many schedules are left out so far and not yet played.

        Of no more preemptions than the search has come to. Of those that follow from
        one of them by more preemptions nobody knows yet.
        """
        return sum(map(len, self._left[: self._level + 1]))

    def __next__(self) -> Played:
        """Play the next schedule."""
        if self.complete or not self._budget.spend():
            raise StopIteration
        while True:
            played = self._attempt(self._starts[self._level].pop())
            while self._level <= self._bound and not self._starts[self._level]:
                self.covered = self._level
                self._level += 1
            if self.complete and self._known is not None:
                self._known.forget_nodes()
            if played is not None:
                self.played += 1
                return played
            if self._level > self._bound or self._budget.late:
                # What is given up is no play: it is not judged.
                self._budget.spent -= 1
                raise StopIteration

    def left_out(self) -> Iterator[Played]:
        """What was left out, the fewest preemptions first, until the budget is spent.

        With it every schedule is played once.
        """
        for level, waiting in enumerate(self._left):
            while waiting and self._budget.spend():
                start = waiting.pop()
                walk = self._walk(start, level, asleep=None)
                played = self._play_once(walk.choose)
                repeats = walk.repeats(played)
                self._branch(walk, start, level, self._left)
                yield replace(played, repeats=True) if repeats else played

    def _attempt(self, start: _Start) -> Played | None:
        """Play it; None where all that follows is left out."""
        if start.is_vain:
            self._left[self._level].append(start.left())
            return None
        walk = self._walk(start, self._level, asleep=start.asleep)
        played, repeats = None, False
        try:
            played = self._play_once(walk.choose)
        except LeftOutError:
            here = _Start(bytes(walk.choices), len(walk.choices))
            self._left[self._level].append(here)
        else:
            repeats = walk.repeats(played)
        if start.run is not None:
            first = len(start.opening())
            start.run.pieces = _run_from(walk, start.decisions, first)
        self._branch(walk, start, self._level, self._starts)
        return replace(played, repeats=True) if played and repeats else played

    def _walk(self, start: _Start, level: int, asleep: Asleep | None) -> SearchWalk:
        opening = start.opening()
        if self._known is None:
            return SearchWalk(opening)
        done = start.pieces[: start.decisions]
        notes_all = level < self._bound
        return OrderedWalk(
            opening, level, self._known, done, asleep, notes_all=notes_all
        )

    def _branch(
        self, walk: SearchWalk, start: _Start, level: int, waiting: list[list[_Start]]
    ) -> None:
        """Note what else could have been chosen after the opening."""
        choices, first = bytes(walk.choices), len(start.opening())
        if not first:
            self._are_two = any(len(o.runnable) == TWO for o in walk.options[:1])
        # Where nobody more is preempted, nobody more is put to sleep.
        if self._known is None or level == self._bound:
            branches = self._plain(walk, choices, first, level)
        else:
            branches = self._reduced(walk, choices, first, level)
        for other_level, branch in branches:
            if branch.last in branch.asleep:
                self._left[other_level].append(branch.left())
            else:
                waiting[other_level].append(branch)

    def _plain(
        self, walk: SearchWalk, choices: bytes, first: int, level: int
    ) -> Iterator[tuple[int, _Start]]:
        may_preempt = level < self._bound
        pieces = walk.pieces
        for decision, option in enumerate(walk.options, first):
            runnable, current, asleep = option
            if len(runnable) == 1 or not (may_preempt or current is None):
                continue
            other_level = level + (current is not None)
            for other in runnable:
                if other != choices[decision]:
                    start = _Start(choices, decision, other, asleep, pieces=pieces)
                    yield other_level, start

    def _reduced(
        self, walk: SearchWalk, choices: bytes, first: int, level: int
    ) -> Iterator[tuple[int, _Start]]:
        branches: list[tuple[int, _Start]] = []
        for decision, run, between in _backwards(walk, first):
            runnable, current, asleep = walk.options[decision - first]
            if len(runnable) == 1:
                continue
            vain: tuple[_Run | None, Pieces] = (None, ())
            # Only the preempted thread sleeps: to have it first costs no more.
            if current is not None and between:
                asleep = {**asleep, current: between[-1]}
                if self._are_two:
                    vain = run, tuple(between)
                    between.clear()
            other_level = level + (current is not None)
            for other in reversed(runnable):
                if other != choices[decision]:
                    start = _Start(choices, decision, other, asleep, *vain, walk.pieces)
                    branches.append((other_level, start))
        return reversed(branches)


def _backwards(
    walk: SearchWalk, first: int
) -> Iterator[tuple[int, _Run, list[Footprint]]]:
    """The decisions of a walk, the last first, with who would run instead.

    And with what was done from each on, until whoever asks clears the list, or another
    thread goes on.
    """
    choices, pieces = walk.choices, walk.pieces
    run, between = _Run(None), list[Footprint]()
    for decision in reversed(range(first, len(choices))):
        if choices[decision : decision + 1] != choices[decision + 1 : decision + 2]:
            run, between = _Run(_run_from(walk, decision + 1, first)), []
        if decision < len(pieces):
            between.append(pieces[decision].footprint)
        yield decision, run, between


def _run_from(walk: SearchWalk, decision: int, first: int) -> Pieces | None:
    """What the thread chosen there did until it could not go on; None if unknown."""
    choices, end = walk.choices, decision + 1
    while end < len(choices) and walk.options[end - first].current is not None:
        end += 1
    if decision >= len(choices) or end > len(walk.pieces):
        return None
    if end == len(choices) and not walk.is_whole:
        return None
    return tuple(piece.footprint for piece in walk.pieces[decision:end])


def bounded(
    make: Make,
    scenario: Scenario,
    preemptions: int,
    *,
    budget: Budget | None = None,
    step_limit: int | None = None,
    reduced: bool = False,
) -> Bounded:
    """Every schedule of the scenario with at most this many preemptions.

    `reduced`, one of each partial order.
    """

    def play_once(choose: Chooser) -> Played:
        return play(make, scenario, choose, step_limit=step_limit)

    return Bounded(play_once, preemptions, budget or Budget(), reduced=reduced)
