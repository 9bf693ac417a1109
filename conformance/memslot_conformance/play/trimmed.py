"""A history without what it can do without, and the scenario that it shows.

What was recorded is proof as it stands: some event of it breaks a clause. The same
event breaks it without looks, accesses and refusals that it does not rest on, and
without what was called later. Nothing is played.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from memslot_conformance.play.fewer import fewest_of
from memslot_conformance.scenarios.scenario import Scenario
from memslot_spec.history.events import Call, Event, Observed, Return
from memslot_spec.model.explain import TABLE_READERS
from memslot_spec.model.operations import (
    GuestAccess,
    Operation,
    SetRegion,
    TableRequest,
)
from memslot_spec.model.replies import Refused

LOOKS = (*TABLE_READERS, GuestAccess)
"""Operations that leave every slot as it is."""

SomeEvents = tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """SomeEvents that are left out together or not at all: a call and its return."""

    places: tuple[int, ...]


def trimmed(
    events: SomeEvents, step: int, still_breaks: Callable[[SomeEvents], bool]
) -> SomeEvents:
    """The history that is broken at this step, in which no look can be left out.

    Of what is left of it `still_breaks` says whether the same event breaks it.
    """
    events = _up_to(events, step)
    if not still_breaks(events):
        return events

    def without(left: tuple[_Piece, ...]) -> SomeEvents:
        kept = {place for piece in left for place in piece.places}
        return tuple(e for n, e in enumerate(events) if n in kept or n not in free)

    pieces = tuple(_pieces(events))
    free = {place for piece in pieces for place in piece.places}
    return without(fewest_of(pieces, lambda left: still_breaks(without(left))))


def scenario_of(events: Iterable[Event]) -> Scenario:
    """Who asked what: thread 0 before the race, the others, and thread 0 again."""
    rows: dict[int, list[Operation]] = {}
    prefix: list[Operation] = []
    after: list[Operation] = []
    for event in events:
        if isinstance(event, Call):
            if event.thread:
                rows.setdefault(event.thread, []).append(event.operation)
            else:
                (after if rows else prefix).append(event.operation)
    threads = tuple(tuple(rows[thread]) for thread in sorted(rows))
    return Scenario(tuple(prefix), threads, tuple(after))


def _up_to(events: SomeEvents, step: int) -> SomeEvents:
    """What was called up to the step, and the returns of that; what ends the play."""
    kept: list[Event] = list(events[: step + 1])
    waiting: set[int] = set()
    for event in kept:
        if isinstance(event, Call):
            waiting.add(event.thread)
        elif isinstance(event, Return):
            waiting.discard(event.thread)
    for event in events[step + 1 :]:
        if isinstance(event, Return):
            if event.thread in waiting:
                waiting.discard(event.thread)
                kept.append(event)
        elif not isinstance(event, Call | Observed):
            kept.append(event)
    return tuple(kept)


def _pieces(events: SomeEvents) -> Iterable[_Piece]:
    """What changes nothing."""
    called: dict[int, tuple[int, Operation]] = {}
    for place, event in enumerate(events):
        if isinstance(event, Observed):
            yield _Piece((place,))
        elif isinstance(event, Call):
            called[event.thread] = place, event.operation
        elif isinstance(event, Return):
            begun, operation = called.pop(event.thread, (place, None))
            is_refusal = isinstance(operation, TableRequest)
            if isinstance(operation, SetRegion):
                is_refusal = operation.failure is None
            is_refusal = is_refusal and isinstance(event.reply, Refused)
            if isinstance(operation, LOOKS) or is_refusal:
                yield _Piece((begun, place))
