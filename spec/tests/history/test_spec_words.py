"""Every operation, reply and event has words of its own, and they are short."""

from __future__ import annotations

from typing import get_args

import pytest

from memslot_spec.history import events, views
from memslot_spec.history.events import Event
from memslot_spec.history.points import caches as cache_points
from memslot_spec.history.points import dirty as dirty_points
from memslot_spec.history.points import host as host_points
from memslot_spec.history.points import mmu as mmu_points
from memslot_spec.history.points import srcu as srcu_points
from memslot_spec.history.points import tables as tables_points
from memslot_spec.history.words import (
    describe_event,
    describe_operation,
    describe_reply,
    describe_slots,
)
from memslot_spec.model import operations, replies
from memslot_spec.model.operations import Operation
from memslot_spec.model.replies import Reply
from memslot_spec.model.values import (
    EMPTY,
    Errno,
    Gfn,
    Hva,
    HvaError,
    Slot,
    table_of,
)
from operation_words import OPERATIONS

LANE = 26
SLOT = Slot(0, Gfn(0), 4, Hva(0x1000))


def version_of(table: int) -> str:
    return f"v{table - 10}"


REPLIES: list[tuple[Reply, str]] = [
    (replies.Done(), "done"),
    (replies.Refused(Errno.EINVAL), "refused EINVAL"),
    (replies.Refused(None), "refused"),
    (replies.FoundSlot(SLOT), "slot 0: gfn 0x0 +4 pages at hva 0x1000"),
    (
        replies.FoundSlot(SLOT.as_invalid()),
        "slot 0: gfn 0x0 +4 pages at hva 0x1000, INVALID",
    ),
    (replies.FoundSlot(None), "no slot"),
    (replies.FoundHva(0x3000), "hva 0x3000"),
    (replies.FoundHva(None), "error hva"),
    (replies.Visible(visible=True), "visible"),
    (replies.Visible(visible=False), "not visible"),
    (replies.FoundId(3), "slot id 3"),
    (replies.FoundId(None), "no slot id"),
    (replies.Number(64), "64 (0x40)"),
    (replies.Accessed(0x3000), "reached hva 0x3000"),
    (replies.Mmio(), "MMIO"),
    (replies.Retry(), "retry"),
    (
        replies.CutShort((0x7008, 0x9000), Errno.EFAULT),
        "error EFAULT after hva 0x7008, 0x9000",
    ),
    (replies.PreFaulted(1), "1 page mapped"),
    (replies.CutShort((), None), "an error after no page"),
    (replies.GuestPageFault(), "page fault to the guest"),
    (replies.Touched(young=True), "touched"),
    (replies.Touched(young=False), "not touched"),
    (replies.FoundHostPage(0x7000, writable=True), "hva 0x7000"),
    (replies.FoundHostPage(0x7000), "hva 0x7000, not writable"),
    (replies.FoundHostPage(None, error=HvaError.RO_BAD), "error hva RO_BAD"),
    (replies.Translated((0x7008, 0x9000)), "reached hva 0x7008, 0x9000"),
    (replies.DirtyLog((0,)), "dirty: no page"),
    (replies.DirtyLog((0b10111, 1)), "dirty: pages 0-2, 4, 64"),
]
EVENTS: list[tuple[Event, str]] = [
    (events.Call(0, operations.TssBase()), "TSS base"),
    (events.Return(0, replies.Done()), "-> done"),
    (events.Observed(0, views.View()), "observe nothing"),
    (events.Observed(0, views.View(EMPTY, ())), "observe 0 slots, 0 sptes"),
    (srcu_points.SectionEntering(0, 1), "take index 1"),
    (srcu_points.SectionEntered(0, 1), "enter section (1)"),
    (srcu_points.SectionLeft(0, 1), "leave section (1)"),
    (srcu_points.GracePeriodBegun(0), "grace period begins"),
    (srcu_points.IndexFlipped(0, 1), "flip to index 1"),
    (srcu_points.GracePeriodEnded(0), "grace period ends"),
    (srcu_points.DomainDestroyed(0), "destroy the SRCU domain"),
    (tables_points.TableLoaded(0, 12), "load table v2"),
    (tables_points.TableRead(0, 12, "npages"), "read table v2: npages"),
    (tables_points.TableRead(0, 12, "\x1b[m"), r"read table v2: \x1b[m"),
    (tables_points.TableWritten(0, 12), "write table v2"),
    (tables_points.TableWritten(0, 12, "generation"), "write table v2: generation"),
    (tables_points.TablePublished(0, 13, EMPTY), "publish v3: no slots"),
    (
        tables_points.TablePublished(0, 13, table_of(SLOT.as_invalid())),
        "publish v3: slot 0 INVALID",
    ),
    (tables_points.TableReclaimed(0, 12), "reclaim table v2"),
    (tables_points.UpdateLocked(0), "take slots_lock"),
    (tables_points.UpdateUnlocked(0), "drop slots_lock"),
    (tables_points.ArchLocked(0), "take slots_arch_lock"),
    (tables_points.ArchUnlocked(0), "drop slots_arch_lock"),
    (mmu_points.MmuLocked(0), "take mmu_lock"),
    (mmu_points.MmuUnlocked(0), "drop mmu_lock"),
    (srcu_points.GuestEntered(0), "enter the guest"),
    (srcu_points.Slept(0), "sleep"),
    (srcu_points.Slept(0, for_page=True), "wait for a host page"),
    (
        mmu_points.ShadowPageCreated(0, 3, 16, direct=True, capacity=36),
        "make direct page 3: gfn 0x10",
    ),
    (
        mmu_points.ShadowPageCreated(
            0, 3, 16, direct=False, capacity=36, slot_ids=(0, 1)
        ),
        "make page 3: gfn 0x10, slots 0, 1",
    ),
    (
        mmu_points.ShadowPageCreated(0, 3, 16, direct=False, capacity=36),
        "make page 3: gfn 0x10",
    ),
    (mmu_points.ShadowPageZapped(0, 3), "zap page 3"),
    (mmu_points.SlotBitSet(0, 3, 1), "page 3: set bit of slot 1"),
    (
        mmu_points.SpteMapped(0, 3, 5, 0, 1, writable=True, hva=0x1000, table=1),
        "map gfn 0x0 -> hva 0x1000",
    ),
    (
        mmu_points.SpteMapped(0, 3, 5, 0, 2, writable=False, hva=0x1000, table=1),
        "map gfn 0x0 -> hva 0x1000, level 2, read-only",
    ),
    (mmu_points.SpteRemoved(0, 3, 5), "clear spte 3[5]"),
    (mmu_points.SpteUpdated(0, 3, 5, writable=False), "spte 3[5]: W=0"),
    (
        mmu_points.SpteUpdated(0, 3, 5, writable=False, other_page=True),
        "spte 3[5]: W=0, other page",
    ),
    (
        mmu_points.SpteUpdated(0, 3, 5, writable=True, dirty=False),
        "spte 3[5]: W=1, D=0",
    ),
    (
        mmu_points.RmapIndexed(0, mmu_points.RmapUse.ADD, 1, 16, 1, 18, 2),
        "index rmap 1[2]: ADD",
    ),
    (
        mmu_points.RmapIndexed(0, mmu_points.RmapUse.REMOVE, None, 0, 2, 18, 2),
        "index rmap no slot[2], level 2: REMOVE",
    ),
    (mmu_points.RootsInvalidated(0), "invalidate every root"),
    (mmu_points.RmapAdded(0, 3, 5, 1, 1, 2), "rmap 1[2]: add 3[5]"),
    (mmu_points.RmapRemoved(0, 3, 5, 1, 1, 2), "rmap 1[2]: remove 3[5]"),
    (mmu_points.RmapRemoved(0, 3, 5, 1, 2, 2), "rmap 1[2], level 2: remove 3[5]"),
    (mmu_points.RmapsCounted(0, 1), "rmaps hold 1 spte"),
    (mmu_points.Flushed(0, 1), "flush slot 1"),
    (mmu_points.Flushed(0, None), "flush every slot"),
    (mmu_points.RootGranted(0, 7, 12), "grant root gfn 0x7"),
    (events.Finished(0, ()), "all is done"),
    (events.Finished(0, (0, 2)), "stuck for ever: T0, T2"),
    (srcu_points.Retried(1), "retry the fault"),
    (host_points.InvalidationBegun(1, 0, 0x1000), "invalidate 0x0..0x1000"),
    (host_points.InvalidationEnded(1, 0, 0x1000), "invalidated 0x0..0x1000"),
    (host_points.TlbFlushed(1), "flush TLBs"),
    (host_points.HostPageFound(1, 0x7000, 1), "look up 0x7000, 1 page"),
    (host_points.HostPageDirtied(1, 0x7000), "mark hva 0x7000 dirty"),
    (host_points.MetadataAllocated(0, 6, 0, 1, 16, 4), "arrays 6: slot 1 at 0x10+4"),
    (host_points.MetadataFreed(0, 6), "free arrays 6"),
    (dirty_points.BitmapAllocated(0, 5, 0, 1, 4), "allocate bitmap 5: slot 1"),
    (dirty_points.BitmapFreed(0, 5), "free bitmap 5"),
    (dirty_points.DirtyBitSet(1, 5, 3), "bitmap 5: set page 3"),
    (dirty_points.DirtyBitsCleared(1, 5, (0, 3)), "bitmap 5: clear pages 0, 3"),
    (
        cache_points.GenerationSet(0, 12, 1, 7, in_progress=True),
        "v2 (as_id 1): generation 7, in progress",
    ),
    (cache_points.GenerationSet(0, 12, 0, 7, in_progress=False), "v2: generation 7"),
    (cache_points.CachesUpdated(0, 8, dropped=False), "caches at generation 8"),
    (
        cache_points.MmioCached(1, cache_points.MmioPlace.SPTE, 16, 0, 7, 12),
        "SPTE: MMIO gfn 0x10 @7",
    ),
    (
        cache_points.MmioHit(1, cache_points.MmioPlace.VCPU, 16, 0, 12),
        "VCPU: hit MMIO gfn 0x10",
    ),
    (cache_points.PfnCacheValid(1, 2, 0x7000), "pfn cache 2: hva 0x7000"),
]


