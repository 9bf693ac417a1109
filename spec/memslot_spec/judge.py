"""The judge: one fold over a history, which knows nothing of where it came from.

For each event the clauses about it see the facts before it; then the facts
absorb it. The first event that breaks a clause ends the judging: what follows
it was made by an implementation already off the path.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from memslot_spec.absorb import ABSORB
from memslot_spec.answered import Answered, AtRest, Updated
from memslot_spec.clause import (
    AnyClause,
    Judged,
    NOT_POINTS,
    Question,
    asks_about,
    not_applicable,
)
from memslot_spec.events import (
    Call,
    Event,
    Finished,
    MmuUnlocked,
    Observed,
    Return,
    SpteMapped,
)
from memslot_spec.facts import Facts
from memslot_spec.history import Header, History
from memslot_spec.operations import Operation, SetRegion
from memslot_spec.replies import answered, returned, updated
from memslot_spec.words import describe_event, describe_reply


@dataclass(frozen=True, slots=True)
class Finding:
    """A clause broken at a step (the position of an event, from 0)."""

    clause: str
    step: int
    expected: str
    observed: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a history says: findings, and how often each premise held.

    `contradiction` tells how points and introspection disagree, which is an
    error of the target and no finding; `undecided` why some of the history
    could not be judged; `complete` that the history came to its end.
    """

    findings: tuple[Finding, ...]
    reached: dict[str, int]
    contradiction: str | None
    undecided: str | None
    complete: bool


Agenda = tuple[tuple[AnyClause, Question], ...]
"""Clauses, with what a judge asks for each."""

ENDINGS = frozenset({Return, MmuUnlocked, Observed, Finished})
"""The kinds of events after which the judge looks at the whole of something."""


class Docket:
    """The clauses to which histories of one header are held.

    Made once for many histories: which clauses apply, and on which events.
    """

    def __init__(self, header: Header, clauses: Sequence[AnyClause]) -> None:
        """Sort out the clauses that apply."""
        self.header = header
        self.clauses = tuple(c for c in clauses if not_applicable(c, header) is None)
        self.unreached = dict.fromkeys((clause.id for clause in self.clauses), 0)
        self.by_kind: dict[type, Agenda] = {}
        for clause in self.clauses:
            asked = self.by_kind.get(clause.kind, ())
            self.by_kind[clause.kind] = (*asked, (clause, clause.question()))
        self.by_operation = {
            operation: tuple(
                (clause, ask)
                for clause, ask in self.by_kind.get(Answered, ())
                if asks_about(clause, operation.__name__)
            )
            for operation in get_args(Operation)
        }


class Judge:
    """Judges a history event by event.

    `reached` counts for each clause id how often its premise held.
    """

    def __init__(self, docket: Docket) -> None:
        """A judge for one history of the docket's header."""
        self.facts = Facts(docket.header)
        self.reached = dict(docket.unreached)
        self.contradiction: str | None = None
        self.findings: tuple[Finding, ...] = ()
        self.complete = False
        self._by_kind = docket.by_kind
        self._by_operation = docket.by_operation

    def see(self, event: Event) -> tuple[Finding, ...]:
        """Judge one event; the findings it made, if any.

        After a finding or a contradiction nothing more is judged.
        """
        if self.findings or self.contradiction is not None:
            return ()
        kind = type(event)
        agenda = self._by_kind.get(kind)
        if agenda is not None:
            self._ask(agenda, event)
        absorb = ABSORB.get(kind)
        if absorb is not None:
            absorb(self.facts, event)
        if kind in ENDINGS:
            self._end(event)
        self.facts.step += 1
        return self.findings

    def _end(self, event: Event) -> None:
        if isinstance(event, Return):
            self._reply(event)
        elif isinstance(event, MmuUnlocked):
            self._rest(event)
        elif isinstance(event, Observed):
            self._observed(event)
        else:
            self.complete = True

    @property
    def undecided(self) -> str | None:
        """Why part of the history could not be judged; None if all was."""
        if self.facts.worlds.overflowed:
            return "overlapping updates left too many possible orders"
        return None

    def judgement(self) -> Judgement:
        """What the events seen so far say."""
        return Judgement(
            self.findings,
            self.reached,
            self.contradiction,
            self.undecided,
            self.complete,
        )

    def _ask(self, agenda: Agenda, event: Judged) -> None:
        facts = self.facts
        for clause, ask in agenda:
            verdict = ask(facts, event)
            if verdict is not None:
                self.reached[clause.id] += 1
                if not verdict:
                    self._found(clause, event)

    def _found(self, clause: AnyClause, event: Judged) -> None:
        finding = Finding(
            clause.id,
            self.facts.step,
            clause.expectation(self.facts, event),
            observed_words(self.facts, event),
        )
        self.findings = (*self.findings, finding)

    def _reply(self, event: Return) -> None:
        known = self.facts.calls.get(event.thread)
        if known is None:
            self.contradiction = f"thread {event.thread} returned without a call"
            return
        operation = known.operation
        if isinstance(operation, SetRegion):
            agenda = self._by_kind.get(Updated)
            if agenda is not None:
                self._ask(agenda, updated(self.facts, event, known, operation))
        else:
            agenda = self._by_operation[type(operation)]
            if agenda:
                self._ask(agenda, answered(self.facts, event, known))
        returned(self.facts, event, known)

    def _rest(self, event: MmuUnlocked) -> None:
        agenda = self._by_kind.get(AtRest)
        touched = self.facts.shadow.rest()
        if touched and agenda:
            self._ask(agenda, AtRest(event.thread, touched))

    def _observed(self, event: Observed) -> None:
        if self.findings or self.facts.open_updates():
            return
        table = event.view.table
        facts = self.facts
        if table is not None and facts.sighted and table != facts.tables.current:
            self.contradiction = (
                f"introspection shows {table!r}, "
                f"but the table published last was {facts.tables.current!r}"
            )
            return
        if table is not None and not facts.sighted:
            facts.worlds.observed(table)
        sptes = event.view.sptes
        if sptes is None or SpteMapped.__name__ not in facts.announced:
            return
        shown = {(s.page, s.index): s.gfn for s in sptes}
        known = {place: spte.gfn for place, spte in facts.shadow.sptes.items()}
        if shown != known:
            self.contradiction = (
                f"introspection shows sptes {shown}, but points told of {known}"
            )


def observed_words(facts: Facts, event: Judged) -> str:
    """What was seen instead, in words."""
    if isinstance(event, Answered | Updated):
        return describe_reply(event.reply)
    if isinstance(event, AtRest):
        return f"shadow state at rest after changes at {event.touched}"
    return describe_event(event, lambda handle: f"v{facts.version(handle)}")


def judge(history: History, clauses: Sequence[AnyClause]) -> Judgement:
    """Judge a whole history with these clauses."""
    return judge_events(Docket(history.header, clauses), history.events)


def judge_events(docket: Docket, events: Iterable[Event]) -> Judgement:
    """Judge the events of a history of the docket's header."""
    fold = Judge(docket)
    for event in events:
        if fold.see(event) or fold.contradiction is not None:
            break
    return fold.judgement()


def blind(header: Header) -> Header:
    """The header of the same histories with their points removed."""
    return replace(header, capabilities=replace(header.capabilities, announces=()))


def without_points(events: Iterable[Event]) -> tuple[Event, ...]:
    """The events that are left of a history when its points are removed."""
    return tuple(e for e in events if type(e) in NOT_POINTS)
