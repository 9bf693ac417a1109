"""How often what is drawn, and out of what: the numbers behind all draws, as data.

A share is a probability. In a tuple to choose from, what stands twice is drawn twice
as often; in a tuple of pairs the first of each is its weight.
"""

from __future__ import annotations

from memslot_conformance.scenarios.drawn.choices import Weighted
from memslot_spec.arithmetic.bitmaps import BITS_PER_WORD
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.model.values import PAGES_PER_HUGE_PAGE

EVEN = 0.5
"""A fair coin."""

HUGE = PAGES_PER_HUGE_PAGE

# Numbers: each part of the mixture with its weight.
FRAMES: Weighted[str] = (
    (9, "meeting"),
    (7, "corner"),
    (1, "law"),
    (1, "machine"),
    (1, "wide"),
    (1, "small"),
)
"""Where a frame is looked at or a slot is put."""

BASES: Weighted[str] = (
    (10, "corner"),
    (2, "aligned"),
    (1, "law"),
    (1, "machine"),
    (1, "wide"),
)
"""Where a new slot is put that is to meet no other one."""

SIZES: Weighted[str] = (
    (10, "small"),
    (3, "meeting"),
    (2, "word"),
    (3, "huge"),
    (1, "law"),
    (1, "machine"),
    (1, "wide"),
)
"""How many pages a slot has."""

HOSTS: Weighted[str] = (
    (8, "in step"),
    (4, "corner"),
    (3, "meeting"),
    (1, "law"),
    (1, "machine"),
    (1, "wide"),
)
"""Where host memory is."""

IDS: Weighted[str] = (
    (16, "corner"),
    (1, "law"),
    (1, "machine"),
    (1, "wide"),
    (1, "small"),
)
"""Slot ids."""

SMALL_SIZES = (1, 1, 1, 2, 2, 3, 4, 4, 4, 7, 16)
WORD_SIZES = (63, 64, 65, 127, 128)
HUGE_SIZES = (HUGE - 1, HUGE, HUGE, HUGE + 1, 2 * HUGE, 2 * HUGE, 3 * HUGE)
OFFSETS = (0, 0, 0, 1, 2, 2, 4, 4, 6, 8, 16, 64, 0x100, HUGE, HUGE, 0x300, 2 * HUGE)
"""How far into a corner a slot begins, and a host range."""

IN_A_CORNER = tuple(offset + more for offset in OFFSETS for more in (0, 0, 1, 3))
"""How far into a corner a frame is; one choice, for who makes choices fewer."""

HUGE_PAGES = 0.7
"""How often a slot of as many pages as a huge page has one: base and host in step."""

ALIGNED_TO = (BITS_PER_WORD, HUGE, HUGE)
"""To what the begin or the end of a slot is moved."""

