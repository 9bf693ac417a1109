"""From what a whole VM is asked to the method that does it, and back to a reply."""

from __future__ import annotations

from typing import assert_never

from memslot_conformance.adapter.answers import NOTHING, typed
from memslot_conformance.adapter.complete import Complete
from memslot_spec.model.operations import (
    AgeHva,
    AllocateRoot,
    ChangePte,
    ClearDirtyLog,
    CountRmaps,
    DestroyVm,
    EnableManualProtect,
    GetDirtyLog,
    GuestAccess,
    Halt,
    InitHvaCache,
    InvalidateRange,
    ReleaseNotifier,
    UnmapHva,
    UseHvaCache,
    WriteProtectGfn,
)
from memslot_spec.model.replies import (
    Accessed,
    DirtyLog,
    Done,
    GuestPageFault,
    Mmio,
    Number,
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
    | InvalidateRange
    | GetDirtyLog
    | ClearDirtyLog
    | EnableManualProtect
    | CountRmaps
    | GuestAccess
    | AllocateRoot
    | UnmapHva
    | AgeHva
    | ChangePte
    | WriteProtectGfn
    | Halt
    | ReleaseNotifier
    | DestroyVm
)


def act(  # noqa: C901, PLR0912 - one case for each operation
    target: Complete, operation: MachineOperation
) -> Reply:
    """Have the target do it. Errors: `TargetError`."""
    reply: Reply = Done()
    match operation:
        case CountRmaps():
            reply = Number(typed("count_rmaps()", target.count_rmaps(), int))
        case GuestAccess():
            reply = _access(target, operation)
        case AllocateRoot(gfn):
            root = typed("allocate_root()", target.allocate_root(Gfn(gfn)), bool)
            reply = Done() if root else Refused(None)
        case InitHvaCache(cache, gpa, length):
            reply = target.init_hva_cache(cache, gpa, length)
            typed("init_hva_cache()", reply, Done, Refused)
        case UseHvaCache(cache, offset, length, write):
            reply = target.use_hva_cache(cache, offset, length, write=write)
            typed("use_hva_cache()", reply, Translated, Refused)
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
