"""Every kind of operation, and the words for it."""

from __future__ import annotations

from memslot_spec.model import operations
from memslot_spec.model.operations import GuestAccess, Operation, Origin, SetRegion
from memslot_spec.model.values import (
    Failure,
    MemoryRange,
    MemoryRegion,
)

OPERATIONS: list[tuple[Operation, str]] = [
    (SetRegion(MemoryRegion(0, 0x10000, 0, 0x7000)), "delete slot 0"),
    (
        SetRegion(MemoryRegion(1, 0x10000, 0x4000, 0x7000, 1)),
        "set slot 1: gfn 0x10 +4 pages at hva 0x7000, LOG_DIRTY",
    ),
    (
        SetRegion(MemoryRegion(1, 0x10000, 0x1000, 0x7000, 0x16)),
        "set slot 1: gfn 0x10 +1 page at hva 0x7000, flag bit 1, flags 0x14",
    ),
    (
        SetRegion(MemoryRegion(0x20003, 0x10001, 0x4000, 0x7000)),
        "set slot 3 (as_id 2): gpa 0x10001 +0x4000 bytes at hva 0x7000",
    ),
    (
        SetRegion(MemoryRegion(32, 0, 0, 0), private=True, failure=Failure.PREPARE),
        "delete private slot 32, PREPARE fails",
    ),
    (operations.GfnToMemslot(0x10), "slot of gfn 0x10"),
    (operations.GfnToHva(0x10), "hva of gfn 0x10"),
    (operations.IsVisibleGfn(0x10), "is gfn 0x10 visible"),
    (operations.MemslotId(0x10), "slot id of gfn 0x10"),
    (operations.TssBase(), "TSS base"),
    (operations.MmuPages(), "MMU page budget"),
    (operations.CountRmaps(), "count rmaps"),
    (GuestAccess(0x200, write=True), "fault gfn 0x200 (write)"),
    (GuestAccess(0x200, direct=False, root=7), "fault gfn 0x200 (read, root 0x7)"),
    (
        GuestAccess(0x10, write=True, as_id=1, origin=Origin.EMULATOR),
        "emulate access to gfn 0x10 (as_id 1) (write)",
    ),
    (
        GuestAccess(0x10, origin=Origin.TABLE_WALK),
        "walk the guest's page table at gfn 0x10",
    ),
    (GuestAccess(0x10, origin=Origin.KVM), "KVM's own read of gfn 0x10"),
    (operations.AllocateRoot(7), "allocate root gfn 0x7"),
    (operations.UnmapHva(0x7000), "unmap hva 0x7000"),
    (operations.AgeHva(0x7000), "age hva 0x7000"),
    (operations.ChangePte(0x7000), "other page at hva 0x7000, read-only"),
    (operations.ChangePte(0x7000, writable=True), "other page at hva 0x7000"),
    (operations.WriteProtectGfn(0x10), "write-protect gfn 0x10"),
    (operations.WriteProtectGfn(0x10, 1), "write-protect gfn 0x10 (as_id 1)"),
    (operations.AddRange(16, 4, 0x7000), "add range: gfn 0x10 +4 pages at hva 0x7000"),
    (operations.RemoveRange(16, 1), "remove range: gfn 0x10 +1 page"),
    (operations.ReplaceTable(), "replace the table: no ranges"),
    (
        operations.ReplaceTable((MemoryRange(1, 1, 0), MemoryRange(2, 2, 0x7000))),
        "replace the table: gfn 0x1 +1 page at hva 0x0; gfn 0x2 +2 pages at hva 0x7000",
    ),
    (operations.GetDirtyRange(16, 4), "get dirty log of gfn 0x10 +4 pages"),
    (operations.Halt(), "halt"),
    (operations.ReleaseNotifier(), "release the notifier"),
    (operations.DestroyVm(), "destroy the VM"),
    (operations.GfnToHva(0x10, 1), "hva of gfn 0x10 (as_id 1)"),
    (GuestAccess(0x10, as_id=1), "fault gfn 0x10 (as_id 1) (read)"),
    (operations.GfnToHvaProt(0x10), "hva of gfn 0x10 for reading"),
    (operations.VcpuGfnToMemslot(1, 0x10), "slot of gfn 0x10, hint of vCPU 1"),
    (
        operations.InitHvaCache(2, 0x10008, 16),
        "cache 2: resolve gpa 0x10008 +0x10 bytes",
    ),
    (operations.UseHvaCache(2, 8, 4, write=True), "cache 2: write 0x4 bytes at +0x8"),
    (operations.ReadGuest(0x11008, 16), "read gpa 0x11008 +0x10 bytes"),
    (
        operations.ActivatePfnCache(2, 0x10008, 16),
        "pfn cache 2: activate, gpa 0x10008 +0x10 bytes",
    ),
    (operations.RefreshPfnCache(2), "pfn cache 2: refresh"),
    (operations.UsePfnCache(2), "pfn cache 2: use"),
    (operations.DeactivatePfnCache(2), "pfn cache 2: deactivate"),
    (operations.PreFault(16, 4), "prefault 4 pages from gfn 0x10"),
    (operations.WriteGuest(8, 16, 1), "write gpa 0x8 +0x10 bytes (as_id 1)"),
    (operations.InvalidateRange(0, 0x1000), "invalidate hva 0x0 to 0x1000"),
    (operations.GetDirtyLog(0x10001), "get dirty log of slot 1 (as_id 1)"),
    (
        operations.ClearDirtyLog(1, 64, 4, (0b1011,)),
        "clear dirty log of slot 1: 4 pages from 64, pages 64-65, 67",
    ),
    (operations.EnableManualProtect(3), "manual dirty log protect, options 0x3"),
]
