"""A judge that can be asked about any events after any facts it has met.

Facts go by numbers, and are folded, so that the same events after the same facts
are judged once.
"""

from __future__ import annotations

from memslot_spec.history.events import Event
from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.judging.judge import Judge
from memslot_spec.protocol.folded import Fold, Folded

FoldedVerdict = int | tuple[str, ...]
"""The number of the facts that come after, or the ids of the clauses broken."""


class FoldedJudge:
    """A judge of events after facts, which go by numbers."""

    def __init__(self, applicable: ApplicableClauses) -> None:
        self.at_the_start = 0
        self._fold = Fold(applicable.header)
        self._judge = Judge(applicable)
        first = self._fold.fold(Judge(applicable).facts)
        self._facts = [first]
        self._numbers = {first: self.at_the_start}
        self._shared: dict[object, object] = {}
        self._seen: dict[tuple[int, tuple[Event, ...]], FoldedVerdict] = {}

    @property
    def judged(self) -> int:
        """How often something was judged."""
        return len(self._seen)

    @property
    def reached(self) -> dict[str, int]:
        """How often each clause's premise held."""
        return self._judge.reached

    def see(self, facts: int, events: tuple[Event, ...]) -> FoldedVerdict:
        """What these events come to after these facts.

        Errors: `ValueError` where they contradict themselves.
        """
        if not events:
            return facts
        asked = facts, events
        verdict = self._seen.get(asked)
        if verdict is None:
            verdict = self._seen[asked] = self._see(facts, events)
        return verdict

    def _see(self, facts: int, events: tuple[Event, ...]) -> FoldedVerdict:
        judge = self._judge
        judge.facts = self._fold.unfold(self._facts[facts])
        judge.over, judge.findings = False, ()
        judge.see_all(events)
        if judge.contradiction is not None:
            raise ValueError(judge.contradiction)
        findings = judge.judgement().findings
        if findings:
            return tuple(finding.clause for finding in findings)
        return self._number(self._fold.fold(judge.facts))

    def _number(self, folded: Folded) -> int:
        number = self._numbers.get(folded)
        if number is None:
            number = len(self._facts)
            # Parts that are equal to earlier ones are kept once.
            share = self._shared.setdefault
            folded = folded._replace(parts=tuple([share(p, p) for p in folded.parts]))
            self._facts.append(folded)
            self._numbers[folded] = number
        return number
