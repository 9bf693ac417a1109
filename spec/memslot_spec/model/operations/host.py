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
class AgeHva:
    """`kvm_age_hva`: whether the page at this byte address was accessed since."""

    hva: int


@dataclass(frozen=True, slots=True)
class ReleaseNotifier:
    """`kvm_mmu_notifier_release`: the process exits, every spte is removed."""
