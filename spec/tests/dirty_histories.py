"""Histories of dirty logs by calls and replies alone."""

from __future__ import annotations

from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.events import Call, Event, Return
from memslot_spec.history.header import (
    Capabilities,
    Domain,
    Header,
    History,
    Interleaving,
)
from memslot_spec.judging.judge import judge
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
from memslot_spec.model.profile import LINUX, Limits
from memslot_spec.model.replies import Accessed, DirtyLog, Done, Refused, Reply
from memslot_spec.model.values import LOG_DIRTY_PAGES, Errno, MemoryRegion

OPERATIONS = (
    SetRegion,
    GuestAccess,
    InitHvaCache,
    UseHvaCache,
    GetDirtyLog,
    ClearDirtyLog,
    EnableManualProtect,
)

Said = tuple[Operation, Reply]


def region(gfn: int, npages: int = 4, flags: int = LOG_DIRTY_PAGES) -> SetRegion:
    size, hva = npages << PAGE_SHIFT, 0x100_0000
    return SetRegion(MemoryRegion(0, gfn << PAGE_SHIFT, size, hva, flags))


def got(*pages: int) -> Said:
    return GET, DirtyLog((sum(1 << page for page in pages),))


def wrote(gfn: int, base: int = 16) -> Said:
    hva = 0x100_0000 + (gfn - base << PAGE_SHIFT)
    return GuestAccess(gfn, write=True), Accessed(hva)


def cleared(*pages: int) -> Said:
    words = (sum(1 << page for page in pages),)
    return ClearDirtyLog(0, 0, 4, words), Done()


GET = GetDirtyLog(0)
LOGS: Said = (region(16), Done())
PLAIN: Said = (region(16, flags=0), Done())
MOVED: Said = (region(32), Done())
FAILED: Said = (region(16, 8), Refused(Errno.EINVAL))
GONE: Said = (region(16, 0, 0), Done())
MANUAL: Said = (EnableManualProtect(1), Done())
ALL_DIRTY: Said = (EnableManualProtect(3), Done())
NO_LOG: Said = (GET, Refused(Errno.ENOENT))


def alone(*said: Said) -> tuple[Event, ...]:
    """One call after the other, on one thread."""
    events: list[Event] = []
    for operation, reply in said:
        events += [Call(0, operation), Return(0, reply)]
    return tuple(events)


def found(events: tuple[Event, ...], *, exact: bool = True) -> set[str]:
    """The clauses that the history breaks, on a target that announces nothing."""
    header = Header(
        target="by hand",
        profile=LINUX.name,
        limits=Limits(user_slots=8),
        capabilities=Capabilities(
            operations=tuple(kind.__name__ for kind in OPERATIONS),
            interleaving=Interleaving.THREADS,
        ),
        domain=Domain(exact_dirty_log=exact),
    )
    judgement = judge(History(header, events), CLAUSES)
    assert judgement.contradiction is None
    return {finding.clause for finding in judgement.findings}
