"""What the judge cannot know of a dirty log it does not guess: histories by hand."""

from __future__ import annotations

import pytest

from dirty_histories import (
    ALL_DIRTY,
    GET,
    LOGS,
    MANUAL,
    Said,
    alone,
    cleared,
    found,
    got,
    region,
    wrote,
)
from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.facts.dirty_caches import LARGEST_FOLLOWED
from memslot_spec.history.events import Call, Event, Return
from memslot_spec.model.operations import (
    ClearDirtyLog,
    EnableManualProtect,
    GetDirtyLog,
    InitHvaCache,
    SetRegion,
    UseHvaCache,
)
from memslot_spec.model.replies import DirtyLog, Done, Refused, Translated
from memslot_spec.model.values import Errno, MemoryRegion

WRITE, WRITTEN = wrote(17)
SHOWN, CLEAN = DirtyLog((0b10,)), DirtyLog((0,))
OPENED = (*alone(LOGS), Call(2, WRITE), Call(1, WRITE), Return(1, WRITTEN))
"""A write went through an spte that another fault may have opened, and not marked."""


@pytest.mark.parametrize(
    "later",
    [
        (*alone(got()), Return(2, WRITTEN), *alone(got(1), got())),
        (*alone(got(1)), Return(2, WRITTEN), *alone(got())),
    ],
)
def test_a_fault_in_flight_may_mark_for_others_later(later: tuple[Event, ...]) -> None:
    assert not found((*OPENED, *later))


@pytest.mark.parametrize(
    "later",
    [
        (*alone(got()), Return(2, WRITTEN), *alone(got())),
        (Return(2, WRITTEN), *alone(got())),
    ],
)
def test_when_the_fault_has_returned_the_page_is_due(later: tuple[Event, ...]) -> None:
    assert found((*OPENED, *later)) == {"DIRTY-4"}


def test_a_fault_that_began_later_has_marked_nothing_for_a_write_before() -> None:
    begun = (*alone(LOGS, (WRITE, WRITTEN)), Call(2, WRITE))
    assert found((*begun, *alone(got()))) == {"DIRTY-4"}


def test_what_is_written_by_way_of_a_cache_is_opened_for_nobody() -> None:
    cached: Said = (InitHvaCache(0, 17 << PAGE_SHIFT, 8), Done())
    use = UseHvaCache(0, 0, 8, write=True)
    begun = (*alone(LOGS, cached), Call(2, use), *alone((WRITE, WRITTEN)))
    assert found((*begun, *alone(got()))) == {"DIRTY-4"}


@pytest.mark.parametrize("errno", [Errno.EFAULT, None])
def test_a_get_that_cannot_copy_may_have_cleared(errno: Errno | None) -> None:
    failed: Said = (GET, Refused(errno))
    assert not found(alone(LOGS, wrote(17), failed, got())) - {"DIRTY-8"}
    assert "DIRTY-6" not in found(alone(MANUAL, LOGS, wrote(17), failed, got(1)))


FAR = LARGEST_FOLLOWED + 64


def test_a_clear_is_followed_to_the_end_of_any_slot() -> None:
    large: Said = (region(16, FAR + 64), Done())
    clear: Said = (ClearDirtyLog(0, FAR, 64, (1,)), Done())
    words = (FAR + 64) // 64
    clean: Said = (GET, DirtyLog((0,) * words))
    hva_of_far = wrote(16 + FAR)
    assert not found(alone(MANUAL, large, hva_of_far, clear, clean))
    assert found(alone(MANUAL, large, hva_of_far, clean)) == {"DIRTY-4"}


def test_a_write_of_more_frames_than_are_followed_may_be_in_any_log() -> None:
    hva, length = 0x10_0000_0000, (FAR + 1) << PAGE_SHIFT
    below = MemoryRegion(1, 0, FAR << PAGE_SHIFT, hva)
    begin = alone((SetRegion(below), Done()))
    far: Said = (region(FAR), Done())
    cached: Said = (InitHvaCache(0, 0, length), Done())
    pages = tuple(hva + (page << PAGE_SHIFT) for page in range(FAR))
    use = UseHvaCache(0, 0, length, write=True)
    back = Return(2, Translated((*pages, 0x100_0000)))
    beside = (*begin, *alone(far, cached), Call(2, use), *alone(got(0), got(0)))
    assert not found(beside)
    assert not found((*beside, back, *alone(got(0))))
    assert found((*beside, back, *alone(got(0), got(0)))) == {"DIRTY-5"}


def test_a_get_beside_the_request_that_begins_a_log_may_empty_it() -> None:
    """Its option was read before the one for logs that begin dirty was turned on."""
    request = LOGS[0]
    raced = (
        Call(2, GET),
        *alone(ALL_DIRTY),
        Call(1, request),
        Return(2, DirtyLog((0b1111,))),
        Return(1, Done()),
    )
    assert not found((*raced, *alone(got())))
    assert found(alone(ALL_DIRTY, LOGS, got())) == {"DIRTY-24"}


def test_an_ordinary_get_empties_a_log_that_began_dirty() -> None:
    off: Said = (EnableManualProtect(0), Done())
    every = got(0, 1, 2, 3)
    assert not found(alone(ALL_DIRTY, LOGS, every, off, every, got()))
    assert found(alone(ALL_DIRTY, LOGS, every, off, got())) == {"DIRTY-6"}


def test_a_bit_past_the_end_is_no_page_that_is_shown_again() -> None:
    assert found(alone(LOGS, got(4))) == {"DIRTY-7"}
    assert found(alone(LOGS, got(), got(4))) == {"DIRTY-7"}
    assert found(alone(MANUAL, LOGS, cleared(1), got(4))) == {"DIRTY-7"}


def test_a_log_of_no_slot_is_asked_of_nobody() -> None:
    other = GetDirtyLog(1)
    assert found(alone(LOGS, (other, Refused(Errno.ENOENT)))) == set()
