"""The host's own memory: which page it has behind an address."""

from __future__ import annotations

from memslot_spec.arithmetic.ranges import PAGE_SIZE


class HostMemory:
    """Pages by how often the host has put another one in the place of the last.

    It replaces whole pages, and none of which it is asked for a part.
    """

    def __init__(self) -> None:
        """Every address has its first page."""
        self.replacements: list[tuple[int, int]] = []

    def replace(self, start: int, end: int) -> None:
        """Put other pages behind the bytes from start up to end."""
        first = -(-start // PAGE_SIZE) * PAGE_SIZE
        self.replacements.append((first, end // PAGE_SIZE * PAGE_SIZE))

    def replace_page(self, hva: int) -> None:
        """Put another page behind the address."""
        start = hva // PAGE_SIZE * PAGE_SIZE
        self.replace(start, start + PAGE_SIZE)

    def now(self) -> int:
        """What `page_at` is to be asked for, to know the pages of this moment."""
        return len(self.replacements)

    def page_at(self, hva: int, moment: int) -> int:
        """How often the page had been replaced that was behind the address then."""
        done = self.replacements[:moment]
        return sum(start <= hva < end for start, end in done)
