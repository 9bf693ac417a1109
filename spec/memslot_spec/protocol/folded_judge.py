"""A judge that can be asked about any events after any facts it has met.

Facts go by numbers, and are folded. What the judge answers rests on the cells that it
read, and in a cell it looked only for what those before it told it to. So the answers
about the same events make a tree: at each fork stands the cell that is read next, and
what is in it says where to go on. The judge is asked where the tree ends too early:
once for the events together with the facts they read, and not once a path.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.judging.judge import Judge
from memslot_spec.protocol.cells import Cells, Changes, changed
from memslot_spec.protocol.dependence import CellSet
from memslot_spec.protocol.folded import Fold
from memslot_spec.protocol.graph import Events

FoldedVerdict = int | tuple[str, ...]
"""The number of the facts that come after, or the ids of the clauses broken."""


class _Answer(NamedTuple):
    """What comes of events: clauses broken, or else the changes of the facts."""

    broken: tuple[str, ...]
    changes: Changes


class _Fork(NamedTuple):
    """The cell that is read next, and where it goes on for what is in it."""

    cell: int
    on: dict[int, _Fork | _Answer]


class FoldedJudge:
    """A judge of events after facts, which go by numbers. So do the events."""

    def __init__(
        self,
        applicable: ApplicableClauses,
        events: Events,
        threads: int,
        touched: Mapping[int, CellSet],
    ) -> None:
        """For so many threads; of some events it is told what they may touch."""
        self.at_the_start = 0
        self.judged = 0
        self._fold = Fold(applicable.header, threads)
        # Its points are made after the calls, and held against nothing: what was
        # announced before them is not among the facts.
        self._judge = Judge(applicable, holds_points=False)
        first = self._fold.at_the_start()
        self._facts = [first]
        self._numbers = {first: self.at_the_start}
        self._events = events
        self._touched = touched
        self._trees: dict[int, _Fork | _Answer] = {}

    @property
    def reached(self) -> dict[str, int]:
        """How often each clause's premise held."""
        return self._judge.reached

    def see(self, facts: int, events: int) -> FoldedVerdict:
        """What these events come to after these facts.

        Errors: `ValueError` where they contradict themselves, `RuntimeError` where
        they touch other facts than is told of them.
        """
        cells = self._facts[facts]
        at = self._trees.get(events)
        while isinstance(at, _Fork):
            at = at.on.get(cells[at.cell])
        if at is None:
            at = self._ask(cells, events)
        if at.broken:
            return at.broken
        if not at.changes:
            return facts
        return self._number(changed(cells, at.changes))

    def _number(self, cells: Cells) -> int:
        number = self._numbers.setdefault(cells, len(self._facts))
        if number == len(self._facts):
            self._facts.append(cells)
        return number

    def _ask(self, cells: Cells, events: int) -> _Answer:
        """Judge, and put the answer where the cells that were read lead to."""
        self.judged += 1
        judge = self._judge
        judge.facts = facts = self._fold.unfold(cells)
        judge.over, judge.findings = False, ()
        judge.see_all(self._events[events])
        if judge.contradiction is not None:
            raise ValueError(judge.contradiction)
        findings = judge.judgement().findings
        if findings:
            answer = _Answer(tuple(finding.clause for finding in findings), ())
        else:
            answer = _Answer((), self._fold.fold(facts))
        self._hold_to(events, facts.reads, answer)
        self._grow(cells, events, facts.reads, answer)
        return answer

    def _hold_to(self, events: int, reads: list[int], answer: _Answer) -> None:
        touched = self._touched.get(events)
        if touched is None:
            return
        others = touched.others(reads, (cell for cell, _ in answer.changes))
        if others:
            kinds = ", ".join(type(event).__name__ for event in self._events[events])
            names = ", ".join(self._fold.layout.names[cell] for cell in others)
            message = f"nobody was told that {kinds} of a thread touches {names}"
            raise RuntimeError(message)

    def _grow(
        self, cells: Cells, events: int, reads: list[int], answer: _Answer
    ) -> None:
        """Let the tree of these events lead to the answer."""
        if not reads:
            self._trees[events] = answer
            return
        at = self._trees.get(events)
        if at is None:
            at = self._trees[events] = _Fork(reads[0], {})
        for cell, following in zip(reads, (*reads[1:], None), strict=True):
            if not isinstance(at, _Fork) or at.cell != cell:
                message = "the judge reads other facts where it has read the same"
                raise RuntimeError(message)
            fresh = answer if following is None else _Fork(following, {})
            at = at.on.setdefault(cells[cell], fresh)
