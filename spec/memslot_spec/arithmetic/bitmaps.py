"""Bits of a dirty bitmap: how pages, u64 words and ranges of pages meet.

Source: `kvm_dirty_bitmap_bytes`, `kvm_clear_dirty_log_protect`.
"""

from __future__ import annotations

from collections.abc import Iterable

BITS_PER_WORD = 64
"""`BITS_PER_LONG` of a 64-bit host; a bitmap is copied in words of it."""

ALL_SET = (1 << BITS_PER_WORD) - 1
"""A word in which every bit is set."""


def words_for(npages: int) -> int:
    """Words in the bitmap of so many pages: the last one may be ragged.

    pre: 0 <= npages < 2**52
    post: (__return__ - 1) * 64 < npages <= __return__ * 64 or npages == __return__ == 0
    """
    return (npages + BITS_PER_WORD - 1) // BITS_PER_WORD


def set_bits(words: tuple[int, ...]) -> tuple[int, ...]:
    """The numbers of the bits that are set, rising."""
    found: list[int] = []
    for number, word in enumerate(words):
        if not word:
            continue
        first, left = number * BITS_PER_WORD, word & ALL_SET
        if left == ALL_SET:
            found.extend(range(first, first + BITS_PER_WORD))
            continue
        while left:
            lowest = left & -left
            found.append(first + lowest.bit_length() - 1)
            left ^= lowest
    return tuple(found)


def bitmap_of(pages: Iterable[int], npages: int) -> tuple[int, ...]:
    """The bitmap of a slot of `npages` in which these pages are set.

    Errors: `IndexError` for a page that no word of it holds.
    """
    words = [0] * words_for(npages)
    for page in pages:
        words[page // BITS_PER_WORD] |= 1 << page % BITS_PER_WORD
    return tuple(words)


def may_clear(first_page: int, num_pages: int, npages: int) -> bool:
    """Whether `KVM_CLEAR_DIRTY_LOG` takes this range of a slot of `npages`.

    It begins at a whole word, lies inside the slot, and is a whole number of
    words unless it ends where the slot ends.

    pre: 0 <= first_page < 2**64
    pre: 0 <= num_pages < 2**32
    pre: 0 < npages < 2**31
    post: not __return__ or first_page + num_pages <= npages
    """
    if first_page % BITS_PER_WORD or first_page > npages:
        return False
    left = npages - first_page
    return num_pages == left or (num_pages < left and num_pages % BITS_PER_WORD == 0)
