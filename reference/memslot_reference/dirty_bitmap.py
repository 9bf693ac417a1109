"""A slot's dirty bitmap, of whatever size the slot is.

Copies of a slot's struct share it, as they share the pointer in the kernel.
"""

from __future__ import annotations

from collections.abc import Iterable

from memslot_spec.arithmetic.bitmaps import bitmap_of


class DirtyBitmap:
    """One bit for each page of a slot, counted from the slot's base.

    `fill` is how the bits began, `others` are the pages whose bit is different
    by now: a bitmap of very many pages takes no more room than was written.
    """

    def __init__(self, handle: int, npages: int, *, all_set: bool) -> None:
        """Make a bitmap with every bit clear, or every bit set."""
        self.handle = handle
        self.npages = npages
        self.fill = all_set
        self.others: set[int] = set()

    def mark(self, page: int) -> None:
        """Set the bit of a page."""
        if self.fill:
            self.others.discard(page)
        else:
            self.others.add(page)

    def clear(self, page: int) -> None:
        """Clear the bit of a page."""
        if self.fill:
            self.others.add(page)
        else:
            self.others.discard(page)

    def is_dirty(self, page: int) -> bool:
        """Whether the bit of a page is set."""
        return (page in self.others) is not self.fill

    def is_clean(self) -> bool:
        """Whether no bit is set."""
        return len(self.others) == self.npages if self.fill else not self.others

    def pages(self) -> tuple[int, ...]:
        """The pages whose bits are set, rising."""
        if not self.fill:
            return tuple(sorted(self.others))
        return tuple(page for page in range(self.npages) if page not in self.others)

    def dirty_among(self, pages: Iterable[int]) -> tuple[int, ...]:
        """Those of the pages whose bits are set, in the order given."""
        return tuple(page for page in pages if self.is_dirty(page))

    def words(self) -> tuple[int, ...]:
        """The bitmap as userspace gets it."""
        return bitmap_of(self.pages(), self.npages)
