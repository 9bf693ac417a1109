"""Facts about dirty logs from calls alone: what the next GET must and may show.

A write that was answered is owed to the next GET that is called after it. What
overlaps is judged leniently: a write in flight while a GET answered with its page
counts as shown, GETs and CLEARs of one slot that overlap excuse one another until
the next, and what an update of a slot overlaps is not held against its log.
Pages are counted from the slot's base.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from memslot_spec.arithmetic.bitmaps import set_bits
from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.facts.dirty_caches import CachedRanges, Frame, Guess
from memslot_spec.model.replies import DirtyLog, Reply
from memslot_spec.model.values import EMPTY, MemoryRegion, Slot, SlotTable

Word = tuple[int, int]
"""A slot's address space and id."""


class Why(Enum):
    """Why the next GET owes a page."""

    WRITTEN = "it was written"
    REARMED = "it was written after a CLEAR took it out"
    SHOWN = "a GET that takes nothing out showed it"
    SPARED = "a CLEAR was not given it"
    MOVED = "it was dirty when the slot moved"
    UNDISTURBED = "it was dirty when a request for the slot was refused"
    INITIAL = "the log began with every page dirty"


@dataclass(slots=True)
class Log:
    """The log of one slot that logs, as calls and replies tell it.

    `owed` pages must be in the next answer, `may` are all that can be (None: any
    can). `cleared` are those that a CLEAR took out and nobody wrote since; `fresh`
    says that no GET was answered since the log began.
    """

    slot: Slot
    owed: dict[int, Why] = field(default_factory=dict[int, Why])
    may: set[int] | None = None
    cleared: set[int] = field(default_factory=set[int])
    fresh: bool = False

    def pages_of(self, frames: Iterable[Frame]) -> set[int]:
        """The slot's pages among these frames."""
        slot = self.slot
        return {
            gfn - slot.base
            for as_id, gfn in frames
            if as_id == slot.as_id and slot.covers(gfn)
        }

    def write(self, page: int, *, is_owed: bool) -> None:
        """A page was written; it is not owed where that is not certain."""
        if is_owed:
            self.owed[page] = Why.REARMED if page in self.cleared else Why.WRITTEN
        self.cleared.discard(page)
        if self.may is not None:
            self.may.add(page)

    def reported(self, pages: Iterable[int]) -> None:
        """These pages are owed no more."""
        for page in pages:
            self.owed.pop(page, None)


@dataclass(slots=True)
class Request:
    """An open update of slots, and what went on beside it.

    `options` are those of manual protection, None where they may have changed.
    `frames` were written meanwhile, `given` are the pages that CLEARs of the same
    slot were given.
    """

    region: MemoryRegion
    options: int | None
    frames: set[Frame] = field(default_factory=set[Frame])
    given: set[int] = field(default_factory=set[int])
    reply: Reply | None = None

    @property
    def word(self) -> Word:
        """The slot it is about."""
        return as_id_of(self.region.slot), id_of(self.region.slot)

    def bears_on(self, word: Word, frame: Frame) -> bool:
        """It is about this slot, or about a range with this frame in it."""
        inside = 0 <= frame[1] - self.region.base < self.region.npages
        return self.word == word or (inside and frame[0] == self.word[0])


@dataclass(slots=True)
class Write:
    """A write in flight; of `shown` frames a GET or CLEAR was answered meanwhile.

    `frames` are all that it can reach. `guess` is there where it goes through a
    cache of which it is not known which of several ranges it has.
    """

    frames: tuple[Frame, ...]
    beside: list[Request]
    shown: set[Frame] = field(default_factory=set[Frame])
    guess: Guess | None = None


@dataclass(slots=True)
class Drain:
    """An open GET or CLEAR of a slot, and what stood when it was called.

    `alone` says that no other overlapped it, `steady` that no update of the slot
    did. `manual` tells whether a GET takes nothing out; None is either. `given`
    are the pages a CLEAR is given, `written` those written since the call.
    """

    word: Word
    log: Log | None
    alone: bool
    steady: bool
    manual: bool | None
    owed: dict[int, Why]
    may: frozenset[int] | None
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
    `options` are those of manual protection, None where they are not known.
    """

    watching: bool
    user_slots: int
    logs: dict[Word, Log] = field(default_factory=dict[Word, Log])
    table: SlotTable | None = EMPTY
    options: int | None = 0
    writes: dict[int, Write] = field(default_factory=dict[int, Write])
    requests: dict[int, Request] = field(default_factory=dict[int, Request])
    unsettled: list[Request] = field(default_factory=list[Request])
    drains: dict[int, Drain] = field(default_factory=dict[int, Drain])
    enabling: dict[int, int | None] = field(default_factory=dict[int, int | None])
    caches: dict[int, CachedRanges] = field(default_factory=dict[int, CachedRanges])

    def certain_log(self, thread: int) -> tuple[Drain, Log] | None:
        """A thread's open GET or CLEAR with its log, where nothing bears on it."""
        drain = self.drains.get(thread)
        if drain is None or drain.log is None or not drain.steady:
            return None
        return drain, drain.log

    def in_flight(self, log: Log) -> set[int]:
        """The pages of a log to which writes are under way."""
        pages: set[int] = set()
        for write in self.writes.values():
            pages |= log.pages_of(write.frames)
        return pages

    def missing(self, thread: int, reply: Reply) -> dict[int, Why]:
        """The pages that an answer to GET owes and does not show."""
        known = self.certain_log(thread)
        if known is None or not known[0].alone or not isinstance(reply, DirtyLog):
            return {}
        drain, log = known
        shown = set(set_bits(reply.bitmap))
        return {
            page: why
            for page, why in drain.owed.items()
            if page in log.owed and page not in shown
        }

    def surplus(self, thread: int, reply: Reply) -> frozenset[int]:
        """The pages that an answer to GET shows though nobody can have written them."""
        known = self.certain_log(thread)
        if known is None or not isinstance(reply, DirtyLog):
            return frozenset()
        drain, log = known
        if drain.may is None:
            return frozenset()
        shown = frozenset(set_bits(reply.bitmap)) - drain.may - drain.written
        return shown - self.in_flight(log) if shown else shown
