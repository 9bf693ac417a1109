"""Accesses to guest memory, and what is made of shadow pages without one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


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
class ReadGuest:
    """`kvm_vcpu_read_guest`: a vCPU's thread copies `length` guest bytes out.

    Both are in bytes. Each page is looked up by itself, and may be in another table
    than the one before, though all are in one section.
    """

    gpa: int
    length: int
    as_id: int = 0


@dataclass(frozen=True, slots=True)
class WriteGuest:
    """`kvm_vcpu_write_guest`: a vCPU's thread copies `length` bytes to the guest.

    As `ReadGuest`; each page is marked dirty when it was written.
    """

    gpa: int
    length: int
    as_id: int = 0


GuestCopy = ReadGuest | WriteGuest
"""The operations that copy a range of guest bytes, in whichever direction."""


@dataclass(frozen=True, slots=True)
class PreFault:
    """`KVM_PRE_FAULT_MEMORY` of so many pages from a frame on, by some vCPU.

    Since Linux 6.11. The pages are mapped as a read by a guest with paging off would
    map them. Refused with EINVAL where there is no page or the range wraps, ENOENT in
    no slot, EAGAIN in an INVALID one, if no page was mapped before.
    """

    gfn: int
    npages: int


@dataclass(frozen=True, slots=True)
class AllocateRoot:
    """`mmu_alloc_roots`: a shadow root for the guest page table at a gfn."""

    gfn: int


@dataclass(frozen=True, slots=True)
class WriteProtectGfn:
    """`rmap_write_protect`, today `kvm_mmu_slot_gfn_write_protect`: of one frame.

    Asked for by whoever has to notice the next write to it: a shadowed page table, or
    page tracking (6.1 arch/x86/kvm/mmu/page_track.c, kvm_slot_page_track_add_page()).
    """

    gfn: int
    as_id: int = 0


@dataclass(frozen=True, slots=True)
class CountRmaps:
    """`count_rmaps`: the sptes that the reverse maps of all slots hold."""
