"""A fixed list of small scenarios, played on every target at every level.

Each is there for a rule that small races are known to break. They are explored
completely up to a number of preemptions, so what they say does not depend on a
seed. Operations that a target does not support are left out.
"""

from __future__ import annotations

from dataclasses import replace

from memslot_conformance.scenarios.drawn.epilogue import epilogue
from memslot_conformance.scenarios.fixed import (
    accesses,
    caches,
    copies,
    dirty,
    dirty_one_thread,
    dirty_options,
    edges,
    host,
    lives,
    one_thread,
    pfn_caches,
    prefault,
    ranges,
    slots,
    spaces,
    sptes,
)
from memslot_conformance.scenarios.notation import FixedRace
from memslot_conformance.scenarios.scenario import Operations, Scenario
from memslot_spec.history.header import Header
from memslot_spec.model.operations import (
    DestroyVm,
    GuestAccess,
    GuestCopy,
    Operation,
    SetRegion,
)

RACES: tuple[FixedRace, ...] = (
    *slots.RACES,
    *caches.RACES,
    *host.RACES,
    *sptes.RACES,
    *dirty.RACES,
    *dirty_options.RACES,
    *accesses.RACES,
    *lives.RACES,
    *copies.RACES,
    *prefault.RACES,
    *pfn_caches.RACES,
)


def sequential(header: Header) -> tuple[FixedRace, ...]:
    """Scenarios without a race: what one thread can already get wrong."""
    return (
        *one_thread.sequential(header),
        *accesses.SEQUENTIAL,
        *lives.SEQUENTIAL,
        *copies.SEQUENTIAL,
        *prefault.SEQUENTIAL,
        *pfn_caches.SEQUENTIAL,
        *spaces.sequential(header),
        *edges.sequential(header),
        *caches.sequential(header),
        *host.sequential(header),
        *dirty_one_thread.sequential(header),
        *sptes.SEQUENTIAL,
    )


def fixed_races(header: Header) -> tuple[FixedRace, ...]:
    """The list, with what this target does not support left out."""
    supported = frozenset(header.capabilities.operations)
    kept: list[FixedRace] = []
    for fixed in _every(header):
        scenario = fixed.scenario
        threads = tuple(_only(ops, supported, header) for ops in scenario.threads)
        if scenario.threads and not all(threads):
            continue
        prefix = _only(scenario.prefix, supported, header)
        after = _only(scenario.after, supported, header)
        kept.append(FixedRace(fixed.name, Scenario(prefix, threads, after)))
    return tuple(
        one if one.scenario.threads else looked_at(header, one) for one in kept
    )


def _every(header: Header) -> tuple[FixedRace, ...]:
    """The list for a table by ids, or that for a table by ranges."""
    if header.domain.ranges is None:
        return (*sequential(header), *RACES)
    return (*ranges.sequential(header), *ranges.races(header))


def looked_at(header: Header, fixed: FixedRace) -> FixedRace:
    """The same with a look at its end, unless its VM is gone by then.

    A scenario of one thread has it from the beginning. Of a race it is another one:
    the look is longer than the race, and what shows without it is to show soon.
    """
    scenario = fixed.scenario
    raced = (operation for thread in scenario.threads for operation in thread)
    asked = (*scenario.prefix, *raced, *scenario.after)
    if any(isinstance(operation, DestroyVm) for operation in asked):
        return fixed
    look = epilogue(header, scenario.prefix, scenario.threads)
    return FixedRace(fixed.name, replace(scenario, after=scenario.after + look))


def _only(
    operations: Operations, supported: frozenset[str], header: Header
) -> Operations:
    return tuple(
        operation
        for operation in operations
        if type(operation).__name__ in supported and _in_domain(operation, header)
    )


def _in_domain(operation: Operation, header: Header) -> bool:
    """The target can be asked this."""
    domain = header.domain
    if isinstance(operation, GuestAccess):
        return operation.may_use_spte or operation.origin.name in domain.origins
    if isinstance(operation, GuestCopy):
        return operation.as_id < header.limits.address_spaces
    if not isinstance(operation, SetRegion):
        return True
    failure = operation.failure
    most = domain.largest_slot
    if most is not None and operation.region.npages > most:
        return False
    if failure is not None and failure.name not in domain.failures:
        return False
    return not operation.private or bool(domain.private_slots)
