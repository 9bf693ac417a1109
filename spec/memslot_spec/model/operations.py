"""The operations that a thread may ask an implementation for.

An operation names an entry point of the kernel; `replies` has what its caller is
told. Both are closed unions of frozen values.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from memslot_spec.model.values import Failure, MemoryRegion


@dataclass(frozen=True, slots=True)
class SetRegion:
    """`KVM_SET_USER_MEMORY_REGION`; with `private`, the kernel's own request.

    `failure` is injected: the implementation is made to fail at that place.
    """

    region: MemoryRegion
    private: bool = False
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class GfnToMemslot:
    """`gfn_to_memslot`: the slot that covers a guest frame."""

    gfn: int
    as_id: int = 0


@dataclass(frozen=True, slots=True)
class GfnToHva:
    """`gfn_to_hva`: the host address behind a guest frame."""

    gfn: int
    as_id: int = 0


@dataclass(frozen=True, slots=True)
class GfnToHvaProt:
    """`__gfn_to_hva_many`: the host address for reading, or for writing.

    It tells the two error addresses apart, and whether the page may be written.
    """

    gfn: int
    write: bool = False


@dataclass(frozen=True, slots=True)
class VcpuGfnToMemslot:
    """`kvm_vcpu_gfn_to_memslot`: as `gfn_to_memslot`, by way of a vCPU's hint."""

    vcpu: int
    gfn: int


@dataclass(frozen=True, slots=True)
class InitHvaCache:
    """`kvm_gfn_to_hva_cache_init`: resolve a guest range (bytes) once for many uses.

    A cache belongs to one thread at a time. Refused with EINVAL where the range
    wraps and with EFAULT where a frame of it has no address for writing.
    """

    cache: int
    gpa: int
    length: int


@dataclass(frozen=True, slots=True)
class UseHvaCache:
    """Read or write through a cache: `length` bytes from `offset` of its range.

    `kvm_read_guest_offset_cached`, `kvm_write_guest_offset_cached`.
    """

    cache: int
    offset: int
    length: int
    write: bool = False


@dataclass(frozen=True, slots=True)
class IsVisibleGfn:
    """`kvm_is_visible_gfn`: whether a guest frame is ordinary guest memory."""

    gfn: int


@dataclass(frozen=True, slots=True)
class MemslotId:
    """`memslot_id`: the id of the slot that covers a guest frame."""

    gfn: int


@dataclass(frozen=True, slots=True)
class TssBase:
    """`rmode_tss_base`: the guest byte address of the real-mode TSS."""


@dataclass(frozen=True, slots=True)
class MmuPages:
    """`kvm_mmu_calculate_mmu_pages`: the shadow page budget, in pages."""


@dataclass(frozen=True, slots=True)
class CountRmaps:
    """`count_rmaps`: the sptes that the reverse maps of all slots hold."""


class Origin(Enum):
    """Who makes an access to guest memory: what it gets in no slot differs by it.

    The guest's processor, by way of a page fault where nothing is mapped; the
    instruction emulator for it; a walk of the guest's page table, of which the frame
    has a page; KVM itself for the guest (`kvm_read_guest`, `kvm_write_guest`). All but
    the processor look the frame up each time.
    """

    PAGE_FAULT = "PAGE_FAULT"
    EMULATOR = "EMULATOR"
    TABLE_WALK = "TABLE_WALK"
    KVM = "KVM"

    def __repr__(self) -> str:
        return f"Origin.{self.name}"


@dataclass(frozen=True, slots=True)
class GuestAccess:
    """One page of guest memory is read or written, by whoever `origin` names.

    Of page faults alone, `direct` is a guest with paging off (a direct shadow page,
    huge where the slot allows it); otherwise the guest has page tables of its own and
    the shadow page stands for the one at `root`. A walk writes nothing.
    """

    gfn: int
    write: bool = False
    direct: bool = True
    root: int = 0
    as_id: int = 0
    origin: Origin = Origin.PAGE_FAULT

    @property
    def may_use_spte(self) -> bool:
        """It may go through an spte that stands, without looking the frame up."""
        return self.origin is Origin.PAGE_FAULT


@dataclass(frozen=True, slots=True)
class AllocateRoot:
    """`mmu_alloc_roots`: a shadow root for the guest page table at a gfn."""

    gfn: int


@dataclass(frozen=True, slots=True)
class UnmapHva:
    """`kvm_unmap_hva`: the host unmaps the page at this byte address."""

    hva: int


@dataclass(frozen=True, slots=True)
class InvalidateRange:
    """The host unmaps a range of bytes, which may be mapped again once it returns.

    `invalidate_range_start` and `invalidate_range_end`, one after the other.
    """

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class AgeHva:
    """`kvm_age_hva`: whether the page at this byte address was accessed since."""

    hva: int


@dataclass(frozen=True, slots=True)
class GetDirtyLog:
    """`KVM_GET_DIRTY_LOG`: the slot is named by its u32 word."""

    slot: int


@dataclass(frozen=True, slots=True)
class ClearDirtyLog:
    """`KVM_CLEAR_DIRTY_LOG`: clear the set bits of a range of pages.

    `bitmap` is in u64 words; bit 0 of the first stands for `first_page`.
    """

    slot: int
    first_page: int
    num_pages: int
    bitmap: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class EnableManualProtect:
    """`KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2` with these options.

    Bit 0: GET does not clear. Bit 1, only together with it: a bitmap begins with
    every bit set. 0 turns both off.
    """

    options: int


@dataclass(frozen=True, slots=True)
class Halt:
    """The vCPU sleeps until an interrupt (`kvm_vcpu_block`)."""


@dataclass(frozen=True, slots=True)
class ReleaseNotifier:
    """`kvm_mmu_notifier_release`: the process exits, every spte is removed."""


@dataclass(frozen=True, slots=True)
class DestroyVm:
    """`kvm_destroy_vm`: the last operation of a VM."""


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
    | CountRmaps
    | GuestAccess
    | AllocateRoot
    | UnmapHva
    | InvalidateRange
    | AgeHva
    | GetDirtyLog
    | ClearDirtyLog
    | EnableManualProtect
    | Halt
    | ReleaseNotifier
    | DestroyVm
)

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
