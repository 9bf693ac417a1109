"""What a fixed race is, and short ways to write one down."""

from __future__ import annotations

from dataclasses import dataclass

from memslot_conformance.scenarios.scenario import Operations, Scenario
from memslot_spec.model.operations import SetRegion
from memslot_spec.model.values import Failure, MemoryRegion


@dataclass(frozen=True, slots=True)
class FixedRace:
    """A scenario with the name under which reports speak of it."""

    name: str
    scenario: Scenario


def put(
    slot: int,
    gfn: int,
    npages: int,
    host_page: int,
    flags: int = 0,
    failure: Failure | None = None,
) -> SetRegion:
    """A request in pages: the slot at a frame, backed from a host page on."""
    region = MemoryRegion(slot, gfn << 12, npages << 12, host_page << 12, flags)
    return SetRegion(region, failure=failure)


def delete(slot: int, gfn: int = 0, failure: Failure | None = None) -> SetRegion:
    """A delete; the frame only matters where deletes are tested for overlap."""
    return put(slot, gfn, 0, 0, failure=failure)


def private(slot: int, gfn: int, npages: int, host_page: int) -> SetRegion:
    """The kernel's own request, for an id above the user's."""
    return SetRegion(put(slot, gfn, npages, host_page).region, private=True)


def race(
    name: str, prefix: Operations, *threads: Operations, after: Operations = ()
) -> FixedRace:
    """A race under a name: what comes before, the threads, what comes after."""
    return FixedRace(name, Scenario(prefix, threads, after))
