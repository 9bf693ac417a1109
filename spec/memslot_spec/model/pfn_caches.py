"""What a cache of a host page may answer, and which tables explain an answer.

Source: 6.1 virt/kvm/pfncache.c:79, kvm_gfn_to_pfn_cache_check(); 241,
kvm_gfn_to_pfn_cache_refresh(); 372, kvm_gpc_activate().
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE
from memslot_spec.model.operations import (
    ActivatePfnCache,
    PfnCacheOperation,
    RefreshPfnCache,
    UsePfnCache,
)
from memslot_spec.model.profile import Limits
from memslot_spec.model.readers import gfn_to_hva
from memslot_spec.model.replies import Accessed, Done, Refused, Reply, same_reply
from memslot_spec.model.values import Errno, SlotTable


@dataclass(frozen=True, slots=True)
class PfnRange:
    """The guest bytes of which a cache has the host page."""

    gpa: int
    length: int

    @property
    def is_in_one_page(self) -> bool:
        """It does not cross from one page into the next."""
        return self.gpa % PAGE_SIZE + self.length <= PAGE_SIZE

    def hva(self, table: SlotTable) -> int | None:
        """Its first host byte by this table; None without an address for writing."""
        hva = gfn_to_hva(table, self.gpa >> PAGE_SHIFT)
        return None if hva is None else hva + self.gpa % PAGE_SIZE


class CacheState(Enum):
    """What is known of a cache by its calls.

    `REFUSED` was not active before an activation that failed, of which nobody knows
    whether it is active since; `RESOLVED` was valid when its last call returned.
    """

    INACTIVE = "INACTIVE"
    REFUSED = "REFUSED"
    UNRESOLVED = "UNRESOLVED"
    RESOLVED = "RESOLVED"


@dataclass(frozen=True, slots=True)
class KnownCache:
    """A cache whose state is known, with its range unless it is not active.

    `resolved_at` is the step at which the call returned that resolved it last.
    """

    state: CacheState
    range: PfnRange | None = None
    resolved_at: int = -1


NEVER_ACTIVE = KnownCache(CacheState.INACTIVE)


def resolve_replies(
    table: SlotTable, cached: PfnRange, limits: Limits
) -> tuple[Reply, ...]:
    """What looking the page of a range up may answer by this table."""
    if not cached.is_in_one_page:
        return (Refused(Errno.EINVAL),)
    hva = cached.hva(table)
    if hva is None:
        return (Refused(Errno.EFAULT),)
    if limits.may_fault(hva):
        return Done(), Refused(Errno.EFAULT)
    return (Done(),)


def pfn_cache_explained(
    table: SlotTable,
    known: KnownCache | None,
    operation: PfnCacheOperation,
    reply: Reply,
    limits: Limits,
) -> bool:
    """The table may have led to the reply, or too little is known of the cache."""
    cached = None if known is None else known.range
    if isinstance(operation, ActivatePfnCache):
        cached = PfnRange(operation.gpa, operation.length)
    if cached is None:
        return True
    if isinstance(operation, UsePfnCache):
        return not isinstance(reply, Accessed) or reply.hva == cached.hva(table)
    if isinstance(operation, ActivatePfnCache | RefreshPfnCache):
        allowed = resolve_replies(table, cached, limits)
        return any(same_reply(one, reply) for one in allowed)
    return True
