"""Dependence: every kind is in the relation, and what it lets swap is judged alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from itertools import combinations_with_replacement
from types import NoneType, UnionType
from typing import get_args, get_origin, get_type_hints

import pytest

from memslot_conformance.play.dependence import TOUCHES, depend, footprint
from memslot_conformance.targets.resolve import resolve
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.events import Call, Event, Finished, Point, Return
from memslot_spec.history.points.mmu import MmuLocked, SpteMapped
from memslot_spec.history.points.srcu import (
    GracePeriodBegun,
    SectionEntered,
    SectionLeft,
)
from memslot_spec.history.points.tables import TableLoaded, TablePublished
from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.judging.judge import judge_events
from memslot_spec.model.operations import (
    GetDirtyLog,
    GfnToHva,
    GfnToMemslot,
    GuestAccess,
    Operation,
    UnmapHva,
    VcpuGfnToMemslot,
)
from memslot_spec.model.replies import Done
from memslot_spec.model.values import EMPTY, SlotTable

KINDS: tuple[type[Point], ...] = get_args(Point)
HEADER = resolve("reference-linux").header
ALL = ApplicableClauses(HEADER, tuple(CLAUSES))
INSIDE = (
    SectionEntered(1, 0),
    SectionEntered(2, 0),
    TableLoaded(1, 1),
    TableLoaded(2, 1),
)
"""Both threads read, as they have to before most of what they do."""

READERS: tuple[Operation, Operation] = (GfnToHva(17), GfnToMemslot(17))


def value_of(kind: object) -> object:
    """Some value of a field of this type."""
    if isinstance(kind, UnionType):
        return value_of(next(k for k in get_args(kind) if k is not NoneType))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    if get_origin(kind) is tuple:
        return ()
    return EMPTY if kind is SlotTable else "slots" if kind is str else 1


def event_of(kind: Callable[..., Point], thread: int) -> Point:
    """An event of this kind, about the first of everything."""
    made = kind
    assert isinstance(made, type)
    assert is_dataclass(made)
    hints = get_type_hints(made)
    values = {
        field.name: value_of(hints[field.name])
        for field in fields(made)
        if field.default is MISSING
    }
    values = {n: False if hints[n] is bool else v for n, v in values.items()}
    return kind(**{**values, "thread": thread})


def said_of(events: tuple[Event, ...]) -> tuple[frozenset[str], object, object]:
    """All clauses that are broken, and what is reached by the others."""
    applicable, broken = ALL, frozenset[str]()
    while True:
        judgement = judge_events(applicable, events)
        found = frozenset(finding.clause for finding in judgement.findings)
        if not found:
            reached = {c for c, n in judgement.reached.items() if n and c not in broken}
            return broken, reached, set(judgement.taken)
        broken |= found
        applicable = applicable.without(found)


def test_every_kind_of_event_is_in_the_relation() -> None:
    assert set(TOUCHES) == set(get_args(Event))


@pytest.mark.parametrize("operations", [READERS, (GuestAccess(17), GuestAccess(18))])
def test_two_points_that_may_be_swapped_are_judged_alike_in_both_orders(
    operations: tuple[Operation, Operation],
) -> None:
    first, second = operations
    before = (TablePublished(0, 1, EMPTY), Call(1, first), Call(2, second), *INSIDE)
    swapped = 0
    for one, other in combinations_with_replacement(KINDS, 2):
        a, b = event_of(one, 1), event_of(other, 2)
        if depend(footprint((a,), first), footprint((b,), second)):
            continue
        swapped += 1
        after = Finished(0, ())
        there, back = (*before, a, b, after), (*before, b, a, after)
        assert said_of(there) == said_of(back), (one.__name__, other.__name__)
    assert swapped > 100


def tied(one: Event, other: Event, *of: Operation) -> bool:
    """They depend on each other, in these operations."""
    first, second = of or READERS
    return depend(footprint((one,), first), footprint((other,), second))


def test_readers_go_by_each_other_and_updates_do_not() -> None:
    assert not tied(SectionEntered(1, 0), SectionLeft(2, 0))
    assert not tied(TableLoaded(1, 1), TableLoaded(2, 1))
    assert tied(TableLoaded(1, 1), TablePublished(2, 2, EMPTY))
    assert tied(SectionEntered(1, 0), GracePeriodBegun(2))
    assert tied(MmuLocked(1), event_of(SpteMapped, 2))


def test_a_call_goes_by_a_call_but_not_by_a_return() -> None:
    reply = Return(2, Done())
    assert not tied(Call(1, READERS[0]), Call(2, READERS[1]))
    assert tied(Call(1, READERS[0]), reply)


def test_what_is_used_without_being_announced_ties_whole_operations() -> None:
    load, other = TableLoaded(1, 1), TableLoaded(2, 1)
    hints = VcpuGfnToMemslot(0, 17), VcpuGfnToMemslot(0, 18)
    assert tied(load, other, *hints)
    assert not tied(load, other, VcpuGfnToMemslot(0, 17), VcpuGfnToMemslot(1, 17))
    assert tied(load, other, UnmapHva(4096), GuestAccess(17))
    assert tied(load, MmuLocked(2), GetDirtyLog(0), GuestAccess(17))
