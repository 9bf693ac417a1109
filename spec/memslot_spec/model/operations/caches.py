"""Host addresses that are resolved once and used many times."""

from __future__ import annotations

from dataclasses import dataclass


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
