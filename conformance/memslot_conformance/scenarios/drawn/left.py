"""What operations leave, as the plan has it: the table, and the ranges of caches."""

from __future__ import annotations

from functools import lru_cache

from memslot_conformance.scenarios.drawn.touches import Left
from memslot_conformance.scenarios.scenario import Operations
from memslot_spec.history.header import Header
from memslot_spec.model.operations import (
    ActivatePfnCache,
    InitHvaCache,
    Operation,
    SetRegion,
    TableRequest,
)
from memslot_spec.model.outcomes import outcomes_of
from memslot_spec.model.profile import profile_named
from memslot_spec.model.range_rules import BY_IDS
from memslot_spec.model.values import SlotTable

KEPT = 256
"""Requests whose tables are kept: who draws, counts and looks asks for the same."""


def follow(header: Header, known: Left, operation: Operation) -> None:
    """Know what an operation leaves."""
    if isinstance(operation, InitHvaCache):
        known.ranges[operation.cache] = operation
    if isinstance(operation, ActivatePfnCache):
        known.pages[operation.cache] = operation
    if isinstance(operation, TableRequest):
        known.table = table_after(header, known.table, operation)


def left_by(header: Header, prefix: Operations) -> Left:
    """What is known when one thread has asked these."""
    known = Left()
    for operation in prefix:
        follow(header, known, operation)
    return known


@lru_cache(maxsize=KEPT)
def table_after(header: Header, table: SlotTable, request: TableRequest) -> SlotTable:
    """The table of the first outcome that the plan gives; of a failure, the last."""
    outcomes = outcomes_of(
        request,
        table,
        profile_named(header.profile),
        header.limits,
        header.domain.ranges or BY_IDS,
    )
    fails = isinstance(request, SetRegion) and request.failure is not None
    last = outcomes[-1] if fails else outcomes[0]
    return last.leaves(table)
