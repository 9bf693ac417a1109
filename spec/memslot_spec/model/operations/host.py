"""What the host does to the memory behind the slots."""

from __future__ import annotations

from dataclasses import dataclass


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
class ChangePte:
    """`change_pte`: the host has put another page behind this byte address (KSM).

    `writable`: its own page table lets that page be written. Kernels up to 6.9 have it;
    since 6bdb913f0a70, of 2012, the host invalidates the page around it.
    f3b65bbaed7c removed it.
    """

    hva: int
    writable: bool = False


@dataclass(frozen=True, slots=True)
class AgeHva:
    """`kvm_age_hva`: whether the page at this byte address was accessed since."""

    hva: int


@dataclass(frozen=True, slots=True)
class ReleaseNotifier:
    """`kvm_mmu_notifier_release`: the process exits, every spte is removed."""
