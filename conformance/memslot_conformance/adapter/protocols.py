"""What an implementation under test may provide, as small protocols.

A target supports the operations whose methods it has. Everything takes and
returns the values of `memslot_spec`. An adapter translates: it never judges,
retries or asserts. A refusal is a reply; an exception is an error of the target.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from memslot_spec.history.header import Domain, Interleaving
from memslot_spec.history.hook import Hook
from memslot_spec.history.views import View
from memslot_spec.model.replies import FoundHostPage, Reply
from memslot_spec.model.values import Failure, Gfn, Hva, MemoryRegion, Slot


@runtime_checkable
class Implementation(Protocol):
    """The least an implementation has: it takes requests.

    Optional attributes: `domain` (a `Domain`), `profile` (a profile's name),
    `interleaving` (an `Interleaving`; without it one call at a time),
    `announces` (names of the kinds of points it announces), `limits`.
    """

    def set_region(self, region: MemoryRegion) -> Reply:
        """Carry out one request: `Done()` or `Refused(errno)`."""
        ...


@runtime_checkable
class HasDomain(Protocol):
    """It says what it can be asked."""

    domain: Domain


@runtime_checkable
class HasInterleaving(Protocol):
    """It can be raced: stepped through its points, or called from threads."""

    interleaving: Interleaving


@runtime_checkable
class Announces(Protocol):
    """It announces these kinds of points whenever they happen."""

    announces: tuple[str, ...]


@runtime_checkable
class FailsOnDemand(Protocol):
    """Preparation and allocation can be made to fail inside a request."""

    def set_region(
        self, region: MemoryRegion, *, failure: Failure | None = None
    ) -> Reply:
        """Carry out one request that meets this failure."""
        ...


@runtime_checkable
class SetsPrivateRegion(Protocol):
    """It has slots of the kernel's own (TSS, APIC access, identity map)."""

    def set_private_region(self, region: MemoryRegion) -> Reply:
        """Carry out the kernel's own request."""
        ...


@runtime_checkable
class FindsSlot(Protocol):
    """`gfn_to_memslot`."""

    def gfn_to_memslot(self, gfn: Gfn) -> Slot | None:
        """The slot covering a frame, INVALID or not."""
        ...


@runtime_checkable
class FindsSlotInSpaces(Protocol):
    """`gfn_to_memslot`, in whichever address space."""

    def gfn_to_memslot(self, gfn: Gfn, as_id: int = 0) -> Slot | None:
        """The slot covering a frame of this address space."""
        ...


@runtime_checkable
class FindsSlotByVcpu(Protocol):
    """`kvm_vcpu_gfn_to_memslot`."""

    def vcpu_gfn_to_memslot(self, vcpu: int, gfn: Gfn) -> Slot | None:
        """The slot covering a frame, by way of this vCPU's hint."""
        ...


@runtime_checkable
class FindsHva(Protocol):
    """`gfn_to_hva`."""

    def gfn_to_hva(self, gfn: Gfn) -> Hva | None:
        """The host address behind a frame; None is the error value."""
        ...


@runtime_checkable
class FindsHvaInSpaces(Protocol):
    """`gfn_to_hva`, in whichever address space."""

    def gfn_to_hva(self, gfn: Gfn, as_id: int = 0) -> Hva | None:
        """The host address behind a frame of this address space."""
        ...


@runtime_checkable
class FindsHostPage(Protocol):
    """`__gfn_to_hva_many`."""

    def gfn_to_hva_prot(self, gfn: Gfn, *, write: bool) -> FoundHostPage:
        """The host page for reading or writing, or which error address."""
        ...


@runtime_checkable
class CachesHva(Protocol):
    """`gfn_to_hva_cache`: a guest range resolved once, used often."""

    def init_hva_cache(self, cache: int, gpa: int, length: int) -> Reply:
        """Resolve the range: `Done()` or `Refused(errno)`."""
        ...

    def use_hva_cache(
        self, cache: int, offset: int, length: int, *, write: bool
    ) -> Reply:
        """Access a part of it: `Translated(hvas)` or `Refused(errno)`."""
        ...


@runtime_checkable
class FindsVisibility(Protocol):
    """`kvm_is_visible_gfn`."""

    def is_visible_gfn(self, gfn: Gfn) -> bool:
        """Whether a user slot that is not INVALID covers the frame."""
        ...


@runtime_checkable
class FindsId(Protocol):
    """`memslot_id`."""

    def memslot_id(self, gfn: Gfn) -> int | None:
        """The covering slot's id, None where there is none."""
        ...


@runtime_checkable
class HasTssBase(Protocol):
    """`rmode_tss_base`."""

    def tss_base(self) -> int:
        """Guest byte address of the default TSS."""
        ...


@runtime_checkable
class HasPageBudget(Protocol):
    """`kvm_mmu_calculate_mmu_pages`."""

    def mmu_pages(self) -> int:
        """The shadow page budget."""
        ...


@runtime_checkable
class CountsRmaps(Protocol):
    """`count_rmaps`."""

    def count_rmaps(self) -> int:
        """How many sptes the reverse maps hold."""
        ...


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
class AllocatesRoots(Protocol):
    """`mmu_alloc_roots`."""

    def allocate_root(self, gfn: Gfn) -> bool:
        """Whether a root was made for the guest page table at the frame."""
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
class TakesAgeing(Protocol):
    """`kvm_age_hva`."""

    def age_hva(self, hva: Hva) -> bool:
        """Whether the page was touched; the marks are cleared."""
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
        """Every mapping goes."""
        ...


@runtime_checkable
class DestroysVm(Protocol):
    """`kvm_destroy_vm`."""

    def destroy(self) -> None:
        """The VM ends; nothing is asked after it."""
        ...


@runtime_checkable
class Shows(Protocol):
    """Introspection, which changes nothing."""

    def observe(self) -> View:
        """What stands now. Parts that cannot be shown are None."""
        ...


Make = Callable[[Hook], Implementation]
"""Makes a new target, a VM without slots, that announces itself to this hook."""
