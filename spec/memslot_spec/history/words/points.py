"""Points in words: what an implementation announces from inside, by domain."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from memslot_spec.history.events import Point
from memslot_spec.history.points import caches, dirty, host, mmu, srcu, tables
from memslot_spec.history.words.names import (
    at_level,
    count,
    describe_pages,
    in_space,
    printable,
    slot_name,
)
from memslot_spec.model.values import SlotTable

VersionOf = Callable[[int], str]
"""The name of the version that a table handle stands for, such as `v2`."""


def describe_point(event: Point, version_of: VersionOf) -> str:
    """What happened inside, with tables by the names of their versions."""
    if isinstance(event, tables.TablePoint):
        return _table_point(event, version_of)
    if isinstance(event, srcu.SrcuPoint):
        return _srcu_point(event)
    if isinstance(event, mmu.MmuPoint):
        return _mmu_point(event)
    if isinstance(event, dirty.DirtyPoint):
        return _dirty_point(event)
    if isinstance(event, host.HostPoint):
        return _host_point(event)
    return _cache_point(event, version_of)


def _table_point(  # noqa: PLR0911
    event: tables.TablePoint, version_of: VersionOf
) -> str:
    match event:
        case tables.TableLoaded(_, table):
            return f"load table {version_of(table)}"
        case tables.TableRead(_, table, field):
            return f"read table {version_of(table)}: {printable(field)}"
        case tables.TableWritten(_, table, field):
            what = "" if field == "slots" else f": {printable(field)}"
            return f"write table {version_of(table)}{what}"
        case tables.TablePublished(_, table, slots, as_id):
            return f"publish {version_of(table)}{in_space(as_id)}: {_slots(slots)}"
        case tables.TableReclaimed(_, table):
            return f"reclaim table {version_of(table)}"
        case tables.UpdateLocked():
            return "take slots_lock"
        case tables.UpdateUnlocked():
            return "drop slots_lock"
        case tables.ArchLocked():
            return "take slots_arch_lock"
        case tables.ArchUnlocked():
            return "drop slots_arch_lock"
        case _:
            assert_never(event)


def _srcu_point(event: srcu.SrcuPoint) -> str:  # noqa: C901, PLR0911
    match event:
        case srcu.SectionEntering(_, index):
            return f"take index {index}"
        case srcu.SectionEntered(_, index):
            return f"enter section ({index})"
        case srcu.SectionLeft(_, index):
            return f"leave section ({index})"
        case srcu.GracePeriodBegun():
            return "grace period begins"
        case srcu.IndexFlipped(_, index):
            return f"flip to index {index}"
        case srcu.GracePeriodEnded():
            return "grace period ends"
        case srcu.DomainDestroyed():
            return "destroy the SRCU domain"
        case srcu.Slept(_, for_page):
            return "wait for a host page" if for_page else "sleep"
        case srcu.GuestEntered():
            return "enter the guest"
        case srcu.Retried():
            return "retry the fault"
        case _:
            assert_never(event)


def _mmu_point(event: mmu.MmuPoint) -> str:  # noqa: C901, PLR0911, PLR0912
    match event:
        case mmu.MmuLocked():
            return "take mmu_lock"
        case mmu.MmuUnlocked():
            return "drop mmu_lock"
        case mmu.ShadowPageCreated(_, page, gfn, direct, _, slot_ids):
            kind = "direct " if direct else ""
            bits = f", slots {', '.join(map(str, slot_ids))}" if slot_ids else ""
            return f"make {kind}page {page}: gfn {gfn:#x}{bits}"
        case mmu.ShadowPageZapped(_, page):
            return f"zap page {page}"
        case mmu.SlotBitSet(_, page, slot_id):
            return f"page {page}: set bit of slot {slot_id}"
        case mmu.SpteMapped(_, _, _, gfn, level, writable, hva):
            limits = at_level(level) + ("" if writable else ", read-only")
            return f"map gfn {gfn:#x} -> hva {hva:#x}{limits}"
        case mmu.SpteRemoved(_, page, index):
            return f"clear spte {page}[{index}]"
        case mmu.SpteUpdated(_, page, index, writable, dirty, other_page):
            bits = f"W={writable:d}" + ("" if dirty else ", D=0")
            bits += ", other page" if other_page else ""
            return f"spte {page}[{index}]: {bits}"
        case mmu.RmapIndexed(_, use, slot_id, _, level, _, index):
            slot = "no slot" if slot_id is None else str(slot_id)
            return f"index rmap {slot}[{index}]{at_level(level)}: {use.value}"
        case mmu.RmapAdded(_, page, index, slot_id, level, at):
            return f"rmap {slot_id}[{at}]{at_level(level)}: add {page}[{index}]"
        case mmu.RmapRemoved(_, page, index, slot_id, level, at):
            return f"rmap {slot_id}[{at}]{at_level(level)}: remove {page}[{index}]"
        case mmu.RmapsCounted(_, entries):
            return f"rmaps hold {count(entries, 'spte')}"
        case mmu.Flushed(_, slot_id):
            return "flush every slot" if slot_id is None else f"flush slot {slot_id}"
        case mmu.RootsInvalidated():
            return "invalidate every root"
        case mmu.RootGranted(_, gfn):
            return f"grant root gfn {gfn:#x}"
        case _:
            assert_never(event)


def _dirty_point(event: dirty.DirtyPoint) -> str:
    match event:
        case dirty.BitmapAllocated(_, bitmap, as_id, slot_id, _, all_set):
            bits = ", all set" if all_set else ""
            return f"allocate bitmap {bitmap}: {slot_name(slot_id, as_id)}{bits}"
        case dirty.BitmapFreed(_, bitmap):
            return f"free bitmap {bitmap}"
        case dirty.DirtyBitSet(_, bitmap, page):
            return f"bitmap {bitmap}: set page {page}"
        case dirty.DirtyBitsCleared(_, bitmap, pages):
            return f"bitmap {bitmap}: clear {describe_pages(pages)}"
        case _:
            assert_never(event)


def _host_point(event: host.HostPoint) -> str:  # noqa: PLR0911
    match event:
        case host.InvalidationBegun(_, start, end):
            return f"invalidate {start:#x}..{end:#x}"
        case host.InvalidationEnded(_, start, end):
            return f"invalidated {start:#x}..{end:#x}"
        case host.TlbFlushed():
            return "flush TLBs"
        case host.HostPageFound(_, hva, npages):
            return f"look up {hva:#x}, {count(npages, 'page')}"
        case host.HostPageDirtied(_, hva):
            return f"mark hva {hva:#x} dirty"
        case host.MetadataAllocated(_, metadata, as_id, slot_id, base, npages):
            name = slot_name(slot_id, as_id)
            return f"arrays {metadata}: {name} at {base:#x}+{npages}"
        case host.MetadataFreed(_, metadata):
            return f"free arrays {metadata}"
        case _:
            assert_never(event)


def _cache_point(event: caches.CachePoint, version_of: VersionOf) -> str:
    match event:
        case caches.GenerationSet(_, table, as_id, generation, in_progress):
            mark = ", in progress" if in_progress else ""
            return (
                f"{version_of(table)}{in_space(as_id)}: generation {generation}{mark}"
            )
        case caches.CachesUpdated(_, generation, dropped):
            emptied = ", emptied" if dropped else ""
            return f"caches at generation {generation}{emptied}"
        case caches.MmioCached(_, place, gfn, as_id, generation):
            name = f"gfn {gfn:#x}{in_space(as_id)}"
            return f"{place.value}: MMIO {name} @{generation}"
        case caches.MmioHit(_, place, gfn, as_id):
            return f"{place.value}: hit MMIO gfn {gfn:#x}{in_space(as_id)}"
        case caches.PfnCacheValid(_, cache, hva):
            return f"pfn cache {cache}: hva {hva:#x}"
        case _:
            assert_never(event)


def _slots(table: SlotTable) -> str:
    """The slots of a table by name, with what makes a version differ."""
    names = (
        f"{slot_name(slot.id, slot.as_id)}{' INVALID' if slot.invalid else ''}"
        for slot in table
    )
    return ", ".join(names) or "no slots"
