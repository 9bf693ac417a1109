"""Host addresses, and host pages, that are resolved once and used many times."""

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


@dataclass(frozen=True, slots=True)
class ActivatePfnCache:
    """`kvm_gpc_activate`: a cache of the host page behind a guest range (bytes).

    Since Linux 5.17. Refused with EINVAL where the range is not in one page, and then
    a cache that was not active is not; with EFAULT where the frame has no address for
    writing. Several threads may use one cache.
    """

    cache: int
    gpa: int
    length: int


@dataclass(frozen=True, slots=True)
class RefreshPfnCache:
    """`kvm_gpc_refresh`: look the page of the range of before up again.

    Refused with EINVAL where the cache is not active, and with EFAULT as above.
    """

    cache: int


@dataclass(frozen=True, slots=True)
class UsePfnCache:
    """`kvm_gpc_check` and, where it says yes, a read of the page, under `gpc->lock`.

    Nothing is looked up here: a cache that is not valid has to be refreshed first.
    """

    cache: int


@dataclass(frozen=True, slots=True)
class DeactivatePfnCache:
    """`kvm_gpc_deactivate`: the cache stands for no page from here on."""

    cache: int


PfnCacheOperation = (
    ActivatePfnCache | RefreshPfnCache | UsePfnCache | DeactivatePfnCache
)
"""The operations on a `gfn_to_pfn_cache`."""
