"""The points that a target announces of the host.

Its invalidations, the flushes of TLBs, the host pages that faults look up, and
the arrays that the host allocates for a slot. A range of host addresses is in
bytes, its end not included.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InvalidationBegun:
    """The host begins to unmap a range (`invalidate_range_start`).

    Until the invalidation has ended, no spte may map a page of the range.
    """

    thread: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class InvalidationEnded:
    """The host has unmapped the range (`invalidate_range_end`)."""

    thread: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TlbFlushed:
    """Every TLB was flushed: no processor can use a translation that is in no spte.

    A vCPU outside the guest may be left to flush before it enters it again, as
    `kvm_flush_remote_tlbs` leaves it.
    """

    thread: int


@dataclass(frozen=True, slots=True)
class HostPageFound:
    """A fault looked up the host pages from this address on (`hva_to_pfn`)."""

    thread: int
    hva: int
    npages: int


@dataclass(frozen=True, slots=True)
class HostPageDirtied:
    """The host page at this address was marked dirty (`kvm_set_pfn_dirty`).

    It must be for every removed spte through which the guest could write.
    """

    thread: int
    hva: int


@dataclass(frozen=True, slots=True)
class MetadataAllocated:
    """The arrays that a slot has by page were allocated, for this base and size."""

    thread: int
    metadata: int
    as_id: int
    slot_id: int
    base: int
    npages: int


@dataclass(frozen=True, slots=True)
class MetadataFreed:
    """The arrays were freed."""

    thread: int
    metadata: int


HostPoint = (
    InvalidationBegun
    | InvalidationEnded
    | TlbFlushed
    | HostPageFound
    | HostPageDirtied
    | MetadataAllocated
    | MetadataFreed
)
