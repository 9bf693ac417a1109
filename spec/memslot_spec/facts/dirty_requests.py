"""How requests for slots change what is known of dirty logs.

What a request does to a log is known when no request is open any more, and where
one table alone can stand then.
"""

from __future__ import annotations

from memslot_spec.facts.dirty_caches import LARGEST_FOLLOWED
from memslot_spec.facts.dirty_log import DirtyLogs, Log, Request, Why
from memslot_spec.model.dirty_log import INITIALLY_SET
from memslot_spec.model.operations import SetRegion
from memslot_spec.model.replies import Refused, Reply
from memslot_spec.model.values import Slot, SlotTable


def request_called(logs: DirtyLogs, thread: int, operation: SetRegion) -> None:
    """A request is open: what overlaps it is uncertain where it bears on it."""
    request = Request(operation.region, logs.options)
    request.unbounded = not logs.is_bounded()
    logs.requests[thread] = request
    logs.unsettled.append(request)
    for write in logs.writes.values():
        write.overlapping.append(request)
        request.frames.update(write.frames)
    for call in logs.calls.values():
        if call.key == request.key:
            call.steady = False
            request.given |= call.given


def request_returned(logs: DirtyLogs, thread: int, reply: Reply) -> None:
    """A request is over; what it did is settled once none is open."""
    request = logs.requests.pop(thread, None)
    if request is not None:
        request.reply = reply


def settle(logs: DirtyLogs, tables: tuple[SlotTable, ...]) -> None:
    """No request is open: the logs are those of the one table that can stand."""
    if len(tables) != 1:
        logs.table = None
        for request in logs.unsettled:
            logs.logs.pop(request.key, None)
        return
    before, logs.table = logs.table, tables[0]
    known, logs.logs = logs.logs, {}
    for slot in tables[0]:
        if not slot.log_dirty or slot.id >= logs.user_slots:
            continue
        key = slot.as_id, slot.id
        about = [request for request in logs.unsettled if request.key == key]
        log = known.get(key) or Log(slot)
        if len(about) > 1 or before is None:
            log = Log(slot)
        elif about:
            log = _after(log, slot, before.find(*key), about[0])
        log.slot = slot
        logs.logs[key] = log
    logs.unsettled.clear()


def _after(log: Log, slot: Slot, old: Slot | None, request: Request) -> Log:
    """The log of a slot after the one request that was about it."""
    if old is None or not old.log_dirty:
        log = _begun(slot, request.options)
    elif isinstance(request.reply, Refused):
        log.must_report = dict.fromkeys(log.must_report, Why.UNDISTURBED)
    elif old.base != slot.base:
        log.must_report = dict.fromkeys(log.must_report, Why.MOVED)
    if request.unbounded:
        log.may_report = None
    if log.may_report is not None:
        # The frames may have been written before a move, or after it.
        log.may_report |= log.pages_of(request.frames)
        log.slot = slot
        log.may_report |= log.pages_of(request.frames)
    log.need_not_report(request.given)
    return log


def _begun(slot: Slot, options: int | None) -> Log:
    """A log that begins: clean, or with every page dirty."""
    if options is None or slot.npages > LARGEST_FOLLOWED:
        return Log(slot)
    if options & INITIALLY_SET:
        pages = range(slot.npages)
        must = dict.fromkeys(pages, Why.INITIAL)
        return Log(slot, must, set(pages), began_dirty=True)
    return Log(slot, may_report=set(), fresh=True)
