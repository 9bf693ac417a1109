"""What the next GET must report, from calls and replies alone: histories by hand."""

from __future__ import annotations

import pytest

from dirty_histories import (
    ALL_DIRTY,
    FAILED,
    GET,
    GONE,
    LOGS,
    MANUAL,
    MOVED,
    NO_LOG,
    PLAIN,
    Said,
    alone,
    cleared,
    found,
    got,
    wrote,
)
from memslot_spec.arithmetic.ranges import PAGE_SHIFT
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


@pytest.mark.parametrize(
    "said",
    [
        (LOGS, got()),
        (LOGS, wrote(17), got(1), got()),
        (LOGS, wrote(17), wrote(18), got(1, 2), wrote(17), got(1)),
        (PLAIN, wrote(17), LOGS, got(), PLAIN, NO_LOG),
        (LOGS, wrote(17), PLAIN, LOGS, got()),
        (LOGS, wrote(17), MOVED, got(1), wrote(33, 32), got(1)),
        (LOGS, wrote(17), FAILED, got(1)),
        (LOGS, wrote(17), GONE, NO_LOG, LOGS, got()),
        (MANUAL, LOGS, wrote(17), got(1), got(1), cleared(1), got()),
        (MANUAL, LOGS, wrote(17), wrote(18), cleared(1), got(2), wrote(17), got(1, 2)),
        (ALL_DIRTY, LOGS, got(0, 1, 2, 3), cleared(1), got(0, 2, 3)),
        (MANUAL, LOGS, wrote(17), got(1), (EnableManualProtect(0), Done()), got(1)),
    ],
)
def test_what_a_log_may_show(said: tuple[Said, ...]) -> None:
    assert not found(alone(*said))


@pytest.mark.parametrize(
    ("clause", "said"),
    [
        ("DIRTY-4", (LOGS, wrote(17), got())),
        ("DIRTY-4", (LOGS, wrote(17), got(1), wrote(17), got())),
        ("DIRTY-5", (LOGS, wrote(17), got(1), got(1))),
        ("DIRTY-6", (MANUAL, LOGS, wrote(17), got(1), got())),
        ("DIRTY-7", (LOGS, got(4))),
        ("DIRTY-8", (LOGS, (GET, DirtyLog((0, 0))))),
        ("DIRTY-8", (LOGS, NO_LOG)),
        ("DIRTY-9", ((GetDirtyLog(8), Refused(Errno.ENOENT)),)),
        ("DIRTY-10", ((GET, Refused(Errno.EINVAL)),)),
        ("DIRTY-11", (PLAIN, got())),
        ("DIRTY-12", ((ClearDirtyLog(8, 0, 4, (1,)), Done()),)),
        ("DIRTY-13", ((ClearDirtyLog(0, 1, 3, (1,)), Refused(Errno.ENOENT)),)),
        ("DIRTY-14", ((ClearDirtyLog(0, 0, 4, (1,)), Refused(Errno.EINVAL)),)),
        ("DIRTY-15", (LOGS, (ClearDirtyLog(0, 0, 3, (1,)), Done()))),
        ("DIRTY-16", (LOGS, (ClearDirtyLog(0, 0, 4, (1,)), Refused(Errno.EINVAL)))),
        ("DIRTY-17", (MANUAL, LOGS, wrote(17), wrote(18), cleared(1), got())),
        ("DIRTY-18", (MANUAL, LOGS, wrote(17), cleared(1), got(1))),
        ("DIRTY-19", (MANUAL, LOGS, wrote(17), cleared(1), wrote(17), got())),
        ("DIRTY-21", ((EnableManualProtect(2), Done()),)),
        ("DIRTY-22", ((EnableManualProtect(1), Refused(Errno.EINVAL)),)),
        ("DIRTY-23", (LOGS, got(1))),
        ("DIRTY-24", (ALL_DIRTY, LOGS, got(0, 1, 2))),
        ("DIRTY-25", (LOGS, wrote(17), MOVED, got())),
        ("DIRTY-26", (LOGS, wrote(17), FAILED, got())),
        ("DIRTY-31", ((EnableManualProtect(3), Refused(Errno.EINVAL)),)),
        ("DIRTY-32", ((EnableManualProtect(0), Refused(Errno.EINVAL)),)),
    ],
)
def test_what_a_log_must_report(clause: str, said: tuple[Said, ...]) -> None:
    assert clause in found(alone(*said))


@pytest.mark.parametrize(
    "said",
    [
        (LOGS, got(1)),
        (LOGS, wrote(17), got(1), got(1)),
        (MANUAL, LOGS, wrote(17), cleared(1), got(1)),
    ],
)
def test_a_log_that_is_not_exact_may_show_more(said: tuple[Said, ...]) -> None:
    assert not found(alone(*said), exact=False)
    assert found(alone(*said), exact=True)


