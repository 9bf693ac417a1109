"""Facts about a table by ranges: what its dirty logs must show, and must not.

Frames are followed one by one. Where calls overlap so that two orders of them tell
different things, a frame is neither: it may be shown or not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from memslot_spec.model.operations import RangeRequest, RemoveRange, ReplaceTable
from memslot_spec.model.values import SlotTable

FOLLOWED = 1 << 16
"""Pages of the largest range of which each one is known to be clean, at first."""


@dataclass(slots=True)
class RangeFacts:
    """What writes have left in the dirty logs of a table by ranges.

    `written` are the frames that were written and that no log has told since;
    `clean` those of ranges to which nobody has written since they were added. Of an
    open GET, by thread, `asked` has those that it must show, None where another
    one is open beside it. `beside` are the threads whose open call has met an open
    replacement of the table, `replacing` those that replace it, and `mixed` those whose
    write has met an open GET. `crossed` has for each open request, by thread, the
    frames that may have been written since it began.
    """

    written: set[int] = field(default_factory=set[int])
    clean: set[int] = field(default_factory=set[int])
    asked: dict[int, frozenset[int] | None] = field(
        default_factory=dict[int, frozenset[int] | None]
    )
    beside: set[int] = field(default_factory=set[int])
    replacing: set[int] = field(default_factory=set[int])
    mixed: set[int] = field(default_factory=set[int])
    crossed: dict[int, set[int]] = field(default_factory=dict[int, set[int]])

    def request_called(self, thread: int, writing: Iterable[int]) -> None:
        """A request begins, while these frames are being written."""
        self.crossed[thread] = set(writing)

    def write_called(self, gfn: int) -> None:
        """Somebody may be writing to the frame from now on."""
        self.clean.discard(gfn)
        for crossed in self.crossed.values():
            crossed.add(gfn)

    def write_returned(self, gfn: int, thread: int, *, is_sure: bool) -> None:
        """A write is over; `is_sure`: it reached the frame, and no request was by."""
        if is_sure and not self.asked and thread not in self.mixed:
            self.written.add(gfn)
        self.mixed.discard(thread)

    def get_called(self, thread: int, frames: range, writing: Iterable[int]) -> None:
        """A log is asked for; writes of the threads `writing` are open beside it."""
        alone = not self.asked
        for other in self.asked:
            self.asked[other] = None
        shown = frozenset(gfn for gfn in self.written if gfn in frames)
        self.asked[thread] = shown if alone else None
        self.mixed.update(writing)

    def get_returned(self, thread: int, frames: range, *, clears: bool) -> None:
        """A log was told, and what it told it need not tell again."""
        self.asked.pop(thread, None)
        if clears:
            self.written -= {gfn for gfn in self.written if gfn in frames}

    def table_changed(
        self,
        before: SlotTable | None,
        after: SlotTable | None,
        request: RangeRequest,
        crossed: set[int],
    ) -> None:
        """A request was carried out on the one table, and left the other.

        Of ranges that are in both tables of a replacement nobody says whether they are
        the same or have been made anew; what is left of a range that was cut may have
        kept its log or not. Beside the request the `crossed` frames were written.
        """
        if before is None or after is None:
            self.written.clear()
            self.clean.clear()
            return
        kept = set(before) & set(after)
        renewed = isinstance(request, ReplaceTable)
        for slot in before:
            if renewed or slot not in kept:
                self.clean -= {gfn for gfn in self.clean if slot.covers(gfn)}
                self.written -= {gfn for gfn in self.written if slot.covers(gfn)}
        if isinstance(request, RemoveRange):
            return
        for slot in after:
            if slot not in kept and slot.npages <= FOLLOWED:
                frames = range(slot.base, slot.base + slot.npages)
                self.clean.update(frame for frame in frames if frame not in crossed)
