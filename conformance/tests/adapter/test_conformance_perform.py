"""Operations become calls, answers become replies, and wrong types are errors."""

from __future__ import annotations

import pytest

from full_target import Full, Least
from memslot_conformance.adapter.answers import TargetError
from memslot_conformance.adapter.perform import perform
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
from memslot_spec.model.replies import (
    Accessed,
    CutShort,
    DirtyLog,
    Done,
    FoundHostPage,
    FoundHva,
    FoundId,
    FoundSlot,
    Mmio,
    Number,
    PreFaulted,
    Refused,
    Reply,
    Retry,
    Touched,
    Translated,
    Visible,
)
from memslot_spec.model.values import (
    Errno,
    Failure,
    Gfn,
    Hva,
    MemoryRange,
    MemoryRegion,
    Slot,
)

REGION = MemoryRegion(0, 0x1000, 0x2000, 0x7000)
RANGE = MemoryRange(7, 2, 0x7000)
SLOT = Slot(1, Gfn(2), 3, Hva(0x4000))


def asked(operation: Operation, answer: object) -> tuple[Reply, tuple[object, ...]]:
    """What is replied, and the one call that was made."""
    target = Full(answer)
    reply = perform(target, operation)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    (call,) = target.calls
    return reply, call


@pytest.mark.parametrize(
    ("operation", "call", "answer", "reply"),
    [
        (SetRegion(REGION), ("set_region", REGION), Done(), Done()),
        (
            SetRegion(REGION, failure=Failure.PREPARE),
            ("set_region", REGION, ("failure", Failure.PREPARE)),
            Refused(Errno.ENOMEM),
            Refused(Errno.ENOMEM),
        ),
        (
            SetRegion(REGION, private=True),
            ("set_private_region", REGION),
            Refused(None),
            Refused(None),
        ),
        (GfnToMemslot(7), ("gfn_to_memslot", 7), SLOT, FoundSlot(SLOT)),
        (GfnToMemslot(7), ("gfn_to_memslot", 7), None, FoundSlot(None)),
        (GfnToHva(7), ("gfn_to_hva", 7), 0x7000, FoundHva(0x7000)),
        (GfnToHva(7), ("gfn_to_hva", 7), None, FoundHva(None)),
        (GfnToMemslot(7, 1), ("gfn_to_memslot", 7, 1), SLOT, FoundSlot(SLOT)),
        (GfnToHva(7, 1), ("gfn_to_hva", 7, 1), 0x7000, FoundHva(0x7000)),
        (
            GuestAccess(7, as_id=1),
            (
                *("access", 7, ("as_id", 1), ("direct", True), ("root", 0)),
                ("write", False),
            ),
            Mmio(),
            Mmio(),
        ),
        (
            GfnToHvaProt(7, write=True),
            ("gfn_to_hva_prot", 7, True),
            FoundHostPage(0x7000, writable=True),
            FoundHostPage(0x7000, writable=True),
        ),
        (
            VcpuGfnToMemslot(1, 7),
            ("vcpu_gfn_to_memslot", 1, 7),
            SLOT,
            FoundSlot(SLOT),
        ),
        (InitHvaCache(1, 8, 16), ("init_hva_cache", 1, 8, 16), Done(), Done()),
        (
            UseHvaCache(1, 0, 8, write=True),
            ("use_hva_cache", 1, 0, 8, True),
            Translated((0x7008,)),
            Translated((0x7008,)),
        ),
        (InvalidateRange(0, 1), ("invalidate_range", 0, 1), None, Done()),
        (AddRange(7, 2, 0x7000), ("add", 7, 2, 0x7000), Done(), Done()),
        (RemoveRange(7, 2), ("remove", 7, 2), Refused(None), Refused(None)),
        (ReplaceTable((RANGE,)), ("replace", (RANGE,)), Done(), Done()),
        (GetDirtyRange(7, 2), ("dirty", 7, 2), DirtyLog((3,)), DirtyLog((3,))),
        (GetDirtyLog(1), ("get_dirty_log", 1), DirtyLog((5,)), DirtyLog((5,))),
        (
            ClearDirtyLog(1, 64, 4, (5,)),
            ("clear_dirty_log", 1, 64, 4, (5,)),
            Refused(Errno.ENOENT),
            Refused(Errno.ENOENT),
        ),
        (EnableManualProtect(3), ("enable_manual_protect", 3), Done(), Done()),
        (IsVisibleGfn(7), ("is_visible_gfn", 7), True, Visible(visible=True)),
        (MemslotId(7), ("memslot_id", 7), 3, FoundId(3)),
        (MemslotId(7), ("memslot_id", 7), None, FoundId(None)),
        (TssBase(), ("tss_base",), 0x3000, Number(0x3000)),
        (MmuPages(), ("mmu_pages",), 64, Number(64)),
        (CountRmaps(), ("count_rmaps",), 0, Number(0)),
        (
            GuestAccess(7, write=True, direct=False, root=9),
            ("access", 7, ("direct", False), ("root", 9), ("write", True)),
            Accessed(0x7000),
            Accessed(0x7000),
        ),
        (
            GuestAccess(7),
            ("access", 7, ("direct", True), ("root", 0), ("write", False)),
            Mmio(),
            Mmio(),
        ),
        (
            GuestAccess(7),
            ("access", 7, ("direct", True), ("root", 0), ("write", False)),
            Retry(),
            Retry(),
        ),
        (
            ReadGuest(0x7008, 16),
            ("read_guest", 0x7008, 16),
            Translated((0x9008,)),
            Translated((0x9008,)),
        ),
        (
            WriteGuest(0x7008, 16, 1),
            ("write_guest", 0x7008, 16, 1),
            CutShort((), Errno.EFAULT),
            CutShort((), Errno.EFAULT),
        ),
        (PreFault(7, 4), ("pre_fault", 7, 4), PreFaulted(2), PreFaulted(2)),
        (
            ActivatePfnCache(1, 8, 16),
            ("activate_pfn_cache", 1, 8, 16),
            Refused(Errno.EFAULT),
            Refused(Errno.EFAULT),
        ),
        (RefreshPfnCache(1), ("refresh_pfn_cache", 1), Done(), Done()),
        (UsePfnCache(1), ("use_pfn_cache", 1), Accessed(0x7008), Accessed(0x7008)),
        (UsePfnCache(1), ("use_pfn_cache", 1), Retry(), Retry()),
        (DeactivatePfnCache(1), ("deactivate_pfn_cache", 1), None, Done()),
        (AllocateRoot(7), ("allocate_root", 7), True, Done()),
        (AllocateRoot(7), ("allocate_root", 7), False, Refused(None)),
        (UnmapHva(0x7000), ("unmap_hva", 0x7000), None, Done()),
        (AgeHva(0x7000), ("age_hva", 0x7000), False, Touched(young=False)),
        (ChangePte(0x7000), ("change_pte", 0x7000, False), None, Done()),
        (WriteProtectGfn(7), ("write_protect_gfn", 7), None, Done()),
        (WriteProtectGfn(7, 1), ("write_protect_gfn", 7, 1), None, Done()),
        (Halt(), ("halt",), None, Done()),
        (ReleaseNotifier(), ("release_notifier",), None, Done()),
        (DestroyVm(), ("destroy",), None, Done()),
    ],
)
def test_an_operation_is_one_call_and_its_answer_one_reply(
    operation: Operation, call: tuple[object, ...], answer: object, reply: Reply
) -> None:
    assert asked(operation, answer) == (reply, call)


