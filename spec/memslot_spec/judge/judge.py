"""The judge: one fold over a history, which knows nothing of where it came from.

For each event the clauses about it see the facts before it; then the facts
absorb it. The first event that breaks a clause ends the judging: what follows
it was made by an implementation already off the path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

from memslot_spec.choice import AnyChoice, Taken, can_be_seen
from memslot_spec.clause import (
    NOT_POINTS,
    AnyClause,
    Judged,
    asks_about,
    not_applicable,
)
from memslot_spec.facts.absorb import ABSORB
from memslot_spec.facts.dirty_calls import log_return
from memslot_spec.facts.facts import Facts, by_kind
from memslot_spec.facts.returned import returned
from memslot_spec.history.events import Event, Finished, Observed, Return
from memslot_spec.history.header import Header, History
from memslot_spec.history.points.mmu import MmuUnlocked, SpteMapped
from memslot_spec.history.points.tables import TablePublished
from memslot_spec.history.words import describe_event, describe_reply
from memslot_spec.model.operations import Operation, SetRegion
from memslot_spec.model.updates import Objection
from memslot_spec.moments.replies import Answered, AtRest, Updated, answered, updated


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
    could not be judged; `complete` that the history came to its end. `taken`
    counts the options of the choices that somebody asked about.
    """

    findings: tuple[Finding, ...]
    reached: dict[str, int]
    contradiction: str | None
    undecided: str | None
    complete: bool
    taken: Taken = field(default_factory=Taken)


Predicate = Callable[[Facts, object], bool]
Agenda = tuple[tuple[AnyClause, Predicate, Predicate], ...]
"""Clauses of one kind of event, each with its premise and what has to hold."""

Watch = tuple[tuple[str, Callable[[Facts, object], str | None]], ...]
"""Choices that show at one kind of event, each with what tells the option."""

ENDINGS = frozenset({Return, MmuUnlocked, Observed, Finished})
"""The kinds of events after which the judge looks at the whole of something."""


class Docket:
    """The clauses to which histories of one header are held.

    Made once for many histories: which clauses apply, and on which events. The
    `choices` are watched as well, where the target can show them.
    """

    def __init__(
        self,
        header: Header,
        clauses: Sequence[AnyClause],
        choices: Sequence[AnyChoice] = (),
    ) -> None:
        """Sort out the clauses and the choices that apply."""
        self.header = header
        self.choices = tuple(c for c in choices if can_be_seen(c, header))
        self.clauses = tuple(c for c in clauses if not_applicable(c, header) is None)
        self.unreached = dict.fromkeys((clause.id for clause in self.clauses), 0)
        self.by_kind = {kind: self._about(kind) for kind in get_args(Judged)}
        self.by_operation = {
            operation: tuple(
                asked
                for asked in self.by_kind[Answered]
                if asks_about(asked[0], operation.__name__)
            )
            for operation in get_args(Operation)
        }
        self.watch_updates: dict[Objection | None, Watch] = {
            objection: _watch(
                choice
                for choice in self._watched(Updated)
                if objection in choice.objections
            )
            for objection in (None, *Objection)
        }
        self.watch_replies = {
            operation: _watch(
                choice
                for choice in self._watched(Answered)
                if operation.__name__ in choice.operations
            )
            for operation in get_args(Operation)
        }
        self.steps = {
            kind: (
                self.by_kind[kind],
                ABSORB.get(kind),
                kind in ENDINGS,
                _watch(self._watched(kind)),
            )
            for kind in get_args(Event)
        }

    def _about(self, kind: type) -> Agenda:
        return tuple(
            (clause, by_kind(clause.premise), by_kind(clause.holds))
            for clause in self.clauses
            if clause.kind is kind
        )

    def _watched(self, kind: type) -> tuple[AnyChoice, ...]:
        return tuple(choice for choice in self.choices if choice.kind is kind)


def _watch(choices: Iterable[AnyChoice]) -> Watch:
    return tuple((choice.id, by_kind(choice.taken)) for choice in choices)


