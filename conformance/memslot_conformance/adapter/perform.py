"""From an operation to the method that carries it out, and back to a reply.

The one place where the suite calls a target. A refusal is a reply; an answer of
the wrong type is an error of the target.
"""

from __future__ import annotations

from typing import Protocol, assert_never, cast

from memslot_conformance.adapter.answers import NOTHING, TargetError, typed
from memslot_conformance.adapter.capabilities import METHODS
from memslot_conformance.adapter.machine import (
    AllocatesRoots,
    ClearsDirty,
    CountsRmaps,
    DestroysVm,
    Halts,
    LogsDirty,
    ReleasesNotifier,
    TakesAccessesInSpaces,
    TakesAgeing,
    TakesInvalidations,
    TakesSoftwareAccesses,
    TakesUnmaps,
)
from memslot_conformance.adapter.protocols import (
    FailsOnDemand,
    Implementation,
    SetsPrivateRegion,
)
from memslot_conformance.adapter.readers import (
    CachesHva,
    FindsHostPage,
    FindsHvaInSpaces,
    FindsId,
    FindsSlotByVcpu,
    FindsSlotInSpaces,
    FindsVisibility,
    HasPageBudget,
    HasTssBase,
)
from memslot_spec.model.operations import (
    AgeHva,
    AllocateRoot,
    ClearDirtyLog,
    CountRmaps,
    DestroyVm,
    EnableManualProtect,
    GetDirtyLog,
    GfnToHva,
    GfnToHvaProt,
    GfnToMemslot,
    GuestAccess,
    Halt,
    InitHvaCache,
    InvalidateRange,
    IsVisibleGfn,
    MemslotId,
    MmuPages,
    Operation,
    ReleaseNotifier,
    SetRegion,
    TableReader,
    TssBase,
    UnmapHva,
    UseHvaCache,
    VcpuGfnToMemslot,
)
from memslot_spec.model.replies import (
    Accessed,
    DirtyLog,
    Done,
    FoundHostPage,
    FoundHva,
    FoundId,
    FoundSlot,
    GuestPageFault,
    Mmio,
    Number,
    Refused,
    Reply,
    Retry,
    Touched,
    Translated,
    Visible,
)
from memslot_spec.model.values import Errno, Gfn, Hva, Slot


class _Complete(
    FailsOnDemand,
    SetsPrivateRegion,
    FindsSlotInSpaces,
    FindsSlotByVcpu,
    FindsHvaInSpaces,
    FindsHostPage,
    FindsVisibility,
    FindsId,
    HasTssBase,
    HasPageBudget,
    CachesHva,
    CountsRmaps,
    TakesAccessesInSpaces,
    TakesSoftwareAccesses,
    AllocatesRoots,
    TakesUnmaps,
    TakesInvalidations,
    TakesAgeing,
    LogsDirty,
    ClearsDirty,
    Halts,
    ReleasesNotifier,
    DestroysVm,
    Protocol,
):
    """A target with every method, as the methods below see it."""


def perform(implementation: Implementation, operation: Operation) -> Reply:
    """Have the target carry out one operation.

    Errors: `TargetError` where it has no method for the operation, or where the
    method answers with something else than the protocol says.
    """
    method = _method_of(operation)
    if not hasattr(implementation, method):
        message = f"the target has no method {method}()"
        raise TargetError(message)
    target = cast("_Complete", implementation)
    if isinstance(operation, SetRegion):
        return _set_region(target, operation)
    if isinstance(operation, TableReader):
        return _look_up(target, operation)
    return _act(target, operation)


def _method_of(operation: Operation) -> str:
    if isinstance(operation, SetRegion) and operation.private:
        return "set_private_region"
    if isinstance(operation, GuestAccess) and not operation.may_use_spte:
        return "software_access"
    return METHODS[type(operation)]


def _set_region(target: _Complete, operation: SetRegion) -> Reply:
    if operation.private:
        reply = target.set_private_region(operation.region)
    elif operation.failure is None:
        reply = target.set_region(operation.region)
    else:
        reply = target.set_region(operation.region, failure=operation.failure)
    typed("set_region()", reply, Done, Refused)
    if isinstance(reply, Refused):
        typed("the errno of set_region()", reply.errno, Errno, NOTHING)
    return reply


def _look_up(  # noqa: C901, PLR0912 - one case for each reader
    target: _Complete, operation: TableReader
) -> Reply:
    match operation:
        case GfnToMemslot(gfn, as_id):
            # An implementation with one address space need not take the argument.
            if as_id:
                slot = target.gfn_to_memslot(Gfn(gfn), as_id)
            else:
                slot = target.gfn_to_memslot(Gfn(gfn))
            reply: Reply = FoundSlot(typed("gfn_to_memslot()", slot, Slot, NOTHING))
        case GfnToHva(gfn, as_id):
            if as_id:
                hva = target.gfn_to_hva(Gfn(gfn), as_id)
            else:
                hva = target.gfn_to_hva(Gfn(gfn))
            reply = FoundHva(typed("gfn_to_hva()", hva, int, NOTHING))
        case GfnToHvaProt(gfn, write):
            page = target.gfn_to_hva_prot(Gfn(gfn), write=write)
            reply = typed("gfn_to_hva_prot()", page, FoundHostPage)
        case VcpuGfnToMemslot(vcpu, gfn):
            slot = target.vcpu_gfn_to_memslot(vcpu, Gfn(gfn))
            reply = FoundSlot(typed("vcpu_gfn_to_memslot()", slot, Slot, NOTHING))
        case IsVisibleGfn(gfn):
            visible = target.is_visible_gfn(Gfn(gfn))
            reply = Visible(typed("is_visible_gfn()", visible, bool))
        case MemslotId(gfn):
            slot_id = target.memslot_id(Gfn(gfn))
            reply = FoundId(typed("memslot_id()", slot_id, int, NOTHING))
        case TssBase():
            reply = Number(typed("tss_base()", target.tss_base(), int))
        case MmuPages():
            reply = Number(typed("mmu_pages()", target.mmu_pages(), int))
        case _:
            assert_never(operation)
    return reply


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
    | Halt
    | ReleaseNotifier
    | DestroyVm
)


def _act(  # noqa: C901, PLR0912 - one case for each operation
    target: _Complete, operation: MachineOperation
) -> Reply:
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
        case Halt():
            target.halt()
        case ReleaseNotifier():
            target.release_notifier()
        case DestroyVm():
            target.destroy()
        case _:
            assert_never(operation)
    return reply


def _software_access(target: _Complete, operation: GuestAccess) -> Reply:
    gfn, as_id = Gfn(operation.gfn), operation.as_id
    write, origin = operation.write, operation.origin
    if as_id:
        reply = target.software_access(gfn, origin=origin, write=write, as_id=as_id)
    else:
        reply = target.software_access(gfn, origin=origin, write=write)
    typed("software_access()", reply, Accessed, Mmio, GuestPageFault, Refused, Retry)
    if isinstance(reply, Accessed):
        typed("the hva of software_access()", reply.hva, int)
    return reply


def _access(target: _Complete, operation: GuestAccess) -> Reply:
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
    return reply
