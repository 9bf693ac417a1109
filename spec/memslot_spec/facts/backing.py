"""Facts about what is behind host addresses: how often the host has replaced it.

Kept from calls alone. The host replaces a page at some moment of the operation by
which it does, so while that is open there may be either page behind the address.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.model.operations import (
    ChangePte,
    InvalidateRange,
    Operation,
    UnmapHva,
)


def page_of(hva: int) -> int:
    """The first byte of the page in which a host address lies."""
    return hva - hva % PAGE_SIZE


def pages_replaced(operation: Operation) -> tuple[int, int]:
    """The bytes of the pages that the host replaces: those it has the whole of."""
    if isinstance(operation, UnmapHva | ChangePte):
        first = page_of(operation.hva)
        return first, first + PAGE_SIZE
    if isinstance(operation, InvalidateRange):
        first = -(-operation.start // PAGE_SIZE) * PAGE_SIZE
        return first, max(first, page_of(operation.end))
    return 0, 0


@dataclass(slots=True)
class Replacement:
    """Pages that the host replaces from start up to end; `done_at` is -1 until then."""

    start: int
    end: int
    done_at: int = -1

    def meets(self, hva: int) -> bool:
        """The page of the address is one of them."""
        return self.start <= hva < self.end


@dataclass(slots=True)
class Backing:
    """Every replacement so far, and those that are under way, by thread.

    Those that were over before every open call began are `counts`: so many of each
    page between one of the `bounds` and the next.
    """

    replacements: list[Replacement] = field(default_factory=list[Replacement])
    open: dict[int, Replacement] = field(default_factory=dict[int, Replacement])
    bounds: list[int] = field(default_factory=lambda: [0])
    counts: list[int] = field(default_factory=lambda: [0])

    def called(self, thread: int, operation: Operation) -> None:
        """An operation begins: it may replace pages."""
        start, end = pages_replaced(operation)
        if start < end:
            self.open[thread] = Replacement(start, end)
            self.replacements.append(self.open[thread])

    def returned(self, thread: int, step: int, oldest: int) -> None:
        """It is over: the pages are replaced. The oldest open call began at a step."""
        mine = self.open.pop(thread, None)
        if mine is not None:
            mine.done_at = step
        if self.replacements:
            left: list[Replacement] = []
            for one in self.replacements:
                if -1 < one.done_at < oldest:
                    self._count(one)
                else:
                    left.append(one)
            self.replacements = left

    def _count(self, one: Replacement) -> None:
        first, after = self._bound(one.start), self._bound(one.end)
        for at in range(first, after):
            self.counts[at] += 1

    def _bound(self, hva: int) -> int:
        """The place of this bound, which there is from now on."""
        at = bisect_left(self.bounds, hva)
        if at == len(self.bounds) or self.bounds[at] != hva:
            self.bounds.insert(at, hva)
            self.counts.insert(at, self.counts[at - 1] if at else 0)
        return at

    def _counted(self, hva: int) -> int:
        at = bisect_right(self.bounds, hva) - 1
        return self.counts[at] if at >= 0 else 0

    def least(self, hva: int, step: int) -> int:
        """How often its page had been replaced at this step, at the least.

        No open call began before it.
        """
        found = [one for one in self.replacements if one.meets(hva)]
        return self._counted(hva) + sum(-1 < one.done_at < step for one in found)

    def most(self, hva: int) -> int:
        """How often it may have been replaced by now."""
        return self._counted(hva) + sum(one.meets(hva) for one in self.replacements)
