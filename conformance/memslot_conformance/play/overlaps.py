"""Which calls of a history overlap: where none does, a race was none."""

from __future__ import annotations

from collections.abc import Iterable

from memslot_spec.history.events import Call, Event, Return
from memslot_spec.model.operations import TableRequest


def overlaps(events: Iterable[Event]) -> int:
    """How many pairs of calls overlap, one of them a request.

    Each is between its call and its return in the history, and it is recorded on its
    way in and out: an operation is never longer than this.
    """
    open_now: dict[int, bool] = {}
    pairs = 0
    for event in events:
        if isinstance(event, Call):
            updates = isinstance(event.operation, TableRequest)
            pairs += len(open_now) if updates else sum(open_now.values())
            open_now[event.thread] = updates
        elif isinstance(event, Return):
            open_now.pop(event.thread, None)
    return pairs
