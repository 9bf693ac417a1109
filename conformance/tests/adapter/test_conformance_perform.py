"""Operations become calls, answers become replies, and wrong types are errors."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from memslot_conformance.adapter.answers import TargetError
from memslot_conformance.adapter.capabilities import (
    METHODS,
    capabilities_of,
    observed,
    supported,
)
from memslot_conformance.adapter.perform import perform
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
from memslot_spec.model.values import (
    EMPTY,
    Errno,
    Failure,
    Gfn,
    Hva,
    MemoryRegion,
    Slot,
)

REGION = MemoryRegion(0, 0x1000, 0x2000, 0x7000)
SLOT = Slot(1, Gfn(2), 3, Hva(0x4000))


@dataclass
class Full:
    """Has every method, writes down each call, and answers what it was given."""

    answer: object = None
    calls: list[tuple[object, ...]] = field(default_factory=list[tuple[object, ...]])

    def set_region(self, *args: object, **kwargs: object) -> object:
        return self.called("set_region", *args, *kwargs.items())

    def set_private_region(self, region: MemoryRegion) -> object:
        return self.called("set_private_region", region)

    def gfn_to_memslot(self, gfn: Gfn, *as_id: int) -> object:
        return self.called("gfn_to_memslot", gfn, *as_id)

    def gfn_to_hva(self, gfn: Gfn, *as_id: int) -> object:
        return self.called("gfn_to_hva", gfn, *as_id)

    def gfn_to_hva_prot(self, gfn: Gfn, *, write: bool) -> object:
        return self.called("gfn_to_hva_prot", gfn, write)

    def vcpu_gfn_to_memslot(self, vcpu: int, gfn: Gfn) -> object:
        return self.called("vcpu_gfn_to_memslot", vcpu, gfn)

    def init_hva_cache(self, cache: int, gpa: int, length: int) -> object:
        return self.called("init_hva_cache", cache, gpa, length)

    def use_hva_cache(
        self, cache: int, offset: int, length: int, *, write: bool
    ) -> object:
        return self.called("use_hva_cache", cache, offset, length, write)

    def invalidate_range(self, start: Hva, end: Hva) -> object:
        return self.called("invalidate_range", start, end)

    def get_dirty_log(self, slot: int) -> object:
        return self.called("get_dirty_log", slot)

    def clear_dirty_log(
        self, slot: int, first_page: int, num_pages: int, bitmap: tuple[int, ...]
    ) -> object:
        return self.called("clear_dirty_log", slot, first_page, num_pages, bitmap)

    def enable_manual_protect(self, options: int) -> object:
        return self.called("enable_manual_protect", options)

    def is_visible_gfn(self, gfn: Gfn) -> object:
        return self.called("is_visible_gfn", gfn)

    def memslot_id(self, gfn: Gfn) -> object:
        return self.called("memslot_id", gfn)

    def tss_base(self) -> object:
        return self.called("tss_base")

    def mmu_pages(self) -> object:
        return self.called("mmu_pages")

    def count_rmaps(self) -> object:
        return self.called("count_rmaps")

    def access(self, gfn: Gfn, **how: object) -> object:
        return self.called("access", gfn, *sorted(how.items()))

    def allocate_root(self, gfn: Gfn) -> object:
        return self.called("allocate_root", gfn)

    def unmap_hva(self, hva: Hva) -> object:
        return self.called("unmap_hva", hva)

    def age_hva(self, hva: Hva) -> object:
        return self.called("age_hva", hva)

    def halt(self) -> object:
        return self.called("halt")

    def release_notifier(self) -> object:
        return self.called("release_notifier")

    def destroy(self) -> object:
        return self.called("destroy")

    def called(self, *call: object) -> object:
        self.calls.append(call)
        return self.answer


class Least:
    """The least an implementation has."""

    def set_region(self, region: MemoryRegion) -> Reply:  # noqa: ARG002
        return Done()


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
        (AllocateRoot(7), ("allocate_root", 7), True, Done()),
        (AllocateRoot(7), ("allocate_root", 7), False, Refused(None)),
        (UnmapHva(0x7000), ("unmap_hva", 0x7000), None, Done()),
        (AgeHva(0x7000), ("age_hva", 0x7000), False, Touched(young=False)),
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


def test_every_operation_has_a_method_and_is_supported_by_it() -> None:
    full = Full()
    assert supported(full) == {kind.__name__ for kind in METHODS}  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert len(METHODS) == 23
    assert supported(Least()) == {"SetRegion"}


def test_capabilities_are_what_it_declares_has_and_shows() -> None:
    class Showing(Least):
        interleaving = Interleaving.POINTS
        announces = ("TableLoaded",)

        def tss_base(self) -> int:
            return 0

        def observe(self) -> View:
            return View(table=EMPTY, pages=())

    assert capabilities_of(Showing()) == Capabilities(
        operations=("SetRegion", "TssBase"),
        interleaving=Interleaving.POINTS,
        announces=("TableLoaded",),
        shows=("table", "pages"),
    )
    assert capabilities_of(Least()) == Capabilities(operations=("SetRegion",))


def test_introspection_is_optional_and_typed() -> None:
    class Wrong(Least):
        def observe(self) -> str:
            return "everything"

    assert observed(Least()) is None
    with pytest.raises(TargetError, match=r"observe\(\) gave 'everything'"):
        observed(Wrong())


def test_refuses_attributes_of_the_wrong_type() -> None:
    class Wrong(Least):
        interleaving = "points"

    with pytest.raises(TargetError, match="interleaving gave 'points'"):
        capabilities_of(Wrong())
