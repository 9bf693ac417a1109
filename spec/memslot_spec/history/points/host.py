"""Points of the host's side: invalidations, TLB flushes, pages and metadata.

`events.py` gathers them with the others. A range of host addresses is in bytes,
its end not included.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InvalidationBegun:
    """The host begins to take a range away (`invalidate_range_start`).

    From here until the end no mapping of the range may be made.
    """

    thread: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class InvalidationEnded:
    """The host is done with the range (`invalidate_range_end`)."""

    thread: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TlbFlushed:
    """No processor holds a translation any more that is not in an spte."""

    thread: int


@dataclass(frozen=True, slots=True)
class HostPageFound:
    """A fault looked up the host's pages behind so many frames (`hva_to_pfn`)."""

    thread: int
    hva: int
    npages: int


@dataclass(frozen=True, slots=True)
class HostPageDirtied:
    """The host was told that the page at this address was written to.

    `kvm_set_pfn_dirty`, owed for every spte through which the guest could write.
    """

    thread: int
    hva: int


@dataclass(frozen=True, slots=True)
class MetadataAllocated:
    """The arrays that a slot keeps by page were made, for this base and size."""

    thread: int
    metadata: int
    as_id: int
    slot_id: int
    base: int
    npages: int


@dataclass(frozen=True, slots=True)
class MetadataFreed:
    """The arrays are gone."""

    thread: int
    metadata: int
