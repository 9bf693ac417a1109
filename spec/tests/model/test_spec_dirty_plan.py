"""What requests about dirty logs may be answered, row by row."""

from __future__ import annotations

import pytest

from memslot_spec.model.dirty_log import (
    DirtyObjection,
    answers,
    clear_objections,
    enable_objections,
    get_objections,
    given_pages,
    is_whole,
)
from memslot_spec.model.operations import ClearDirtyLog
from memslot_spec.model.profile import LINUX, V2_6_34, Limits, Profile
from memslot_spec.model.replies import DirtyLog, Done, Refused
from memslot_spec.model.values import Errno, Gfn, Hva, Slot, SlotTable, table_of

BAD_SLOT = DirtyObjection.BAD_SLOT
MISALIGNED = DirtyObjection.MISALIGNED
ABSENT = DirtyObjection.ABSENT
NOT_LOGGED = DirtyObjection.NOT_LOGGED
BAD_RANGE = DirtyObjection.BAD_RANGE

LIMITS = Limits(user_slots=8, address_spaces=2)
TABLE: SlotTable = table_of(
    Slot(0, Gfn(16), 100, Hva(0x100000), log_dirty=True),
    Slot(1, Gfn(200), 4, Hva(0x200000)),
    Slot(2, Gfn(300), 128, Hva(0x300000), log_dirty=True, invalid=True),
    Slot(0, Gfn(16), 4, Hva(0x100000), log_dirty=True, as_id=1),
)


def clear(first: int, count: int, word: int = 0) -> ClearDirtyLog:
    return ClearDirtyLog(word, first, count, (0,) * ((count + 63) // 64))


@pytest.mark.parametrize(
    ("word", "profile", "expected"),
    [
        (0, LINUX, ()),
        (1 << 16, LINUX, ()),
        (2, LINUX, ()),
        (1, LINUX, (NOT_LOGGED,)),
        (3, LINUX, (ABSENT,)),
        (1 << 16 | 1, LINUX, (ABSENT,)),
        (7, LINUX, (ABSENT,)),
        (8, LINUX, (BAD_SLOT,)),
        (2 << 16, LINUX, (BAD_SLOT,)),
        (0, V2_6_34, ()),
        (8, V2_6_34, (BAD_SLOT,)),
        (1 << 16, V2_6_34, (BAD_SLOT,)),
    ],
)
def test_objections_to_a_get(
    word: int, profile: Profile, expected: tuple[DirtyObjection, ...]
) -> None:
    assert get_objections(TABLE, word, profile, LIMITS) == expected


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (clear(0, 100), ()),
        (clear(64, 36), ()),
        (clear(0, 64), ()),
        (clear(0, 0), ()),
        (clear(128, 0, 2), ()),
        (clear(64, 64, 2), ()),
        (clear(0, 36), (BAD_RANGE,)),
        (clear(64, 35), (BAD_RANGE,)),
        (clear(64, 37), (BAD_RANGE,)),
        (clear(128, 0), (BAD_RANGE,)),
        (clear(1 << 63, 0), (BAD_RANGE,)),
        (clear(1, 3), (MISALIGNED, BAD_RANGE)),
        (clear(1, 3, 1), (MISALIGNED, NOT_LOGGED, BAD_RANGE)),
        (clear(1, 3, 3), (MISALIGNED, ABSENT)),
        (clear(1, 3, 8), (BAD_SLOT, MISALIGNED)),
        (clear(0, 64, 1), (NOT_LOGGED, BAD_RANGE)),
        (clear(0, 64, 3), (ABSENT,)),
    ],
)
def test_objections_to_a_clear(
    operation: ClearDirtyLog, expected: tuple[DirtyObjection, ...]
) -> None:
    assert clear_objections(TABLE, operation, LINUX, LIMITS) == expected


@pytest.mark.parametrize("options", [0, 1, 3])
def test_options_that_are_taken(options: int) -> None:
    assert enable_objections(options) == ()


@pytest.mark.parametrize("options", [2, 4, 5, 7, 1 << 63])
def test_refuses_options_that_are_not_known(options: int) -> None:
    assert enable_objections(options)


def test_the_first_objection_decides() -> None:
    assert answers(Refused(Errno.EINVAL), (MISALIGNED, ABSENT))
    assert answers(Refused(None), (MISALIGNED, ABSENT))
    assert not answers(Refused(Errno.ENOENT), (MISALIGNED, ABSENT))
    assert answers(Refused(Errno.ENOENT), (ABSENT, BAD_RANGE))
    assert not answers(Refused(Errno.EINVAL), (ABSENT, BAD_RANGE))
    assert not answers(Done(), (ABSENT,))
    assert answers(Done(), ())
    assert not answers(Refused(Errno.EINVAL), ())


def test_a_log_has_a_bit_for_every_page() -> None:
    assert is_whole(DirtyLog((0, 0)), 100)
    assert not is_whole(DirtyLog((0,)), 100)
    assert not is_whole(DirtyLog((0, 0, 0)), 128)
    assert not is_whole(Refused(Errno.ENOENT), 4)


def test_bits_past_the_range_or_the_slot_are_nobodys() -> None:
    assert given_pages(ClearDirtyLog(0, 64, 36, (1 | 1 << 35 | 1 << 36,)), 100) == {
        64,
        99,
    }
    assert given_pages(ClearDirtyLog(0, 0, 64, (1 << 4 | 1 << 3,)), 4) == {3}
    assert given_pages(ClearDirtyLog(0, 0, 64, (1, 1)), 128) == {0}
