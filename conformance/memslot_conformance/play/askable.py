"""What a smaller scenario may ask: nothing that its target was not to be asked.

A scenario that is drawn keeps to the target's domain and to the contract of each call.
What is left of it has to as well, or it fails for a reason of its own.
"""

from __future__ import annotations

from collections.abc import Callable

from memslot_conformance.play.lines import operations_of
from memslot_conformance.scenarios.scenario import Operations, Scenario
from memslot_spec.history.header import Header
from memslot_spec.model.operations import (
    AddRange,
    GetDirtyRange,
    InvalidateRange,
    Operation,
    RemoveRange,
    ReplaceTable,
    SetRegion,
)

OWNED = ("cache", "vcpu")
"""Fields that name what one thread at a time may use."""


def askable(header: Header, original: Scenario) -> Callable[[Scenario], bool]:
    """Whether a scenario asks nothing strange that the original did not ask."""
    most = _strange(header, original)
    return lambda smaller: _strange(header, smaller) <= most


def _strange(header: Header, scenario: Scenario) -> int:
    """How many strange things it asks."""
    strange = sum(_is_strange(header, each) for each in operations_of(scenario))
    for name in OWNED:
        owners = [_named(thread, name) for thread in scenario.threads]
        strange += sum(map(len, owners)) - len({one for of in owners for one in of})
    return strange


def _is_strange(header: Header, operation: Operation) -> bool:
    if isinstance(operation, InvalidateRange):
        return operation.start > operation.end
    if isinstance(operation, AddRange | RemoveRange | GetDirtyRange):
        ends = operation.gfn, operation.gfn + operation.npages
        granule = header.domain.page_granule
        return not operation.npages or any(place % granule for place in ends)
    if isinstance(operation, ReplaceTable):
        return not all(one.npages for one in operation.ranges)
    if not isinstance(operation, SetRegion):
        return False
    region, grain = operation.region, header.domain.page_granule
    if operation.private:
        private = region.slot - header.limits.user_slots
        if not 0 <= private < header.domain.private_slots:
            return True
    return bool(region.base % grain or region.npages % grain)


def _named(operations: Operations, name: str) -> frozenset[int]:
    return frozenset(
        value
        for operation in operations
        if isinstance(value := getattr(operation, name, None), int)
    )
