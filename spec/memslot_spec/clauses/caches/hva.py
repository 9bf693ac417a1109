"""Cached host addresses: a range of guest bytes resolved once, and used often.

A use answers as if the range were resolved anew: the addresses of the table that
is current, the length that the cache was initialised with, and nothing where a
page of the range has no slot.
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.words import describe_reply
from memslot_spec.known import Known
from memslot_spec.model.hva_caches import use_replies
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.model.replies import Done, Refused, Translated, same_reply
from memslot_spec.model.values import Errno
from memslot_spec.moments.caches import (
    CacheInitialised,
    CacheUsed,
    WrappedCacheUsed,
)

BY_ALL, BY_NONE = frozenset({True}), frozenset({False})
"""Whether a range is backed for writing by all tables that the call may have met."""


def the_uncached_answer(facts: Facts, call: CacheUsed) -> str:
    return " or ".join(describe_reply(reply) for reply in call.allowed)


def reaches_one_slot(facts: Facts, used: CacheUsed) -> bool:
    return isinstance(used.answered.reply, Translated) and used.is_in_one_slot


@clause(
    id="CACHE-6",
    title="A cached address is the one a lookup gives",
    must="Where a cached use reaches memory, it MUST reach the pages that a lookup "
    "gives, each at the byte that is asked for.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:3282, kvm_read_guest_offset_cached()",
        last_read="2026-11",
    ),
    rows=(26,),
    profiles=ONLY_LINUX,
    on=CacheUsed,
    premise=reaches_one_slot,
    expected=the_uncached_answer,
    operations=("UseHvaCache",),
)
def reaches_its_page(facts: Facts, used: CacheUsed) -> bool:
    answered = used.answered
    # The pages of a table that was replaced before are CACHE-7's.
    return answered.explained or answered.explained_stale


def has_moved(facts: Facts, used: CacheUsed) -> bool:
    """An older table gives other addresses than any that may be current."""
    return any(
        isinstance(reply, Translated) and reply not in used.allowed
        for table in used.answered.stale
        for reply in use_replies(table, used.cached, used.use)
    )


@clause(
    id="CACHE-7",
    title="A cached address does not outlive its table",
    must="A use of a cached address MUST NOT reach the page of a table that was "
    "replaced by an update which returned before the use began.",
    known=Known(
        read="CVE-2013-1797; 6.1 virt/kvm/kvm_main.c:3271, "
        "kvm_read_guest_offset_cached(): ghc->generation",
        last_read="2026-11",
    ),
    rows=(26,),
    profiles=ONLY_LINUX,
    on=CacheUsed,
    premise=has_moved,
    expected=the_uncached_answer,
    operations=("UseHvaCache",),
)
def not_an_old_tables(facts: Facts, used: CacheUsed) -> bool:
    return not used.answered.explained_stale


def reaches_several_slots(facts: Facts, used: CacheUsed) -> bool:
    return isinstance(used.answered.reply, Translated) and not used.is_in_one_slot


@clause(
    id="CACHE-8",
    title="A range over two slots has two host ranges",
    must="A use that crosses from one slot into another MUST reach each page through "
    "its own slot.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:3280, kvm_read_guest_offset_cached(): "
        "kvm_read_guest(), next_segment()",
        last_read="2026-11",
    ),
    rows=(26,),
    profiles=ONLY_LINUX,
    on=CacheUsed,
    premise=reaches_several_slots,
    expected=the_uncached_answer,
    operations=("UseHvaCache",),
)
def each_page_by_its_slot(facts: Facts, used: CacheUsed) -> bool:
    answered = used.answered
    return answered.explained or answered.explained_stale


def the_resolved_answer(facts: Facts, init: CacheInitialised) -> str:
    done = "the range resolved"
    words = (
        done if isinstance(reply, Done) else describe_reply(reply)
        for reply in init.allowed
    )
    return " or ".join(words)


def wraps(facts: Facts, init: CacheInitialised) -> bool:
    return init.cached.is_backwards


@clause(
    id="CACHE-9",
    title="A range that wraps is not resolved",
    must="A range whose last frame is below its first MUST be refused with EINVAL.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:3186, __kvm_gfn_to_hva_cache_init(); commit "
        "f1b9dd5eb86c",
        last_read="2026-11",
    ),
    rows=(26,),
    profiles=ONLY_LINUX,
    on=CacheInitialised,
    premise=wraps,
    expected=the_resolved_answer,
    operations=("InitHvaCache",),
)
def wrapping_is_refused(facts: Facts, init: CacheInitialised) -> bool:
    return init.explained


def has_a_hole(facts: Facts, init: CacheInitialised) -> bool:
    return not init.cached.wraps and init.backed_by == BY_NONE


@clause(
    id="CACHE-10",
    title="A range with a hole is not resolved",
    must="A range of which some page has no host address for writing MUST be refused "
    "with EFAULT.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:3199, __kvm_gfn_to_hva_cache_init()",
        last_read="2026-11",
    ),
    rows=(26,),
    profiles=ONLY_LINUX,
    on=CacheInitialised,
    premise=has_a_hole,
    expected=the_resolved_answer,
    operations=("InitHvaCache",),
)
def hole_is_refused(facts: Facts, init: CacheInitialised) -> bool:
    return init.explained


def is_backed(facts: Facts, init: CacheInitialised) -> bool:
    return init.backed_by == BY_ALL


@clause(
    id="CACHE-11",
    title="A backed range is resolved",
    must="A range that is backed for writing throughout MUST be resolved.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:3195, __kvm_gfn_to_hva_cache_init()",
        last_read="2026-11",
    ),
    rows=(26,),
    profiles=ONLY_LINUX,
    on=CacheInitialised,
    premise=is_backed,
    expected=the_resolved_answer,
    operations=("InitHvaCache",),
)
def backed_is_resolved(facts: Facts, init: CacheInitialised) -> bool:
    return init.explained


@clause(
    id="CACHE-12",
    title="A range that wraps cannot be used",
    must="A use of a cache whose range was refused because it wraps MUST be refused, "
    "as long as the slots stay as they are.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:3187, __kvm_gfn_to_hva_cache_init(): stores the "
        "error address; commit f1b9dd5eb86c",
        last_read="2026-11",
    ),
    rows=(26,),
    profiles=ONLY_LINUX,
    on=WrappedCacheUsed,
    expected="a refusal, with whatever errno: the cache could not be resolved",
    operations=("UseHvaCache",),
)
def is_refused(facts: Facts, used: WrappedCacheUsed) -> bool:
    return isinstance(used.reply, Refused)


def uses_a_range_with_a_hole(facts: Facts, used: CacheUsed) -> bool:
    return used.is_inside and used.backed_by == BY_NONE


@clause(
    id="CACHE-13",
    title="A hole anywhere in the range is a fault",
    must="A use MUST be refused with EFAULT while some page of the cached range has "
    "no host address for writing, whichever part is used.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:3276, kvm_read_guest_offset_cached(): the error "
        "address is looked at first; commit fcfbc617547f",
        last_read="2026-11",
    ),
    rows=(26,),
    profiles=ONLY_LINUX,
    on=CacheUsed,
    premise=uses_a_range_with_a_hole,
    expected="refused EFAULT: a page of the range has no host address",
    operations=("UseHvaCache",),
)
def faults(facts: Facts, used: CacheUsed) -> bool:
    return same_reply(Refused(Errno.EFAULT), used.answered.reply)


def uses_a_backed_range(facts: Facts, used: CacheUsed) -> bool:
    return used.is_inside and used.backed_by == BY_ALL


@clause(
    id="CACHE-14",
    title="A use inside a backed range reaches memory",
    must="A use inside the range that the cache was initialised with MUST NOT be "
    "refused while the range is backed.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:3267, kvm_read_guest_offset_cached(): only what "
        "is past ghc->len is refused; 3280, where there is no slot: "
        "kvm_read_guest(); commit a7c42bb6da6b",
        last_read="2026-11-27",
    ),
    rows=(26,),
    profiles=ONLY_LINUX,
    on=CacheUsed,
    premise=uses_a_backed_range,
    expected=the_uncached_answer,
    operations=("UseHvaCache",),
)
def reaches_memory(facts: Facts, used: CacheUsed) -> bool:
    return isinstance(used.answered.reply, Translated)


def uses_beyond_the_end(facts: Facts, used: CacheUsed) -> bool:
    return not used.is_inside and used.backed_by == BY_ALL


@clause(
    id="CACHE-15",
    title="A use ends inside its range",
    must="A use that ends beyond the cached range MUST be refused with EINVAL.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:3268, kvm_read_guest_offset_cached()",
        last_read="2026-11",
    ),
    rows=(26,),
    profiles=ONLY_LINUX,
    on=CacheUsed,
    premise=uses_beyond_the_end,
    expected="refused EINVAL: the part ends beyond the cached range",
    operations=("UseHvaCache",),
)
def beyond_is_invalid(facts: Facts, used: CacheUsed) -> bool:
    return same_reply(Refused(Errno.EINVAL), used.answered.reply)


CLAUSES: tuple[AnyClause, ...] = (
    reaches_its_page,
    not_an_old_tables,
    each_page_by_its_slot,
    wrapping_is_refused,
    hole_is_refused,
    backed_is_resolved,
    is_refused,
    faults,
    reaches_memory,
    beyond_is_invalid,
)
