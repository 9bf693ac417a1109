"""Moments of caches of host pages: they are used, resolved, or made valid."""

from __future__ import annotations

from dataclasses import dataclass

from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.caches import PfnCacheValid
from memslot_spec.model.operations import (
    ActivatePfnCache,
    RefreshPfnCache,
    UsePfnCache,
)
from memslot_spec.model.pfn_caches import CacheState, KnownCache, PfnRange
from memslot_spec.model.replies import Accessed, Reply
from memslot_spec.moments.making import Making, Makings
from memslot_spec.moments.replies import Answered

IDLE = frozenset({CacheState.INACTIVE, CacheState.REFUSED})


@dataclass(slots=True)
class PfnCacheUsed:
    """A cache was used that was resolved before.

    `explained`: a table that may be current gives the address that was reached, if one
    was. `was_taken`: the host took the page after the cache was resolved, and before
    the use was called.
    """

    reply: Reply
    explained: bool
    was_taken: bool


@dataclass(slots=True)
class IdleCacheUsed:
    """A cache was used that is not active, or whose activation was refused."""

    reply: Reply


@dataclass(slots=True)
class IdleCacheRefreshed:
    """A cache was refreshed that is not active."""

    reply: Reply


@dataclass(slots=True)
class PfnCacheResolved:
    """A cache was activated, or was refreshed that was active.

    `backed_by` tells whether the tables that the call may have met have an address for
    writing there: yes, no, or some do.
    """

    range: PfnRange
    reply: Reply
    backed_by: frozenset[bool]


@dataclass(slots=True)
class PfnCacheValidated:
    """A cache became valid for a host page that its thread had looked up.

    `is_stale`: the host has taken the page since then. `is_open`: the host is just
    taking it.
    """

    is_stale: bool
    is_open: bool


def _known(answered: Answered) -> KnownCache | None:
    return None if answered.call.overlapped else answered.call.pfn_cache


def _used(facts: Facts, answered: Answered) -> PfnCacheUsed | None:
    known, reply = _known(answered), answered.reply
    if not isinstance(answered.operation, UsePfnCache) or known is None:
        return None
    if known.state is not CacheState.RESOLVED or known.range is None:
        return None
    if isinstance(reply, Accessed):
        hvas: set[int | None] = {reply.hva}
    else:
        hvas = {known.range.hva(table) for table in answered.candidates}
    until = answered.call.step
    was_taken = any(
        hva is not None and facts.pfn_caches.taken_since(known, hva, until)
        for hva in hvas
    )
    return PfnCacheUsed(reply, answered.explained, was_taken)


def _idle_used(_: Facts, answered: Answered) -> IdleCacheUsed | None:
    known = _known(answered)
    if not isinstance(answered.operation, UsePfnCache) or known is None:
        return None
    return IdleCacheUsed(answered.reply) if known.state in IDLE else None


def _idle_refreshed(_: Facts, answered: Answered) -> IdleCacheRefreshed | None:
    known = _known(answered)
    if not isinstance(answered.operation, RefreshPfnCache) or known is None:
        return None
    is_inactive = known.state is CacheState.INACTIVE
    return IdleCacheRefreshed(answered.reply) if is_inactive else None


def _resolved(_: Facts, answered: Answered) -> PfnCacheResolved | None:
    operation, known = answered.operation, _known(answered)
    cached: PfnRange | None = None
    if isinstance(operation, ActivatePfnCache):
        cached = PfnRange(operation.gpa, operation.length)
    elif isinstance(operation, RefreshPfnCache) and known is not None:
        cached = None if known.state in IDLE else known.range
    if cached is None or cached.length == 0:
        return None
    backed = frozenset(cached.hva(table) is not None for table in answered.candidates)
    return PfnCacheResolved(cached, answered.reply, backed)


def _validated(facts: Facts, event: PfnCacheValid) -> PfnCacheValidated | None:
    pages = facts.host.looked_up.get(event.thread)
    if pages is None:
        return None
    is_open = any(
        start < event.hva + PAGE_SIZE and event.hva < end
        for _, start, end in facts.host.open
    )
    return PfnCacheValidated(pages.is_stale, is_open)


MAKINGS: Makings = (
    Making(PfnCacheUsed, Answered, _used),
    Making(IdleCacheUsed, Answered, _idle_used),
    Making(IdleCacheRefreshed, Answered, _idle_refreshed),
    Making(PfnCacheResolved, Answered, _resolved),
    Making(PfnCacheValidated, PfnCacheValid, _validated),
)
