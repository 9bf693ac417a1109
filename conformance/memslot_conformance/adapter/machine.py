"""What a whole VM may be asked: accesses, what its host does to it, and its logs."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from memslot_spec.model.operations import Origin
from memslot_spec.model.replies import Reply
from memslot_spec.model.values import Gfn, Hva


@runtime_checkable
class TakesAccesses(Protocol):
    """Guest accesses, with the faults that come of them."""

    def access(self, gfn: Gfn, *, write: bool, direct: bool, root: int) -> Reply:
        """One access: `Accessed(hva)`, `Mmio()` or `Retry()`."""
        ...


@runtime_checkable
class TakesAccessesInSpaces(Protocol):
    """Guest accesses in whichever address space (SMM is one on x86)."""

    def access(
        self, gfn: Gfn, *, write: bool, direct: bool, root: int, as_id: int = 0
    ) -> Reply:
        """One access: `Accessed(hva)`, `Mmio()` or `Retry()`."""
        ...


@runtime_checkable
class TakesSoftwareAccesses(Protocol):
    """Accesses to guest memory that software makes, and not the processor.

    The `domain` names the origins that can be asked for.
    """

    def software_access(
        self, gfn: Gfn, *, origin: Origin, write: bool, as_id: int = 0
    ) -> Reply:
        """One access: `Accessed(hva)`, or how it ends that finds no memory.

        `Mmio()` of the emulator, `GuestPageFault()` of a walk, `Refused(EFAULT)` of
        KVM's own, and `Retry()` where the access is to be made again.
        """
        ...


@runtime_checkable
class CopiesGuestMemory(Protocol):
    """`kvm_vcpu_read_guest` and `kvm_vcpu_write_guest`, by the thread of a vCPU."""

    def read_guest(self, gpa: int, length: int, as_id: int = 0) -> Reply:
        """Copy guest bytes out: `Translated(hvas)` or `CutShort(hvas, errno)`."""
        ...

    def write_guest(self, gpa: int, length: int, as_id: int = 0) -> Reply:
        """Copy bytes to the guest: `Translated(hvas)` or `CutShort(hvas, errno)`."""
        ...


@runtime_checkable
class MapsAhead(Protocol):
    """`KVM_PRE_FAULT_MEMORY`."""

    def pre_fault(self, gfn: Gfn, npages: int) -> Reply:
        """Map pages ahead of their use: `PreFaulted(npages)` or `Refused(errno)`."""
        ...


@runtime_checkable
class AllocatesRoots(Protocol):
    """`mmu_alloc_roots`."""

    def allocate_root(self, gfn: Gfn) -> bool:
        """Whether a root was made for the guest page table at the frame."""
        ...


@runtime_checkable
class CountsRmaps(Protocol):
    """`count_rmaps`."""

    def count_rmaps(self) -> int:
        """How many sptes the reverse maps hold."""
        ...


@runtime_checkable
class TakesUnmaps(Protocol):
    """`kvm_unmap_hva`."""

    def unmap_hva(self, hva: Hva) -> None:
        """The host takes the page at this address away."""
        ...


@runtime_checkable
class TakesInvalidations(Protocol):
    """`invalidate_range_start` and `invalidate_range_end`."""

    def invalidate_range(self, start: Hva, end: Hva) -> None:
        """The host takes the bytes from start up to end away, and is done."""
        ...


@runtime_checkable
class TakesAgeing(Protocol):
    """`kvm_age_hva`."""

    def age_hva(self, hva: Hva) -> bool:
        """Whether the page was touched; the marks are cleared."""
        ...


@runtime_checkable
class TakesChanges(Protocol):
    """`kvm_mmu_notifier_change_pte`."""

    def change_pte(self, hva: Hva, *, writable: bool) -> None:
        """The host has put another page there; `writable` by its own page table."""
        ...


@runtime_checkable
class ProtectsFrames(Protocol):
    """`rmap_write_protect`, or `kvm_mmu_slot_gfn_write_protect`."""

    def write_protect_gfn(self, gfn: Gfn, as_id: int = 0) -> None:
        """The next write to the frame has to fault."""
        ...


@runtime_checkable
class LogsDirty(Protocol):
    """`KVM_GET_DIRTY_LOG`."""

    def get_dirty_log(self, slot: int) -> Reply:
        """`DirtyLog(bitmap)` in u64 words, or `Refused(errno)`."""
        ...


@runtime_checkable
class ClearsDirty(Protocol):
    """`KVM_CLEAR_DIRTY_LOG`, and the capability that goes with it."""

    def clear_dirty_log(
        self, slot: int, first_page: int, num_pages: int, bitmap: tuple[int, ...]
    ) -> Reply:
        """Clear the bits that are set: `Done()` or `Refused(errno)`."""
        ...

    def enable_manual_protect(self, options: int) -> Reply:
        """Take these options: `Done()` or `Refused(errno)`."""
        ...


@runtime_checkable
class Halts(Protocol):
    """`kvm_vcpu_block`."""

    def halt(self) -> None:
        """The vCPU sleeps and is woken."""
        ...


@runtime_checkable
class ReleasesNotifier(Protocol):
    """`kvm_mmu_notifier_release`."""

    def release_notifier(self) -> None:
        """Every mapping is removed."""
        ...


@runtime_checkable
class DestroysVm(Protocol):
    """`kvm_destroy_vm`."""

    def destroy(self) -> None:
        """The VM ends; nothing is asked after it."""
        ...
