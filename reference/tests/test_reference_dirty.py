"""Dirty logs of the two references: when bitmaps come, stay and go, and who marks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memslot_reference.dirty_bitmap import DirtyBitmap
from memslot_reference.kvm import Kvm
from memslot_reference.linux import LinuxKvm
from memslot_reference.reference import reference, reference_linux
from memslot_spec.arithmetic.bitmaps import set_bits
from memslot_spec.history.events import Point
from memslot_spec.history.hook import P, Silent
from memslot_spec.history.points.dirty import (
    BitmapAllocated,
    BitmapFreed,
    DirtyBitsCleared,
    DirtyBitSet,
)
from memslot_spec.history.points.host import HostPageDirtied
from memslot_spec.history.points.mmu import (
    MmuLocked,
    MmuUnlocked,
    SpteMapped,
    SpteRemoved,
    SpteUpdated,
)
from memslot_spec.history.points.srcu import GracePeriodEnded
from memslot_spec.history.points.tables import TablePublished
from memslot_spec.model.profile import LINUX, V2_6_34
from memslot_spec.model.replies import Accessed, DirtyLog, Done, Refused, Reply
from memslot_spec.model.values import LOG_DIRTY_PAGES, Errno, Failure, Gfn, MemoryRegion

CLEAN = DirtyLog((0,))
BITMAP_POINTS = (BitmapAllocated, BitmapFreed, DirtyBitSet, DirtyBitsCleared)


class Recorder(Silent):
    """A hook that keeps what is announced."""

    def __init__(self) -> None:
        self.events: list[Point] = []

    def point(
        self,
        kind: Callable[Concatenate[int, P], Point],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        self.events.append(kind(0, *args, **kwargs))

    def of_bitmaps(self) -> list[Point]:
        """What was announced of bitmaps since the last time."""
        told: list[Point] = [e for e in self.events if isinstance(e, BITMAP_POINTS)]
        self.events.clear()
        return told


class Logger:
    """A VM of either kind, with one slot, and what it announced."""

    def __init__(self, family: str) -> None:
        self.hook = Recorder()
        self.kvm: Kvm | LinuxKvm = (
            reference(self.hook, V2_6_34)
            if family == "v2.6.34"
            else reference_linux(self.hook, LINUX)
        )

    def put(
        self,
        gfn: int = 16,
        npages: int = 4,
        flags: int = LOG_DIRTY_PAGES,
        failure: Failure | None = None,
    ) -> Reply:
        region = MemoryRegion(0, gfn << 12, npages << 12, 0x1000 << 12, flags)
        return self.kvm.set_region(region, failure=failure)

    def write(self, gfn: int) -> None:
        reply = self.kvm.access(Gfn(gfn), write=True, direct=True, root=0)
        assert isinstance(reply, Accessed)

    def get(self) -> Reply:
        return self.kvm.get_dirty_log(0)


@pytest.fixture(params=["v2.6.34", "linux"])
def log(request: pytest.FixtureRequest) -> Logger:
    """A VM of each family."""
    return Logger(str(request.param))


def shown(*pages: int) -> DirtyLog:
    return DirtyLog((sum(1 << page for page in pages),))


def test_a_page_is_marked_before_it_can_be_written_again(log: Logger) -> None:
    log.put()
    log.hook.events.clear()
    log.write(17)
    kinds = [type(event) for event in log.hook.events]
    marked = kinds.index(DirtyBitSet)
    assert kinds.index(MmuLocked) < marked < kinds.index(SpteMapped)
    assert kinds.index(SpteMapped) < kinds.index(MmuUnlocked)


def test_a_log_shows_what_was_written_once(log: Logger) -> None:
    log.put()
    assert log.get() == CLEAN
    log.write(17)
    log.write(19)
    log.write(17)
    assert log.get() == shown(1, 3)
    assert log.get() == CLEAN
    log.write(19)
    assert log.get() == shown(3)


def test_reads_are_not_logged(log: Logger) -> None:
    log.put()
    log.kvm.access(Gfn(17), write=False, direct=True, root=0)
    assert log.get() == CLEAN


def test_a_bitmap_is_made_when_logging_begins_and_freed_when_it_ends(
    log: Logger,
) -> None:
    log.put(flags=0)
    assert log.hook.of_bitmaps() == []
    log.put()
    assert log.hook.of_bitmaps() == [BitmapAllocated(0, 1, 0, 0, 4)]
    log.put(flags=0)
    assert log.hook.of_bitmaps() == [BitmapFreed(0, 1)]
    assert log.get() == Refused(Errno.ENOENT)


def test_a_bitmap_is_freed_after_the_grace_period(log: Logger) -> None:
    log.put()
    log.hook.events.clear()
    log.put(npages=0, flags=0)
    kinds = [type(event) for event in log.hook.events]
    last = len(kinds) - 1 - kinds[::-1].index(GracePeriodEnded)
    assert last < kinds.index(BitmapFreed)


def test_a_log_moves_with_its_slot(log: Logger) -> None:
    log.put()
    log.write(17)
    log.hook.of_bitmaps()
    log.put(32)
    assert log.hook.of_bitmaps() == []
    log.write(34)
    assert log.get() == shown(1, 2)


@pytest.mark.parametrize("failure", list(Failure))
def test_a_request_that_fails_frees_its_own_bitmap_only(
    log: Logger, failure: Failure
) -> None:
    log.put(flags=0)
    assert log.put(failure=failure) == Refused(Errno.ENOMEM)
    made = [type(event) for event in log.hook.of_bitmaps()]
    assert made in ([], [BitmapAllocated, BitmapFreed])
    log.put()
    log.write(17)
    log.hook.of_bitmaps()
    assert log.put(32, failure=failure) == Refused(Errno.ENOMEM)
    assert log.put(npages=0, flags=0, failure=failure) == Refused(Errno.ENOMEM)
    assert log.put(flags=0, failure=failure) == Refused(Errno.ENOMEM)
    assert log.hook.of_bitmaps() == []
    assert log.get() == shown(1)


def test_large_mappings_are_not_written_through_when_logging_begins(
    log: Logger,
) -> None:
    log.kvm.set_region(MemoryRegion(0, 0x200 << 12, 0x200 << 12, 0x1200 << 12, 0))
    log.write(0x201)
    assert [spte.level for spte in log.kvm.observe().sptes or ()] == [2]
    log.kvm.set_region(
        MemoryRegion(0, 0x200 << 12, 0x200 << 12, 0x1200 << 12, LOG_DIRTY_PAGES)
    )
    assert not any(spte.writable for spte in log.kvm.observe().sptes or ())
    log.write(0x201)
    assert [spte.level for spte in log.kvm.observe().sptes or ()] == [1]


def test_the_host_is_told_of_every_writable_spte_that_goes(log: Logger) -> None:
    log.put()
    log.write(17)
    log.kvm.access(Gfn(18), write=False, direct=True, root=0)
    log.hook.events.clear()
    log.put(npages=0, flags=0)
    told = [e.hva for e in log.hook.events if isinstance(e, HostPageDirtied)]
    assert told == [0x1001 << 12]
    assert sum(isinstance(e, SpteRemoved) for e in log.hook.events) == 2


def test_a_published_table_names_its_bitmaps(log: Logger) -> None:
    log.put()
    attached = [e.attached for e in log.hook.events if isinstance(e, TablePublished)]
    assert [one.bitmap for one in attached[-1]] == [1]


def test_a_clean_log_is_not_swapped() -> None:
    log = Logger("v2.6.34")
    log.put()
    log.hook.events.clear()
    assert log.get() == CLEAN
    assert not any(isinstance(event, TablePublished) for event in log.hook.events)
    log.write(17)
    log.hook.events.clear()
    log.get()
    kinds = [type(event) for event in log.hook.events]
    assert kinds.index(TablePublished) < kinds.index(GracePeriodEnded)
    assert kinds.index(GracePeriodEnded) < kinds.index(SpteUpdated)
    assert kinds.index(SpteUpdated) < kinds.index(BitmapFreed)


def manual(options: int) -> tuple[Logger, LinuxKvm]:
    """A VM of today's kernel with these options."""
    log = Logger("linux")
    assert isinstance(log.kvm, LinuxKvm)
    assert log.kvm.enable_manual_protect(options) == Done()
    return log, log.kvm