OUT_OF_STEP = (0, 0, 1, BITS_PER_WORD, HUGE // 2, HUGE)
"""How far a host page is off the one that is congruent to the frame."""

# Corners.
CORNERS: Weighted[str] = (
    (10, "lowest"),
    (2, "machine"),
    (1, "below 4 GiB"),
    (1, "law"),
    (1, "wide"),
)
"""Where a sequence keeps to."""

HOST_CORNERS: Weighted[str] = (
    (5, "in step"),
    (3, "lowest"),
    (2, "one page off"),
    (1, "a word off"),
    (1, "law"),
    (1, "wide"),
)
SPACES: Weighted[str] = ((9, "first"), (1, "last"), (3, "several"))
"""Address spaces, where there are several."""

SIZES_OF_A_CORNER: Weighted[str] = ((2, "small"), (5, "any"), (3, "huge"), (1, "word"))
"""Of which sizes the slots of a corner are; the least comes first, as everywhere."""

IDS_OF_A_CORNER = (3, 4, 4, 4, 4, 6, 8)
MOST: Weighted[int] = ((30, 2), (35, 4), (20, 10), (10, 24), (4, 64), (1, 300))
"""Slots at once: from so many on, deletes are drawn where new slots would be."""

GROWING = 0.4
"""How often a request is for a new slot where there are few of those there may be."""

MANY, AT_ONCE = 8, 0.2
"""How often a sequence with room for more than so many slots gets up to as many at
once."""

# Requests.
DEFECT_COUNTS: Weighted[int] = ((20, 0), (4, 1), (1, 2))
VAST_RANGE = 0.3
"""How often a host range that is to be refused is as large as a slot may be."""

RACED_DEFECTS: Weighted[int] = ((20, 0), (2, 1))
"""How many things are wrong with a request that comes from a shape."""

PRIVATE = 0.06
"""How often a request is the kernel's own, where there are such slots."""

FAILING = 0.12
"""How often a request meets a failure, where the target can be made to fail."""

ROLLBACK = 0.04
"""How often a live slot is moved past the largest gfn, and nothing else: refused
only after it was published as INVALID, so it has to be undone."""

LOGGING_WHERE_READ, LOGGING = 0.45, 0.2
"""How often a slot is asked to log: where the log can be read, and where not."""

READONLY = 0.14

LARGEST_LOGGED = 4 * HUGE
"""Pages of the largest slot that is asked to log: an answer has a bit for each."""

# Operations about slots.
DIRECT = 0.8
"""How often an access is by a guest with direct page tables."""

BY_SOFTWARE = 0.25
"""How often an access is not the processor's, where there are others."""

ROOTS = (0, 1, 2)
"""Roots of shadow pages, of the others."""

NO_SLOT = 0.06
"""How often a log is asked for that no request can have made."""

LOGGED = 0.85
"""How often a log is asked for of a slot that has one, where there is such a slot."""

ANY_RANGE = 0.1
"""How often a range of a log is cleared without regard to any slot."""

FIRST_PAGES = (0, 0, 1, 63, 64, 128, 1 << 20, 1 << 63)
ODD_COUNTS = 0.33
"""How often a range of pages to clear begins or ends where it may not."""

PAGE_COUNTS = (0, 1, 2, 4, 63, 64, 128, 2 * HUGE)
WORDS = (0, 1, 0b10, 0b1111, 1 << 63, (1 << BITS_PER_WORD) - 1)
"""Words of a bitmap that is cleared by."""

AIMED_WORDS = (*WORDS, *WORDS[-1:] * 3)
"""Words for a slot that is there: every page is cleared more often."""

OPTIONS = (0, 1, 1, 1, 3, 3, 3, 2, 4, 1 << 63)
RACED_OPTIONS = (0, 1, 1, 3, 3, 3)
"""Options of manual protection; bit 1 alone and those of more bits are refused."""

OWNERS = (0, 0, 0, 1)
"""Caches and vCPUs by number; a race gives each of its threads those of its own
number."""

OFFSETS_IN_PAGE = (0, 0, 8, PAGE_SIZE - 8, PAGE_SIZE - 1)
ODD_IN_A_RACE = 0.2
"""How often a range that a race is about may be one that is refused: it shows little
there."""

PLAIN_OFFSETS, PLAIN_LENGTHS = (0, 0, 8), (8, 8, 8, 16, PAGE_SIZE - 8)
"""Ranges of a race that are not: each is in one page."""

CACHE_LENGTHS = (8, 8, 16, PAGE_SIZE, 2 * PAGE_SIZE, 4 * PAGE_SIZE, 1 << 63, 0)
LENGTHS_TO_THE_EDGE = (-1, 0, 0, 1, PAGE_SIZE)
"""How far past the end of its first page a cached range ends, or past its slot."""

AT_THE_TOP = 0.05
"""How often a cached range begins at the last bytes there are."""

LENGTHS_AT_THE_TOP = (8, 8, 9, 9, 16, 2 * PAGE_SIZE)
USED_OFFSETS = (0, 0, 0, 8, PAGE_SIZE)
USED_LENGTHS = (8, 8, 8, 1, 0, PAGE_SIZE)
USED_ACROSS = 0.25
"""How often a cache of a range of several pages is used across the end of the first."""

USED_TO_THE_END = 0.4
"""How often a cache is used up to the end of its range, or one byte farther."""

LONGEST_USE = 16 * PAGE_SIZE
"""Bytes of the longest use: an answer has an address for each page."""

PFN_LENGTHS = (8, 8, 8, 9, 16)
"""Bytes of a cached range that has to be in one page."""

AT_AN_EDGE = 0.25
"""How often a copy begins where a slot does, or in its last page."""

OFFSETS_OF_A_COPY = (0, 8, PAGE_SIZE - 1)
COPIED_LENGTHS = (1, 2, 8, PAGE_SIZE, PAGE_SIZE + 1, 2 * PAGE_SIZE, 3 * PAGE_SIZE, 0)

PAGES_AHEAD, PAGES_AHEAD_IN_A_RACE = (1, 1, 2, 4, 8, 16, 0), (1, 1, 2, 4)
"""How many pages are mapped ahead."""

CHANGED_WRITABLE = 0.3
"""How often a page that the host puts in the place of another may be written."""

RANGE_LENGTHS = (0, 1, PAGE_SIZE, PAGE_SIZE, 3 * PAGE_SIZE, 1 << 21, 1 << 40)
FROM_OUTSIDE = 0.2
"""How often a range that is aimed at a slot begins before it."""

WRITES, WRITES_IN_A_RACE = 0.6, 0.75
"""How often an access writes."""