def test_a_write_through_a_cache_must_be_reported_by_page() -> None:
    gpa = (18 << PAGE_SHIFT) - 8
    cached: tuple[Said, ...] = (
        (InitHvaCache(0, gpa, 16), Done()),
        (
            UseHvaCache(0, 0, 16, write=True),
            Translated((0x100_1FF8, 0x100_2000)),
        ),
    )
    assert not found(alone(LOGS, *cached, got(1, 2)))
    assert "DIRTY-4" in found(alone(LOGS, *cached, got(1)))


WRITE, WRITTEN = wrote(17)
SHOWN, CLEAN = DirtyLog((0b10,)), DirtyLog((0,))
LOGGED = alone(LOGS)
A_MOVE, IT_MOVED = MOVED


@pytest.mark.parametrize(
    "raced",
    [
        # A write in flight is in this answer or the next one.
        (Call(0, WRITE), Call(1, GET), Return(0, WRITTEN), Return(1, CLEAN)),
        (Call(0, WRITE), Call(1, GET), Return(1, SHOWN), Return(0, WRITTEN)),
        # Two that overlap: the one that took the page may answer last.
        (
            *alone(wrote(17)),
            Call(0, GET),
            Call(1, GET),
            Return(1, CLEAN),
            Return(0, SHOWN),
            *alone(got()),
        ),
        # A write that an update of its slot overlaps need not be reported.
        (
            Call(0, WRITE),
            Call(1, A_MOVE),
            Return(0, WRITTEN),
            Return(1, IT_MOVED),
            *alone(got()),
        ),
        # A GET that an update of its slot overlaps need not report anything.
        (
            *alone(wrote(17)),
            Call(0, GET),
            Call(1, PLAIN[0]),
            Return(1, Done()),
            Return(0, Refused(Errno.ENOENT)),
        ),
        # A write beside a log that begins may be in it.
        (
            *alone(PLAIN),
            Call(0, WRITE),
            Call(1, LOGS[0]),
            Return(0, WRITTEN),
            Return(1, Done()),
            *alone(got(1)),
        ),
        # A write beside CLEAR may come before it or after it.
        (
            *alone(MANUAL, wrote(17)),
            Call(0, WRITE),
            Call(1, cleared(1)[0]),
            Return(0, WRITTEN),
            Return(1, Done()),
            *alone(got()),
        ),
        (
            *alone(MANUAL, wrote(17)),
            Call(0, WRITE),
            Call(1, cleared(1)[0]),
            Return(1, Done()),
            Return(0, WRITTEN),
            *alone(got(1)),
        ),
    ],
)
def test_what_overlaps_is_judged_leniently(raced: tuple[Event, ...]) -> None:
    assert not found((*LOGGED, *raced))


ELSEWHERE = SetRegion(MemoryRegion(1, 64 << PAGE_SHIFT, 1 << PAGE_SHIFT, 1 << 40))


@pytest.mark.parametrize(
    ("meanwhile", "later"),
    [
        # It is the log of another slot that has the id now.
        ((wrote(17), GONE, LOGS, got()), (got(),)),
        # What was reported before the request for the slot was settled is taken out.
        ((wrote(17), MOVED, got(1)), (got(),)),
        # Which page a write is to depends on a request that is not settled.
        ((MOVED, wrote(33, 32)), (got(1),)),
    ],
)
def test_what_a_request_did_is_not_known_while_another_is_open(
    meanwhile: tuple[Said, ...], later: tuple[Said, ...]
) -> None:
    opened, closed = Call(2, ELSEWHERE), Return(2, Done())
    assert not found((*LOGGED, opened, *alone(*meanwhile), closed, *alone(*later)))


@pytest.mark.parametrize(
    "raced",
    [
        # The write was over before the call.
        (*alone(wrote(17)), Call(0, GET), Call(1, WRITE), Return(0, CLEAN)),
        # Neither of two that overlapped showed it, nor does the next.
        (
            *alone(wrote(17)),
            Call(0, GET),
            Call(1, GET),
            Return(1, CLEAN),
            Return(0, CLEAN),
            *alone(got()),
        ),
        # It was not in the answer that it overlapped, so the next must have it.
        (
            Call(0, WRITE),
            Call(1, GET),
            Return(0, WRITTEN),
            Return(1, CLEAN),
            *alone(got()),
        ),
    ],
)
def test_no_overlap_excuses_a_lost_write(raced: tuple[Event, ...]) -> None:
    assert found((*LOGGED, *raced)) == {"DIRTY-4"}
