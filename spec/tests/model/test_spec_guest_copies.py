"""What a copy of guest bytes reaches: page by page, to the last byte, with no wrap."""

from __future__ import annotations

import pytest

from memslot_spec.arithmetic.ranges import PAGE_SIZE, U64
from memslot_spec.model.guest_copies import (
    copy_explained,
    first_without_memory,
    frames_of,
    hva_at,
)
from memslot_spec.model.operations import GuestCopy, ReadGuest, WriteGuest
from memslot_spec.model.profile import HostHole, Limits
from memslot_spec.model.replies import CutShort, Done, Reply, Translated
from memslot_spec.model.values import Errno, Gfn, Hva, Slot, SlotTable

HERE, NEXT = 0x100000, 0x200000
S0 = Slot(0, Gfn(16), 4, Hva(HERE))
S1 = Slot(1, Gfn(20), 4, Hva(NEXT))
GOING = Slot(0, Gfn(16), 4, Hva(HERE), invalid=True)
READONLY = Slot(1, Gfn(20), 4, Hva(NEXT), readonly=True)
MOVED = Slot(1, Gfn(40), 4, Hva(NEXT))
BOTH = SlotTable((S0, S1))
LIMITS = Limits(user_slots=8)
LAST = 19 * PAGE_SIZE + PAGE_SIZE - 1
OVER = ReadGuest(LAST, 2)
REACHED = (HERE + 4 * PAGE_SIZE - 1, NEXT)
EFAULT = Errno.EFAULT


@pytest.mark.parametrize(
    ("gpa", "length", "frames"),
    [
        (0x11000, 0, range(0)),
        (0x11FFF, 1, range(17, 18)),
        (0x11FFF, 2, range(17, 19)),
        (0x11000, PAGE_SIZE, range(17, 18)),
        (0x11000, PAGE_SIZE + 1, range(17, 19)),
        (U64 - 8, 16, range((U64 >> 12) - 1, (U64 >> 12) + 1)),
    ],
)
def test_a_range_has_the_frames_of_its_bytes(
    gpa: int, length: int, frames: range
) -> None:
    assert frames_of(ReadGuest(gpa, length)) == frames


def test_each_page_is_met_where_the_range_meets_it() -> None:
    assert hva_at(BOTH, OVER, 19) == REACHED[0]
    assert hva_at(BOTH, OVER, 20) == REACHED[1]
    assert hva_at(BOTH, OVER, 24) is None
    assert hva_at(BOTH, ReadGuest(LAST, 2, 1), 19) is None


@pytest.mark.parametrize(
    ("table", "copy", "first"),
    [
        (BOTH, OVER, None),
        (BOTH, ReadGuest(LAST, 5 * PAGE_SIZE), 24),
        (BOTH, ReadGuest(15 * PAGE_SIZE, 1), 15),
        (SlotTable((GOING, S1)), OVER, 19),
        (SlotTable((S0, READONLY)), OVER, None),
        (SlotTable((S0, READONLY)), WriteGuest(LAST, 2), 20),
        (BOTH, ReadGuest(0, 0), None),
        (BOTH, ReadGuest(17 * PAGE_SIZE, U64 - 1), 24),
    ],
)
def test_the_first_page_without_memory(
    table: SlotTable, copy: GuestCopy, first: int | None
) -> None:
    assert first_without_memory((table,), copy, by_all=True) == first
    assert first_without_memory((table,), copy, by_all=False) == first


def test_what_some_table_lacks_others_may_have() -> None:
    tables = (BOTH, SlotTable((S0, MOVED)))
    assert first_without_memory(tables, OVER, by_all=True) is None
    assert first_without_memory(tables, OVER, by_all=False) == 20


@pytest.mark.parametrize(
    ("reply", "explained"),
    [
        (Translated(REACHED), True),
        (Translated(REACHED[:1]), False),
        (Translated((REACHED[0], NEXT + 1)), False),
        (CutShort((), EFAULT), False),
        (CutShort(REACHED, EFAULT), False),
        (Done(), False),
    ],
)
def test_a_range_with_memory_is_copied_whole(reply: Reply, *, explained: bool) -> None:
    assert copy_explained((BOTH,), OVER, reply, LIMITS) is explained


@pytest.mark.parametrize(
    ("reply", "explained"),
    [
        (CutShort(REACHED[:1], EFAULT), True),
        (CutShort((), EFAULT), True),
        (CutShort((), None), True),
        (CutShort((), Errno.EINVAL), False),
        (CutShort((NEXT,), EFAULT), False),
        (Translated(REACHED), False),
    ],
)
def test_an_error_may_come_before_the_page_that_lacks_memory(
    reply: Reply, *, explained: bool
) -> None:
    assert copy_explained((SlotTable((S0,)),), OVER, reply, LIMITS) is explained


def test_the_pages_of_a_copy_may_be_of_different_tables() -> None:
    first, second = SlotTable((S0,)), SlotTable((GOING, S1))
    assert copy_explained((first, second), OVER, Translated(REACHED), LIMITS)
    assert not copy_explained((second,), OVER, Translated(REACHED), LIMITS)


def test_where_the_host_may_lack_a_page_an_error_needs_no_other_reason() -> None:
    holes = Limits(user_slots=8, holes=(HostHole(HERE, HERE + PAGE_SIZE),))
    assert copy_explained((BOTH,), OVER, CutShort((), EFAULT), holes)
