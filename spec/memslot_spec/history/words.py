"""Operations, replies and events in the words of the semantics, for reports.

Short enough for a lane of a drawn history; `events.py` says what each one means.
Guest frames and addresses are in hex, numbers of pages in decimal. `3[5]` is
entry 5 of shadow page 3; `rmap 0[5]` is position 5 of the reverse map of slot 0.

A function that matches a closed union has a case and an answer for each member,
which is more than ruff's C901, PLR0911 and PLR0912 allow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from memslot_spec.arithmetic.bitmaps import set_bits
from memslot_spec.arithmetic.ranges import is_page_aligned
from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.history import events, views
from memslot_spec.history.events import Event
from memslot_spec.history.points import caches as cache_points
from memslot_spec.history.points import dirty as dirty_points
from memslot_spec.history.points import host as host_points
from memslot_spec.history.points import mmu as mmu_points
from memslot_spec.history.points import srcu as srcu_points
from memslot_spec.history.points import tables as tables_points
from memslot_spec.model import operations, replies
from memslot_spec.model.operations import Operation
from memslot_spec.model.replies import Reply
from memslot_spec.model.values import (
    BIT_1,
    LOG_DIRTY_PAGES,
    MemoryRegion,
    Slot,
    SlotTable,
)

VersionOf = Callable[[int], str]
"""The name of the version that a table handle stands for, such as `v2`."""

ShadowPoint = (
    mmu_points.ShadowPageCreated
    | mmu_points.ShadowPageZapped
    | mmu_points.SlotBitSet
    | mmu_points.SpteMapped
    | mmu_points.SpteRemoved
    | mmu_points.RmapIndexed
    | mmu_points.RmapAdded
    | mmu_points.RmapRemoved
    | mmu_points.RmapsCounted
    | mmu_points.Flushed
    | mmu_points.RootGranted
)
"""The points at which shadow state is made, used, or taken down."""


OuterPoint = (
    host_points.InvalidationBegun
    | host_points.InvalidationEnded
    | host_points.TlbFlushed
    | host_points.HostPageFound
    | host_points.HostPageDirtied
    | host_points.MetadataAllocated
    | host_points.MetadataFreed
    | dirty_points.BitmapAllocated
    | dirty_points.BitmapFreed
    | dirty_points.DirtyBitSet
    | dirty_points.DirtyBitsCleared
    | cache_points.GenerationSet
    | cache_points.CachesUpdated
    | cache_points.MmioCached
    | cache_points.MmioHit
)
"""The points of the host, of the dirty log and of what is cached."""


def describe_operation(op: Operation) -> str:  # noqa: C901, PLR0911, PLR0912
    """What the caller asks for, such as `delete slot 0`."""
    match op:
        case operations.SetRegion():
            return _set_region(op)
        case operations.GfnToMemslot(gfn, as_id):
            return f"slot of gfn {gfn:#x}{_space(as_id)}"
        case operations.GfnToHva(gfn, as_id):
            return f"hva of gfn {gfn:#x}{_space(as_id)}"
        case operations.GfnToHvaProt(gfn, write):
            return f"hva of gfn {gfn:#x} for {'writing' if write else 'reading'}"
        case operations.VcpuGfnToMemslot(vcpu, gfn):
            return f"slot of gfn {gfn:#x}, hint of vCPU {vcpu}"
        case operations.InitHvaCache(cache, gpa, length):
            return f"cache {cache}: resolve gpa {gpa:#x} +{length:#x} bytes"
        case operations.UseHvaCache(cache, offset, length, write):
            verb = "write" if write else "read"
            return f"cache {cache}: {verb} {length:#x} bytes at +{offset:#x}"
        case operations.IsVisibleGfn(gfn):
            return f"is gfn {gfn:#x} visible"
        case operations.MemslotId(gfn):
            return f"slot id of gfn {gfn:#x}"
        case operations.TssBase():
            return "TSS base"
        case operations.MmuPages():
            return "MMU page budget"
        case operations.CountRmaps():
            return "count rmaps"
        case operations.GuestAccess():
            return _access(op)
        case operations.AllocateRoot(gfn):
            return f"allocate root gfn {gfn:#x}"
        case operations.UnmapHva(hva):
            return f"unmap hva {hva:#x}"
        case operations.InvalidateRange(start, end):
            return f"invalidate hva {start:#x} to {end:#x}"
        case operations.AgeHva(hva):
            return f"age hva {hva:#x}"
        case operations.GetDirtyLog(slot):
            return f"get dirty log of {_word(slot)}"
        case operations.ClearDirtyLog(slot, first, count, bitmap):
            pages = describe_pages(tuple(first + page for page in set_bits(bitmap)))
            return (
                f"clear dirty log of {_word(slot)}: {_count(count, 'page')} from "
                f"{first}, {pages}"
            )
        case operations.EnableManualProtect(options):
            return f"manual dirty log protect, options {options:#x}"
        case operations.Halt():
            return "halt"
        case operations.ReleaseNotifier():
            return "release the notifier"
        case operations.DestroyVm():
            return "destroy the VM"
        case _:
            assert_never(op)


def _space(as_id: int) -> str:
    return f" (as_id {as_id})" if as_id else ""


def _word(slot: int) -> str:
    return _slot_name(id_of(slot), as_id_of(slot))


def describe_pages(pages: tuple[int, ...]) -> str:
    """Page numbers as runs, such as `pages 0-3, 7`."""
    runs: list[list[int]] = []
    for page in pages:
        if runs and runs[-1][1] == page - 1:
            runs[-1][1] = page
        else:
            runs.append([page, page])
    shown = ", ".join(f"{a}-{b}" if a < b else f"{a}" for a, b in runs)
    return f"{'page' if len(pages) == 1 else 'pages'} {shown}" if pages else "no page"


def _set_region(op: operations.SetRegion) -> str:
    region = op.region
    private = "private " if op.private else ""
    name = private + _slot_name(id_of(region.slot), as_id_of(region.slot))
    failure = f", {op.failure.value} fails" if op.failure else ""
    if region.memory_size == 0:
        return f"delete {name}{failure}"
    return f"set {name}: {_range(region)}{_flags(region.flags)}{failure}"


def _range(region: MemoryRegion) -> str:
    """The memory asked for: in pages, or in bytes where it is not aligned."""
    hva = f"at hva {region.userspace_addr:#x}"
    if is_page_aligned(region.guest_phys_addr) and is_page_aligned(region.memory_size):
        return f"gfn {region.base:#x} +{_count(region.npages, 'page')} {hva}"
    return f"gpa {region.guest_phys_addr:#x} +{region.memory_size:#x} bytes {hva}"


def _flags(flags: int) -> str:
    """The flags by name; bit 1 has two, READONLY and in 2009 INVALID."""
    log_dirty = ", LOG_DIRTY" if flags & LOG_DIRTY_PAGES else ""
    bit_1 = ", flag bit 1" if flags & BIT_1 else ""
    rest = flags & ~(LOG_DIRTY_PAGES | BIT_1)
    return log_dirty + bit_1 + (f", flags {rest:#x}" if rest else "")


def _access(op: operations.GuestAccess) -> str:
    through = "" if op.direct else f", root {op.root:#x}"
    verb = "write" if op.write else "read"
    return f"fault gfn {op.gfn:#x}{_space(op.as_id)} ({verb}{through})"


def describe_reply(reply: Reply) -> str:  # noqa: C901, PLR0911, PLR0912
    """What the caller is told, such as `refused EINVAL`."""
    match reply:
        case replies.Done():
            return "done"
        case replies.Refused(errno):
            return f"refused {errno.value}" if errno else "refused"
        case replies.FoundSlot(slot):
            return _slot(slot) if slot else "no slot"
        case replies.FoundHva(hva):
            return "error hva" if hva is None else f"hva {hva:#x}"
        case replies.FoundHostPage(hva, writable, error):
            if hva is None:
                return f"error hva {error.value}" if error else "error hva"
            return f"hva {hva:#x}" + ("" if writable else ", not writable")
        case replies.Translated(hvas):
            return f"reached hva {', '.join(f'{hva:#x}' for hva in hvas)}"
        case replies.DirtyLog(bitmap):
            return f"dirty: {describe_pages(set_bits(bitmap))}"
        case replies.Visible(visible):
            return "visible" if visible else "not visible"
        case replies.FoundId(slot_id):
            return "no slot id" if slot_id is None else f"slot id {slot_id}"
        case replies.Number(value):
            return f"{value} ({value:#x})"
        case replies.Accessed(hva):
            return f"reached hva {hva:#x}"
        case replies.Mmio():
            return "MMIO"
        case replies.Retry():
            return "retry"
        case replies.Touched(young):
            return "touched" if young else "not touched"
        case _:
            assert_never(reply)


def _slot(slot: Slot) -> str:
    marks = (
        (slot.invalid, "INVALID"),
        (slot.log_dirty, "LOG_DIRTY"),
        (slot.readonly, "READONLY"),
    )
    shown = "".join(f", {mark}" for has, mark in marks if has)
    pages = _count(slot.npages, "page")
    name = _slot_name(slot.id, slot.as_id)
    return f"{name}: gfn {slot.base:#x} +{pages} at hva {slot.hva:#x}{shown}"


def describe_event(event: Event, version_of: VersionOf | None = None) -> str:
    """What happened; without `version_of`, tables go by their handles."""
    match event:
        case events.Call(_, operation):
            return describe_operation(operation)
        case events.Return(_, reply):
            return f"-> {describe_reply(reply)}"
        case events.Observed(_, view):
            return _view(view)
        case events.Finished(_, stuck):
            threads = ", ".join(f"T{thread}" for thread in stuck)
            return f"stuck for ever: {threads}" if stuck else "all is done"
        case _:
            return _point(event, version_of or str)


def _view(view: views.View) -> str:
    parts = (
        None if view.table is None else _count(len(view.table.slots), "slot"),
        None if view.sptes is None else _count(len(view.sptes), "spte"),
        None if view.pages is None else _count(len(view.pages), "shadow page"),
    )
    return f"observe {', '.join(p for p in parts if p) or 'nothing'}"


def _point(event: events.Point, version_of: VersionOf) -> str:  # noqa: C901, PLR0911, PLR0912
    if isinstance(event, ShadowPoint):
        return _shadow_point(event)
    if isinstance(event, OuterPoint):
        return _outer_point(event, version_of)
    match event:
        case srcu_points.SectionEntering(_, index):
            return f"take index {index}"
        case srcu_points.SectionEntered(_, index):
            return f"enter section ({index})"
        case srcu_points.SectionLeft(_, index):
            return f"leave section ({index})"
        case srcu_points.GracePeriodBegun():
            return "grace period begins"
        case srcu_points.IndexFlipped(_, index):
            return f"flip to index {index}"
        case srcu_points.GracePeriodEnded():
            return "grace period ends"
        case srcu_points.DomainDestroyed():
            return "destroy the SRCU domain"
        case tables_points.TableLoaded(_, table):
            return f"load table {version_of(table)}"
        case tables_points.TableRead(_, table, field):
            shown = field if field.isprintable() else repr(field)
            return f"read table {version_of(table)}: {shown}"
        case tables_points.TableWritten(_, table):
            return f"write table {version_of(table)}"
        case tables_points.TablePublished(_, table, slots, as_id):
            return f"publish {version_of(table)}{_space(as_id)}: {_table(slots)}"
        case tables_points.TableReclaimed(_, table):
            return f"reclaim table {version_of(table)}"
        case tables_points.UpdateLocked():
            return "take slots_lock"
        case tables_points.UpdateUnlocked():
            return "drop slots_lock"
        case mmu_points.MmuLocked():
            return "take mmu_lock"
        case mmu_points.MmuUnlocked():
            return "drop mmu_lock"
        case mmu_points.GuestEntered():
            return "enter the guest"
        case mmu_points.Retried():
            return "make the access again"
        case srcu_points.Slept():
            return "sleep"
        case _:
            assert_never(event)


def _shadow_point(event: ShadowPoint) -> str:  # noqa: C901, PLR0911
    match event:
        case mmu_points.ShadowPageCreated(_, page, gfn, direct, _, slot_ids):
            kind = "direct " if direct else ""
            bits = f", slots {', '.join(map(str, slot_ids))}" if slot_ids else ""
            return f"make {kind}page {page}: gfn {gfn:#x}{bits}"
        case mmu_points.ShadowPageZapped(_, page):
            return f"zap page {page}"
        case mmu_points.SlotBitSet(_, page, slot_id):
            return f"page {page}: set bit of slot {slot_id}"
        case mmu_points.SpteMapped(_, _, _, gfn, level, writable, hva):
            limits = _level(level) + ("" if writable else ", read-only")
            return f"map gfn {gfn:#x} -> hva {hva:#x}{limits}"
        case mmu_points.SpteRemoved(_, page, index):
            return f"clear spte {page}[{index}]"
        case mmu_points.RmapIndexed(_, use, slot_id, _, level, _, index):
            slot = "no slot" if slot_id is None else str(slot_id)
            return f"index rmap {slot}[{index}]{_level(level)}: {use.value}"
        case mmu_points.RmapAdded(_, page, index, slot_id, level, at):
            return f"rmap {slot_id}[{at}]{_level(level)}: add {page}[{index}]"
        case mmu_points.RmapRemoved(_, page, index, slot_id, level, at):
            return f"rmap {slot_id}[{at}]{_level(level)}: remove {page}[{index}]"
        case mmu_points.RmapsCounted(_, count):
            return f"rmaps hold {_count(count, 'spte')}"
        case mmu_points.Flushed(_, slot_id):
            return "flush every slot" if slot_id is None else f"flush slot {slot_id}"
        case mmu_points.RootGranted(_, gfn):
            return f"grant root gfn {gfn:#x}"
        case _:
            assert_never(event)


def _outer_point(event: OuterPoint, version_of: VersionOf) -> str:  # noqa: C901, PLR0911, PLR0912
    match event:
        case host_points.InvalidationBegun(_, start, end):
            return f"invalidate {start:#x}..{end:#x}"
        case host_points.InvalidationEnded(_, start, end):
            return f"invalidated {start:#x}..{end:#x}"
        case host_points.TlbFlushed():
            return "flush TLBs"
        case host_points.HostPageFound(_, hva, npages):
            return f"look up {hva:#x}, {_count(npages, 'page')}"
        case host_points.HostPageDirtied(_, hva):
            return f"host page {hva:#x} is dirty"
        case host_points.MetadataAllocated(_, metadata, as_id, slot_id, base, npages):
            name = _slot_name(slot_id, as_id)
            return f"arrays {metadata}: {name} at {base:#x}+{npages}"
        case host_points.MetadataFreed(_, metadata):
            return f"free arrays {metadata}"
        case dirty_points.BitmapAllocated(_, bitmap, as_id, slot_id, npages, all_set):
            del npages
            bits = "all set" if all_set else "clear"
            return f"bitmap {bitmap}: {_slot_name(slot_id, as_id)}, {bits}"
        case dirty_points.BitmapFreed(_, bitmap):
            return f"free bitmap {bitmap}"
        case dirty_points.DirtyBitSet(_, bitmap, page):
            return f"bitmap {bitmap}: set page {page}"
        case dirty_points.DirtyBitsCleared(_, bitmap, pages):
            return f"bitmap {bitmap}: clear {describe_pages(pages)}"
        case cache_points.GenerationSet(_, table, as_id, generation, in_progress):
            mark = ", in progress" if in_progress else ""
            return f"{version_of(table)}{_space(as_id)}: generation {generation}{mark}"
        case cache_points.CachesUpdated(_, generation, dropped):
            return f"caches at generation {generation}" + (
                ", emptied" if dropped else ""
            )
        case cache_points.MmioCached(_, place, gfn, as_id, generation):
            name = f"gfn {gfn:#x}{_space(as_id)}"
            return f"{place.value}: MMIO {name} @{generation}"
        case cache_points.MmioHit(_, place, gfn, as_id):
            return f"{place.value}: hit MMIO gfn {gfn:#x}{_space(as_id)}"
        case _:
            assert_never(event)


def _table(table: SlotTable) -> str:
    """The slots of a table by name, with what makes a version differ."""
    names = (
        f"{_slot_name(slot.id, slot.as_id)}{' INVALID' if slot.invalid else ''}"
        for slot in table
    )
    return ", ".join(names) or "no slots"


def _slot_name(slot_id: int, as_id: int) -> str:
    return f"slot {slot_id}" + (f" (as_id {as_id})" if as_id else "")


def _level(level: int) -> str:
    """Nothing for a page of 4 KiB, and the level of a larger one."""
    return "" if level == 1 else f", level {level}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
