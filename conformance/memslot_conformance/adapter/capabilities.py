"""What a target has methods for, and what it says of itself."""

from __future__ import annotations

from memslot_conformance.adapter.answers import TargetError, typed
from memslot_conformance.adapter.declarations import announces_of
from memslot_conformance.adapter.protocols import AnyImplementation
from memslot_spec.history.header import Capabilities, Interleaving
from memslot_spec.history.views import View
from memslot_spec.model.operations import (
    ActivatePfnCache,
    AddRange,
    AgeHva,
    AllocateRoot,
    ChangePte,
    ClearDirtyLog,
    CountRmaps,
    DeactivatePfnCache,
    DestroyVm,
    EnableManualProtect,
    GetDirtyLog,
    GetDirtyRange,
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
    PreFault,
    ReadGuest,
    RefreshPfnCache,
    ReleaseNotifier,
    RemoveRange,
    ReplaceTable,
    SetRegion,
    TssBase,
    UnmapHva,
    UseHvaCache,
    UsePfnCache,
    VcpuGfnToMemslot,
    WriteGuest,
    WriteProtectGfn,
)
from memslot_spec.model.values import SlotTable

METHODS: dict[type[Operation], str] = {
    SetRegion: "set_region",
    GfnToMemslot: "gfn_to_memslot",
    GfnToHva: "gfn_to_hva",
    GfnToHvaProt: "gfn_to_hva_prot",
    VcpuGfnToMemslot: "vcpu_gfn_to_memslot",
    InitHvaCache: "init_hva_cache",
    UseHvaCache: "use_hva_cache",
    ActivatePfnCache: "activate_pfn_cache",
    RefreshPfnCache: "refresh_pfn_cache",
    UsePfnCache: "use_pfn_cache",
    DeactivatePfnCache: "deactivate_pfn_cache",
    IsVisibleGfn: "is_visible_gfn",
    MemslotId: "memslot_id",
    TssBase: "tss_base",
    MmuPages: "mmu_pages",
    CountRmaps: "count_rmaps",
    GuestAccess: "access",
    ReadGuest: "read_guest",
    WriteGuest: "write_guest",
    PreFault: "pre_fault",
    AllocateRoot: "allocate_root",
    UnmapHva: "unmap_hva",
    InvalidateRange: "invalidate_range",
    AgeHva: "age_hva",
    ChangePte: "change_pte",
    WriteProtectGfn: "write_protect_gfn",
    GetDirtyLog: "get_dirty_log",
    ClearDirtyLog: "clear_dirty_log",
    EnableManualProtect: "enable_manual_protect",
    AddRange: "add",
    RemoveRange: "remove",
    ReplaceTable: "replace",
    GetDirtyRange: "dirty",
    Halt: "halt",
    ReleaseNotifier: "release_notifier",
    DestroyVm: "destroy",
}
"""The method that carries out each operation."""


def supported(implementation: AnyImplementation) -> frozenset[str]:
    """The names of the operations for which the target has a method."""
    return frozenset(
        operation.__name__
        for operation, method in METHODS.items()
        if callable(getattr(implementation, method, None))
    )


def capabilities_of(implementation: AnyImplementation) -> Capabilities:
    """What the target says of itself and what it has methods for.

    What introspection shows is asked once, so ask a new target. Errors:
    `TargetError` where an attribute is of the wrong type, or names no point.
    """
    interleaving = getattr(implementation, "interleaving", Interleaving.NONE)
    view = observed(implementation) or View()
    shown = (("table", view.table), ("sptes", view.sptes), ("pages", view.pages))
    return Capabilities(
        operations=tuple(sorted(supported(implementation))),
        interleaving=typed("interleaving", interleaving, Interleaving),
        announces=announces_of(implementation),
        shows=tuple(name for name, part in shown if part is not None),
    )


def observed(implementation: AnyImplementation) -> View | None:
    """What introspection shows now; None where there is no introspection."""
    observe = getattr(implementation, "observe", None)
    if observe is None:
        return None
    view: View = typed("observe()", observe(), View)
    _of_kind("table", view.table, SlotTable)
    _of_kind("sptes", view.sptes, tuple)
    _of_kind("pages", view.pages, tuple)
    return view


def _of_kind(name: str, part: object, kind: type[object]) -> None:
    if part is not None and not isinstance(part, kind):
        message = f"the {name} of observe() is {part!r}, which is no {kind.__name__}"
        raise TargetError(message)
