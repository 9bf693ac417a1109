"""What a target gave that is no value of its type, named where the judge stumbles.

The judge takes every value for what its type says. Looking at all of them before would
cost as much as the judging, so they are looked at once something went wrong.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager

from memslot_conformance.adapter.answers import TargetError
from memslot_spec.history.events import Event
from memslot_spec.history.json_kinds import MisfitError
from memslot_spec.history.wire import event_to_json


@contextmanager
def naming_misfits(events: Iterable[Event]) -> Generator[None]:
    """Judge these here. Errors: `TargetError` where one of them is the reason."""
    try:
        yield
    except Exception:
        misfit = misfit_in(events)
        if misfit is None:
            raise
        raise TargetError(misfit) from None


def misfit_in(events: Iterable[Event]) -> str | None:
    """The first value that is not of its type, in words."""
    for number, event in enumerate(events, 1):
        try:
            event_to_json(event)
        except MisfitError as misfit:
            what = type(event).__name__
            return f"what it gave is no history: event {number}, {what}: {misfit}"
    return None
