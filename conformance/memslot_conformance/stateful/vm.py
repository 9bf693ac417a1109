"""The VM behind a state machine: what it was asked, what is known of it, who judges.

One thread asks. What the machine draws is drawn from the table that the plan foresees,
and what was asked last is in view: the next operation is about the same page more
often than not, or little would come of its steps.
"""

from __future__ import annotations

from memslot_conformance.play.played import TargetFault
from memslot_conformance.play.scheduler import Play
from memslot_conformance.scenarios.drawn.choices import Choices
from memslot_conformance.scenarios.drawn.corner import InView
from memslot_conformance.scenarios.drawn.left import follow
from memslot_conformance.scenarios.drawn.situation import Situation
from memslot_conformance.scenarios.drawn.touches import Left
from memslot_conformance.stateful.subject import Subject
from memslot_conformance.targets.resolve import Target
from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.history.header import History
from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.judging.judge import Finding, Judge
from memslot_spec.model.operations import GetDirtyLog, Operation, SetRegion
from memslot_spec.model.values import Slot

AIMED_BY_ONE = 0.8
"""How often an operation is about what the last one was about."""


class AskedVm:
    """A new VM of the target, which is judged while it is asked."""

    def __init__(self, target: Target, applicable: ApplicableClauses) -> None:
        """Errors: none; where the target cannot be made, `fault` says so."""
        self.known = Left()
        self.last: Operation | None = None
        self._header = target.header
        self._play = Play(target.make)
        self._judge = Judge(applicable)
        self._seen = 0
        self._view: InView | None = None

    @property
    def finding(self) -> Finding | None:
        """The clause that was broken, if one was."""
        findings = self._judge.findings
        return findings[0] if findings else None

    @property
    def fault(self) -> TargetFault | None:
        """How the target broke, or contradicts itself, with no clause broken."""
        if self._judge.findings:
            return None
        told = self._judge.contradiction
        if self._play.fault is None and told is not None:
            return TargetFault(0, None, told)
        return self._play.fault

    @property
    def going(self) -> bool:
        """It can be asked more: nothing was found, and nothing broke."""
        return self._play.going and self.finding is None and self.fault is None

    @property
    def history(self) -> History:
        """Everything that happened so far."""
        return History(self._header, self._play.played().events)

    def ask(self, operation: Operation) -> None:
        """Have the target do it, and judge what it did, and what it shows then."""
        self.last = operation
        follow(self._header, self.known, operation)
        self._look_at(operation)
        self._play.alone((operation,))
        self._judge.see_all(self._play.events[self._seen :])
        self._seen = len(self._play.events)
        if not self._play.going:
            self.end()

    def end(self) -> None:
        """Judge that it is over: nobody does anything any more."""
        self._judge.see_all(self._play.played().events[self._seen :])
        self._seen = len(self._play.events) + 1

    def close(self) -> None:
        """Give the target back."""
        self._play.close()

    def slot(self, word: int) -> Slot | None:
        """The slot that a word names, where there is one."""
        return self.known.table.find(as_id_of(word), id_of(word))

    def situation(self, choices: Choices, subject: Subject) -> Situation:
        """What the next operation is drawn from."""
        return Situation(
            self.known.table,
            self.known.ranges,
            self.known.pages,
            rng=choices,
            header=self._header,
            corner=subject.corner_for(self._header),
            aimed=AIMED_BY_ONE,
            view=self._view,
            is_about_logs=subject.has(GetDirtyLog.__name__),
        )

    def _look_at(self, operation: Operation) -> None:
        """Take the page into view that the operation is about."""
        view = self._view
        gfn = None if view is None else view.gfn
        as_id = 0 if view is None else view.as_id
        if isinstance(operation, SetRegion):
            slot = self.slot(operation.region.slot)
            if slot is not None and (gfn is None or not slot.covers(gfn)):
                gfn, as_id = slot.base, slot.as_id
        elif (named := _gfn_of(operation)) is not None:
            gfn, as_id = named, getattr(operation, "as_id", 0)
        if gfn is not None:
            held = self.known.table.at(gfn, as_id)
            self._view = InView(gfn, as_id, None if held is None else held.id)


def _gfn_of(operation: Operation) -> int | None:
    gfn: object = getattr(operation, "gfn", None)
    if isinstance(gfn, int):
        return gfn
    gpa: object = getattr(operation, "gpa", None)
    return gpa >> PAGE_SHIFT if isinstance(gpa, int) else None
