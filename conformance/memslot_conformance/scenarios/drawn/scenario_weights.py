"""How scenarios are put together, as numbers: sequences, races and lives.

As in `weights`, a share is a probability, and in a tuple of pairs the first of each is
its weight.
"""

from __future__ import annotations

from memslot_conformance.scenarios.drawn.choices import Weighted

AT_A_SLOT, AT_A_SLOT_IN_A_RACE = 0.85, 0.95
"""How often what comes into view is a page of a slot, where there is one."""

STAYS_WITH = 0.88
"""How often the next operation of a sequence keeps to the slot of the one before."""

AIMED, AIMED_IN_A_RACE = 0.6, 0.95
"""How often an operation is about the slot and the page that are in view."""

NEAR = 0.12
"""How often an operation is about a frame beside the one in view: of the same pair, of
the same word of a log, or of the same huge page."""

NEAR_IN_A_HUGE_PAGE = 0.5
"""The same in a race at a slot that can have a huge page: one spte maps all of it."""

HUGE_WHERE_MAPPED = 0.5
"""How often slots are as large as huge pages where one of two operations that race maps
a page, and the other one is about mappings."""

IN_SPACE_0 = 0.85
"""How often slots are in the first address space where one of two operations that race
knows no other."""

FAILING_IN_A_RACE = 0.3
"""How often a delete or a move that is dealt fails half-way."""

MAPPED_FIRST = 0.3
"""How often the mapping that a race needs is older than the log that it needs."""

DEALT = 0.95
"""How often it is dealt which two operations of a race are to meet."""

ALONE = 0.64
"""How often what is dealt is all that races: so little that every schedule of one
preemption is played."""

PREFIX_LENGTHS = (1, 1, 1, 2, 2, 3, 5)
PREFIX_LENGTHS_ALONE = (0, 0, 1, 1, 2)
"""Turns of drawing before a race; what two operations need is put there besides."""

MOST_THREADS = 4
THREADS: Weighted[int] = ((15, 2), (4, 3), (1, 4))
THREAD_LENGTHS: Weighted[int] = ((10, 1), (5, 2), (2, 3), (1, 4), (1, 5))
KINDS_OF_A_RACE = (1, 2, 3)
"""How many kinds of operations meet in one race, requests not counted."""


AT_THE_NEW = 0.5
"""How often what races a move is about where the slot comes to be, and not where it
was. What races a create always is, for nothing else of it can be met."""

BESIDE = 3
"""How many kinds a race has beside the two that are to meet, some of them twice."""

LOGGED_AS_WELL = 0.35
"""How often a slot logs in a race in which nobody asks for the log: where it does, no
large page is mapped."""

WITH_REQUEST = 0.5
"""How often a race has a request where its two kinds are none, beside them."""

PREPARED, WRITTEN, READ_LOG = 0.9, 0.75, 0.25
"""How often what a race can need is put before it, each part by itself."""

AFTER: Weighted[int] = ((3, 0), (1, 1), (1, 2))
AFTER_BARE: Weighted[int] = ((3, 0), (1, 1))
"""How many operations are drawn between a race and the look after it."""

UNMAPPED = 0.5
"""How often a look at the end unmaps what it looked at, before it deletes the slots."""

WRITTEN_FIRST = 0.5
"""How often a look at the end writes before it asks for logs: a GET puts right what
another one has left."""

ENDS: Weighted[str] = ((1, "look"), (3, "write"), (1, "destroy"), (4, "as it is"))
"""How a drawn race ends: with the whole look, with a write of what it was about and a
GET, with the end of the VM, or with none of these."""

ENDS_OF_BARE: Weighted[str] = (
    (1, "look"),
    (20, "write"),
    (1, "destroy"),
    (4, "as it is"),
)
"""The same of two operations alone: what they leave is to be seen, and cheaply. A whole
look is as long as fifteen such races."""

VAST = 0.004
"""How often a sequence has a slot that logs and is too large to be told of; only where
no law bounds it, and it is deleted at once."""

VAST_PAGES = 1 << 35
"""Pages of which the bitmap has more bytes than 32 bits can count."""

THEMES: Weighted[str] = (
    (8, "any two"),
    (14, "log"),
    (10, "mapping"),
    (4, "remembered"),
    (4, "weights"),
)
"""What a race is of: any two kinds, each as often; kinds that are about one thing; or
any, by their weights."""

SUBJECTS: Weighted[str] = (
    (10, "any two"),
    (6, "log"),
    (6, "mapping"),
    (3, "remembered"),
)
"""What a sequence is about, as a race is: where all is asked, little of it is about
what was asked before."""

AGAIN = 0.25
"""How often a sequence asks one of the last things again: what a change has left wrong
shows only to whoever asked before it."""

LAST_ASKED = 6
"""Operations of a sequence that may be asked again."""

LOG_CYCLE = 0.04
"""How often a sequence goes on with a whole cycle of a log, where it can."""

MAPPED_BEFORE_THE_LOG, WRITTEN_BETWEEN, PROTECTED_BY_HAND = 0.75, 0.4, 0.5
"""How often a page is touched before its log is begun, and written before it is taken;
how often options of manual protection are asked for first."""

CYCLE_OPTIONS = (1, 3, 3, 0)

TAKEN_BY: Weighted[str] = ((4, "clear"), (4, "get"), (1, "nothing"))
"""What there is between two writes to a page of a log."""

# Lives.
PACES: Weighted[int] = ((60, 1), (2, 4), (1, 20))
"""How many times as many operations as usual a VM is asked."""
