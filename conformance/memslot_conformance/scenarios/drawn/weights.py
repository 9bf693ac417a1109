"""How often what is drawn, and out of what: the numbers behind all draws, as data.

A share is a probability. In a tuple to choose from, what stands twice is drawn twice
as often. The values are few on purpose: few slots, few frames and few host pages
make operations meet.
"""

from __future__ import annotations

from memslot_spec.arithmetic.bitmaps import BITS_PER_WORD
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.model.values import PAGES_PER_HUGE_PAGE

KINDS = {
    "SetRegion": 16,
    "GetDirtyLog": 5,
    "ClearDirtyLog": 4,
    "GuestAccess": 12,
    "TssBase": 8,
    "UnmapHva": 6,
    "InvalidateRange": 4,
    "AgeHva": 3,
    "ChangePte": 4,
    "WriteProtectGfn": 3,
    "Halt": 1,
    "ReleaseNotifier": 1,
    "AllocateRoot": 1,
    "InitHvaCache": 4,
    "UseHvaCache": 6,
    "VcpuGfnToMemslot": 3,
    "ReadGuest": 3,
    "WriteGuest": 4,
    "PreFault": 3,
    "ActivatePfnCache": 3,
    "RefreshPfnCache": 3,
    "UsePfnCache": 5,
    "DeactivatePfnCache": 1,
}
"""How often each kind of operation is drawn; `USUAL` for those that are not here."""

USUAL = 2

EVEN = 0.5
"""A fair coin."""

# What races are made of.
PREFIX_LENGTHS = (1, 1, 2, 2, 3, 4, 6)
OTHER_THREADS = (1, 1, 1, 2)
THREAD_LENGTHS = (1, 1, 2)
UPDATES = (1, 1, 1, 2)
"""How many updates the first thread asks for."""

AFTER_BELOW = 3
"""Fewer operations than this are asked when a race is over."""

KINDS_OF_A_RACE = (1, 2, 3)
"""How many kinds of operations meet in one race, requests not counted."""

AIMED = 0.8
"""How often an operation of a race is aimed at a slot that is there."""

LOG_FIRST = 0.2
"""How often a race of a slot that logs is about its log, and not about an update."""

GETS = (1, 1, 2)
ACCESSES_FIRST = 0.3
"""How often a race about a new slot begins with accesses to its frames."""

# Requests.
ODD = 0.15
TWICE_ODD = 0.2
"""How often a request that is wrong in one way is wrong in a second one."""

PRIVATE_FROM = 0.93
"""The rolls above are of private slots, where there are any; those below `ODD` odd."""

FAILING = 0.15
"""How often a request meets a failure, where the target can be made to fail."""

SIZED = 0.62
"""How often a request has a size; the rest are deletes."""

VERY_LARGE = 0.02
READONLY = 0.08
LOGGING_WHERE_READ, LOGGING = 0.45, 0.2
"""How often a request asks for a log: where the log can be read, and where not."""

DELETE_BELOW, MOVE_BELOW, TOGGLE_BELOW = 0.55, 0.8, 0.9
"""Rolls of an update of a slot that is there: deleted, moved, or its log toggled."""

MANY_PAGES = 300_000_000
"""More than 32 bits can multiply by 20, and fewer than a slot may have."""

LARGEST_LOGGED = 4 * PAGES_PER_HUGE_PAGE
"""Pages of the largest slot that is asked to log: an answer has a bit for each."""

SIZES = (1, 2, 4, 4, PAGES_PER_HUGE_PAGE * 2)
BASES = (0, 1, 2, 4, 6, 16, 0x100, PAGES_PER_HUGE_PAGE, 0x300)
PAST_BASES = (0, 0, 1, 3)
"""How far past a base a frame or a host page is looked at."""

SPACES = (0, 0, 0, 0, 1)
"""Address spaces."""

HOST_PAGES = (0, 0, 0x1000, 0x1800, 0x2000)
"""Host pages at which slots begin; the huge ones are moved in step with bases."""

# Accesses.
DIRECT = 0.75
"""How often an access is by a guest with direct page tables."""

BY_SOFTWARE = 0.25
"""How often an access is not the processor's, where there are others."""

ROOTS = (0, 1, 2)
"""Roots of shadow pages, of the others."""

# Dirty logs.
NO_SLOT = 0.05
"""How often a log is asked for that no request can have made."""

LARGE_SLOT = 2 * PAGES_PER_HUGE_PAGE
"""Pages of the largest slot that is drawn by itself and that may log."""

FIRST_PAGES = (0, 0, 0, 0, 64, 128, 1, 1 << 20)
PAGE_COUNTS = (1, 2, 4, 4, 64, 128, LARGE_SLOT)
WORDS = (0, 1, 0b10, 0b1111, (1 << BITS_PER_WORD) - 1)
"""Words of a bitmap that is cleared by."""

AIMED_WORDS = (*WORDS, WORDS[-1])
"""Words for a slot that is there: every page is cleared more often."""

OPTIONS = (0, 1, 1, 3, 3, 2, 4)
"""Options of manual protection; the last cannot be enabled."""

# Caches.
OWNERS = (2, 2, 2, 3)
"""Caches and vCPUs by number; a race gives each of its threads those of its own
number, and the readers of a race are threads 2 and 3."""

OFFSETS_IN_PAGE = (0, 0, 8, PAGE_SIZE - 8)
CACHE_LENGTHS = (8, 8, 16, PAGE_SIZE, PAGE_SIZE, 2 * PAGE_SIZE, 1 << 63, 0)
AT_THE_TOP = 0.05
"""How often a cached range begins at the last eight bytes there are."""

LENGTHS_AT_THE_TOP = (8, 16, 2 * PAGE_SIZE)
USED_OFFSETS = (0, 0, 0, 8, PAGE_SIZE)

PFN_LENGTHS = (8, 8, 8, 16)

# Copies.
OFFSETS_OF_A_COPY = (0, 8, PAGE_SIZE - 1)
COPIED_LENGTHS = (1, 2, 8, PAGE_SIZE, PAGE_SIZE + 1, 2 * PAGE_SIZE, 3 * PAGE_SIZE)

PAGES_AHEAD = (1, 1, 2, 4, 8, 16, 0)
"""How many pages are mapped ahead."""

# Ranges of host memory.
RANGE_LENGTHS = (0, 1, PAGE_SIZE, PAGE_SIZE, 3 * PAGE_SIZE, 1 << 21)
FROM_OUTSIDE = 0.2
"""How often a range that is aimed at a slot begins before it."""

CHANGED_WRITABLE = 0.3
"""How often a page that the host puts in the place of another may be written."""
