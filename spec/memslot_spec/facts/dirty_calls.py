"""How calls and replies change what is known of dirty logs: GET, CLEAR, the option."""

from __future__ import annotations

from collections.abc import Callable

from memslot_spec.arithmetic.bitmaps import set_bits
from memslot_spec.facts.dirty_caches import after_init
from memslot_spec.facts.dirty_log import (
    OVERLAPPED,
    DirtyLogs,
    Log,
    LogCall,
    Why,
    must_report,
)
from memslot_spec.facts.dirty_requests import (
    request_called,
    request_returned,
    settle,
)
from memslot_spec.facts.dirty_writes import (
    access_called,
    cache_use_called,
    copy_called,
    report_in_flight,
    write_returned,
)
from memslot_spec.model.dirty_log import MANUAL_PROTECT, given_pages, slot_key
from memslot_spec.model.operations import (
    ClearDirtyLog,
    EnableManualProtect,
    GetDirtyLog,
    GuestAccess,
    InitHvaCache,
    Operation,
    SetRegion,
    UseHvaCache,
    WriteGuest,
)
from memslot_spec.model.replies import DirtyLog, Done, Refused, Reply
from memslot_spec.model.values import Errno, SlotTable

MOST_PAGES = 1 << 64
"""More than a slot has: a CLEAR gives no more pages than its own bitmap has bits."""

CurrentTables = Callable[[], tuple[SlotTable, ...]]
"""The tables that may stand now, asked for only where an update is over."""


def log_call(logs: DirtyLogs, thread: int, operation: Operation) -> None:
    """A call begins."""
    match operation:
        case GuestAccess():
            access_called(logs, thread, operation)
        case UseHvaCache():
            cache_use_called(logs, thread, operation)
        case WriteGuest():
            copy_called(logs, thread, operation)
        case SetRegion():
            request_called(logs, thread, operation)
        case GetDirtyLog(slot):
            _begin(logs, thread, slot)
        case ClearDirtyLog():
            _clear(logs, thread, operation)
        case EnableManualProtect():
            _enable(logs, thread)
        case _:
            pass


def log_return(
    logs: DirtyLogs,
    thread: int,
    operation: Operation,
    reply: Reply,
    tables: CurrentTables,
) -> None:
    """A call is over, and what is known of the tables has taken it in."""
    match operation:
        case GuestAccess() | UseHvaCache() | WriteGuest():
            write_returned(logs, thread, reply)
        case InitHvaCache():
            known = logs.caches.get(operation.cache)
            logs.caches[operation.cache] = after_init(known, operation, reply)
        case SetRegion():
            request_returned(logs, thread, reply)
        case GetDirtyLog():
            _got(logs, thread, reply)
        case ClearDirtyLog():
            _cleared(logs, thread, reply)
        case EnableManualProtect(options):
            _enabled(logs, thread, options, reply)
        case _:
            pass
    if isinstance(operation, SetRegion | ClearDirtyLog | EnableManualProtect):
        logs.changed(operation, was_refused=isinstance(reply, Refused))
    if logs.unsettled and not logs.requests:
        settle(logs, tables())


def _begin(
    logs: DirtyLogs, thread: int, word: int, given: frozenset[int] = frozenset()
) -> LogCall:
    """A GET or a CLEAR is open."""
    key = slot_key(word)
    log = logs.logs.get(key)
    others = [call for call in logs.calls.values() if call.key == key]
    for other in others:
        other.alone = False
    may_report = None if log is None else log.may_report
    call = LogCall(
        key,
        log,
        alone=not others,
        steady=all(request.key != key for request in logs.unsettled),
        manual=None if logs.options is None else bool(logs.options & MANUAL_PROTECT),
        must_report={} if log is None else dict(log.must_report),
        may_report=None if may_report is None else frozenset(may_report),
        cleared=frozenset() if log is None else frozenset(log.cleared),
        fresh=log is not None and log.fresh,
        given=given,
    )
    logs.calls[thread] = call
    return call


def _got(logs: DirtyLogs, thread: int, reply: Reply) -> None:
    """A GET has answered; unless it cleared nothing, its pages are reported."""
    call = logs.calls.pop(thread, None)
    if call is None:
        return
    log = logs.logs.get(call.key)
    if isinstance(reply, DirtyLog):
        _shown(logs, call, log, set_bits(reply.bitmap))
    elif log is not None and not call.manual and _may_have_taken(reply):
        log.must_report.clear()


def _shown(
    logs: DirtyLogs, call: LogCall, log: Log | None, reported: tuple[int, ...]
) -> None:
    if not call.manual:
        # A log that one of these requests begins may have been emptied already.
        for request in logs.unsettled:
            if request.key == call.key:
                request.given.update(reported)
    if log is None:
        return
    certain = call.steady and call.log is log
    if certain:
        log.fresh = False
    if call.manual:
        if certain and call.alone:
            if reported:
                logs.shown(must_report(call, log).values())
            log.must_report.update(dict.fromkeys(reported, Why.SHOWN))
        return
    log.need_not_report(reported)
    report_in_flight(logs, log, reported)
    if certain and call.manual is False:
        log.may_report = call.written | logs.in_flight(log)
        log.cleared.clear()


def _may_have_taken(reply: Reply) -> bool:
    """A GET so refused may have cleared bits, and then failed to copy them out.

    6.1 virt/kvm/kvm_main.c:2199, kvm_get_dirty_log_protect().
    """
    return isinstance(reply, Refused) and reply.errno in {None, Errno.EFAULT}


def _clear(logs: DirtyLogs, thread: int, operation: ClearDirtyLog) -> None:
    """The pages given need not be reported; a write beside it may be lost to it."""
    given = given_pages(operation, MOST_PAGES)
    call = _begin(logs, thread, operation.slot, given)
    for request in logs.unsettled:
        if request.key == call.key:
            request.given |= given
    if call.log is not None:
        call.log.need_not_report(given)


def _cleared(logs: DirtyLogs, thread: int, reply: Reply) -> None:
    """A CLEAR has answered: what it was not given must still be reported."""
    call = logs.calls.pop(thread, None)
    log = None if call is None else logs.logs.get(call.key)
    if call is None or log is None:
        return
    certain = call.steady and call.log is log
    if isinstance(reply, Refused):
        if certain and call.alone:
            before = call.must_report
            kept = {page: Why.UNDISTURBED for page in before if page in call.given}
            log.must_report = {**kept, **log.must_report}
        return
    log.need_not_report(call.given)
    report_in_flight(logs, log, tuple(call.given))
    if not certain:
        return
    for page in log.must_report:
        if page not in call.written:
            log.must_report[page] = Why.SPARED
    out = call.given - call.written - logs.in_flight(log)
    log.cleared |= out
    if log.may_report is not None:
        log.may_report -= out


def _enable(logs: DirtyLogs, thread: int) -> None:
    """While it is open nobody knows what the options are."""
    restores = logs.options
    if logs.enabling:
        restores = OVERLAPPED
        logs.enabling = dict.fromkeys(logs.enabling, OVERLAPPED)
    logs.enabling[thread] = restores
    logs.options = None
    for call in logs.calls.values():
        call.manual = None
    for request in logs.requests.values():
        request.options = None


def _enabled(logs: DirtyLogs, thread: int, options: int, reply: Reply) -> None:
    restores = logs.enabling.pop(thread, None)
    if logs.enabling or restores == OVERLAPPED:
        return
    logs.options = options if isinstance(reply, Done) else restores
