"""What the tables of judges say of contents holds when a content is altered.

In histories of the references one field of one reply, or of one point, gets another
value. Where the tables name clauses, some history shows that one of them notices.
Where they give a reason of a reply, no history shows that anybody does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from enum import Enum
from functools import cache
from itertools import islice
from random import Random

import pytest

from memslot_conformance.play.explore import sampled
from memslot_conformance.scenarios.fixed import fixed_races
from memslot_conformance.targets.resolve import resolve
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.events import Event, Return, is_point
from memslot_spec.judges.everything import POINTS
from memslot_spec.judges.replies import REPLIES
from memslot_spec.judges.row import Row
from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.judging.judge import judge_events
from memslot_spec.model.replies import Reply
from memslot_spec.model.values import SlotTable

TARGETS = ("reference", "reference-linux")
TRIES = 100
"""How many of one kind are altered in each target's histories."""

FIELDS = tuple(row for row in REPLIES if "." in row.of and row.of != "FoundSlot.slot")
"""A slot has no other value that would be one; its lookups have mutants."""

SAYING = tuple(row for table in POINTS for row in table.rows if row.cells[1].clauses)

Judged = tuple[ApplicableClauses, tuple[tuple[Event, ...], ...]]


@cache
def judged_histories(target: str) -> Judged:
    """What the target is held to, and a history of each of its fixed races."""
    resolved = resolve(target)
    played = (
        one
        for race in fixed_races(resolved.header)
        for one in sampled(resolved.make, race.scenario, Random(3), 1)
    )
    held = ApplicableClauses(resolved.header, CLAUSES)
    return held, tuple(tuple(one.events) for one in played if one.error is None)


def other_values(was: object) -> tuple[object, ...]:
    """Other values that a field could have; none where nothing else comes to mind."""
    match was:
        case bool():
            return (not was,)
        case int():
            return (was + 1, was + 4096, 0)
        case Enum():
            return tuple(member for member in type(was) if member is not was)
        case SlotTable():
            return (SlotTable(was.slots[1:]), SlotTable(was.slots[:-1]))
        case (int(first),):
            return ((first + 1,),)
        case _:
            return ()


def altered(told: Reply | Event, name: str) -> Iterator[dict[str, object]]:
    """Its fields with other values in this one."""
    values: dict[str, object] = {f.name: getattr(told, f.name) for f in fields(told)}
    was = values[name]
    return (values | {name: other} for other in other_values(was) if other != was)


def kind_of_reply(reply: Reply) -> Callable[..., Reply]:
    return type(reply)


def kind_of_event(event: Event) -> Callable[..., Event]:
    return type(event)


Spot = tuple[ApplicableClauses, tuple[Event, ...], int]


def spots(is_one: Callable[[Event], bool]) -> Iterator[Spot]:
    """Where such events are, some in the histories of each target."""
    for target in TARGETS:
        held, histories = judged_histories(target)
        found = (
            (held, events, step)
            for events in histories
            for step, event in enumerate(events)
            if is_one(event)
        )
        yield from islice(found, TRIES)


def found_with(spot: Spot, instead: Event) -> set[str]:
    """The clauses that are broken with another event in its place."""
    held, events, step = spot
    judgement = judge_events(held, (*events[:step], instead, *events[step + 1 :]))
    return {finding.clause for finding in judgement.findings}


def found_of_reply(row: Row) -> Iterator[set[str]]:
    """What is found in each history with one reply altered."""
    kind, _, name = row.of.partition(".")
    for spot in spots(
        lambda e: isinstance(e, Return) and type(e.reply).__name__ == kind
    ):
        event = spot[1][spot[2]]
        if isinstance(event, Return):
            make = kind_of_reply(event.reply)
            for values in altered(event.reply, name):
                yield found_with(spot, Return(event.thread, make(**values)))


def found_of_point(row: Row) -> Iterator[set[str]]:
    """What is found in each history with one field of a point altered."""
    for spot in spots(lambda e: is_point(type(e)) and type(e).__name__ == row.of):
        event = spot[1][spot[2]]
        make = kind_of_event(event)
        for each in fields(event):
            if each.name != "thread":
                for values in altered(event, each.name):
                    yield found_with(spot, make(**values))


@pytest.mark.parametrize("row", FIELDS, ids=lambda row: row.of)
def test_who_is_named_notices_and_where_nobody_is_nobody_does(row: Row) -> None:
    named = {clause for cell in row.cells for clause in cell.clauses}
    found = list(found_of_reply(row))
    assert found, "the field is in no reply of a reference"
    assert any(named & each for each in found) if named else not any(found)


@pytest.mark.parametrize("row", SAYING, ids=lambda row: row.of)
def test_who_judges_what_a_point_says_notices_other_words(row: Row) -> None:
    named = set(row.cells[1].clauses)
    assert any(named & each for each in found_of_point(row))
