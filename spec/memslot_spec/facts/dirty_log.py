"""Facts about dirty logs from calls alone: what a GET must and may report.

A page whose write has returned must be in the answer of the next GET that is
called. What overlaps is judged leniently: a write in flight while a GET answers
with its page counts as reported, GETs and CLEARs of one slot that overlap excuse
one another until the next, and what an update of a slot overlaps is not held
against its log. Pages are counted from the slot's base.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from memslot_spec.facts.dirty_caches import CachedRanges, Frame, Guess
from memslot_spec.model.dirty_log import SlotKey, slot_key
from memslot_spec.model.operations import Operation
from memslot_spec.model.replies import Reply
from memslot_spec.model.values import EMPTY, MemoryRegion, Slot, SlotTable


class Why(Enum):
    """Why the next GET must report a page."""

    WRITTEN = "it was written"
    REARMED = "it was written after a CLEAR cleared its bit"
    SHOWN = "a GET that clears nothing reported it"
    SPARED = "a CLEAR was not given it"
    MOVED = "it was dirty when the slot moved"
    UNDISTURBED = "it was dirty when a request for the slot, or a CLEAR, was refused"
    INITIAL = "the log began with every page dirty"


@dataclass(slots=True)
class Log:
    """The log of one slot that logs, as calls and replies tell it.

    The next GET must report the pages of `must_report`, each for its reason, and
    may report those of `may_report` (None: any page). `cleared` are those that a
    CLEAR took out and nobody wrote since; `fresh` says that no GET was answered
    since the log began, `began_dirty` that it began with every page in it.
    """

    slot: Slot
    must_report: dict[int, Why] = field(default_factory=dict[int, Why])
    may_report: set[int] | None = None
    cleared: set[int] = field(default_factory=set[int])
    fresh: bool = False
    began_dirty: bool = False

    def pages_of(self, frames: Iterable[Frame]) -> set[int]:
        """The slot's pages among these frames."""
        slot = self.slot
        return {
            gfn - slot.base
            for as_id, gfn in frames
            if as_id == slot.as_id and slot.covers(gfn)
        }

    def written(self, page: int, *, is_certain: bool) -> None:
        """A page may be dirty now; it must be reported if the write is certain."""
        if is_certain:
            why = Why.REARMED if page in self.cleared else Why.WRITTEN
            self.must_report[page] = why
        self.cleared.discard(page)
        if self.may_report is not None:
            self.may_report.add(page)

    def need_not_report(self, pages: Iterable[int]) -> None:
        """These pages were reported, or cleared: the next GET need not have them."""
        for page in pages:
            self.must_report.pop(page, None)


@dataclass(slots=True)
class Request:
    """A request for a slot that is open, or not settled yet, and what overlapped it.

    What overlaps it is what comes until it is settled: so long as another request is
    open nobody knows what this one has left.

    `options` are those of manual protection, None where they may have changed.
    `frames` were written meanwhile, `given` are the pages that CLEARs of the same
    slot were given, or that GETs of it may have taken out. `unbounded` says that a
    write overlapped it whose frames are not all known.
    """

    region: MemoryRegion
    options: int | None
    frames: set[Frame] = field(default_factory=set[Frame])
    given: set[int] = field(default_factory=set[int])
    unbounded: bool = False
    reply: Reply | None = None

    @property
    def key(self) -> SlotKey:
        """The slot it is about."""
        return slot_key(self.region.slot)

    def bears_on(self, key: SlotKey, frame: Frame) -> bool:
        """It is about this slot, or about a range with this frame in it."""
        inside = 0 <= frame[1] - self.region.base < self.region.npages
        return self.key == key or (inside and frame[0] == self.key[0])


@dataclass(slots=True)
class Write:
    """A write in flight, and the requests that overlap it or were not settled before.

    `frames` are all that it can reach, but for those of a write too large to follow,
    which is not `followed`; a GET or CLEAR was answered for those in `reported`
    meanwhile. `guess` is there where it goes through a cache of which it is not known
    which of several ranges it has. One that `may_open` an spte for others marks its
    page later. One that is not `by_vcpu` is KVM's own, and need not be logged where no
    vCPU runs (6.1 `mark_page_dirty_in_slot()`, virt/kvm/kvm_main.c:3317), which nobody
    tells; a use of a cache stands for one by a vCPU's thread. In `shared` are frames
    that others have written through it since.
    """

    frames: tuple[Frame, ...]
    overlapping: list[Request]
    reported: set[Frame] = field(default_factory=set[Frame])
    guess: Guess | None = None
    followed: bool = True
    may_open: bool = False
    by_vcpu: bool = True
    shared: set[Frame] = field(default_factory=set[Frame])


