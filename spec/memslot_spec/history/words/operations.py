"""Operations in words: what a caller asks for."""

from __future__ import annotations

from typing import assert_never

from memslot_spec.arithmetic.bitmaps import set_bits
from memslot_spec.arithmetic.ranges import is_page_aligned
from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.history.words.names import (
    count,
    describe_pages,
    in_space,
    slot_name,
)
from memslot_spec.model import operations
from memslot_spec.model.operations import Operation, Origin
from memslot_spec.model.values import BIT_1, LOG_DIRTY_PAGES, MemoryRegion


def describe_operation(op: Operation) -> str:  # noqa: C901, PLR0911, PLR0912
    """What the caller asks for, such as `delete slot 0`."""
    match op:
        case operations.SetRegion():
            return _set_region(op)
        case operations.GfnToMemslot(gfn, as_id):
            return f"slot of gfn {gfn:#x}{in_space(as_id)}"
        case operations.GfnToHva(gfn, as_id):
            return f"hva of gfn {gfn:#x}{in_space(as_id)}"
        case operations.GfnToHvaProt(gfn, write):
            return f"hva of gfn {gfn:#x} for {'writing' if write else 'reading'}"
        case operations.VcpuGfnToMemslot(vcpu, gfn):
            return f"slot of gfn {gfn:#x}, hint of vCPU {vcpu}"
        case operations.InitHvaCache(cache, gpa, length):
            return f"cache {cache}: resolve gpa {gpa:#x} +{length:#x} bytes"
        case operations.UseHvaCache(cache, offset, length, write):
            verb = "write" if write else "read"
            return f"cache {cache}: {verb} {length:#x} bytes at +{offset:#x}"
        case (
            operations.ActivatePfnCache()
            | operations.RefreshPfnCache()
            | operations.UsePfnCache()
            | operations.DeactivatePfnCache()
        ):
            return _pfn_cache(op)
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
        case operations.ReadGuest() | operations.WriteGuest():
            return _copy(op)
        case operations.PreFault(gfn, npages):
            return f"prefault {count(npages, 'page')} from gfn {gfn:#x}"
        case operations.AllocateRoot(gfn):
            return f"allocate root gfn {gfn:#x}"
        case operations.UnmapHva(hva):
            return f"unmap hva {hva:#x}"
        case operations.InvalidateRange(start, end):
            return f"invalidate hva {start:#x} to {end:#x}"
        case operations.ChangePte(hva, writable):
            return f"other page at hva {hva:#x}{'' if writable else ', read-only'}"
        case operations.WriteProtectGfn(gfn, as_id):
            return f"write-protect gfn {gfn:#x}{in_space(as_id)}"
        case operations.AgeHva(hva):
            return f"age hva {hva:#x}"
        case operations.GetDirtyLog(slot):
            return f"get dirty log of {_named_by(slot)}"
        case operations.ClearDirtyLog(slot, first, npages, bitmap):
            pages = describe_pages(tuple(first + page for page in set_bits(bitmap)))
            return (
                f"clear dirty log of {_named_by(slot)}: {count(npages, 'page')} from "
                f"{first}, {pages}"
            )
        case operations.EnableManualProtect(options):
            return f"manual dirty log protect, options {options:#x}"
        case (
            operations.AddRange()
            | operations.RemoveRange()
            | operations.ReplaceTable()
            | operations.GetDirtyRange()
        ):
            return _ranges(op)
        case operations.Halt():
            return "halt"
        case operations.ReleaseNotifier():
            return "release the notifier"
        case operations.DestroyVm():
            return "destroy the VM"
        case _:
            assert_never(op)


def _named_by(word: int) -> str:
    """The slot that a word of id and address space names."""
    return slot_name(id_of(word), as_id_of(word))


def _set_region(op: operations.SetRegion) -> str:
    region = op.region
    private = "private " if op.private else ""
    name = private + _named_by(region.slot)
    failure = f", {op.failure.value} fails" if op.failure else ""
    if region.memory_size == 0:
        return f"delete {name}{failure}"
    return f"set {name}: {_range(region)}{_flags(region.flags)}{failure}"


def _range(region: MemoryRegion) -> str:
    """The memory asked for: in pages, or in bytes where it is not aligned."""
    hva = f"at hva {region.userspace_addr:#x}"
    if is_page_aligned(region.guest_phys_addr) and is_page_aligned(region.memory_size):
        return f"gfn {region.base:#x} +{count(region.npages, 'page')} {hva}"
    return f"gpa {region.guest_phys_addr:#x} +{region.memory_size:#x} bytes {hva}"


def _flags(flags: int) -> str:
    """The flags by name; bit 1 has two, READONLY and in 2009 INVALID."""
    log_dirty = ", LOG_DIRTY" if flags & LOG_DIRTY_PAGES else ""
    bit_1 = ", flag bit 1" if flags & BIT_1 else ""
    rest = flags & ~(LOG_DIRTY_PAGES | BIT_1)
    return log_dirty + bit_1 + (f", flags {rest:#x}" if rest else "")


def _ranges(op: operations.RangeRequest | operations.GetDirtyRange) -> str:
    match op:
        case operations.AddRange(gfn, npages, hva):
            return f"add range: {_frames(gfn, npages)} at hva {hva:#x}"
        case operations.RemoveRange(gfn, npages):
            return f"remove range: {_frames(gfn, npages)}"
        case operations.GetDirtyRange(gfn, npages):
            return f"get dirty log of {_frames(gfn, npages)}"
        case operations.ReplaceTable(ranges):
            every = (
                f"{_frames(one.gfn, one.npages)} at hva {one.hva:#x}" for one in ranges
            )
            return f"replace the table: {'; '.join(every) or 'no ranges'}"
        case _:
            assert_never(op)


def _frames(gfn: int, npages: int) -> str:
    return f"gfn {gfn:#x} +{count(npages, 'page')}"


def _access(op: operations.GuestAccess) -> str:
    frame = f"gfn {op.gfn:#x}{in_space(op.as_id)}"
    verb = "write" if op.write else "read"
    match op.origin:
        case Origin.PAGE_FAULT:
            through = "" if op.direct else f", root {op.root:#x}"
            return f"fault {frame} ({verb}{through})"
        case Origin.EMULATOR:
            return f"emulate access to {frame} ({verb})"
        case Origin.TABLE_WALK:
            return f"walk the guest's page table at {frame}"
        case Origin.KVM:
            return f"KVM's own {verb} of {frame}"
        case _:
            assert_never(op.origin)


def _copy(op: operations.GuestCopy) -> str:
    verb = "write" if isinstance(op, operations.WriteGuest) else "read"
    return f"{verb} gpa {op.gpa:#x} +{op.length:#x} bytes{in_space(op.as_id)}"


def _pfn_cache(op: operations.PfnCacheOperation) -> str:
    name = f"pfn cache {op.cache}"
    match op:
        case operations.ActivatePfnCache(_, gpa, length):
            return f"{name}: activate, gpa {gpa:#x} +{length:#x} bytes"
        case operations.RefreshPfnCache():
            return f"{name}: refresh"
        case operations.UsePfnCache():
            return f"{name}: use"
        case operations.DeactivatePfnCache():
            return f"{name}: deactivate"
        case _:
            assert_never(op)
