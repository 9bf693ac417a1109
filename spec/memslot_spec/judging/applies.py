"""Which clauses apply to a target, and on which events each is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple, get_args

from memslot_spec.choice import AnyChoice, can_be_seen
from memslot_spec.clause import AnyClause, always
from memslot_spec.facts.absorb import ABSORB
from memslot_spec.facts.absorbing.on import Absorb
from memslot_spec.facts.facts import Facts, by_kind
from memslot_spec.history.events import Event, Finished, Observed, Return, is_point
from memslot_spec.history.header import DirtyTracking, Header, Interleaving
from memslot_spec.history.points.mmu import (
    MmuUnlocked,
    SpteMapped,
    SpteRemoved,
    SpteUpdated,
)
from memslot_spec.judging.announced.rules import rules_for
from memslot_spec.judging.announced.said import Rule
from memslot_spec.judging.by_ranges import has_choice, reasons_by_ranges
from memslot_spec.judging.calls import CONTRADICTS, Contradicts
from memslot_spec.model.operations import Operation, Origin
from memslot_spec.model.updates import Objection
from memslot_spec.moments import MAKINGS, made_by
from memslot_spec.moments.making import MakeMoment
from memslot_spec.moments.mmu import AtRest
from memslot_spec.moments.ranges import RangeUpdated
from memslot_spec.moments.replies import Answered, Updated

Predicate = Callable[[Facts, object], bool]
Watch = tuple[tuple[str, Callable[[Facts, object], str | None]], ...]
"""Choices that show at one kind of event, each with what tells the option."""

ORIGINS = {
    Origin.PAGE_FAULT: "the processor",
    Origin.EMULATOR: "the emulator",
    Origin.TABLE_WALK: "a walk of the guest's page table",
    Origin.KVM: "KVM itself",
}

ENDINGS = frozenset({Return, MmuUnlocked, Observed, Finished})
"""The kinds of events after which the judge looks at the whole of something."""


def not_applicable(clause: AnyClause, header: Header) -> str | None:
    """Why the target of this header cannot be held to the clause; None if it can."""
    return next(_reasons(clause, header), None)


def _reasons(clause: AnyClause, header: Header) -> Iterator[str]:
    has = header.capabilities
    yield from reasons_by_ranges(clause, header)
    if header.profile not in clause.profiles:
        yield f"the clause does not bind profile {header.profile}"
    if clause.concurrent and has.interleaving is Interleaving.NONE:
        yield "the target takes one call at a time"
    if clause.unless is not None and clause.unless in has.announces:
        yield f"finer clauses apply, since the target announces {clause.unless}"
    yield from _out_of_its_domain(clause, header)
    if clause.any_operation and not set(clause.any_operation) & set(has.operations):
        yield f"the target has none of the operations {', '.join(clause.any_operation)}"
    wanted = [name for name in clause.operations if name not in has.operations]
    if wanted:
        yield f"the target lacks the operation {', '.join(wanted)}"
    unseen = [part for part in clause.shows if part not in has.shows]
    if unseen:
        yield f"introspection does not show {', '.join(unseen)}"
    silent = [name for name in points_of(clause) if name not in has.announces]
    if silent:
        yield f"the target does not announce {', '.join(silent)}"


def _out_of_its_domain(clause: AnyClause, header: Header) -> Iterator[str]:
    if clause.private and not header.domain.private_slots:
        yield "the target has no private slots"
    if clause.across_spaces and header.limits.address_spaces == 1:
        yield "the target has one address space"
    if clause.overlapping and not header.domain.overlaps_private:
        yield "no user slot of the target lies over a private one"
    if clause.ages and not header.domain.tracks_accesses:
        yield "an ageing of the target does not know what was accessed"
    if clause.host_pages and not header.domain.names_host_pages:
        yield "an access of the target does not tell which page of the host it reached"
    origin = clause.origin
    if origin is not None and origin.name not in header.domain.origins:
        yield f"no access of the target is made by {ORIGINS[origin]}"
    if clause.exact and not header.domain.exact_dirty_log:
        yield "the target does not claim that its dirty log is exact"
    by_dirty_bits = header.domain.dirty_tracking is DirtyTracking.DIRTY_BIT
    silent = SpteUpdated.__name__ not in header.capabilities.announces
    if clause.armed and by_dirty_bits and silent:
        yield "the target tracks by D bits, and does not announce SpteUpdated"


def points_of(clause: AnyClause) -> tuple[str, ...]:
    """The points that a target must announce before the clause can be judged."""
    if not is_point(clause.root):
        return clause.points
    return tuple(dict.fromkeys((clause.root.__name__, *clause.points)))


def reads_tables(clause: AnyClause) -> bool:
    """What it says rests on which tables points tell of, or on those shown."""
    points = points_of(clause)
    of_a_reply = clause.root in {Answered, Updated, Observed}
    return of_a_reply or any(name.startswith("Table") for name in points)


def reads_points(clause: AnyClause, kind: type) -> bool:
    """What it says rests on points of this kind."""
    return kind.__name__ in points_of(clause)


def reads_sptes(clause: AnyClause) -> bool:
    """What it says rests on which sptes points tell of, or on those shown."""
    shown = {"sptes", "pages"} & {*clause.shows}
    told = {SpteMapped.__name__, SpteRemoved.__name__} & {*points_of(clause)}
    return bool(shown or told)


def asks_about(clause: AnyClause, operation: str) -> bool:
    """A clause on replies that names operations is asked about those alone."""
    named = (*clause.operations, *clause.any_operation)
    return not named or operation in named


class Agenda(NamedTuple):
    """What is asked about one kind of event or moment.

    `clauses` are asked about it, each with its premise, None where it always holds,
    and its check; `made` are the moments that come of it, each with how it is made
    and what is asked then; `occasions` are those of clauses, each with when it is met.
    """

    clauses: tuple[tuple[AnyClause, Predicate | None, Predicate], ...] = ()
    made: tuple[tuple[MakeMoment, Agenda], ...] = ()
    occasions: tuple[tuple[str, Predicate], ...] = ()


def count_occasions(
    occasions: tuple[tuple[str, Predicate], ...],
    facts: Facts,
    seen: object,
    counts: dict[str, int],
) -> None:
    """Count those of an agenda that are met at what is seen."""
    for clause, met in occasions:
        if met(facts, seen):
            counts[clause] = counts.get(clause, 0) + 1


class EventHandling(NamedTuple):
    """What the judge does at one kind of event; no agenda is nothing to ask.

    What `contradicts` the facts before the event is looked at first, and after the
    agenda the rule for what is `announced`.
    """

    agenda: Agenda | None
    absorb: tuple[Absorb, ...]
    is_ending: bool
    watch: Watch
    contradicts: Contradicts | None
    announced: Rule | None


class ApplicableClauses:
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
        self._without: dict[frozenset[str], ApplicableClauses] = {}
        seen = (c for c in choices if can_be_seen(c, header))
        self.choices = tuple(c for c in seen if has_choice(c, header))
        self.clauses = tuple(c for c in clauses if not_applicable(c, header) is None)
        self.unreached = dict.fromkeys((clause.id for clause in self.clauses), 0)
        self.order = {clause.id: place for place, clause in enumerate(self.clauses)}
        self.at_rest = _agenda(AtRest, self.clauses)
        self.updated = _agenda(Updated, self.clauses)
        self.range_updated = _agenda(RangeUpdated, self.clauses)
        self.answered = {
            kind: _agenda(
                Answered, [c for c in self.clauses if asks_about(c, kind.__name__)]
            )
            for kind in get_args(Operation)
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
        announced = rules_for(header)
        self.steps = {
            kind: EventHandling(
                _agenda(kind, self.clauses),
                ABSORB.get(kind, ()),
                kind in ENDINGS,
                _watch(self._watched(kind)),
                CONTRADICTS.get(kind),
                announced.get(kind),
            )
            for kind in get_args(Event)
        }

    def without(self, withheld: frozenset[str]) -> ApplicableClauses:
        """The same without these clauses, which cannot be judged any more."""
        left = self._without.get(withheld)
        if left is None:
            kept = [c for c in self.clauses if c.id not in withheld]
            left = ApplicableClauses(self.header, kept, self.choices)
            self._without[withheld] = left
        return left

    def _watched(self, kind: type) -> tuple[AnyChoice, ...]:
        return tuple(choice for choice in self.choices if choice.root is kind)


def _agenda(kind: type, clauses: Sequence[AnyClause]) -> Agenda | None:
    """What is asked of these clauses about a kind, and about what is made of it."""
    asked = tuple(
        (
            clause,
            None if clause.premise is always else by_kind(clause.premise),
            by_kind(clause.holds),
        )
        for clause in clauses
        if clause.kind is kind
    )
    made = tuple(
        (making.make, agenda)
        for making in MAKINGS
        if making.source is kind
        if (agenda := _agenda(making.kind, clauses)) is not None
    )
    occasions = tuple(
        (clause.id, by_kind(clause.occasion.met))
        for clause in clauses
        if clause.occasion is not None and clause.occasion.on is kind
    )
    return Agenda(asked, made, occasions) if asked or made or occasions else None


def _watch(choices: Iterable[AnyChoice]) -> Watch:
    return tuple((choice.id, _seen_from(choice)) for choice in choices)


def _seen_from(choice: AnyChoice) -> Callable[[Facts, object], str | None]:
    """What tells the option of an event, by way of the moment made of it if any."""
    makes = tuple(making.make for making in reversed(made_by(choice.kind)))
    taken = by_kind(choice.taken)
    return partial(_taken_at, makes, taken) if makes else taken


def _taken_at(
    makes: Sequence[MakeMoment],
    taken: Callable[[Facts, object], str | None],
    facts: Facts,
    event: object,
) -> str | None:
    seen: object | None = event
    for make in makes:
        if seen is None:
            return None
        seen = make(facts, seen)
    return None if seen is None else taken(facts, seen)
