"""What operations leave, as the plan has it: the table, and the ranges of caches."""

from __future__ import annotations

from memslot_conformance.scenarios.drawn.touches import Left
from memslot_conformance.scenarios.scenario import Operations
from memslot_spec.history.header import Header
from memslot_spec.model.operations import (
    ActivatePfnCache,
    InitHvaCache,
    Operation,
    SetRegion,
)
from memslot_spec.model.plan import plan
from memslot_spec.model.profile import profile_named
from memslot_spec.model.values import SlotTable


def follow(header: Header, known: Left, operation: Operation) -> None:
    """Know what an operation leaves."""
    if isinstance(operation, InitHvaCache):
        known.ranges[operation.cache] = operation
    if isinstance(operation, ActivatePfnCache):
        known.pages[operation.cache] = operation
    if isinstance(operation, SetRegion):
        known.table = table_after(header, known.table, operation)


def left_by(header: Header, prefix: Operations) -> Left:
    """What is known when one thread has asked these."""
    known = Left()
    for operation in prefix:
        follow(header, known, operation)
    return known


def table_after(header: Header, table: SlotTable, request: SetRegion) -> SlotTable:
    """The table of the first outcome that the plan gives; of a failure, the last."""
    outcomes = plan(
        table,
        request.region,
        profile_named(header.profile),
        header.limits,
        private=request.private,
        failure=request.failure,
    )
    last = outcomes[-1] if request.failure is not None else outcomes[0]
    return last.leaves(table)
