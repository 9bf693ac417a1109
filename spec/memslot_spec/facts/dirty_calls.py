"""How calls and replies change what is known of dirty logs."""

from __future__ import annotations

from collections.abc import Callable

from memslot_spec.arithmetic.bitmaps import set_bits
from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.facts.dirty_caches import (
    LARGEST_FOLLOWED,
    Frame,
    Guess,
    after_init,
    frames_of_any,
)
from memslot_spec.facts.dirty_log import (
    OVERLAPPED,
    DirtyLogs,
    Drain,
    Log,
    Request,
    Why,
    Write,
)
from memslot_spec.model.dirty_log import INITIALLY_SET, MANUAL_PROTECT, given_pages
from memslot_spec.model.operations import (
    ClearDirtyLog,
    EnableManualProtect,
    GetDirtyLog,
    GuestAccess,
    InitHvaCache,
    Operation,
    SetRegion,
    UseHvaCache,
)
from memslot_spec.model.replies import (
    Accessed,
    DirtyLog,
    Done,
    Refused,
    Reply,
    Translated,
)
from memslot_spec.model.values import Slot, SlotTable

Tables = Callable[[], tuple[SlotTable, ...]]
"""The tables that may stand now, asked for only where an update is over."""


def log_call(logs: DirtyLogs, thread: int, operation: Operation) -> None:
    """A call begins."""
    match operation:
        case GuestAccess():
            _access(logs, thread, operation)
        case UseHvaCache():
            _use_cache(logs, thread, operation)
        case SetRegion():
            _request(logs, thread, operation)
        case GetDirtyLog(slot):
            _drain(logs, thread, slot)
        case ClearDirtyLog():
            _clear(logs, thread, operation)
        case EnableManualProtect():
            _enable(logs, thread)
        case _:
            pass


def log_return(
    logs: DirtyLogs, thread: int, operation: Operation, reply: Reply, tables: Tables
) -> None:
    """A call is over, and what is known of the tables has taken it in."""
    match operation:
        case GuestAccess() | UseHvaCache():
            _written(logs, thread, reply)
        case InitHvaCache():
            known = logs.caches.get(operation.cache)
            logs.caches[operation.cache] = after_init(known, operation, reply)
        case SetRegion():
            _requested(logs, thread, reply)
        case GetDirtyLog():
            _got(logs, thread, reply)
        case ClearDirtyLog():
            _cleared(logs, thread, reply)
        case EnableManualProtect(options):
            _enabled(logs, thread, options, reply)
        case _:
            pass
    if logs.unsettled and not logs.requests:
        _settle(logs, tables())


def _access(logs: DirtyLogs, thread: int, operation: GuestAccess) -> None:
    if operation.write:
        _write(logs, thread, ((operation.as_id, operation.gfn),))


def _use_cache(logs: DirtyLogs, thread: int, use: UseHvaCache) -> None:
    known = logs.caches.get(use.cache)
    if not use.write or known is None or use.length == 0:
        return
    guess = None if known.certain else Guess(use, known.ranges)
    _write(logs, thread, frames_of_any(known.ranges, use), guess)


def _write(
    logs: DirtyLogs,
    thread: int,
    frames: tuple[Frame, ...],
    guess: Guess | None = None,
) -> None:
    logs.writes[thread] = Write(frames, list(logs.requests.values()), guess=guess)
    for request in logs.requests.values():
        request.frames.update(frames)


def _written(logs: DirtyLogs, thread: int, reply: Reply) -> None:
    """A write is over: owed where it met one slot for certain, else possible."""
    write = logs.writes.pop(thread, None)
    if write is None:
        return
    certain = _certain(logs, write, reply)
    for frame in write.frames:
        is_done = frame in certain and frame not in write.shown
        for word, log in logs.logs.items():
            for page in log.pages_of((frame,)):
                is_owed = is_done and _met_only(logs, log, frame)
                if any(request.bears_on(word, frame) for request in write.beside):
                    is_owed = False
                log.write(page, is_owed=is_owed)
                for drain in logs.drains.values():
                    if drain.log is log:
                        drain.written.add(page)


def _certain(logs: DirtyLogs, write: Write, reply: Reply) -> frozenset[Frame]:
    """The frames that were reached, as far as the reply says so."""
    if not isinstance(reply, Accessed | Translated):
        return frozenset()
    guess = write.guess
    if guess is None:
        return frozenset(write.frames)
    if logs.table is None or write.beside:
        return frozenset()
    return frozenset(guess.told(logs.table, reply))


def _met_only(logs: DirtyLogs, log: Log, frame: Frame) -> bool:
    """No slot but that of the log can have been met at the frame."""
    if logs.table is None:
        return False
    as_id, gfn = frame
    return not any(
        slot.as_id == as_id and slot.covers(gfn) and slot.id != log.slot.id
        for slot in logs.table
    )


def _request(logs: DirtyLogs, thread: int, operation: SetRegion) -> None:
    """An update is open: what it overlaps is uncertain where it bears on it."""
    request = Request(operation.region, logs.options)
    logs.requests[thread] = request
    logs.unsettled.append(request)
    for write in logs.writes.values():
        write.beside.append(request)
        request.frames.update(write.frames)
    for drain in logs.drains.values():
        if drain.word == request.word:
            drain.steady = False
            request.given |= drain.given


def _requested(logs: DirtyLogs, thread: int, reply: Reply) -> None:
    request = logs.requests.pop(thread, None)
    if request is not None:
        request.reply = reply


