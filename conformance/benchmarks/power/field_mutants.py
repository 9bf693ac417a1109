"""Mutants of both references that say something else than they do.

Each is a reference behind a wrapper: its points are dropped, doubled or changed on
their way to the hook, its replies on their way back. They are generated from the types
of the points and the replies, one for each change of each field, and are targets by
name: `py:field_mutants:reference/MmuLocked/dropped`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Concatenate, cast, get_args

from field_changes import Change, field_changes
from memslot_conformance.adapter.capabilities import METHODS
from memslot_conformance.adapter.declarations import announces_of
from memslot_conformance.adapter.protocols import Implementation
from memslot_reference.reference import reference, reference_linux
from memslot_spec.history.events import Point
from memslot_spec.history.hook import Hook, P, Silent
from memslot_spec.model.profile import LINUX, V2_6_34, Profile
from memslot_spec.model.replies import (
    FoundHva,
    FoundId,
    FoundSlot,
    Number,
    Reply,
    Touched,
    Visible,
)

PREFIX = f"py:{__name__}:"
"""A target's name before the name of a mutant."""

BASES: dict[str, tuple[Callable[[Hook, Profile], Implementation], Profile]] = {
    "reference": (reference, V2_6_34),
    "reference-linux": (reference_linux, LINUX),
}

OF_REPLY, OF_POINT, THREAD = "field of a reply", "field of a point", "thread of a point"
DROPPED, DOUBLED = "dropped", "doubled"
GROUPS = (OF_REPLY, OF_POINT, DROPPED, DOUBLED, THREAD)
"""What is changed. A point's thread is put in by the host: the hook has no place where
a target could say it. Its mutants are counted apart, and nothing is asked of them."""

ASKED = frozenset({*METHODS.values(), "software_access", "set_private_region"})
"""The methods that carry out operations."""

BARE: dict[str, tuple[type[Any], str]] = {
    "gfn_to_memslot": (FoundSlot, "slot"),
    "vcpu_gfn_to_memslot": (FoundSlot, "slot"),
    "gfn_to_hva": (FoundHva, "hva"),
    "is_visible_gfn": (Visible, "visible"),
    "memslot_id": (FoundId, "id"),
    "tss_base": (Number, "value"),
    "mmu_pages": (Number, "value"),
    "count_rmaps": (Number, "value"),
    "age_hva": (Touched, "young"),
}
"""Methods that answer with what their reply holds, and in which field it does."""

UNTOLD = frozenset(
    {
        "Refused.errno",
        "CutShort.errno",
        "Accessed.replaced",
        "MmioCached.bits",
        "RmapIndexed.as_id",
        "RmapAdded.as_id",
        "RmapRemoved.as_id",
    }
)
"""Where None says by definition that a target does not tell. It is no wrong answer, so
None in place of a value is no mutant there."""


@dataclass(slots=True)
class FieldMutant:
    """A reference with one change; called as a factory, it makes one.

    `times` counts how often what came out differed.
    """

    base: str
    kind: type[object]
    what: str
    how: str
    make: Callable[[Any], Any] | None = None
    times: int = 0

    @property
    def name(self) -> str:
        """Its base, what is changed, and how."""
        return f"{self.base}/{self.what}/{self.how}"

    @property
    def group(self) -> str:
        """What sort of lie it tells: `GROUPS` says what is asked of each."""
        if not self.is_of_point:
            return OF_REPLY
        if self.make is None:
            return self.how
        return THREAD if self.what == f"{self.kind.__name__}.thread" else OF_POINT

    @property
    def profile(self) -> str:
        """The name of the profile it is held to."""
        return BASES[self.base][1].name

    @property
    def is_of_point(self) -> bool:
        """It changes a point; otherwise a reply."""
        return self.kind in get_args(Point)

    def is_about(self, kind: object) -> bool:
        """It changes points or replies of this kind."""
        return kind is self.kind

    def __call__(self, hook: Hook, profile: Profile) -> Implementation:
        """The wrapped reference."""
        make = BASES[self.base][0]
        if self.is_of_point:
            return make(ChangedHook(hook, self), profile)
        return cast("Implementation", ChangedReplies(make(hook, profile), self))

    def changed(self, value: object) -> object:
        """The value as the mutant gives it."""
        if self.make is None or type(value) is not self.kind:
            return value
        made: object = self.make(value)
        # Not ==, which leaves out fields that are not compared.
        self.times += repr(made) != repr(value)
        return made


