"""Ranges in the order of their bases: which of many a range meets, without a scan."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from itertools import pairwise

from memslot_spec.arithmetic.ranges import overlaps


class RangeOrder:
    """Pairs `(base, npages)` in order; a range is named by its place as given.

    Where they are `disjoint` a lookup costs the logarithm of their number, else a scan
    of them. A range of no pages meets nothing, as for `ranges.overlaps`.
    """

    def __init__(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Put them in order."""
        self._ordered = sorted(
            [
                (base, base + npages, number)
                for number, (base, npages) in enumerate(ranges)
                if npages > 0
            ]
        )
        self._bases = [base for base, _, _ in self._ordered]
        self.disjoint = all(
            one_end <= next_base
            for (_, one_end, _), (next_base, _, _) in pairwise(self._ordered)
        )

    def meeting(self, base: int, npages: int) -> list[int]:
        """Those that share a page with this range, as they were given."""
        end = base + npages
        if npages <= 0:
            return []
        first = 0
        if self.disjoint:
            # Of those that begin before it, the last alone can reach into it.
            first = max(bisect_right(self._bases, base) - 1, 0)
        found: list[int] = []
        for begins, ends, number in self._ordered[first:]:
            if begins >= end:
                break
            if overlaps(begins, ends - begins, base, npages):
                found.append(number)
        return sorted(found)