def _settle(logs: DirtyLogs, tables: tuple[SlotTable, ...]) -> None:
    """No update is open: the logs are those of the one table that can stand."""
    if len(tables) != 1:
        logs.table = None
        for request in logs.unsettled:
            logs.logs.pop(request.word, None)
        return
    before, logs.table = logs.table, tables[0]
    known, logs.logs = logs.logs, {}
    for slot in tables[0]:
        if not slot.log_dirty or slot.id >= logs.user_slots:
            continue
        word = slot.as_id, slot.id
        about = [request for request in logs.unsettled if request.word == word]
        log = known.get(word) or Log(slot)
        if len(about) > 1 or before is None:
            log = Log(slot)
        elif about:
            log = _after(log, slot, before.find(*word), about[0])
        log.slot = slot
        logs.logs[word] = log
    logs.unsettled.clear()


def _after(log: Log, slot: Slot, old: Slot | None, request: Request) -> Log:
    """The log of a slot after the one request that was about it."""
    if old is None or not old.log_dirty:
        log = _fresh(slot, request.options)
    elif isinstance(request.reply, Refused):
        log.owed = dict.fromkeys(log.owed, Why.UNDISTURBED)
    elif old.base != slot.base:
        log.owed = dict.fromkeys(log.owed, Why.MOVED)
    if log.may is not None:
        log.may |= log.pages_of(request.frames)
        log.slot = slot
        log.may |= log.pages_of(request.frames)
    log.reported(request.given)
    return log


def _fresh(slot: Slot, options: int | None) -> Log:
    """A log that begins: clean, or with every page dirty."""
    if options is None or slot.npages > LARGEST_FOLLOWED:
        return Log(slot)
    if options & INITIALLY_SET:
        pages = range(slot.npages)
        return Log(slot, dict.fromkeys(pages, Why.INITIAL), set(pages))
    return Log(slot, may=set(), fresh=True)


def _drain(
    logs: DirtyLogs, thread: int, word: int, given: frozenset[int] = frozenset()
) -> Drain:
    """A GET or a CLEAR is open."""
    key = as_id_of(word), id_of(word)
    log = logs.logs.get(key)
    others = [drain for drain in logs.drains.values() if drain.word == key]
    for other in others:
        other.alone = False
    drain = Drain(
        key,
        log,
        alone=not others,
        steady=all(request.word != key for request in logs.requests.values()),
        manual=None if logs.options is None else bool(logs.options & MANUAL_PROTECT),
        owed={} if log is None else dict(log.owed),
        may=None if log is None or log.may is None else frozenset(log.may),
        cleared=frozenset() if log is None else frozenset(log.cleared),
        fresh=log is not None and log.fresh,
        given=given,
    )
    logs.drains[thread] = drain
    return drain


def _got(logs: DirtyLogs, thread: int, reply: Reply) -> None:
    """A log was shown: what it showed is owed no more, unless it stays there."""
    drain = logs.drains.pop(thread, None)
    log = None if drain is None else logs.logs.get(drain.word)
    if drain is None or log is None or not isinstance(reply, DirtyLog):
        return
    shown = set_bits(reply.bitmap)
    certain = drain.steady and drain.log is log
    if certain:
        log.fresh = False
    if drain.manual:
        if certain and drain.alone:
            log.owed.update(dict.fromkeys(shown, Why.SHOWN))
        return
    log.reported(shown)
    _met(logs, log, shown)
    if certain and drain.manual is False:
        log.may = drain.written | logs.in_flight(log)
        log.cleared.clear()


def _met(logs: DirtyLogs, log: Log, pages: tuple[int, ...]) -> None:
    """Writes in flight to these pages may have come before they were taken out."""
    frames = {(log.slot.as_id, log.slot.base + page) for page in pages}
    for write in logs.writes.values():
        write.shown.update(frames.intersection(write.frames))


def _clear(logs: DirtyLogs, thread: int, operation: ClearDirtyLog) -> None:
    """The pages given are owed no more; a write beside it may be lost to it."""
    given = given_pages(operation, LARGEST_FOLLOWED)
    drain = _drain(logs, thread, operation.slot, given)
    for request in logs.requests.values():
        if request.word == drain.word:
            request.given |= given
    if drain.log is not None:
        drain.log.reported(given)


def _cleared(logs: DirtyLogs, thread: int, reply: Reply) -> None:
    """Only what was given is gone; the rest stays, and stays owed."""
    drain = logs.drains.pop(thread, None)
    log = None if drain is None else logs.logs.get(drain.word)
    if drain is None or log is None:
        return
    certain = drain.steady and drain.log is log
    if isinstance(reply, Refused):
        if certain and drain.alone:
            kept = {p: why for p, why in drain.owed.items() if p in drain.given}
            log.owed = {**kept, **log.owed}
        return
    log.reported(drain.given)
    _met(logs, log, tuple(drain.given))
    if not certain:
        return
    for page in log.owed:
        if page not in drain.written:
            log.owed[page] = Why.SPARED
    out = drain.given - drain.written - logs.in_flight(log)
    log.cleared |= out
    if log.may is not None:
        log.may -= out


def _enable(logs: DirtyLogs, thread: int) -> None:
    """While it is open nobody knows what the options are."""
    restores = logs.options
    if logs.enabling:
        restores = OVERLAPPED
        logs.enabling = dict.fromkeys(logs.enabling, OVERLAPPED)
    logs.enabling[thread] = restores
    logs.options = None
    for drain in logs.drains.values():
        drain.manual = None
    for request in logs.requests.values():
        request.options = None


def _enabled(logs: DirtyLogs, thread: int, options: int, reply: Reply) -> None:
    restores = logs.enabling.pop(thread, None)
    if logs.enabling or restores == OVERLAPPED:
        return
    logs.options = options if isinstance(reply, Done) else restores