def test_clear_takes_out_what_it_is_given_and_arms_it_again() -> None:
    log, kvm = manual(1)
    log.put()
    log.write(17)
    log.write(18)
    assert log.get() == log.get() == shown(1, 2)
    assert kvm.clear_dirty_log(0, 0, 4, (0b1010,)) == Done()
    assert log.get() == shown(2)
    log.write(17)
    assert log.get() == shown(1, 2)


def test_a_log_that_begins_dirty_leaves_mappings_until_they_are_cleared() -> None:
    log, kvm = manual(3)
    large = MemoryRegion(0, 0x200 << 12, 0x200 << 12, 0x1200 << 12, 0)
    kvm.set_region(large)
    log.write(0x201)
    kvm.set_region(
        MemoryRegion(0, 0x200 << 12, 0x200 << 12, 0x1200 << 12, LOG_DIRTY_PAGES)
    )
    assert [spte.level for spte in kvm.observe().sptes or ()] == [2]
    assert log.get() == DirtyLog(((1 << 64) - 1,) * 8)
    assert kvm.clear_dirty_log(0, 64, 64, (1,)) == Done()
    assert [spte.writable for spte in kvm.observe().sptes or ()] == [False]


def test_a_log_of_very_many_pages_takes_no_room() -> None:
    log, _ = manual(3)
    assert log.put(0, 300_000_000) == Done()
    log.write(299_999_999)
    made = log.hook.of_bitmaps()[0]
    assert made == BitmapAllocated(0, 1, 0, 0, 300_000_000, all_set=True)


@given(
    all_set=st.booleans(),
    steps=st.lists(st.tuples(st.booleans(), st.integers(0, 69)), max_size=40),
)
def test_a_bitmap_is_a_set_of_pages(
    all_set: bool,  # noqa: FBT001
    steps: list[tuple[bool, int]],
) -> None:
    bitmap = DirtyBitmap(1, 70, all_set=all_set)
    pages = set(range(70)) if all_set else set[int]()
    for dirty, page in steps:
        if dirty:
            bitmap.mark(page)
            pages.add(page)
        else:
            bitmap.clear(page)
            pages.discard(page)
    assert set(bitmap.pages()) == pages == set(set_bits(bitmap.words()))
    assert bitmap.is_clean() is not bool(pages)
    assert bitmap.dirty_among(range(70)) == tuple(sorted(pages))
