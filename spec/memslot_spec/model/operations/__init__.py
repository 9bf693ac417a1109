"""The operations that a thread may ask an implementation for.

An operation names an entry point of the kernel; `replies` has what its caller is
told. Both are closed unions of frozen values.
"""

from __future__ import annotations

from memslot_spec.model.operations.accesses import (
    AllocateRoot,
    CountRmaps,
    GuestAccess,
    GuestCopy,
    Origin,
    PreFault,
    ReadGuest,
    WriteGuest,
    WriteProtectGfn,
)
from memslot_spec.model.operations.caches import (
    ActivatePfnCache,
    DeactivatePfnCache,
    InitHvaCache,
    PfnCacheOperation,
    RefreshPfnCache,
    UseHvaCache,
    UsePfnCache,
)
from memslot_spec.model.operations.dirty import (
    ClearDirtyLog,
    EnableManualProtect,
    GetDirtyLog,
)
from memslot_spec.model.operations.host import (
    AgeHva,
    ChangePte,
    InvalidateRange,
    ReleaseNotifier,
    UnmapHva,
)
from memslot_spec.model.operations.lookups import (
    GfnToHva,
    GfnToHvaProt,
    GfnToMemslot,
    IsVisibleGfn,
    MemslotId,
    MmuPages,
    TssBase,
    VcpuGfnToMemslot,
)
from memslot_spec.model.operations.ranges import (
    AddRange,
    GetDirtyRange,
    RangeRequest,
    RemoveRange,
    ReplaceTable,
)
from memslot_spec.model.operations.requests import (
    SetRegion,
)
from memslot_spec.model.operations.vm import (
    DestroyVm,
    Halt,
)

__all__ = [
    "ActivatePfnCache",
    "AddRange",
    "AgeHva",
    "AllocateRoot",
    "ChangePte",
    "ClearDirtyLog",
    "CountRmaps",
    "DeactivatePfnCache",
    "DestroyVm",
    "EnableManualProtect",
    "GetDirtyLog",
    "GetDirtyRange",
    "GfnToHva",
    "GfnToHvaProt",
    "GfnToMemslot",
    "GuestAccess",
    "GuestCopy",
    "Halt",
    "InitHvaCache",
    "InvalidateRange",
    "IsVisibleGfn",
    "MemslotId",
    "MmuPages",
    "Operation",
    "Origin",
    "PfnCacheOperation",
    "PreFault",
    "RangeRequest",
    "ReadGuest",
    "RefreshPfnCache",
    "ReleaseNotifier",
    "RemoveRange",
    "ReplaceTable",
    "SetRegion",
    "TableReader",
    "TableRequest",
    "TssBase",
    "UnmapHva",
    "UseHvaCache",
    "UsePfnCache",
    "VcpuGfnToMemslot",
    "WriteGuest",
    "WriteProtectGfn",
]

Operation = (
    SetRegion
    | GfnToMemslot
    | GfnToHva
    | IsVisibleGfn
    | MemslotId
    | TssBase
    | MmuPages
    | GfnToHvaProt
    | VcpuGfnToMemslot
    | InitHvaCache
    | UseHvaCache
    | ActivatePfnCache
    | RefreshPfnCache
    | UsePfnCache
    | DeactivatePfnCache
    | CountRmaps
    | GuestAccess
    | ReadGuest
    | WriteGuest
    | PreFault
    | AllocateRoot
    | UnmapHva
    | InvalidateRange
    | AgeHva
    | ChangePte
    | WriteProtectGfn
    | GetDirtyLog
    | ClearDirtyLog
    | EnableManualProtect
    | AddRange
    | RemoveRange
    | ReplaceTable
    | GetDirtyRange
    | Halt
    | ReleaseNotifier
    | DestroyVm
)

TableRequest = SetRegion | AddRange | RemoveRange | ReplaceTable
"""The operations that change the table: by ids, or by ranges."""

TableReader = (
    GfnToMemslot
    | GfnToHva
    | GfnToHvaProt
    | VcpuGfnToMemslot
    | IsVisibleGfn
    | MemslotId
    | TssBase
    | MmuPages
)
"""The operations whose whole answer is a function of one table."""
