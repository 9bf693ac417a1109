"""What calls and replies add to the facts about a table by ranges."""

from __future__ import annotations

from memslot_spec.facts.calls import CallFacts
from memslot_spec.facts.facts import Facts
from memslot_spec.history.events import Return
from memslot_spec.model.operations import (
    GetDirtyRange,
    GuestAccess,
    Operation,
    RangeRequest,
    ReplaceTable,
)
from memslot_spec.model.range_table import after_request
from memslot_spec.model.replies import Accessed, Done


def range_called(facts: Facts, thread: int, operation: Operation) -> None:
    """A call begins, on a target with a table by ranges."""
    ranges = facts.ranges
    ranges.beside.discard(thread)
    ranges.mixed.discard(thread)
    if isinstance(operation, ReplaceTable):
        ranges.replacing.add(thread)
        ranges.beside.update(other for other in facts.calls if other != thread)
    elif ranges.replacing:
        ranges.beside.add(thread)
    if isinstance(operation, RangeRequest):
        ranges.request_called(thread, (one.gfn for one in writes_of(facts)))
    elif isinstance(operation, GuestAccess) and operation.write:
        ranges.write_called(operation.gfn)
        if ranges.asked:
            ranges.mixed.add(thread)
    elif isinstance(operation, GetDirtyRange):
        writing = (t for t, call in facts.calls.items() if is_write(call.operation))
        ranges.get_called(thread, frames_of(operation), writing)


def range_returned(facts: Facts, event: Return, known: CallFacts) -> None:
    """A call is over; the facts have it among the open ones no more."""
    ranges, operation, thread = facts.ranges, known.operation, event.thread
    ranges.replacing.discard(thread)
    if isinstance(operation, GuestAccess):
        if operation.write:
            reached = isinstance(event.reply, Accessed) and facts.undisturbed(known)
            ranges.write_returned(operation.gfn, thread, is_sure=reached)
    elif isinstance(operation, GetDirtyRange):
        clears = facts.rules.reading_clears
        ranges.get_returned(thread, frames_of(operation), clears=clears)
    elif isinstance(operation, RangeRequest):
        crossed = ranges.crossed.pop(thread, set())
        if not isinstance(event.reply, Done):
            return
        update = known.update
        before = None if update is None or not update.alone else update.base
        after = None if before is None else after_request(before, operation)
        ranges.table_changed(before, after, operation, crossed)


def frames_of(operation: GetDirtyRange) -> range:
    """The frames that a log is asked about."""
    return range(operation.gfn, operation.gfn + operation.npages)


def writes_of(facts: Facts) -> list[GuestAccess]:
    """The writes that are open."""
    operations = (call.operation for call in facts.calls.values())
    return [one for one in operations if isinstance(one, GuestAccess) and one.write]


def is_write(operation: Operation) -> bool:
    """It may dirty a frame."""
    return isinstance(operation, GuestAccess) and operation.write
