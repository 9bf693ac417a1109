"""The readers of the slots that an implementation may have: lookups and what they feed.

The names in the summaries are those of the kernel.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from memslot_spec.model.replies import FoundHostPage, Reply
from memslot_spec.model.values import Gfn, Hva, Slot


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
class CachesPages(Protocol):
    """`gfn_to_pfn_cache`: the host page behind a guest range, looked up ahead."""

    def activate_pfn_cache(self, cache: int, gpa: int, length: int) -> Reply:
        """Look the page up: `Done()` or `Refused(errno)`."""
        ...

    def refresh_pfn_cache(self, cache: int) -> Reply:
        """Look it up again: `Done()` or `Refused(errno)`."""
        ...

    def use_pfn_cache(self, cache: int) -> Reply:
        """Read through it: `Accessed(hva)`, or `Retry()` where it is not valid."""
        ...

    def deactivate_pfn_cache(self, cache: int) -> None:
        """Let it stand for no page."""
        ...