class Judge:
    """Judges a history event by event.

    `reached` counts for each clause id how often its premise held, `taken` the
    options of the docket's choices. The judge is `over` after a finding or a
    contradiction: nothing more is judged.
    """

    def __init__(self, docket: Docket) -> None:
        """A judge for one history of the docket's header."""
        self.facts = Facts(docket.header)
        self.reached = dict(docket.unreached)
        self.taken: Taken = {}
        self.contradiction: str | None = None
        self.findings: tuple[Finding, ...] = ()
        self.complete = False
        self.over = False
        self._docket = docket

    def see(self, event: Event) -> tuple[Finding, ...]:
        """Judge one event; the findings it made, if any."""
        if self.over:
            return ()
        self.see_all((event,))
        return self.findings

    def see_all(self, events: Iterable[Event]) -> None:
        """Judge events, up to the first that makes a finding."""
        facts, steps = self.facts, self._docket.steps
        for event in events:
            if self.over:
                return
            agenda, absorb, is_ending, watch = steps[type(event)]
            if agenda:
                self._ask(agenda, event)
            if watch:
                self._watch(watch, event)
            if absorb is not None:
                absorb(facts, event)
            if is_ending:
                self._end(event)
            facts.step += 1

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
            self.taken,
        )

    def _ask(self, agenda: Agenda, event: Judged) -> None:
        facts = self.facts
        for clause, premise, holds in agenda:
            if premise(facts, event):
                self.reached[clause.id] += 1
                if not holds(facts, event):
                    self._found(clause, event)

    def _watch(self, watch: Watch, event: Judged) -> None:
        """Count the options that the event shows, where nothing is broken by it."""
        if self.over:
            return
        for choice, taken in watch:
            option = taken(self.facts, event)
            if option is not None:
                key = choice, option
                self.taken[key] = self.taken.get(key, 0) + 1

    def _found(self, clause: AnyClause, event: Judged) -> None:
        finding = Finding(
            clause.id,
            self.facts.step,
            clause.expectation(self.facts, event),
            observed_words(self.facts, event),
        )
        self.findings = (*self.findings, finding)
        self.over = True

    def _contradicted(self, words: str) -> None:
        self.contradiction = words
        self.over = True

    def _end(self, event: Event) -> None:
        if isinstance(event, Return):
            self._reply(event)
        elif isinstance(event, MmuUnlocked):
            self._rest(event)
        elif isinstance(event, Observed):
            self._observed(event)
        else:
            self.complete = True

    def _reply(self, event: Return) -> None:
        known = self.facts.calls.get(event.thread)
        if known is None:
            self._contradicted(f"thread {event.thread} returned without a call")
            return
        operation = known.operation
        if isinstance(operation, SetRegion):
            agenda = self._docket.by_kind[Updated]
            if agenda or self._docket.choices:
                update = updated(self.facts, event, known, operation)
                self._ask(agenda, update)
                first = next(iter(update.malformed or update.conflicts), None)
                watch = self._docket.watch_updates[first]
                if watch:
                    self._watch(watch, update)
        else:
            agenda = self._docket.by_operation[type(operation)]
            watch = self._docket.watch_replies[type(operation)]
            if agenda or watch:
                answer = answered(self.facts, event, known)
                self._ask(agenda, answer)
                if watch:
                    self._watch(watch, answer)
        returned(self.facts, event, known)
        if self.facts.dirty.watching:
            log_return(
                self.facts.dirty,
                event.thread,
                operation,
                event.reply,
                self.facts.possible_tables,
            )

    def _rest(self, event: MmuUnlocked) -> None:
        agenda = self._docket.by_kind[AtRest]
        touched = self.facts.shadow.rest()
        if touched and agenda:
            self._ask(agenda, AtRest(event.thread, touched))

    def _observed(self, event: Observed) -> None:
        if self.findings or self.facts.open_updates():
            return
        table = event.view.table
        facts = self.facts
        if table is not None and facts.sighted and table != facts.tables.current:
            self._contradicted(
                f"introspection shows {table!r}, "
                f"but the table published last was {facts.tables.current!r}"
            )
            return
        if table is not None and not facts.sighted:
            facts.worlds.observed(table)
        sptes = event.view.sptes
        if sptes is None or SpteMapped.__name__ not in facts.announced:
            return
        if not sptes and not facts.shadow.sptes:
            return
        shown = {(s.page, s.index): s.gfn for s in sptes}
        known = {place: spte.gfn for place, spte in facts.shadow.sptes.items()}
        if shown != known:
            self._contradicted(
                f"introspection shows sptes {shown}, but points told of {known}"
            )


def observed_words(facts: Facts, event: Judged) -> str:
    """What was seen instead, in words."""
    if isinstance(event, Answered | Updated):
        return describe_reply(event.reply)
    if isinstance(event, AtRest):
        return f"shadow state at rest after changes at {event.touched}"
    return describe_event(event, lambda handle: f"v{_version(facts, event, handle)}")


def _version(facts: Facts, event: Judged, handle: int) -> int:
    """What a handle stands for; a table that is being published has no version yet."""
    if isinstance(event, TablePublished) and event.table == handle:
        return facts.tables.newest + 1
    return facts.version(handle)


def judge(history: History, clauses: Sequence[AnyClause]) -> Judgement:
    """Judge a whole history with these clauses."""
    return judge_events(Docket(history.header, clauses), history.events)


def judge_events(docket: Docket, events: Iterable[Event]) -> Judgement:
    """Judge the events of a history of the docket's header."""
    fold = Judge(docket)
    fold.see_all(events)
    return fold.judgement()


def blind(header: Header) -> Header:
    """The header of the same histories with their points removed."""
    return replace(header, capabilities=replace(header.capabilities, announces=()))


def without_points(events: Iterable[Event]) -> tuple[Event, ...]:
    """The events that are left of a history when its points are removed."""
    return tuple(e for e in events if type(e) in NOT_POINTS)