@pytest.mark.parametrize(("operation", "words"), OPERATIONS)
def test_an_operation_in_words(operation: Operation, words: str) -> None:
    assert describe_operation(operation) == words


@pytest.mark.parametrize(("reply", "words"), REPLIES)
def test_a_reply_in_words(reply: Reply, words: str) -> None:
    assert describe_reply(reply) == words


@pytest.mark.parametrize(("event", "words"), EVENTS)
def test_an_event_in_words(event: Event, words: str) -> None:
    assert describe_event(event, version_of) == words


def test_every_kind_is_above() -> None:
    assert {type(op) for op, _ in OPERATIONS} == set(get_args(Operation))
    assert {type(reply) for reply, _ in REPLIES} == set(get_args(Reply))
    assert {type(event) for event, _ in EVENTS} == set(get_args(Event))


def test_each_kind_of_event_has_a_form_that_fits_a_lane() -> None:
    fitting = {type(event) for event, words in EVENTS if len(words) <= LANE}
    assert fitting >= set(get_args(events.Point))


def test_a_slot_table_in_words_says_all_that_it_holds() -> None:
    assert describe_slots(EMPTY) == "no slots"
    two = table_of(SLOT, Slot(1, Gfn(16), 1, Hva(0x9000), log_dirty=True))
    assert describe_slots(two) == (
        "slot 0: gfn 0x0 +4 pages at hva 0x1000; "
        "slot 1: gfn 0x10 +1 page at hva 0x9000, LOG_DIRTY"
    )


def test_without_versions_a_table_goes_by_its_handle() -> None:
    assert describe_event(tables_points.TableLoaded(0, 12)) == "load table 12"
    assert (
        describe_event(tables_points.TablePublished(0, 12, EMPTY))
        == "publish 12: no slots"
    )
