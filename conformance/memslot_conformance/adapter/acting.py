"""From what a whole VM is asked to the method that does it, and back to a reply."""

from __future__ import annotations

from typing import assert_never

from memslot_conformance.adapter.answers import NOTHING, typed
from memslot_conformance.adapter.complete import Complete
from memslot_spec.model.operations import (
    ActivatePfnCache,
    AgeHva,
    AllocateRoot,
    ChangePte,
    ClearDirtyLog,
    CountRmaps,
    DeactivatePfnCache,
    DestroyVm,
    EnableManualProtect,
    GetDirtyLog,
    GuestAccess,
    GuestCopy,
    Halt,
    InitHvaCache,
    InvalidateRange,
    PfnCacheOperation,
    PreFault,
    ReadGuest,
    RefreshPfnCache,
    ReleaseNotifier,
    UnmapHva,
    UseHvaCache,
    UsePfnCache,
    WriteGuest,
    WriteProtectGfn,
)
from memslot_spec.model.replies import (
    Accessed,
    CutShort,
    DirtyLog,
    Done,
    GuestPageFault,
    Mmio,
    Number,
    PreFaulted,
    Refused,
    Reply,
    Retry,
    Touched,
    Translated,
)
from memslot_spec.model.values import Gfn, Hva

MachineOperation = (
    InitHvaCache
    | UseHvaCache
    | ActivatePfnCache
    | RefreshPfnCache
    | UsePfnCache
    | DeactivatePfnCache
    | InvalidateRange
    | GetDirtyLog
    | ClearDirtyLog
    | EnableManualProtect
    | CountRmaps
    | GuestAccess
    | ReadGuest
    | WriteGuest
    | PreFault
    | AllocateRoot
    | UnmapHva
    | AgeHva
    | ChangePte
    | WriteProtectGfn
    | Halt
    | ReleaseNotifier
    | DestroyVm
)


def act(  # noqa: C901, PLR0912, PLR0915 - one case for each operation
    target: Complete, operation: MachineOperation
) -> Reply:
    """Have the target do it. Errors: `TargetError`."""
    reply: Reply = Done()
    match operation:
        case CountRmaps():
            reply = Number(typed("count_rmaps()", target.count_rmaps(), int))
        case GuestAccess():
            reply = _access(target, operation)
        case ReadGuest() | WriteGuest():
            reply = _copy(target, operation)
        case PreFault(gfn, npages):
            reply = target.pre_fault(Gfn(gfn), npages)
            typed("pre_fault()", reply, PreFaulted, Refused)
        case AllocateRoot(gfn):
            root = typed("allocate_root()", target.allocate_root(Gfn(gfn)), bool)
            reply = Done() if root else Refused(None)
        case InitHvaCache(cache, gpa, length):
            reply = target.init_hva_cache(cache, gpa, length)
            typed("init_hva_cache()", reply, Done, Refused)
        case UseHvaCache(cache, offset, length, write):
            reply = target.use_hva_cache(cache, offset, length, write=write)
            typed("use_hva_cache()", reply, Translated, Refused)
        case (
            ActivatePfnCache()
            | RefreshPfnCache()
            | UsePfnCache()
            | DeactivatePfnCache()
        ):
            reply = _pfn_cache(target, operation)
        case InvalidateRange(start, end):
            target.invalidate_range(Hva(start), Hva(end))
        case GetDirtyLog(slot):
            reply = target.get_dirty_log(slot)
            typed("get_dirty_log()", reply, DirtyLog, Refused)
        case ClearDirtyLog(slot, first, count, bitmap):
            reply = target.clear_dirty_log(slot, first, count, bitmap)
            typed("clear_dirty_log()", reply, Done, Refused)
        case EnableManualProtect(options):
            reply = target.enable_manual_protect(options)
            typed("enable_manual_protect()", reply, Done, Refused)
        case UnmapHva(hva):
            target.unmap_hva(Hva(hva))
        case AgeHva(hva):
            reply = Touched(typed("age_hva()", target.age_hva(Hva(hva)), bool))
        case ChangePte(hva, writable):
            target.change_pte(Hva(hva), writable=writable)
        case WriteProtectGfn(gfn, as_id):
            if as_id:
                target.write_protect_gfn(Gfn(gfn), as_id)
            else:
                target.write_protect_gfn(Gfn(gfn))
        case Halt():
            target.halt()
        case ReleaseNotifier():
            target.release_notifier()
        case DestroyVm():
            target.destroy()
        case _:
            assert_never(operation)
    return reply


def _pfn_cache(target: Complete, operation: PfnCacheOperation) -> Reply:
    match operation:
        case ActivatePfnCache(cache, gpa, length):
            reply = target.activate_pfn_cache(cache, gpa, length)
            typed("activate_pfn_cache()", reply, Done, Refused)
        case RefreshPfnCache(cache):
            reply = target.refresh_pfn_cache(cache)
            typed("refresh_pfn_cache()", reply, Done, Refused)
        case UsePfnCache(cache):
            reply = target.use_pfn_cache(cache)
            typed("use_pfn_cache()", reply, Accessed, Retry)
            if isinstance(reply, Accessed):
                typed("the hva of use_pfn_cache()", reply.hva, int)
        case DeactivatePfnCache(cache):
            target.deactivate_pfn_cache(cache)
            reply = Done()
        case _:
            assert_never(operation)
    return reply


def _copy(target: Complete, operation: GuestCopy) -> Reply:
    writes = isinstance(operation, WriteGuest)
    method = target.write_guest if writes else target.read_guest
    name = "write_guest()" if writes else "read_guest()"
    # An implementation with one address space need not take the argument.
    in_space = (operation.as_id,) if operation.as_id else ()
    reply = method(operation.gpa, operation.length, *in_space)
    typed(name, reply, Translated, CutShort)
    return reply


def _software_access(target: Complete, operation: GuestAccess) -> Reply:
    gfn, as_id = Gfn(operation.gfn), operation.as_id
    write, origin = operation.write, operation.origin
    if as_id:
        reply = target.software_access(gfn, origin=origin, write=write, as_id=as_id)
    else:
        reply = target.software_access(gfn, origin=origin, write=write)
    typed("software_access()", reply, Accessed, Mmio, GuestPageFault, Refused, Retry)
    if isinstance(reply, Accessed):
        typed("the hva of software_access()", reply.hva, int)
        typed("the page of software_access()", reply.replaced, int, NOTHING)
    return reply


def _access(target: Complete, operation: GuestAccess) -> Reply:
    if not operation.may_use_spte:
        return _software_access(target, operation)
    gfn, as_id = Gfn(operation.gfn), operation.as_id
    write, direct, root = operation.write, operation.direct, operation.root
    if as_id:
        reply = target.access(gfn, write=write, direct=direct, root=root, as_id=as_id)
    else:
        reply = target.access(gfn, write=write, direct=direct, root=root)
    typed("access()", reply, Accessed, Mmio, Retry, Refused)
    if isinstance(reply, Accessed):
        typed("the hva of access()", reply.hva, int)
        typed("the page of access()", reply.replaced, int, NOTHING)
    return reply
