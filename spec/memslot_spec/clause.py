"""What a clause is: one normative sentence, and the predicate that holds it.

A clause is plain data. Its predicates are named functions over read-only facts
and one event; it owns no state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Generic, Never, Protocol, TypeVar

from memslot_spec.facts.facts import Facts
from memslot_spec.history.events import Call, Event, Finished, Observed, Return
from memslot_spec.history.header import Header, Interleaving
from memslot_spec.moments.replies import Answered, AtRest, Updated

Judged = Event | Answered | Updated | AtRest
"""What a clause can be about: an event, or one that the judge makes."""

E = TypeVar("E")

NOT_POINTS = frozenset({Answered, Updated, AtRest, Call, Return, Observed, Finished})
"""Kinds a judge sees on every target: no announcement is needed for them."""


class Needs(Enum):
    """What must be visible for a clause to be judged at all."""

    CALLS = "calls"
    INTROSPECTION = "introspection"
    POINTS = "points"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause(Generic[E]):
    """One MUST, with its source and the profiles it binds.

    `on` is the kind of event it speaks of. `premise` says that the event is one
    the sentence is about, `holds` that the sentence is kept, `expected` words
    what should have been, and is asked only on failure. `rows` are the numbers
    of the published catalogue that it came from. `operations` and `points` name
    what the target must have beyond `needs`, `any_operation` names those of
    which one is enough, and `private` wants slots of the kernel's own. A
    `concurrent` clause means nothing on a target that takes one call at a time.
    A clause is left to finer ones where the kind of point named in `unless` is
    announced. An `exact` one holds only those who claim an exact dirty log, one
    `across_spaces` those who have several address spaces.
    """

    id: str
    title: str
    must: str
    source: str
    rows: tuple[int, ...]
    profiles: frozenset[str]
    needs: Needs
    on: type[E]
    premise: Callable[[Facts, E], bool]
    holds: Callable[[Facts, E], bool]
    expected: Callable[[Facts, E], str]
    operations: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()
    any_operation: tuple[str, ...] = ()
    private: bool = False
    concurrent: bool = False
    unless: str | None = None
    exact: bool = False
    across_spaces: bool = False

    def expectation(self, facts: Facts, event: object) -> str:
        """What should have been, in words."""
        return self.expected(facts, event) if isinstance(event, self.on) else ""

    @property
    def kind(self) -> type:
        """The kind of event the clause is asked about."""
        return self.on


class AnyClause(Protocol):
    """A clause on whatever kind of event."""

    @property
    def id(self) -> str:
        """Its permanent name."""
        ...

    @property
    def title(self) -> str:
        """The sentence in a few words."""
        ...

    @property
    def must(self) -> str:
        """The sentence."""
        ...

    @property
    def source(self) -> str:
        """Where it is from."""
        ...

    @property
    def rows(self) -> tuple[int, ...]:
        """Numbers of the published catalogue."""
        ...

    @property
    def profiles(self) -> frozenset[str]:
        """Whom it binds."""
        ...

    @property
    def needs(self) -> Needs:
        """What must be visible."""
        ...

    @property
    def operations(self) -> tuple[str, ...]:
        """Operations that it needs."""
        ...

    @property
    def points(self) -> tuple[str, ...]:
        """Kinds of points that it needs."""
        ...

    @property
    def shows(self) -> tuple[str, ...]:
        """Parts of a view that it needs."""
        ...

    @property
    def concurrent(self) -> bool:
        """It means nothing on a target that takes one call at a time."""
        ...

    @property
    def unless(self) -> str | None:
        """A kind of point that leaves it to finer clauses."""
        ...

    @property
    def any_operation(self) -> tuple[str, ...]:
        """Operations of which it needs one."""
        ...

    @property
    def private(self) -> bool:
        """It needs private slots."""
        ...

    @property
    def across_spaces(self) -> bool:
        """It means nothing where there is one address space."""
        ...

    @property
    def exact(self) -> bool:
        """It holds only those who claim an exact dirty log."""
        ...

    @property
    def kind(self) -> type:
        """The kind of event it is asked about."""
        ...

    @property
    def premise(self) -> Callable[[Facts, Never], bool]:
        """Whether an event of its kind is one that it is about."""
        ...

    @property
    def holds(self) -> Callable[[Facts, Never], bool]:
        """Whether such an event keeps the sentence."""
        ...

    def expectation(self, facts: Facts, event: object) -> str:
        """What should have been, in words."""
        ...


def asks_about(clause: AnyClause, operation: str) -> bool:
    """A clause on replies that names operations is asked about those alone."""
    named = (*clause.operations, *clause.any_operation)
    return not named or operation in named


def not_applicable(clause: AnyClause, header: Header) -> str | None:
    """Why the target of this header cannot be held to the clause; None if it can."""
    return next(_reasons(clause, header), None)


def _reasons(clause: AnyClause, header: Header) -> Iterator[str]:
    has = header.capabilities
    if header.profile not in clause.profiles:
        yield f"does not bind profile {header.profile}"
    if clause.concurrent and has.interleaving is Interleaving.NONE:
        yield "the target takes one call at a time"
    if clause.unless is not None and clause.unless in has.announces:
        yield f"the target announces {clause.unless}, which finer clauses judge"
    yield from _out_of_its_domain(clause, header)
    if clause.any_operation and not set(clause.any_operation) & set(has.operations):
        yield f"the target has none of {', '.join(clause.any_operation)}"
    wanted = [name for name in clause.operations if name not in has.operations]
    if wanted:
        yield f"the target has no {', '.join(wanted)}"
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
    if clause.exact and not header.domain.exact_dirty_log:
        yield "the target does not claim that its dirty log is exact"


def points_of(clause: AnyClause) -> tuple[str, ...]:
    """The kinds of points that a target must announce for this clause."""
    if clause.needs is not Needs.POINTS or clause.kind in NOT_POINTS:
        return clause.points
    return tuple(dict.fromkeys((clause.kind.__name__, *clause.points)))
