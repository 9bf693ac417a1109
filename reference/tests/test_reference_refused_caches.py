"""A cache that was refused has its old range still, and writes go through it.

The log is told of them, and the judge knows no more than the replies say: it does
not call their pages unwritten, and it accuses whoever loses them or shows others.
"""

from __future__ import annotations

import pytest

from memslot_conformance.play.bounded import bounded
from memslot_conformance.scenarios.scenario import Operations, Scenario
from memslot_reference.changed import Factory
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot
from memslot_reference.reference import linux_limits, reference_linux
from memslot_reference.vm import Vm
from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.history.events import Return
from memslot_spec.history.hook import Hook
from memslot_spec.model.operations import (
    EnableManualProtect,
    GetDirtyLog,
    InitHvaCache,
    UseHvaCache,
)
from memslot_spec.model.profile import LINUX, Limits, Profile
from memslot_spec.model.replies import DirtyLog, Refused, Translated
from memslot_spec.model.values import LOG_DIRTY_PAGES, Errno
from museum_cases import applicable_to, delete, found, judged, made_for, put

LOGGED = put(0, 0x300, 2, 0x1000, LOG_DIRTY_PAGES)
MOVED = put(0, 0x400, 2, 0x1000, LOG_DIRTY_PAGES)
RESOLVED = InitHvaCache(2, 0x300 << PAGE_SHIFT, 0x1000)
OF_TWO_PAGES = InitHvaCache(2, 0x300 << PAGE_SHIFT, 0x2000)
OF_A_HOLE = InitHvaCache(2, 0x900 << PAGE_SHIFT, 8)
THAT_WRAPS = InitHvaCache(2, (1 << 64) - 8, 0x1000)
CHANGED = put(1, 1, 1, 0x2000)
WRITE = UseHvaCache(2, 8, 8, write=True)
ACROSS = UseHvaCache(2, 0xFFC, 8, write=True)
GET = GetDirtyLog(0)

SIX = (LOGGED, RESOLVED, OF_A_HOLE, CHANGED, WRITE, GET)


class MarksTheNextPage(LinuxKvm):
    """A write through a cache marks the page behind as well, which nobody wrote."""

    def mark_used(self, slot: MemorySlot, gpa: int, length: int) -> None:
        super().mark_used(slot, gpa, length)
        self.mark_page_dirty(slot, (gpa >> PAGE_SHIFT) + 1)


class MarksNothing(LinuxKvm):
    """A write through a cache is lost to the log."""

    def mark_used(self, slot: MemorySlot, gpa: int, length: int) -> None:
        del slot, gpa, length


def marks_the_next_page(
    hook: Hook, profile: Profile, limits: Limits | None = None
) -> Vm:
    return MarksTheNextPage(hook, profile, limits or linux_limits(profile))


def marks_nothing(hook: Hook, profile: Profile, limits: Limits | None = None) -> Vm:
    return MarksNothing(hook, profile, limits or linux_limits(profile))


def broken(make: Factory, scenario: Scenario, *, is_blind: bool) -> set[str]:
    """The clauses broken in any schedule of two preemptions."""
    held, names = applicable_to(make, LINUX, is_blind=is_blind), set[str]()
    for played in bounded(made_for(make, LINUX), scenario, 2):
        assert played.error is None
        names |= found(judged(held, played))
    return names


def test_a_write_goes_through_the_range_of_before_the_refusal() -> None:
    (played,) = bounded(made_for(reference_linux, LINUX), Scenario(SIX), 0)
    replies = [e.reply for e in played.events if isinstance(e, Return)]
    assert replies[2] == Refused(Errno.EFAULT)
    assert replies[4] == Translated((0x1000_008,))
    assert replies[5] == DirtyLog((1,))


@pytest.mark.parametrize("is_blind", [False, True])
@pytest.mark.parametrize(
    "operations",
    [
        SIX,
        (*SIX, WRITE, GET, GET),
        (LOGGED, GET, RESOLVED, OF_A_HOLE, CHANGED, WRITE, GET),
        (LOGGED, RESOLVED, THAT_WRAPS, CHANGED, WRITE, GET),
        (LOGGED, RESOLVED, OF_A_HOLE, OF_A_HOLE, CHANGED, WRITE, GET),
        (LOGGED, OF_TWO_PAGES, OF_A_HOLE, CHANGED, ACROSS, GET),
        (EnableManualProtect(1), *SIX, WRITE, GET),
        # The hole is filled, and the cache has its old range all the same.
        (LOGGED, RESOLVED, OF_A_HOLE, put(1, 0x900, 1, 0x2000), WRITE, GET),
        # Whatever it had is forgotten by the next range that is resolved.
        (LOGGED, RESOLVED, OF_A_HOLE, OF_TWO_PAGES, WRITE, GET, GET),
        (LOGGED, OF_A_HOLE, CHANGED, WRITE, GET),
    ],
)
def test_a_page_written_through_it_is_not_called_unwritten(
    operations: Operations, *, is_blind: bool
) -> None:
    scenario = Scenario(operations)
    assert not broken(reference_linux, scenario, is_blind=is_blind)


@pytest.mark.parametrize("is_blind", [False, True])
@pytest.mark.parametrize("beside", [(CHANGED,), (delete(0, 0x300),), (MOVED,), (GET,)])
@pytest.mark.parametrize("range_", [RESOLVED, OF_TWO_PAGES])
def test_what_is_beside_such_a_write_is_judged_leniently(
    range_: InitHvaCache, beside: Operations, *, is_blind: bool
) -> None:
    prefix = (LOGGED, range_, OF_A_HOLE, put(3, 9, 1, 0x3000))
    scenario = Scenario(prefix, (beside, (WRITE, WRITE)), (GET, GET))
    assert not broken(reference_linux, scenario, is_blind=is_blind)


@pytest.mark.parametrize("is_blind", [False, True])
def test_a_page_that_nobody_wrote_is_still_one(*, is_blind: bool) -> None:
    first = Scenario(SIX)
    later = Scenario((LOGGED, GET, RESOLVED, OF_A_HOLE, CHANGED, WRITE, GET))
    assert broken(marks_the_next_page, first, is_blind=is_blind) == {"DIRTY-23"}
    assert broken(marks_the_next_page, later, is_blind=is_blind) == {"DIRTY-5"}


@pytest.mark.parametrize("is_blind", [False, True])
def test_a_lost_write_is_still_lost(*, is_blind: bool) -> None:
    assert broken(marks_nothing, Scenario(SIX), is_blind=is_blind) == {"DIRTY-4"}
