"""From an operation to the method that carries it out, and back to a reply.

The one place where the suite calls a target. A refusal is a reply; an answer of
the wrong type is an error of the target.
"""

from __future__ import annotations

from typing import Protocol, TypeVar, assert_never, cast

from memslot_conformance.implementation import (
    AllocatesRoots,
    CountsRmaps,
    DestroysVm,
    FailsOnDemand,
    FindsHva,
    FindsId,
    FindsSlot,
    FindsVisibility,
    Halts,
    HasPageBudget,
    HasTssBase,
    Implementation,
    ReleasesNotifier,
    SetsPrivateRegion,
    TakesAccesses,
    TakesAgeing,
    TakesUnmaps,
)
from memslot_spec.events import View
from memslot_spec.history import Capabilities, Interleaving
from memslot_spec.operations import (
    Accessed,
    AgeHva,
    AllocateRoot,
    CountRmaps,
    DestroyVm,
    Done,
    FoundHva,
    FoundId,
    FoundSlot,
    GfnToHva,
    GfnToMemslot,
    GuestAccess,
    Halt,
    IsVisibleGfn,
    MemslotId,
    Mmio,
    MmuPages,
    Number,
    Operation,
    Refused,
    ReleaseNotifier,
    Reply,
    Retry,
    SetRegion,
    TableReader,
    Touched,
    TssBase,
    UnmapHva,
    Visible,
)
from memslot_spec.values import Errno, Gfn, Hva, Slot

T = TypeVar("T")

NOTHING = type(None)

METHODS: dict[type[Operation], str] = {
    SetRegion: "set_region",
    GfnToMemslot: "gfn_to_memslot",
    GfnToHva: "gfn_to_hva",
    IsVisibleGfn: "is_visible_gfn",
    MemslotId: "memslot_id",
    TssBase: "tss_base",
    MmuPages: "mmu_pages",
    CountRmaps: "count_rmaps",
    GuestAccess: "access",
    AllocateRoot: "allocate_root",
    UnmapHva: "unmap_hva",
    AgeHva: "age_hva",
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
    FindsSlot,
    FindsHva,
    FindsVisibility,
    FindsId,
    HasTssBase,
    HasPageBudget,
    CountsRmaps,
    TakesAccesses,
    AllocatesRoots,
    TakesUnmaps,
    TakesAgeing,
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


def _look_up(target: _Complete, operation: TableReader) -> Reply:
    match operation:
        case GfnToMemslot(gfn):
            slot = target.gfn_to_memslot(Gfn(gfn))
            reply: Reply = FoundSlot(_typed("gfn_to_memslot()", slot, Slot, NOTHING))
        case GfnToHva(gfn):
            hva = target.gfn_to_hva(Gfn(gfn))
            reply = FoundHva(_typed("gfn_to_hva()", hva, int, NOTHING))
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
    CountRmaps
    | GuestAccess
    | AllocateRoot
    | UnmapHva
    | AgeHva
    | Halt
    | ReleaseNotifier
    | DestroyVm
)


def _act(target: _Complete, operation: Act) -> Reply:
    reply: Reply = Done()
    match operation:
        case CountRmaps():
            reply = Number(_typed("count_rmaps()", target.count_rmaps(), int))
        case GuestAccess():
            reply = _access(target, operation)
        case AllocateRoot(gfn):
            root = _typed("allocate_root()", target.allocate_root(Gfn(gfn)), bool)
            reply = Done() if root else Refused(None)
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
    reply = target.access(
        Gfn(operation.gfn),
        write=operation.write,
        direct=operation.direct,
        root=operation.root,
    )
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
