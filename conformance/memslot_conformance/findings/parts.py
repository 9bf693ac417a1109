"""What one part of a target's work says, so that it can be added to the others.

A target over several cores is played in parts, each by a worker of its own. What a
part sends is a record with what is needed to make one record out of those of all parts.
These travel from a worker to its run and no further: no stream has them.

A part says how far it is as often as it can, all of it from its start on: its layers,
its bounds, and at the end a `SearchPart`. So a part that is ended in the middle has
told what it did, but for its last round. What it could meet at all it says once, at
its start, as `MeetingsCounted` of nothing met yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

from memslot_conformance.findings.records import (
    BoundEnded,
    ChoiceSeen,
    Found,
    LayerDone,
    Record,
    SearchEnded,
    TargetFailed,
)
from memslot_conformance.scenarios.scenario import Scenario, Schedule
from memslot_spec.history.header import History

BROKE = "the target broke"
"""Why a layer was cut whose target broke."""


@dataclass(frozen=True, slots=True)
class Came:
    """How far races came: of `complete` the most preemptions, and how many races."""

    complete: dict[str, int] = field(default_factory=dict[str, int])
    partial: int = 0

    def added(self, other: Came) -> Came:
        """Both together."""
        levels = sorted({*self.complete, *other.complete}, key=int, reverse=True)
        complete = {
            level: self.complete.get(level, 0) + other.complete.get(level, 0)
            for level in levels
        }
        return Came(complete, self.partial + other.partial)


@dataclass(frozen=True, slots=True)
class Explored:
    """What of the fixed races was explored; `owing` have still to come to the least.

    `alone` counts the scenarios of one thread; `looked` is about the races that end
    with a look which they do not have themselves. `left_out` of `schedules` and these
    are the same partial orders as others.
    """

    alone: int = 0
    raced: Came = Came()
    looked: Came = Came()
    owing: int = 0
    late: bool = False
    schedules: int = 0
    left_out: int = 0

    def added(self, other: Explored) -> Explored:
        """Both together."""
        return Explored(
            self.alone + other.alone,
            self.raced.added(other.raced),
            self.looked.added(other.looked),
            self.owing + other.owing,
            self.late or other.late,
            self.schedules + other.schedules,
            self.left_out + other.left_out,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerPart(LayerDone):
    """What a layer did in one part; of the fixed races, what was explored."""

    explored: Explored | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPart(Found):
    """A finding of one part, and the scenario that its file needs."""

    scenario: Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedPart(TargetFailed):
    """How the target broke in what was asked of it, and what its file needs."""

    fault: str
    scenario: Scenario
    schedule: Schedule
    history: History


@dataclass(frozen=True, slots=True)
class First:
    """A thing, and the number of the scenario that was the first to reach it."""

    thing: tuple[str, ...]
    scenario: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPart(SearchEnded):
    """How far a part's search is; `why` is empty where it goes on, or broke.

    `things` are those reached since it last said so, `owing` races that have still to
    come to the least; `withheld` gives for a clause without a verdict the reason.
    """

    things: tuple[First, ...] = ()
    owing: int = 0
    choices: tuple[ChoiceSeen, ...] = ()
    withheld: dict[str, str] = field(default_factory=dict[str, str])


PartSaid = Record | LayerPart | FoundPart | FailedPart | SearchPart
"""What a worker sends."""


def layer_whole(part: LayerPart) -> LayerDone:
    """Without what only the parts need."""
    return _made(LayerDone, part)


def found_whole(part: FoundPart) -> Found:
    """Without what only the parts need."""
    return _made(Found, part)


def failed_whole(part: FailedPart) -> TargetFailed:
    """Without what only its file needs."""
    return _made(TargetFailed, part)


def layer_part(done: LayerDone, explored: Explored | None) -> LayerPart:
    """What a layer did, as a part of more."""
    return _made(LayerPart, done, explored=explored)


def found_part(found: Found, scenario: Scenario) -> FoundPart:
    """A finding, as one of a part."""
    return _made(FoundPart, found, scenario=scenario)


def search_part(
    ended: SearchEnded,
    *,
    things: Iterable[First],
    owing: int,
    choices: Iterable[ChoiceSeen],
    withheld: dict[str, str],
) -> SearchPart:
    """How far a search is, as one of a part."""
    return _made(
        SearchPart,
        ended,
        things=tuple(things),
        owing=owing,
        choices=tuple(choices),
        withheld=dict(withheld),
    )


Whole = LayerDone | SearchEnded | Found | TargetFailed
M = TypeVar("M", bound=Whole)


def _made(kind: type[M], record: Whole, **more: Any) -> M:  # noqa: ANN401 - fields of any type
    known = {one.name for one in fields(kind)}
    same: dict[str, Any] = {
        one.name: getattr(record, one.name)
        for one in fields(record)
        if one.name in known
    }
    return kind(**same, **more)


def bounds_together(bounds: Iterable[BoundEnded]) -> list[BoundEnded]:
    """Those of one size together, the smallest first."""
    of_size: dict[tuple[int, int, int], BoundEnded] = {}
    for bound in bounds:
        size = bound.threads, bound.operations, bound.preemptions
        other = of_size.get(size)
        of_size[size] = bound if other is None else _both(other, bound)
    return [of_size[size] for size in sorted(of_size)]


def _both(one: BoundEnded, other: BoundEnded) -> BoundEnded:
    return BoundEnded(
        target=one.target,
        threads=one.threads,
        operations=one.operations,
        preemptions=one.preemptions,
        races=one.races + other.races,
        schedules=one.schedules + other.schedules,
        steps=one.steps + other.steps,
        histories=summed(one.histories, other.histories),
        orders=sum_or_none(one.orders, other.orders),
    )


def choices_together(choices: Iterable[ChoiceSeen]) -> list[ChoiceSeen]:
    """How often each option was taken in all."""
    seen: dict[str, ChoiceSeen] = {}
    for choice in choices:
        other = seen.get(choice.choice)
        taken = choice.taken if other is None else summed(other.taken, choice.taken)
        seen[choice.choice] = replace(choice, taken=taken)
    return list(seen.values())


def summed(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    """For each name how often in both."""
    names = dict.fromkeys((*one, *other))
    return {name: one.get(name, 0) + other.get(name, 0) for name in names}


def sum_or_none(one: int | None, other: int | None) -> int | None:
    """Both together; None where one of them was not told."""
    return None if one is None or other is None else one + other
