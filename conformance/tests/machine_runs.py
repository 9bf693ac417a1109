"""Machines run as pytest runs them, but for the time, and what comes of it."""

from __future__ import annotations

from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from memslot_conformance.scenarios.drawn.by_hypothesis import HEALTH
from memslot_conformance.stateful.rules import MemslotMachine
from memslot_spec.model.replies import Done, Reply
from memslot_spec.model.values import Gfn, MemoryRegion, Slot
from plain_adapters import FindsSlot

EXAMPLES = 200


class OneSlot(FindsSlot):
    """At most one slot and a lookup, with the types that an adapter has."""

    def set_region(self, region: MemoryRegion) -> Reply:
        super().set_region(region)
        return Done()


class Misplaces(OneSlot):
    """It finds the slot of the next frame."""

    def gfn_to_memslot(self, gfn: Gfn) -> Slot | None:
        return super().gfn_to_memslot(Gfn(gfn + 1))


class Raises(OneSlot):
    """It breaks at its first request."""

    def set_region(self, region: MemoryRegion) -> Reply:
        message = f"no room for slot {region.slot}"
        raise RuntimeError(message)


A_FEW = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    print_blob=False,
    report_multiple_bugs=False,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=HEALTH,
)
"""The same examples each time, and none kept."""


def failure_of(made: type[MemslotMachine], chosen: settings = A_FEW) -> AssertionError:
    """What the machine finds. Errors: `LookupError` where it finds nothing."""
    try:
        run_state_machine_as_test(made, settings=chosen)
    except AssertionError as error:
        return error
    message = f"{made.__name__} found nothing"
    raise LookupError(message)


def found_by(made: type[MemslotMachine], chosen: settings = A_FEW) -> str | None:
    """The clause that the machine finds broken; None where it finds none."""
    try:
        run_state_machine_as_test(made, settings=chosen)
    except AssertionError as error:
        return str(error).split()[1]
    return None


def steps_of(error: AssertionError) -> str:
    """The steps as they are printed."""
    lines = "\n".join(error.__notes__).splitlines()
    return "\n".join(lines[1:])
