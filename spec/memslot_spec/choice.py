"""What a choice is: a place where more than one answer is allowed.

A choice is plain data, like a clause: its options in words, and a named function
over the facts and one event that says which of them was taken. It judges nothing.
Which options a target never takes says what no run has shown. A choice is made at
an event, or at a moment that the judge makes of events.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Never, TypeVar

from memslot_spec.facts.facts import Facts
from memslot_spec.history.header import Header
from memslot_spec.model.operations import Origin
from memslot_spec.model.updates import Objection
from memslot_spec.moments import root_of
from memslot_spec.moments.replies import Updated

E = TypeVar("E")
E_contra = TypeVar("E_contra", contravariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Generic[E_contra]):
    """One place where the plan or a clause leaves several answers.

    `on` is the kind of event or moment at which it shows, `taken` gives the option,
    or None where the event is not about it. `clauses` are the ids of those that leave
    the latitude. A choice on requests is asked about those to which the first
    objection is one of `objections`; None stands for nothing wrong. The target needs
    one of `operations`, all of `points`, and where they are asked for, injected
    `failures`, `private` slots, accesses of an `origin`, `holes` in host memory, or
    memory that is `scarce`.
    """

    id: str
    title: str
    options: tuple[str, ...]
    source: str
    profiles: frozenset[str]
    clauses: tuple[str, ...]
    on: type[E_contra]
    taken: Callable[[Facts, E_contra], str | None]
    objections: tuple[Objection | None, ...] = (None,)
    operations: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    failures: bool = False
    private: bool = False
    origin: Origin | None = None
    holes: bool = False
    scarce: bool = False

    @property
    def kind(self) -> type:
        """The kind of event or moment at which it shows."""
        return self.on

    @property
    def root(self) -> type:
        """The kind of event, or of call with its reply, that its moment is made of."""
        return root_of(self.on)


AnyChoice = Choice[Never]
"""A choice on whatever kind of event."""


def choice(  # noqa: PLR0913 - the fields of a choice, each by its name
    *,
    id: str,  # noqa: A002 - the field's name
    title: str,
    options: tuple[str, ...],
    source: str,
    profiles: frozenset[str],
    clauses: tuple[str, ...],
    on: type[E],
    objections: tuple[Objection | None, ...] = (None,),
    operations: tuple[str, ...] = (),
    points: tuple[str, ...] = (),
    failures: bool = False,
    private: bool = False,
    origin: Origin | None = None,
    holes: bool = False,
    scarce: bool = False,
) -> Callable[[Callable[[Facts, E], str | None]], Choice[E]]:
    """The choice of which the function below tells the option taken.

    Nothing is registered: a chapter lists its choices in a tuple. A choice on
    requests needs SetRegion, and need not say so.
    """

    def of_taken(taken: Callable[[Facts, E], str | None]) -> Choice[E]:
        asked = operations or (("SetRegion",) if root_of(on) is Updated else ())
        return Choice(
            id=id,
            title=title,
            options=options,
            source=source,
            profiles=profiles,
            clauses=clauses,
            on=on,
            taken=taken,
            objections=objections,
            operations=asked,
            points=points,
            failures=failures,
            private=private,
            origin=origin,
            holes=holes,
            scarce=scarce,
        )

    return of_taken


def can_be_seen(choice: AnyChoice, header: Header) -> bool:
    """A history of this header can show which option is taken."""
    has = header.capabilities
    return (
        header.profile in choice.profiles
        and (not choice.operations or bool({*choice.operations} & {*has.operations}))
        and set(choice.points) <= set(has.announces)
        and (not choice.failures or bool(header.domain.failures))
        and (not choice.private or bool(header.domain.private_slots))
        and (not choice.scarce or header.limits.enough_pages is not None)
        and (choice.origin is None or choice.origin.name in header.domain.origins)
        and (not choice.holes or bool(header.limits.holes))
    )


OptionCounts = dict[tuple[str, str], int]
"""How often each option was taken, by the choice's id and the option."""
