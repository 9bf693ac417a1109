"""Facts about what is behind host addresses: how often the host has replaced it.

Kept from calls alone. The host replaces a page at some moment of the operation by
which it does, so while that is open there may be either page behind the address.
"""

from __future__ import annotations

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
    """Every replacement so far, and those that are under way, by thread."""

    replacements: list[Replacement] = field(default_factory=list[Replacement])
    open: dict[int, Replacement] = field(default_factory=dict[int, Replacement])

    def called(self, thread: int, operation: Operation) -> None:
        """An operation begins: it may replace pages."""
        start, end = pages_replaced(operation)
        if start < end:
            self.open[thread] = Replacement(start, end)
            self.replacements.append(self.open[thread])

    def returned(self, thread: int, step: int) -> None:
        """It is over: the pages are replaced."""
        mine = self.open.pop(thread, None)
        if mine is not None:
            mine.done_at = step

    def least(self, hva: int, step: int) -> int:
        """How often its page had been replaced at this step, at the least."""
        found = [one for one in self.replacements if one.meets(hva)]
        return sum(-1 < one.done_at < step for one in found)

    def most(self, hva: int) -> int:
        """How often its page may have been replaced by now."""
        return sum(one.meets(hva) for one in self.replacements)
