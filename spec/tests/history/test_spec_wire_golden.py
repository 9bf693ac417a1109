"""The JSON form is pinned: a history file of this version stays readable.

`golden/history-1.ndjson` holds every kind of event, operation and reply of the
first release. It is never edited: a form that would need it edited is a new
`FORMAT_VERSION`, with a file of its own. A kind or a field with a default that is
added later comes into `ADDED` and into the further file, `history-1-added.ndjson`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import get_args

from memslot_spec.history import events, views
from memslot_spec.history.header import (
    FORMAT_VERSION,
    Capabilities,
    DirtyTracking,
    Domain,
    Header,
    History,
    Interleaving,
)
from memslot_spec.history.points import caches as cache_points
from memslot_spec.history.points import dirty as dirty_points
from memslot_spec.history.points import host as host_points
from memslot_spec.history.points import mmu as mmu_points
from memslot_spec.history.points import srcu as srcu_points
from memslot_spec.history.points import tables as tables_points
from memslot_spec.history.wire import history_to_json, read_history
from memslot_spec.model import operations, replies
from memslot_spec.model.profile import HostHole, Limits
from memslot_spec.model.range_rules import RangeRules, Removal
from memslot_spec.model.values import (
    Errno,
    Failure,
    Gfn,
    Hva,
    HvaError,
    MemoryRange,
    MemoryRegion,
    Slot,
    table_of,
)

GOLDEN = Path(__file__).parent / "golden" / "history-1.ndjson"
ADDED_GOLDEN = GOLDEN.with_name("history-1-added.ndjson")

HEADER = Header(
    target="reference",
    profile="linux",
    limits=Limits(
        largest_gfn=0xFFFFF, address_spaces=2, hva_end=Hva(0x7FFFFFFFF000), user_slots=8
    ),
    capabilities=Capabilities(
        operations=("SetRegion", "GuestAccess"),
        interleaving=Interleaving.POINTS,
        announces=("TableLoaded", "TablePublished"),
        shows=("table",),
    ),
    domain=Domain(slots=4, failures=("PREPARE",)),
)
SLOT = Slot(
    id=1, base=Gfn(0x10), npages=4, hva=Hva(0x7000), log_dirty=True, readonly=True
)
TABLE = table_of(SLOT, SLOT.as_invalid())
REGION = MemoryRegion(
    slot=0x10001,
    guest_phys_addr=0x10000,
    memory_size=0x4000,
    userspace_addr=2**64 - 0x1000,
    flags=3,
)
OPERATIONS = (
    operations.SetRegion(REGION, private=True, failure=Failure.PREPARE),
    operations.SetRegion(REGION),
    operations.GfnToMemslot(0x10),
    operations.GfnToHva(0x10),
    operations.IsVisibleGfn(0x10),
    operations.MemslotId(0x10),
    operations.TssBase(),
    operations.MmuPages(),
    operations.CountRmaps(),
    operations.GuestAccess(0x10, write=True, direct=False, root=7),
    operations.AllocateRoot(7),
    operations.UnmapHva(0x7000),
    operations.AgeHva(0x7000),
    operations.Halt(),
    operations.ReleaseNotifier(),
    operations.DestroyVm(),
)
REPLIES = (
    replies.Done(),
    replies.Refused(Errno.EINVAL),
    replies.Refused(None),
    replies.FoundSlot(SLOT),
    replies.FoundSlot(None),
    replies.FoundHva(0x7000),
    replies.FoundHva(None),
    replies.Visible(visible=True),
    replies.FoundId(1),
    replies.FoundId(None),
    replies.Number(64),
    replies.Accessed(0x7000),
    replies.Mmio(),
    replies.Retry(),
    replies.Touched(young=False),
)
VIEW = views.View(
    table=TABLE,
    sptes=(
        views.ShadowPte(page=3, index=5, gfn=16, level=1, writable=True, hva=0x7000),
    ),
    pages=(views.ShadowPage(page=3, gfn=16, direct=True, slot_ids=(1, 2)),),
)
OTHERS = (
    events.Observed(0, VIEW),
    events.Observed(0, views.View()),
    srcu_points.SectionEntering(1, 0),
    srcu_points.SectionEntered(1, 0),
    srcu_points.SectionLeft(1, 0),
    srcu_points.GracePeriodBegun(0),
    srcu_points.IndexFlipped(0, 1),
    srcu_points.GracePeriodEnded(0),
    srcu_points.DomainDestroyed(0),
    tables_points.TableLoaded(1, 3),
    tables_points.TableRead(1, 3, "npages"),
    tables_points.TableWritten(0, 4),
    tables_points.TablePublished(0, 4, TABLE),
    tables_points.TableReclaimed(0, 3),
    tables_points.UpdateLocked(0),
    tables_points.UpdateUnlocked(0),
    mmu_points.MmuLocked(1),
    mmu_points.MmuUnlocked(1),
    srcu_points.GuestEntered(1),
    srcu_points.Slept(1),
    mmu_points.ShadowPageCreated(1, 3, 16, direct=True, capacity=36, slot_ids=(1,)),
    mmu_points.ShadowPageZapped(1, 3),
    mmu_points.SlotBitSet(1, 3, 1),
    mmu_points.SpteMapped(1, 3, 5, 16, 1, writable=True, hva=0x7000, table=4),
    mmu_points.SpteRemoved(1, 3, 5),
    mmu_points.RmapIndexed(1, mmu_points.RmapUse.HVA_WALK, 1, 16, 2, 16, 0),
    mmu_points.RmapAdded(1, 3, 5, 1, 1, 0),
    mmu_points.RmapRemoved(1, 3, 5, 1, 1, 0),
    mmu_points.RmapsCounted(1, 4),
    mmu_points.Flushed(0, None),
    mmu_points.RootGranted(1, 7, 4),
    events.Finished(0, (0, 1)),
)
FIRST = History(
    HEADER,
    (
        *(events.Call(0, operation) for operation in OPERATIONS),
        *(events.Return(0, reply) for reply in REPLIES),
        *OTHERS,
    ),
)
ADDED_OPERATIONS = (
    operations.GfnToMemslot(0x10, 1),
    operations.GfnToHva(0x10, 1),
    operations.GuestAccess(0x10, write=True, as_id=1),
    operations.GuestAccess(0x10, origin=operations.Origin.TABLE_WALK),
    operations.GfnToHvaProt(0x10, write=True),
    operations.VcpuGfnToMemslot(1, 0x10),
    operations.InitHvaCache(2, 0x10008, 16),
    operations.UseHvaCache(2, 8, 8, write=True),
    operations.InvalidateRange(0x7000, 0x9001),
    operations.GetDirtyLog(0x10001),
    operations.ClearDirtyLog(0x10001, 64, 4, (0b1011,)),
    operations.EnableManualProtect(3),
    operations.ReadGuest(0x10FF8, 16),
    operations.WriteGuest(0x10FF8, 16, 1),
    operations.PreFault(0x10, 4),
    operations.ActivatePfnCache(2, 0x10008, 16),
    operations.RefreshPfnCache(2),
    operations.UsePfnCache(2),
    operations.DeactivatePfnCache(2),
    operations.ChangePte(0x7008, writable=True),
    operations.WriteProtectGfn(0x10, 1),
    operations.AddRange(0x10, 4, 0x7000),
    operations.RemoveRange(0x10, 4),
    operations.ReplaceTable((MemoryRange(0x10, 4, 0x7000),)),
    operations.GetDirtyRange(0x10, 4),
)
ADDED_REPLIES = (
    replies.FoundHostPage(0x7000, writable=True),
    replies.FoundHostPage(None, error=HvaError.RO_BAD),
    replies.GuestPageFault(),
    replies.Translated((0x7008, 0x9000)),
    replies.DirtyLog((0b1011, 2**63)),
    replies.CutShort((0x7008,), Errno.EFAULT),
    replies.PreFaulted(2),
    replies.Accessed(0x7000, 2),
)
ADDED_POINTS = (
    mmu_points.SpteUpdated(1, 3, 5, writable=False, other_page=True),
    tables_points.TableLoaded(1, 3, 1),
    tables_points.TablePublished(
        0, 4, TABLE, 1, (tables_points.Attached(1, 0, bitmap=5, metadata=None),)
    ),
    mmu_points.SpteMapped(1, 3, 5, 16, 1, writable=True, hva=0x7000, table=4, as_id=1),
    mmu_points.ShadowPageCreated(1, 3, 16, direct=True, capacity=36, as_id=1),
    mmu_points.ShadowPageCreated(1, 4, 0, direct=True, capacity=36, root=True),
    srcu_points.Slept(1, for_page=True),
    tables_points.TableWritten(0, 4, "generation"),
    srcu_points.Retried(1),
    host_points.InvalidationBegun(1, 0x7000, 0x9001),
    host_points.InvalidationEnded(1, 0x7000, 0x9001),
    mmu_points.RmapIndexed(1, mmu_points.RmapUse.ADD, 1, 16, 1, 16, 0, as_id=1),
    mmu_points.RmapAdded(1, 3, 5, 1, 1, 0, as_id=1),
    mmu_points.RmapRemoved(1, 3, 5, 1, 1, 0, as_id=1),
    mmu_points.RootsInvalidated(1),
    host_points.TlbFlushed(1),
    host_points.HostPageFound(1, 0x7000, 512),
    host_points.HostPageDirtied(1, 0x7000),
    host_points.MetadataAllocated(0, 6, 1, 0, 16, 4),
    host_points.MetadataFreed(0, 6),
    dirty_points.BitmapAllocated(0, 5, 1, 0, 4, all_set=True),
    dirty_points.BitmapFreed(0, 5),
    dirty_points.DirtyBitSet(1, 5, 3),
    dirty_points.DirtyBitsCleared(1, 5, (0, 3)),
    cache_points.GenerationSet(0, 4, 1, 7, in_progress=True),
    cache_points.CachesUpdated(0, 9, dropped=True),
    cache_points.MmioCached(1, cache_points.MmioPlace.VCPU, 16, 1, 7, 4),
    cache_points.MmioHit(1, cache_points.MmioPlace.SPTE, 16, 1, 4),
    mmu_points.SpteUpdated(1, 3, 5, writable=True, dirty=False),
    tables_points.ArchLocked(1),
    tables_points.ArchUnlocked(1),
    cache_points.PfnCacheValid(1, 2, 0x7000),
)
ADDED = History(
    replace(
        HEADER,
        limits=replace(HEADER.limits, holes=(HostHole(0x7000, 0x9000),)),
        domain=Domain(
            slots=4,
            failures=("PREPARE",),
            exact_dirty_log=True,
            origins=("KVM",),
            ranges=RangeRules(removal=Removal.COVERING),
        ),
    ),
    (
        *(events.Call(0, operation) for operation in ADDED_OPERATIONS),
        *(events.Return(0, reply) for reply in ADDED_REPLIES),
        *ADDED_POINTS,
    ),
)


def test_the_examples_hold_every_kind() -> None:
    kinds = {type(event) for event in (*FIRST.events, *ADDED.events)}
    assert kinds == set(get_args(events.Event))
    asked = {type(op) for op in (*OPERATIONS, *ADDED_OPERATIONS)}
    assert asked == set(get_args(operations.Operation))
    told = {type(reply) for reply in (*REPLIES, *ADDED_REPLIES)}
    assert told == set(get_args(replies.Reply))


def test_the_first_file_still_reads_as_it_was() -> None:
    with GOLDEN.open() as lines:
        assert read_history(lines, GOLDEN.name) == FIRST


def test_the_added_file_is_what_is_written() -> None:
    assert history_to_json(ADDED).splitlines() == ADDED_GOLDEN.read_text().splitlines()


def test_how_a_target_tracks_is_written_where_it_is_not_the_usual_way() -> None:
    by_dirty_bits = Domain(slots=4, dirty_tracking=DirtyTracking.DIRTY_BIT)
    history = History(replace(HEADER, domain=by_dirty_bits), ())
    text = history_to_json(history)
    assert json.loads(text)["domain"]["dirty_tracking"] == "dirty-bit"
    assert read_history(text.splitlines(), "text") == history
    assert "dirty_tracking" not in history_to_json(ADDED)


def test_the_added_file_reads_as_the_example() -> None:
    with ADDED_GOLDEN.open() as lines:
        assert read_history(lines, ADDED_GOLDEN.name) == ADDED


def test_the_first_file_is_of_this_version() -> None:
    header, *_ = GOLDEN.read_text().splitlines()
    assert GOLDEN.stem == f"history-{FORMAT_VERSION}"
    assert json.loads(header)["memslots_history"] == FORMAT_VERSION
