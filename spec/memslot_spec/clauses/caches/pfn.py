"""Cached host pages: dropped by new generations, and by what the host takes away."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.known import Known
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.model.replies import Accessed, Done, Refused, same_reply
from memslot_spec.model.values import Errno
from memslot_spec.moments.pfn_caches import (
    IdleCacheRefreshed,
    IdleCacheUsed,
    PfnCacheResolved,
    PfnCacheUsed,
    PfnCacheValidated,
)

TAKES = ("UnmapHva", "InvalidateRange")
BY_ALL, BY_NONE = frozenset({True}), frozenset({False})


@clause(
    id="CACHE-19",
    title="A cached page is that of the current table",
    must="A use of a cached host page MUST NOT reach another address than a table "
    "gives that may be current: after a new generation the cache is refreshed first.",
    known=Known(
        read="6.1 virt/kvm/pfncache.c:90, kvm_gfn_to_pfn_cache_check(): "
        "gpc->generation != slots->generation",
        last_read="2026-11-27",
    ),
    rows=(26,),
    profiles=ONLY_LINUX,
    on=PfnCacheUsed,
    expected="the address of a table that may be current, or a refresh first",
    operations=("UsePfnCache",),
)
def is_of_the_current_table(facts: Facts, used: PfnCacheUsed) -> bool:
    return used.explained


def was_taken(facts: Facts, used: PfnCacheUsed) -> bool:
    return used.was_taken


@clause(
    id="CACHE-20",
    title="A cached page does not outlive its unmap",
    must="Once the host has taken a page away, a use of a cache MUST NOT reach it "
    "through what was looked up before that.",
    known=Known(
        read="6.1 virt/kvm/pfncache.c:25, gfn_to_pfn_cache_invalidate_start(); "
        "virt/kvm/kvm_main.c:804, kvm_mmu_notifier_invalidate_range_start()",
        last_read="2026-11-27",
    ),
    rows=(53,),
    profiles=ONLY_LINUX,
    on=PfnCacheUsed,
    premise=was_taken,
    expected="a refresh first: the host has taken the page away",
    operations=("UsePfnCache",),
    any_operation=TAKES,
)
def is_not_taken(facts: Facts, used: PfnCacheUsed) -> bool:
    return not isinstance(used.reply, Accessed)


@clause(
    id="CACHE-21",
    title="No cache becomes valid for a page that was taken",
    must="A cache MUST NOT become valid for a host page that was looked up before the "
    "host took the page away, or while the host was doing so.",
    known=Known(
        read="6.1 virt/kvm/pfncache.c:114, mmu_notifier_retry_cache(); commits "
        "58cd407ca4c6, 93984f19e7bc",
        last_read="2026-11-27",
    ),
    rows=(53,),
    profiles=ONLY_LINUX,
    on=PfnCacheValidated,
    expected="the page looked up again: the host has taken it away since",
    any_operation=TAKES,
    points=("HostPageFound", "InvalidationBegun", "InvalidationEnded", "MmuLocked"),
    concurrent=True,
)
def is_looked_up_since(facts: Facts, valid: PfnCacheValidated) -> bool:
    return not valid.is_stale and not valid.is_open


@clause(
    id="CACHE-22",
    title="A cache that is not active cannot be used",
    must="A use MUST NOT reach memory through a cache that is not active: one that "
    "never was, one that was deactivated, and one whose activation was refused.",
    known=Known(
        read="6.1 virt/kvm/pfncache.c:84, kvm_gfn_to_pfn_cache_check(): gpc->active; "
        "commit 5c9ca4ed8908",
        last_read="2026-11-27",
    ),
    rows=(26,),
    profiles=ONLY_LINUX,
    on=IdleCacheUsed,
    expected="no memory reached: the cache stands for no page",
    operations=("UsePfnCache",),
)
def idle_is_not_used(facts: Facts, used: IdleCacheUsed) -> bool:
    return not isinstance(used.reply, Accessed)


def is_split(facts: Facts, resolved: PfnCacheResolved) -> bool:
    return not resolved.range.is_in_one_page


@clause(
    id="CACHE-23",
    title="A cache has one page",
    must="The activation of a cache for a range that is not in one page MUST be "
    "refused with EINVAL.",
    known=Known(
        read="6.1 virt/kvm/pfncache.c:256, kvm_gfn_to_pfn_cache_refresh(); commit "
        "5c9ca4ed8908",
        last_read="2026-11-27",
    ),
    rows=(26,),
    profiles=ONLY_LINUX,
    on=PfnCacheResolved,
    premise=is_split,
    expected="refused EINVAL: the range is in two pages",
    operations=("ActivatePfnCache",),
)
def split_is_refused(facts: Facts, resolved: PfnCacheResolved) -> bool:
    return same_reply(Refused(Errno.EINVAL), resolved.reply)


def has_no_address(facts: Facts, resolved: PfnCacheResolved) -> bool:
    return resolved.range.is_in_one_page and resolved.backed_by == BY_NONE


@clause(
    id="CACHE-24",
    title="A page without an address is not cached",
    must="A cache whose frame has no host address for writing MUST NOT be resolved: "
    "its activation, or its refresh, is refused with EFAULT.",
    known=Known(
        read="6.1 virt/kvm/pfncache.c:287, kvm_gfn_to_pfn_cache_refresh(): "
        "kvm_is_error_hva()",
        last_read="2026-11-27",
    ),
    rows=(26,),
    profiles=ONLY_LINUX,
    on=PfnCacheResolved,
    premise=has_no_address,
    expected="refused EFAULT: the frame has no address for writing",
    any_operation=("ActivatePfnCache", "RefreshPfnCache"),
)
def unbacked_is_refused(facts: Facts, resolved: PfnCacheResolved) -> bool:
    return same_reply(Refused(Errno.EFAULT), resolved.reply)


def has_an_address(facts: Facts, resolved: PfnCacheResolved) -> bool:
    in_one_page = resolved.range.is_in_one_page and not facts.limits.holes
    return in_one_page and resolved.backed_by == BY_ALL


@clause(
    id="CACHE-25",
    title="A page with an address is cached",
    must="The activation of a cache for a range in one page that has a host address "
    "for writing, and its refresh, MUST succeed where the host has the page.",
    known=Known(
        read="6.1 virt/kvm/pfncache.c:241, kvm_gfn_to_pfn_cache_refresh()",
        last_read="2026-11-27",
    ),
    rows=(26,),
    profiles=ONLY_LINUX,
    on=PfnCacheResolved,
    premise=has_an_address,
    expected="success: the frame has an address for writing",
    any_operation=("ActivatePfnCache", "RefreshPfnCache"),
)
def backed_is_resolved(facts: Facts, resolved: PfnCacheResolved) -> bool:
    return isinstance(resolved.reply, Done)


@clause(
    id="CACHE-26",
    title="A cache that is not active is not refreshed",
    must="The refresh of a cache that never was active, was deactivated, or was "
    "activated for a range that is not in one page, MUST be refused with EINVAL.",
    known=Known(
        read="6.1 virt/kvm/pfncache.c:268, kvm_gfn_to_pfn_cache_refresh(): "
        "!gpc->active; commit 5c9ca4ed8908",
        last_read="2026-11-27",
    ),
    rows=(26,),
    profiles=ONLY_LINUX,
    on=IdleCacheRefreshed,
    expected="refused EINVAL: the cache is not active",
    operations=("RefreshPfnCache",),
)
def idle_is_not_refreshed(facts: Facts, refreshed: IdleCacheRefreshed) -> bool:
    return same_reply(Refused(Errno.EINVAL), refreshed.reply)


CLAUSES: tuple[AnyClause, ...] = (
    is_of_the_current_table,
    is_not_taken,
    is_looked_up_since,
    idle_is_not_used,
    split_is_refused,
    unbacked_is_refused,
    backed_is_resolved,
    idle_is_not_refreshed,
)
