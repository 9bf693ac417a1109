"""Machines run as pytest runs them, but for the time, and what comes of it."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from memslot_conformance.stateful.rules import MemslotMachine

EXAMPLES = 200

A_FEW = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    print_blob=False,
    report_multiple_bugs=False,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
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
