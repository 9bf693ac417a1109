"""What readers of the table ask: a slot, a host address, or a sum over the slots."""

from __future__ import annotations

from dataclasses import dataclass


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