@pytest.mark.parametrize(
    ("operation", "answer", "message"),
    [
        (SetRegion(REGION), None, "set_region() gave None, which is no Done or Ref"),
        (SetRegion(REGION, private=True), 0, "set_region() gave 0, which is no Done"),
        (SetRegion(REGION), Refused(22), "the errno of set_region() gave 22"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        (GfnToMemslot(7), 3, "gfn_to_memslot() gave 3, which is no Slot or None"),
        (GfnToHva(7), "0x7000", "gfn_to_hva() gave '0x7000', which is no int or None"),
        (GfnToHva(7), False, "gfn_to_hva() gave False, which is no int or None"),
        (IsVisibleGfn(7), 1, "is_visible_gfn() gave 1, which is no bool"),
        (MemslotId(7), 1.0, "memslot_id() gave 1.0, which is no int or None"),
        (TssBase(), None, "tss_base() gave None, which is no int"),
        (MmuPages(), None, "mmu_pages() gave None, which is no int"),
        (CountRmaps(), True, "count_rmaps() gave True, which is no int"),
        (GuestAccess(7), Done(), "access() gave Done(), which is no Accessed or"),
        (GuestAccess(7), Accessed(None), "the hva of access() gave None"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        (
            ReadGuest(7, 1),
            Done(),
            "read_guest() gave Done(), which is no Translated",
        ),
        (GuestAccess(7), Accessed(0, replaced=True), "the page of access() gave True"),
        (AllocateRoot(7), None, "allocate_root() gave None, which is no bool"),
        (AgeHva(7), 0, "age_hva() gave 0, which is no bool"),
    ],
)
def test_refuses_an_answer_of_the_wrong_type(
    operation: Operation, answer: object, message: str
) -> None:
    with pytest.raises(TargetError) as error:
        asked(operation, answer)
    assert str(error.value).startswith(message)


def test_refuses_an_operation_without_a_method() -> None:
    with pytest.raises(TargetError, match=r"has no method tss_base\(\)"):
        perform(Least(), TssBase())
    with pytest.raises(TargetError, match=r"has no method set_private_region\(\)"):
        perform(Least(), SetRegion(REGION, private=True))
