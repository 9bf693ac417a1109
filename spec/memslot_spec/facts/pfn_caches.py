"""Facts about caches of host pages, from calls and replies alone.

A cache may be used by several threads at once. What two calls at once have left in it
that activate, refresh or deactivate it, nobody can tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE
from memslot_spec.facts.calls import CallFacts
from memslot_spec.model.operations import (
    ActivatePfnCache,
    DeactivatePfnCache,
    InvalidateRange,
    Operation,
    PfnCacheOperation,
    UnmapHva,
    UsePfnCache,
)
from memslot_spec.model.pfn_caches import (
    NEVER_ACTIVE,
    CacheState,
    KnownCache,
    PfnRange,
)
from memslot_spec.model.replies import Done, Refused, Reply
from memslot_spec.model.values import Errno

KEPT = 32
"""So many pages and ranges that the host took are remembered, the last ones."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The host took the bytes from `start` up to `end`, between these two steps."""

    called: int
    returned: int
    start: int
    end: int

    def has_page_of(self, hva: int) -> bool:
        """The whole host page of this byte is among them."""
        page = hva >> PAGE_SHIFT << PAGE_SHIFT
        return self.start <= page and page + PAGE_SIZE <= self.end


@dataclass(slots=True)
class PfnCacheFacts:
    """What is known of each cache, None where nobody can tell, and what was taken."""

    known: dict[int, KnownCache | None] = field(
        default_factory=dict[int, KnownCache | None]
    )
    taken: list[Taken] = field(default_factory=list[Taken])

    def called(self, call: CallFacts, others: Iterable[CallFacts]) -> None:
        """An operation on a cache begins, while the others are under way."""
        operation = call.operation
        if not isinstance(operation, PfnCacheOperation):
            return
        call.pfn_cache = self.known.get(operation.cache, NEVER_ACTIVE)
        for other in others:
            beside = other.operation
            if not isinstance(beside, PfnCacheOperation):
                continue
            if beside.cache != operation.cache or beside is operation:
                continue
            if isinstance(operation, UsePfnCache) and isinstance(beside, UsePfnCache):
                continue
            call.overlapped = other.overlapped = True
            call.pfn_cache = other.pfn_cache = None

    def returned(self, call: CallFacts, reply: Reply, step: int) -> None:
        """An operation on a cache, or of the host, is over."""
        operation = call.operation
        taken = bytes_taken(operation)
        if taken is not None:
            self.taken.append(Taken(call.step, step, *taken))
            del self.taken[:-KEPT]
        elif isinstance(operation, PfnCacheOperation) and not isinstance(
            operation, UsePfnCache
        ):
            left = None if call.overlapped else _left(call, reply, step)
            self.known[operation.cache] = left

    def taken_since(self, cache: KnownCache, hva: int, until: int) -> bool:
        """The page of this byte was taken after the cache was resolved.

        All of that came before the step `until`.
        """
        return any(
            cache.resolved_at < one.called
            and one.returned < until
            and one.has_page_of(hva)
            for one in self.taken
        )


def bytes_taken(operation: Operation) -> tuple[int, int] | None:
    """The host bytes that an operation takes away; None if it takes none."""
    if isinstance(operation, UnmapHva):
        page = operation.hva >> PAGE_SHIFT << PAGE_SHIFT
        return page, page + PAGE_SIZE
    if isinstance(operation, InvalidateRange):
        return operation.start, operation.end
    return None


def _left(call: CallFacts, reply: Reply, step: int) -> KnownCache | None:
    """What a call by itself leaves in a cache that was known before it."""
    operation, before = call.operation, call.pfn_cache
    if isinstance(operation, DeactivatePfnCache):
        return NEVER_ACTIVE
    if isinstance(operation, ActivatePfnCache):
        return _activated(before, operation, reply, step)
    if before is None or before.state is CacheState.INACTIVE:
        return None if isinstance(reply, Done) else before
    if before.state is CacheState.REFUSED and not isinstance(reply, Done):
        return before
    if isinstance(reply, Done):
        return KnownCache(CacheState.RESOLVED, before.range, step)
    return KnownCache(CacheState.UNRESOLVED, before.range)


def _activated(
    before: KnownCache | None, operation: ActivatePfnCache, reply: Reply, step: int
) -> KnownCache | None:
    """A refusal may leave a cache that was active with what it had."""
    asked = PfnRange(operation.gpa, operation.length)
    if isinstance(reply, Done):
        return KnownCache(CacheState.RESOLVED, asked, step)
    if before is None or before.state not in {CacheState.INACTIVE, CacheState.REFUSED}:
        return None
    if reply == Refused(Errno.EINVAL) or not asked.is_in_one_page:
        return before
    return KnownCache(CacheState.REFUSED, asked)
