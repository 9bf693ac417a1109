"""What a clause is: one normative sentence, and the predicate that holds it.

A clause is plain data. Its predicates are named functions over read-only facts
and one event; it owns no state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, Protocol, TypeVar

from memslot_spec.answered import Answered, AtRest, Updated
from memslot_spec.events import Call, Event, Finished, Observed, Return
from memslot_spec.facts import Facts
from memslot_spec.history import Header, Interleaving

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
    what the target must have beyond `needs`; a `concurrent` clause means
    nothing on a target that takes one call at a time.
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
    concurrent: bool = False

    def verdict_on(self, facts: Facts, event: object) -> bool | None:
        """Whether the event keeps the sentence; None if it is not about it."""
        if not isinstance(event, self.on) or not self.premise(facts, event):
            return None
        return self.holds(facts, event)

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
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def must(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def rows(self) -> tuple[int, ...]: ...
    @property
    def profiles(self) -> frozenset[str]: ...
    @property
    def needs(self) -> Needs: ...
    @property
    def operations(self) -> tuple[str, ...]: ...
    @property
    def points(self) -> tuple[str, ...]: ...
    @property
    def shows(self) -> tuple[str, ...]: ...
    @property
    def concurrent(self) -> bool: ...
    @property
    def kind(self) -> type: ...

    def verdict_on(self, facts: Facts, event: object) -> bool | None: ...

    def expectation(self, facts: Facts, event: object) -> str: ...


def not_applicable(clause: AnyClause, header: Header) -> str | None:
    """Why the target of this header cannot be held to the clause; None if it can."""
    has = header.capabilities
    if header.profile not in clause.profiles:
        return f"does not bind profile {header.profile}"
    if clause.concurrent and has.interleaving is Interleaving.NONE:
        return "the target takes one call at a time"
    wanted = [name for name in clause.operations if name not in has.operations]
    if wanted:
        return f"the target has no {', '.join(wanted)}"
    unseen = [part for part in clause.shows if part not in has.shows]
    if unseen:
        return f"introspection does not show {', '.join(unseen)}"
    silent = [name for name in points_of(clause) if name not in has.announces]
    if silent:
        return f"the target does not announce {', '.join(silent)}"
    return None


def points_of(clause: AnyClause) -> tuple[str, ...]:
    """The kinds of points that a target must announce for this clause."""
    if clause.needs is not Needs.POINTS or clause.kind in NOT_POINTS:
        return clause.points
    return tuple(dict.fromkeys((clause.kind.__name__, *clause.points)))
