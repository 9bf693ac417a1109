"""The judge: one fold over a history, which knows nothing of where it came from.

For each event the clauses about it see the facts before it; then the facts
absorb it. The first event that breaks a clause ends the judging: what follows
it was made by an implementation already off the path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from memslot_spec.choice import OptionCounts
from memslot_spec.clause import AnyClause
from memslot_spec.facts.absorbing.calls import returned
from memslot_spec.facts.calls import CallFacts
from memslot_spec.facts.dirty_calls import log_return
from memslot_spec.facts.facts import Facts
from memslot_spec.history.events import Event, Observed, Return
from memslot_spec.history.header import History
from memslot_spec.history.points.mmu import MmuUnlocked
from memslot_spec.history.words.tables import describe_difference, describe_sptes
from memslot_spec.judging.announced.rules import UNTRUE
from memslot_spec.judging.announced.said import SaidSoFar, Untrue
from memslot_spec.judging.applies import (
    Agenda,
    ApplicableClauses,
    Watch,
    count_occasions,
    reads_points,
    reads_sptes,
    reads_tables,
)
from memslot_spec.judging.judgement import Finding, Judgement
from memslot_spec.judging.observed import Asked, observed_words
from memslot_spec.model.operations import RangeRequest, SetRegion
from memslot_spec.moments.mmu import AtRest
from memslot_spec.moments.ranges import range_updated
from memslot_spec.moments.replies import Answered, Updated, answered, updated
from memslot_spec.moments.shown import sptes_and_points, table_and_points


class Judge:
    """Judges a history event by event.

    `reached` counts for each clause id how often its premise held, `occasions` how
    often that of a clause was met, `taken` the options of the applicable clauses'
    choices. The judge is `over` after a finding:
    nothing more is judged. After a contradiction the clauses `withheld` are not.
    """

    def __init__(
        self, applicable: ApplicableClauses, *, holds_points: bool = True
    ) -> None:
        """A judge for one history of the applicable clauses' header.

        It `holds_points` against what was asked and what was announced before them.
        """
        self.facts = Facts(applicable.header)
        self.reached = dict(applicable.unreached)
        self.taken: OptionCounts = {}
        self.occasions: dict[str, int] = {}
        self.contradiction: str | None = None
        self.withheld: frozenset[str] | None = None
        self.findings: tuple[Finding, ...] = ()
        self.complete = False
        self.over = False
        self._applicable = applicable
        self._disagreed: set[object] = set()
        self._said = SaidSoFar() if holds_points else None

    def see(self, event: Event) -> tuple[Finding, ...]:
        """Judge one event; the findings it made, if any."""
        if self.over:
            return ()
        self.see_all((event,))
        return self.findings

    def see_all(self, events: Iterable[Event]) -> None:
        """Judge events, up to the first that makes a finding."""
        facts, steps, said = self.facts, self._applicable.steps, self._said
        for event in events:
            if self.over:
                return
            agenda, absorbs, is_ending, watch, contradicts, rule = steps[type(event)]
            words = None if contradicts is None else contradicts(facts, event)
            if words is not None:
                self._contradicted(words)
                return
            if agenda is not None:
                self._ask(agenda, event)
            if watch:
                self._watch(watch, event)
            if rule is not None and said is not None and not self.over:
                untrue = rule(said, facts, event)
                if untrue is not None:
                    self._untrue(event, untrue)
                    steps = self._applicable.steps
            for absorb in absorbs:
                absorb(facts, event)
            if is_ending:
                self._end(event)
                steps = self._applicable.steps
            facts.step += 1

    @property
    def undecided(self) -> str | None:
        """Why part of the history could not be judged; None if all was."""
        if self.facts.worlds.overflowed:
            return "overlapping updates left too many possible orders"
        if self.facts.worlds.lost and not self.findings:
            return "no order of the requests explains the reply of one of them"
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
            self.withheld,
            self.occasions,
        )

    def _ask(self, agenda: Agenda | None, event: Asked) -> None:
        """Ask about an event and about the moments made of it."""
        if agenda is None:
            return
        facts, reached = self.facts, self.reached
        found: list[Finding] = []
        # Grows while it is gone through, by the moments made of what is seen.
        waiting: list[tuple[Agenda, object]] = [(agenda, event)]
        for (clauses, made, occasions), seen in waiting:
            count_occasions(occasions, facts, seen, self.occasions)
            for clause, premise, holds in clauses:
                if premise is None or premise(facts, seen):
                    reached[clause.id] += 1
                    if not holds(facts, seen):
                        expected = clause.expectation(facts, seen)
                        observed = clause.observation(facts, seen)
                        if observed is None:
                            observed = observed_words(facts, event)
                        found.append(Finding(clause.id, facts.step, expected, observed))
            for make, of_moment in made:
                moment = make(facts, seen)
                if moment is not None:
                    waiting.append((of_moment, moment))
        if found:
            order = self._applicable.order
            found.sort(key=lambda finding: order[finding.clause])
            self.findings = (*self.findings, *found)
            self.over = True

    def _watch(self, watch: Watch, event: Event | Answered | Updated) -> None:
        """Count the options that the event shows, where nothing is broken by it."""
        if self.over:
            return
        for choice, taken in watch:
            option = taken(self.facts, event)
            if option is not None:
                key = choice, option
                self.taken[key] = self.taken.get(key, 0) + 1

    def _contradicted(self, words: str) -> None:
        self.contradiction = words
        self.withheld = None
        self.over = True

    def _untrue(self, event: Event, untrue: str | Untrue) -> None:
        """An announcement does not fit what was asked, or others.

        None of the clauses may read it: then all of them have their verdicts still.
        """
        if not isinstance(untrue, Untrue):
            untrue = Untrue(type(event), untrue)
        kind, words = untrue
        clauses = self._applicable.clauses
        readers = frozenset(c.id for c in clauses if reads_points(c, kind))
        self._withhold(UNTRUE + words, kind, readers)

    def _disagree(self, words: str, reads: Callable[[AnyClause], bool]) -> None:
        """Points and introspection disagree: who reads that is asked no more.

        Where SLOT-18 and MMU-17 are among the clauses they have found it before.
        """
        clauses = self._applicable.clauses
        readers = frozenset(clause.id for clause in clauses if reads(clause))
        self._withhold(words, reads, readers)

    def _withhold(self, words: str, what: object, readers: frozenset[str]) -> None:
        """Contradicted once about this: the clauses that read it have no verdict."""
        if what in self._disagreed:
            return
        self._disagreed.add(what)
        told = self.contradiction
        self.contradiction = words if told is None else f"{told}; {words}"
        self.withheld = readers | (self.withheld or frozenset())
        self._applicable = self._applicable.without(readers)

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
        self._ask_about_reply(event, known)
        returned(self.facts, event, known)
        if self.facts.worlds.lost or self.facts.worlds.overflowed:
            self.over = True
        if self.facts.dirty.watching:
            log_return(
                self.facts.dirty,
                event.thread,
                known.operation,
                event.reply,
                self.facts.possible_tables,
            )

    def _ask_about_reply(self, event: Return, known: CallFacts) -> None:
        """Ask about a call that is over, each kind of call in its own words."""
        operation = known.operation
        if isinstance(operation, SetRegion):
            agenda = self._applicable.updated
            if agenda or self._applicable.choices:
                update = updated(self.facts, event, known, operation)
                self._ask(agenda, update)
                first = next(iter(update.malformed or update.conflicts), None)
                watch = self._applicable.watch_updates[first]
                if watch:
                    self._watch(watch, update)
        elif isinstance(operation, RangeRequest):
            if agenda := self._applicable.range_updated:
                self._ask(agenda, range_updated(self.facts, event, known, operation))
        else:
            agenda = self._applicable.answered[type(operation)]
            watch = self._applicable.watch_replies[type(operation)]
            if agenda or watch:
                answer = answered(self.facts, event, known)
                self._ask(agenda, answer)
                if watch:
                    self._watch(watch, answer)

    def _rest(self, event: MmuUnlocked) -> None:
        agenda = self._applicable.at_rest
        if (touched := self.facts.shadow.rest()) and agenda:
            self._ask(agenda, AtRest(event.thread, touched))

    def _observed(self, event: Observed) -> None:
        if self.findings or self.facts.open_updates():
            return
        self._table_shown(event)
        self._sptes_shown(event)

    def _table_shown(self, event: Observed) -> None:
        table, facts = event.view.table, self.facts
        if table is not None and not facts.sighted:
            facts.worlds.observed(table)
        both = table_and_points(facts, event)
        if both is not None and not both.agree:
            self._disagree(
                "introspection does not show the table published last: it shows "
                f"{describe_difference(both.shown, both.published)}",
                reads_tables,
            )

    def _sptes_shown(self, event: Observed) -> None:
        both = sptes_and_points(self.facts, event)
        if both is not None and not both.agree:
            self._disagree(
                f"introspection shows {describe_sptes(both.shown)}, but the points "
                f"tell of {describe_sptes(both.told)}",
                reads_sptes,
            )


def judge(history: History, clauses: Sequence[AnyClause]) -> Judgement:
    """Judge a whole history with these clauses."""
    return judge_events(ApplicableClauses(history.header, clauses), history.events)


def judge_events(applicable: ApplicableClauses, events: Iterable[Event]) -> Judgement:
    """Judge the events of a history of the applicable clauses' header."""
    fold = Judge(applicable)
    fold.see_all(events)
    return fold.judgement()
