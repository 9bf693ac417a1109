"""How guest writes change what is known of dirty logs.

A write counts from its return on; while it is in flight, it may be in any answer. It
may have gone through an spte that another fault made writable and has not marked yet
(6.1 `fast_pf_fix_direct_spte()`, arch/x86/kvm/mmu/mmu.c:3254); then it counts from the
return of that one on.
"""

from __future__ import annotations

from memslot_spec.facts.dirty_caches import (
    Frame,
    Guess,
    frames_of_any,
    is_followed,
)
from memslot_spec.facts.dirty_log import DirtyLogs, Log, Write
from memslot_spec.model.guest_copies import frames_of
from memslot_spec.model.operations import (
    GuestAccess,
    Origin,
    UseHvaCache,
    WriteGuest,
)
from memslot_spec.model.replies import Accessed, CutShort, Reply, Translated

MOST_COPIED = 1 << 10
"""Of a longer copy no more frames are followed: a reply has an address for each."""


def access_called(logs: DirtyLogs, thread: int, access: GuestAccess) -> None:
    """An access is open; one that writes is in flight."""
    if access.write:
        frames = ((access.as_id, access.gfn),)
        by_vcpu = access.origin is not Origin.KVM
        _begin(logs, thread, frames, may_open=access.may_use_spte, by_vcpu=by_vcpu)


def cache_use_called(logs: DirtyLogs, thread: int, use: UseHvaCache) -> None:
    """A use of a cached host address is open; one that writes is in flight."""
    known = logs.caches.get(use.cache)
    if not use.write or known is None or use.length == 0:
        return
    guess = None if known.certain else Guess(use, known.ranges)
    frames = frames_of_any(known.ranges, use)
    followed = is_followed(known.ranges, use)
    _begin(logs, thread, frames, guess, followed=followed)


def copy_called(logs: DirtyLogs, thread: int, copy: WriteGuest) -> None:
    """A copy to the guest is open: every page of its range may be reached."""
    frames = frames_of(copy)
    followed = tuple((copy.as_id, gfn) for gfn in frames[:MOST_COPIED])
    if followed:
        _begin(logs, thread, followed, followed=len(frames) <= MOST_COPIED)


def _begin(
    logs: DirtyLogs,
    thread: int,
    frames: tuple[Frame, ...],
    guess: Guess | None = None,
    *,
    followed: bool = True,
    may_open: bool = False,
    by_vcpu: bool = True,
) -> None:
    logs.writes[thread] = Write(
        frames,
        list(logs.unsettled),
        guess=guess,
        followed=followed,
        may_open=may_open,
        by_vcpu=by_vcpu,
    )
    for request in logs.unsettled:
        request.frames.update(frames)
        request.unbounded |= not followed


def write_returned(logs: DirtyLogs, thread: int, reply: Reply) -> None:
    """A write is over.

    Its pages must be reported where it reached one slot for certain, and may be
    reported otherwise.
    """
    write = logs.writes.pop(thread, None)
    if write is None:
        return
    reached = _reached(logs, write, reply) | write.shared
    if not write.followed:
        _anything_may_be_dirty(logs)
    for frame in write.frames:
        is_done = frame in reached and frame not in write.reported
        openers = [w for w in logs.writes.values() if w.may_open and frame in w.frames]
        for opener in openers:
            if is_done:
                opener.shared.add(frame)
                opener.reported.discard(frame)
        is_done = is_done and not openers
        for key, log in logs.logs.items():
            for page in log.pages_of((frame,)):
                overlapped = any(r.bears_on(key, frame) for r in write.overlapping)
                is_certain = is_done and not overlapped and _is_of(logs, log, frame)
                log.written(page, is_certain=is_certain)
                for call in logs.calls.values():
                    if call.log is log:
                        call.written.add(page)


def _anything_may_be_dirty(logs: DirtyLogs) -> None:
    """A write has reached more frames than are followed."""
    for log in logs.logs.values():
        log.may_report = None
        log.cleared.clear()
    for call in logs.calls.values():
        call.may_report = None


def _reached(logs: DirtyLogs, write: Write, reply: Reply) -> frozenset[Frame]:
    """The frames that were reached, as far as the reply says so."""
    if write.by_vcpu and isinstance(reply, CutShort):
        return frozenset(write.frames[: len(reply.hvas)])
    if not write.by_vcpu or not isinstance(reply, Accessed | Translated):
        return frozenset()
    guess = write.guess
    if guess is None:
        return frozenset(write.frames)
    if logs.table is None or write.overlapping:
        return frozenset()
    return frozenset(guess.reached(logs.table, reply))


def _is_of(logs: DirtyLogs, log: Log, frame: Frame) -> bool:
    """No slot but that of the log can have been met at the frame."""
    if logs.table is None:
        return False
    as_id, gfn = frame
    return not any(
        slot.as_id == as_id and slot.covers(gfn) and slot.id != log.slot.id
        for slot in logs.table
    )


def report_in_flight(logs: DirtyLogs, log: Log, pages: tuple[int, ...]) -> None:
    """Writes in flight to pages taken out of the log may have come before that."""
    frames = {(log.slot.as_id, log.slot.base + page) for page in pages}
    for write in logs.writes.values():
        write.reported.update(frames.intersection(write.frames))
