"""From an operation to the method that carries it out, and back to a reply.

The one place where the suite calls a target. A refusal is a reply; an answer of
the wrong type is an error of the target.
"""

from __future__ import annotations

from typing import Protocol, TypeVar, assert_never, cast

from memslot_conformance.adapter.protocols import (
    AllocatesRoots,
    CachesHva,
    ClearsDirty,
    CountsRmaps,
    DestroysVm,
    FailsOnDemand,
    FindsHostPage,
    FindsHvaInSpaces,
    FindsId,
    FindsSlotByVcpu,
    FindsSlotInSpaces,
    FindsVisibility,
    Halts,
    HasPageBudget,
    HasTssBase,
    Implementation,
    LogsDirty,
    ReleasesNotifier,
    SetsPrivateRegion,
    TakesAccessesInSpaces,
    TakesAgeing,
    TakesInvalidations,
    TakesUnmaps,
)
from memslot_spec.history.header import Capabilities, Interleaving
from memslot_spec.history.views import View
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

T = TypeVar("T")

NOTHING = type(None)

METHODS: dict[type[Operation], str] = {
    SetRegion: "set_region",
    GfnToMemslot: "gfn_to_memslot",
    GfnToHva: "gfn_to_hva",
    GfnToHvaProt: "gfn_to_hva_prot",
    VcpuGfnToMemslot: "vcpu_gfn_to_memslot",
    InitHvaCache: "init_hva_cache",
    UseHvaCache: "use_hva_cache",
    IsVisibleGfn: "is_visible_gfn",
    MemslotId: "memslot_id",
    TssBase: "tss_base",
    MmuPages: "mmu_pages",
    CountRmaps: "count_rmaps",
    GuestAccess: "access",
    AllocateRoot: "allocate_root",
    UnmapHva: "unmap_hva",
    InvalidateRange: "invalidate_range",
    AgeHva: "age_hva",
    GetDirtyLog: "get_dirty_log",
    ClearDirtyLog: "clear_dirty_log",
    EnableManualProtect: "enable_manual_protect",
    Halt: "halt",
    ReleaseNotifier: "release_notifier",
    DestroyVm: "destroy",
}
"""The method that carries out each operation."""


class TargetError(Exception):
    """The target does not keep to the protocol of an implementation."""


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


def supported(implementation: Implementation) -> frozenset[str]:
    """The names of the operations for which the target has a method."""
    return frozenset(
        operation.__name__
        for operation, method in METHODS.items()
        if callable(getattr(implementation, method, None))
    )


def capabilities_of(implementation: Implementation) -> Capabilities:
    """What the target says of itself and what it has methods for.

    What introspection shows is asked once, so ask a new target. Errors:
    `TargetError` where an attribute is of the wrong type.
    """
    interleaving = getattr(implementation, "interleaving", Interleaving.NONE)
    announces = getattr(implementation, "announces", ())
    view = observed(implementation) or View()
    shown = (("table", view.table), ("sptes", view.sptes), ("pages", view.pages))
    return Capabilities(
        operations=tuple(sorted(supported(implementation))),
        interleaving=_typed("interleaving", interleaving, Interleaving),
        announces=_typed("announces", announces, tuple),
        shows=tuple(name for name, part in shown if part is not None),
    )


def observed(implementation: Implementation) -> View | None:
    """What introspection shows now; None where there is no introspection."""
    observe = getattr(implementation, "observe", None)
    return None if observe is None else _typed("observe()", observe(), View)


def perform(implementation: Implementation, operation: Operation) -> Reply:
    """Have the target carry out one operation.

    Errors: `TargetError` where it has no method for the operation, or where the
    method answers with something else than the protocol says.
    """
    private = isinstance(operation, SetRegion) and operation.private
    method = "set_private_region" if private else METHODS[type(operation)]
    if not hasattr(implementation, method):
        message = f"the target has no method {method}()"
        raise TargetError(message)
    target = cast("_Complete", implementation)
    if isinstance(operation, SetRegion):
        return _set_region(target, operation)
    if isinstance(operation, TableReader):
        return _look_up(target, operation)
    return _act(target, operation)