@dataclass(frozen=True, slots=True, eq=False)
class _ChangedKind:
    """A kind of point whose points are changed once the host has put in the thread.

    It equals the kind, for a host looks up whether a thread stops there.
    """

    kind: object
    mutant: FieldMutant
    made: Callable[[int], object]

    def __call__(self, thread: int) -> Point:
        return cast("Point", self.mutant.changed(self.made(thread)))

    def __eq__(self, other: object) -> bool:
        return self.kind is other

    def __hash__(self) -> int:
        return hash(self.kind)


class ChangedHook:
    """Between a reference and its host: one kind of point comes through changed."""

    def __init__(self, inner: Hook, mutant: FieldMutant) -> None:
        self._inner = inner
        self._mutant = mutant

    def point(
        self,
        kind: Callable[Concatenate[int, P], Point],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        """Announce it never, twice, changed, or as it is."""
        mutant = self._mutant
        if not mutant.is_about(kind):
            self._inner.point(kind, *args, **kwargs)
        elif mutant.make is not None:

            def made(thread: int) -> object:
                return kind(thread, *args, **kwargs)

            self._inner.point(_ChangedKind(kind, mutant, made))
        else:
            mutant.times += 1
            if mutant.how == DOUBLED:
                self._inner.point(kind, *args, **kwargs)
                self._inner.point(kind, *args, **kwargs)

    def wait(self, until: Callable[[], bool], label: str) -> None:
        """Block as the host does."""
        self._inner.wait(until, label)


class ChangedReplies:
    """A reference of which one kind of reply comes back changed."""

    def __init__(self, inner: Implementation, mutant: FieldMutant) -> None:
        self._inner = inner
        self._mutant = mutant

    def __getattr__(self, name: str) -> object:
        found: object = getattr(self._inner, name)
        if name not in ASKED or not callable(found):
            return found
        bare = BARE.get(name)

        def asked(*args: object, **kwargs: object) -> object:
            reply: object = found(*args, **kwargs)
            if bare is None:
                return self._mutant.changed(reply)
            kind, field = bare
            return getattr(self._mutant.changed(kind(reply)), field)

        return asked


@cache
def mutants() -> dict[str, FieldMutant]:
    """Every mutant by name: of each reference the points it announces, and replies."""
    made = [m for base in BASES for m in (*_of_points(base), *_of_replies(base))]
    return {mutant.name: mutant for mutant in made}


def announced_by(base: str) -> tuple[str, ...]:
    """The kinds of points that a reference announces."""
    make, profile = BASES[base]
    return announces_of(make(Silent(), profile))


def _of_points(base: str) -> Iterator[FieldMutant]:
    announced = announced_by(base)
    for kind in get_args(Point):
        if kind.__name__ in announced:
            yield FieldMutant(base, kind, kind.__name__, DROPPED)
            yield FieldMutant(base, kind, kind.__name__, DOUBLED)
            yield from _of_fields(base, kind)


def _of_replies(base: str) -> Iterator[FieldMutant]:
    for kind in get_args(Reply):
        yield from _of_fields(base, kind)


def _of_fields(base: str, kind: type[object]) -> Iterator[FieldMutant]:
    for change in field_changes(kind, kind.__name__):
        if not _tells_less(change):
            yield FieldMutant(base, kind, change.path, change.how, change.make)


def _tells_less(change: Change) -> bool:
    return change.how == "none" and change.path in UNTOLD


def __getattr__(name: str) -> FieldMutant:
    """A target is loaded by its name in this module."""
    try:
        return mutants()[name]
    except KeyError as error:
        raise AttributeError(name) from error