@dataclass(slots=True)
class LogCall:
    """An open GET or CLEAR of a slot, and how its log stood when it was called.

    `alone` says that no other GET or CLEAR overlapped it, `steady` that no request
    for the slot did, and what each had done was settled when it was called. `manual`
    tells whether a GET clears nothing; None: it may. `given` are the pages a CLEAR is
    given, `written` those written since the call.
    """

    key: SlotKey
    log: Log | None
    alone: bool
    steady: bool
    manual: bool | None
    must_report: dict[int, Why]
    may_report: frozenset[int] | None
    cleared: frozenset[int]
    fresh: bool
    given: frozenset[int] = frozenset()
    written: set[int] = field(default_factory=set[int])


OVERLAPPED = -1
"""In place of options: requests for others overlapped."""


@dataclass(slots=True)
class DirtyLogs:
    """Every log that is known, and the open calls that bear on them.

    `table` is the one that stands with no update open, None where several may.
    `options` are those of manual protection, None where they are not known. They were
    `seen` where a GET has shown that it clears nothing, and nothing but GETs and writes
    came since; `refused_since` is a request that was refused after that, and
    `shown_once` says that since the last request a GET has shown something.
    """

    watching: bool
    user_slots: int
    logs: dict[SlotKey, Log] = field(default_factory=dict[SlotKey, Log])
    table: SlotTable | None = EMPTY
    options: int | None = 0
    writes: dict[int, Write] = field(default_factory=dict[int, Write])
    requests: dict[int, Request] = field(default_factory=dict[int, Request])
    unsettled: list[Request] = field(default_factory=list[Request])
    calls: dict[int, LogCall] = field(default_factory=dict[int, LogCall])
    enabling: dict[int, int | None] = field(default_factory=dict[int, int | None])
    seen: bool = False
    refused_since: Operation | None = None
    shown_once: bool = False
    caches: dict[int, CachedRanges] = field(default_factory=dict[int, CachedRanges])

    def is_bounded(self) -> bool:
        """Every frame to which writes are under way is known."""
        return all(write.followed for write in self.writes.values())

    def changed(self, operation: Operation, *, was_refused: bool) -> None:
        """A request, a CLEAR or other options are over: what was seen may be no more.

        What is refused changes nothing, if nothing else is under way.
        """
        alone = not (self.requests or self.calls or self.enabling)
        if was_refused and alone and (self.seen or self.refused_since is not None):
            self.refused_since = operation
        else:
            self.refused_since = None
        self.seen = self.shown_once = False

    def shown(self, why: Iterable[Why]) -> None:
        """A GET has shown the pages that were due, for these reasons.

        A GET that clears shows them once as well.
        """
        if Why.SHOWN in why and self.shown_once:
            self.seen, self.refused_since = True, None
        self.shown_once = True

    def in_flight(self, log: Log) -> set[int]:
        """The pages of a log to which writes are under way."""
        pages: set[int] = set()
        for write in self.writes.values():
            pages |= log.pages_of(write.frames)
        return pages


def must_report(call: LogCall, log: Log) -> dict[int, Why]:
    """The pages that the answer of this GET must have, and why each.

    `call.must_report` is what the log had when GET was called: every page whose
    write had returned, and every page that was dirty when the slot's log began,
    was reported by a GET under manual protection, was not given to a CLEAR, or
    was kept over a move or a refused request. A page left it when a GET reported
    it, or a CLEAR was given it.
    """
    if not call.steady:
        # A request for the slot overlapped: it may have given it a new log.
        return {}
    if not call.alone:
        # Another GET or CLEAR overlapped: it may have taken the page out first.
        return {}
    # A write that returned after the call may have come too late for it; a page
    # that has left the log since then need not be there.
    before = call.must_report
    return {page: why for page, why in before.items() if page in log.must_report}


def may_report(logs: DirtyLogs, call: LogCall, log: Log) -> frozenset[int] | None:
    """The pages that the answer of this GET may have; None: any page.

    What the log had when GET was called, and what was written since, or is being
    written: such a write may have come in time. GETs that overlap may all have it.
    """
    if not call.steady or call.may_report is None or not logs.is_bounded():
        return None
    return call.may_report.union(call.written, logs.in_flight(log))