def _set_region(target: _Complete, operation: SetRegion) -> Reply:
    if operation.private:
        reply = target.set_private_region(operation.region)
    elif operation.failure is None:
        reply = target.set_region(operation.region)
    else:
        reply = target.set_region(operation.region, failure=operation.failure)
    _typed("set_region()", reply, Done, Refused)
    if isinstance(reply, Refused):
        _typed("the errno of set_region()", reply.errno, Errno, NOTHING)
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
            reply: Reply = FoundSlot(_typed("gfn_to_memslot()", slot, Slot, NOTHING))
        case GfnToHva(gfn, as_id):
            if as_id:
                hva = target.gfn_to_hva(Gfn(gfn), as_id)
            else:
                hva = target.gfn_to_hva(Gfn(gfn))
            reply = FoundHva(_typed("gfn_to_hva()", hva, int, NOTHING))
        case GfnToHvaProt(gfn, write):
            page = target.gfn_to_hva_prot(Gfn(gfn), write=write)
            reply = _typed("gfn_to_hva_prot()", page, FoundHostPage)
        case VcpuGfnToMemslot(vcpu, gfn):
            slot = target.vcpu_gfn_to_memslot(vcpu, Gfn(gfn))
            reply = FoundSlot(_typed("vcpu_gfn_to_memslot()", slot, Slot, NOTHING))
        case IsVisibleGfn(gfn):
            visible = target.is_visible_gfn(Gfn(gfn))
            reply = Visible(_typed("is_visible_gfn()", visible, bool))
        case MemslotId(gfn):
            slot_id = target.memslot_id(Gfn(gfn))
            reply = FoundId(_typed("memslot_id()", slot_id, int, NOTHING))
        case TssBase():
            reply = Number(_typed("tss_base()", target.tss_base(), int))
        case MmuPages():
            reply = Number(_typed("mmu_pages()", target.mmu_pages(), int))
        case _:
            assert_never(operation)
    return reply


Act = (
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
    target: _Complete, operation: Act
) -> Reply:
    reply: Reply = Done()
    match operation:
        case CountRmaps():
            reply = Number(_typed("count_rmaps()", target.count_rmaps(), int))
        case GuestAccess():
            reply = _access(target, operation)
        case AllocateRoot(gfn):
            root = _typed("allocate_root()", target.allocate_root(Gfn(gfn)), bool)
            reply = Done() if root else Refused(None)
        case InitHvaCache(cache, gpa, length):
            reply = target.init_hva_cache(cache, gpa, length)
            _typed("init_hva_cache()", reply, Done, Refused)
        case UseHvaCache(cache, offset, length, write):
            reply = target.use_hva_cache(cache, offset, length, write=write)
            _typed("use_hva_cache()", reply, Translated, Refused)
        case InvalidateRange(start, end):
            target.invalidate_range(Hva(start), Hva(end))
        case GetDirtyLog(slot):
            reply = target.get_dirty_log(slot)
            _typed("get_dirty_log()", reply, DirtyLog, Refused)
        case ClearDirtyLog(slot, first, count, bitmap):
            reply = target.clear_dirty_log(slot, first, count, bitmap)
            _typed("clear_dirty_log()", reply, Done, Refused)
        case EnableManualProtect(options):
            reply = target.enable_manual_protect(options)
            _typed("enable_manual_protect()", reply, Done, Refused)
        case UnmapHva(hva):
            target.unmap_hva(Hva(hva))
        case AgeHva(hva):
            reply = Touched(_typed("age_hva()", target.age_hva(Hva(hva)), bool))
        case Halt():
            target.halt()
        case ReleaseNotifier():
            target.release_notifier()
        case DestroyVm():
            target.destroy()
        case _:
            assert_never(operation)
    return reply


def _access(target: _Complete, operation: GuestAccess) -> Reply:
    gfn, as_id = Gfn(operation.gfn), operation.as_id
    write, direct, root = operation.write, operation.direct, operation.root
    if as_id:
        reply = target.access(gfn, write=write, direct=direct, root=root, as_id=as_id)
    else:
        reply = target.access(gfn, write=write, direct=direct, root=root)
    _typed("access()", reply, Accessed, Mmio, Retry)
    if isinstance(reply, Accessed):
        _typed("the hva of access()", reply.hva, int)
    return reply


def _typed(what: str, came: T, *kinds: type[object]) -> T:
    """Exact types: an answer is compared, and a subclass would compare unequal."""
    if type(came) in kinds:
        return came
    expected = " or ".join("None" if k is NOTHING else k.__name__ for k in kinds)
    message = f"{what} gave {came!r}, which is no {expected}"
    raise TargetError(message)
