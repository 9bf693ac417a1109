"""What a clause is: one normative sentence, with the check that holds it.

A clause is plain data. Its predicates are named functions over read-only facts
and one event, or one moment that the judge makes of events; it owns no state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, NamedTuple, Never, TypeVar

from memslot_spec.facts.facts import Facts
from memslot_spec.history.events import Observed, is_point
from memslot_spec.known import Known
from memslot_spec.model.operations import Origin
from memslot_spec.model.profile import BOTH
from memslot_spec.model.range_rules import Removal
from memslot_spec.moments import root_of
from memslot_spec.moments.replies import Updated
from memslot_spec.occasion import Occasion

E = TypeVar("E")
E_contra = TypeVar("E_contra", contravariant=True)


class Needs(Enum):
    """What must be visible for a clause to be judged at all."""

    CALLS = "calls"
    INTROSPECTION = "introspection"
    POINTS = "points"


class Implied(NamedTuple):
    """Whoever breaks the clause breaks one of these too; the reason is in a few words.

    The clause stays for what it says of one case, and is no rule of its own.
    """

    by: tuple[str, ...]
    because: str


def always(facts: Facts, event: object) -> bool:  # noqa: ARG001 - a premise's form
    """Every event of the kind is one that the sentence is about."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause(Generic[E_contra]):
    """One MUST, how it is known, and the profiles it binds.

    `on` is the kind of event or moment it speaks of. `premise` says that the event
    is one the sentence is about, `holds` that the sentence is kept, `expected`
    words what should have been: a text, or a function that is asked only on
    failure. So does `observed` with what was, where the words of the event or of
    the reply do not show what is wrong. `rows` are the numbers of the published
    catalogue that it came from. `implied` names the clauses that say the same and more.
    `operations` and `points` name what the target must have besides what it is
    `on`, `any_operation` names those of which one is enough, `shows` parts of a
    view, and `private` wants slots of the kernel's own. A `concurrent` clause means
    nothing on a target that takes one call at a time. A clause is left to finer
    ones where the kind of point named in `unless` is announced. An `exact` one
    holds only those who claim an exact dirty log, one `across_spaces` those who
    have several address spaces, one with an `origin` those who make accesses of it. An
    `armed` one asks whether writes are noticed, which of a target that tracks by D bits
    cannot be told unless it announces `SpteUpdated`.
    An `overlapping` one holds those who let a user slot lie over a private one, one
    that `ages` those whose ageing knows what was accessed, one on `host_pages` those
    whose accesses tell which page of the host they reached. One on `ranges` holds
    those alone who have a table by ranges, with a `removal` those who declare this one,
    and with `claims` those who claim what the field of `RangeRules` says. An `occasion`
    says when it is enough that the premise never held.
    """

    id: str
    title: str
    must: str
    known: Known
    rows: tuple[int, ...]
    on: type[E_contra]
    holds: Callable[[Facts, E_contra], bool]
    expected: str | Callable[[Facts, E_contra], str]
    observed: str | Callable[[Facts, E_contra], str] | None = None
    premise: Callable[[Facts, E_contra], bool] = always
    profiles: frozenset[str] = BOTH
    operations: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()
    any_operation: tuple[str, ...] = ()
    private: bool = False
    concurrent: bool = False
    unless: str | None = None
    exact: bool = False
    across_spaces: bool = False
    armed: bool = False
    origin: Origin | None = None
    overlapping: bool = False
    ages: bool = False
    host_pages: bool = False
    removal: Removal | None = None
    claims: str | None = None
    ranges: bool = False
    implied: Implied | None = None
    occasion: Occasion | None = None

    @property
    def source(self) -> str:
        """Where to look the sentence up, or what it follows from, in one line."""
        return self.known.source

    @property
    def kind(self) -> type:
        """The kind of event or moment the clause is asked about."""
        return self.on

    @property
    def root(self) -> type:
        """The kind of event, or of call with its reply, that its moment is made of."""
        return root_of(self.on)

    @property
    def needs(self) -> Needs:
        """What must be visible: it follows from what the clause speaks of."""
        if self.points or is_point(self.root):
            return Needs.POINTS
        if self.shows or self.root is Observed:
            return Needs.INTROSPECTION
        return Needs.CALLS

    def expectation(self, facts: Facts, event: object) -> str:
        """What should have been, in words."""
        if not isinstance(event, self.on):
            return ""
        expected = self.expected
        return expected if isinstance(expected, str) else expected(facts, event)

    def observation(self, facts: Facts, event: object) -> str | None:
        """What was instead, in words; None where those of the event will do."""
        observed = self.observed
        if observed is None or isinstance(observed, str):
            return observed
        return observed(facts, event) if isinstance(event, self.on) else None


AnyClause = Clause[Never]
"""A clause on whatever kind of event."""


def by_number(*clauses: AnyClause) -> tuple[AnyClause, ...]:
    """The clauses of one chapter in the order of their ids."""
    return tuple(sorted(clauses, key=lambda clause: int(clause.id.split("-")[1])))


def clause(  # noqa: PLR0913 - the fields of a clause, each by its name
    *,
    id: str,  # noqa: A002 - the field's name
    title: str,
    must: str,
    known: Known,
    on: type[E],
    expected: str | Callable[[Facts, E], str],
    rows: tuple[int, ...],
    observed: str | Callable[[Facts, E], str] | None = None,
    premise: Callable[[Facts, E], bool] = always,
    profiles: frozenset[str] = BOTH,
    operations: tuple[str, ...] = (),
    points: tuple[str, ...] = (),
    shows: tuple[str, ...] = (),
    any_operation: tuple[str, ...] = (),
    private: bool = False,
    concurrent: bool = False,
    unless: str | None = None,
    exact: bool = False,
    across_spaces: bool = False,
    armed: bool = False,
    origin: Origin | None = None,
    overlapping: bool = False,
    ages: bool = False,
    host_pages: bool = False,
    removal: Removal | None = None,
    claims: str | None = None,
    ranges: bool = False,
    implied: Implied | None = None,
    occasion: Occasion | None = None,
) -> Callable[[Callable[[Facts, E], bool]], Clause[E]]:
    """The clause of which the function below the sentence is the check.

    Nothing is registered: a chapter lists its clauses in a tuple. A clause on
    requests needs SetRegion, and need not say so.
    """

    def of_check(holds: Callable[[Facts, E], bool]) -> Clause[E]:
        asked = operations or (("SetRegion",) if root_of(on) is Updated else ())
        return Clause(
            id=id,
            title=title,
            must=must,
            known=known,
            rows=rows,
            on=on,
            holds=holds,
            expected=expected,
            observed=observed,
            premise=premise,
            profiles=profiles,
            operations=asked,
            points=points,
            shows=shows,
            any_operation=any_operation,
            private=private,
            concurrent=concurrent,
            unless=unless,
            exact=exact,
            across_spaces=across_spaces,
            armed=armed,
            origin=origin,
            overlapping=overlapping,
            ages=ages,
            host_pages=host_pages,
            removal=removal,
            claims=claims,
            ranges=ranges,
            implied=implied,
            occasion=occasion,
        )

    return of_check
