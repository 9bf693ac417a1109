"""Cached host addresses: a range of guest bytes resolved once, and used often.

A use answers as if the range were resolved anew: the addresses of the table that
is current, the length that the cache was initialised with, and nothing where a
page of the range has no slot.
"""

from __future__ import annotations

from collections.abc import Callable

from memslot_spec.clause import AnyClause, Clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.words import describe_reply
from memslot_spec.model.hva_caches import (
    HvaRange,
    backs,
    init_replies,
    slots_under,
    use_replies,
)
from memslot_spec.model.operations import InitHvaCache, UseHvaCache
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.model.replies import Refused, Translated, same_reply
from memslot_spec.model.values import Errno
from memslot_spec.moments.replies import Answered

INIT = "__kvm_gfn_to_hva_cache_init()"
USE = "kvm_read_guest_offset_cached()"


def _clause(
    number: int,
    operation: str,
    *,
    title: str,
    must: str,
    source: str,
    premise: Callable[[Facts, Answered], bool],
    holds: Callable[[Facts, Answered], bool],
    expected: Callable[[Facts, Answered], str],
) -> AnyClause:
    """A clause on what a cache answers."""
    return Clause(
        id=f"CACHE-{number}",
        title=title,
        must=must,
        source=source,
        rows=(26,),
        profiles=ONLY_LINUX,
        on=Answered,
        premise=premise,
        holds=holds,
        expected=expected,
        operations=(operation,),
    )


def _used(facts: Facts, answered: Answered) -> tuple[HvaRange, UseHvaCache] | None:
    """The range of the cache that was used, and the use."""
    use = answered.operation
    if not isinstance(use, UseHvaCache):
        return None
    cached = facts.cached.ranges.get(use.cache)
    return None if cached is None else (cached, use)


def expects_uncached(facts: Facts, answered: Answered) -> str:
    """What the candidate tables answer."""
    used = _used(facts, answered)
    if used is None:
        return ""
    words = (
        describe_reply(reply)
        for table in answered.candidates
        for reply in use_replies(table, *used)
    )
    return " or ".join(dict.fromkeys(words))


def _is_in_one_slot(facts: Facts, answered: Answered) -> bool:
    """What is used lies in one slot, wherever it is backed."""
    used = _used(facts, answered)
    if used is None:
        return False
    part = used[0].part(used[1])
    return not part.wraps and all(
        len(slots_under(table, part) or ()) <= 1 for table in answered.candidates
    )


def reaches_one_slot(facts: Facts, answered: Answered) -> bool:
    """A use reached memory, within one slot."""
    return isinstance(answered.reply, Translated) and _is_in_one_slot(facts, answered)


def is_uncached(facts: Facts, answered: Answered) -> bool:
    """Some table explains the addresses; an older one is another clause's matter."""
    return answered.explained or answered.explained_stale


REACHES_ITS_PAGE = _clause(
    6,
    "UseHvaCache",
    title="A cached address is the one a lookup gives",
    must=(
        "Where a cached use reaches memory, it MUST reach the pages that a lookup "
        "gives, each at the byte that is asked for."
    ),
    source=USE,
    premise=reaches_one_slot,
    holds=is_uncached,
    expected=expects_uncached,
)


def may_be_stale(facts: Facts, answered: Answered) -> bool:
    """An older table gives other addresses than any that may be current."""
    used = _used(facts, answered)
    if used is None:
        return False
    now = {reply for t in answered.candidates for reply in use_replies(t, *used)}
    return any(
        isinstance(reply, Translated) and reply not in now
        for table in answered.stale
        for reply in use_replies(table, *used)
    )


def is_not_stale(facts: Facts, answered: Answered) -> bool:
    """The answer is not an older table's."""
    return not answered.explained_stale


NOT_AN_OLD_TABLES = _clause(
    7,
    "UseHvaCache",
    title="A cached address does not outlive its table",
    must=(
        "A use of a cached address MUST NOT reach the page of a table that was "
        "replaced by an update that had returned before."
    ),
    source="CVE-2013-1797; the generation in struct gfn_to_hva_cache",
    premise=may_be_stale,
    holds=is_not_stale,
    expected=expects_uncached,
)


def reaches_several_slots(facts: Facts, answered: Answered) -> bool:
    """A use reached memory, in more than one slot."""
    return (
        isinstance(answered.reply, Translated)
        and _used(facts, answered) is not None
        and not _is_in_one_slot(facts, answered)
    )


EACH_PAGE_ITS_SLOT = _clause(
    8,
    "UseHvaCache",
    title="A range over two slots has two host ranges",
    must=(
        "A use that crosses from one slot into another MUST reach each page through "
        "its own slot."
    ),
    source="next_segment() in kvm_read_guest(); CVE-2019-18960",
    premise=reaches_several_slots,
    holds=is_uncached,
    expected=expects_uncached,
)


def _range_of(answered: Answered) -> HvaRange | None:
    """The range that is being resolved, unless it has no bytes."""
    init = answered.operation
    if not isinstance(init, InitHvaCache) or init.length == 0:
        return None
    return HvaRange(init.gpa, init.length)


def resolves_a_wrapping_range(facts: Facts, answered: Answered) -> bool:
    """The end of the range is below its start."""
    cached = _range_of(answered)
    return cached is not None and cached.wraps


def resolves_as_a_table_says(facts: Facts, answered: Answered) -> bool:
    """A table that may have been current answers so."""
    return answered.explained


def expects_resolved(facts: Facts, answered: Answered) -> str:
    """What the candidate tables answer."""
    init = answered.operation
    if not isinstance(init, InitHvaCache):
        return ""
    words = (
        describe_reply(reply)
        for table in answered.candidates
        for reply in init_replies(table, init) or ()
    )
    return " or ".join(dict.fromkeys(words))


WRAPPING_RANGE = _clause(
    9,
    "InitHvaCache",
    title="A range that wraps is not resolved",
    must="A range whose end is below its start MUST be refused with EINVAL.",
    source=f"{INIT}; commit f1b9dd5eb86c",
    premise=resolves_a_wrapping_range,
    holds=resolves_as_a_table_says,
    expected=expects_resolved,
)


def _is_backed(answered: Answered, cached: HvaRange) -> frozenset[bool]:
    """Whether the candidate tables back the range: yes, no, or some."""
    return frozenset(backs(table, cached) for table in answered.candidates)


ALL, NONE = frozenset({True}), frozenset({False})


def resolves_an_unbacked_range(facts: Facts, answered: Answered) -> bool:
    """Some page of the range has no address for writing, in any table."""
    cached = _range_of(answered)
    return (
        cached is not None and not cached.wraps and _is_backed(answered, cached) == NONE
    )


UNBACKED_RANGE = _clause(
    10,
    "InitHvaCache",
    title="A range with a hole is not resolved",
    must=(
        "A range of which some page has no host address for writing MUST be refused "
        "with EFAULT."
    ),
    source=INIT,
    premise=resolves_an_unbacked_range,
    holds=resolves_as_a_table_says,
    expected=expects_resolved,
)


def resolves_a_backed_range(facts: Facts, answered: Answered) -> bool:
    """Every page of the range has an address for writing, in every table."""
    cached = _range_of(answered)
    return cached is not None and _is_backed(answered, cached) == ALL


BACKED_RANGE = _clause(
    11,
    "InitHvaCache",
    title="A backed range is resolved",
    must="A range that is backed for writing throughout MUST be resolved.",
    source=INIT,
    premise=resolves_a_backed_range,
    holds=resolves_as_a_table_says,
    expected=expects_resolved,
)


def uses_what_wraps(facts: Facts, answered: Answered) -> bool:
    """The cache was refused because it wraps, and no request was made since."""
    use = answered.operation
    return (
        isinstance(use, UseHvaCache)
        and facts.cached.wrapped.get(use.cache) == facts.updates_called
        and not facts.updates
    )


def is_refused(facts: Facts, answered: Answered) -> bool:
    """The use was refused, with whatever errno."""
    return isinstance(answered.reply, Refused)


def expects_refusal(facts: Facts, answered: Answered) -> str:
    """A refusal."""
    return "a refusal: the cache could not be resolved"


WRAPPING_STAYS_UNUSABLE = _clause(
    12,
    "UseHvaCache",
    title="A range that wraps cannot be used",
    must=(
        "A cache whose range was refused because it wraps MUST NOT be of use as long "
        "as the slots stay as they are."
    ),
    source=f"{INIT}, which stores the error address; commit f1b9dd5eb86c",
    premise=uses_what_wraps,
    holds=is_refused,
    expected=expects_refusal,
)


def uses_an_unbacked_range(facts: Facts, answered: Answered) -> bool:
    """Some page of the whole range has no address, in any table."""
    used = _used(facts, answered)
    return (
        used is not None
        and used[0].holds(used[1])
        and _is_backed(answered, used[0]) == NONE
    )


def faults(facts: Facts, answered: Answered) -> bool:
    """It was refused with EFAULT."""
    return same_reply(Refused(Errno.EFAULT), answered.reply)


def expects_fault(facts: Facts, answered: Answered) -> str:
    """EFAULT."""
    return "refused EFAULT: a page of the range has no host address"


HOLE_IS_SEEN = _clause(
    13,
    "UseHvaCache",
    title="A hole anywhere in the range is a fault",
    must=(
        "A use MUST be refused with EFAULT while some page of the cached range has "
        "no host address for writing, whichever part is used."
    ),
    source=f"{USE}: the error address is looked at first; commit fcfbc617547f",
    premise=uses_an_unbacked_range,
    holds=faults,
    expected=expects_fault,
)


def uses_a_backed_range(facts: Facts, answered: Answered) -> bool:
    """Inside the length of the cache, and every page backed in every table."""
    used = _used(facts, answered)
    return (
        used is not None
        and used[0].holds(used[1])
        and _is_backed(answered, used[0]) == ALL
    )


def reaches_memory(facts: Facts, answered: Answered) -> bool:
    """The use was not refused."""
    return isinstance(answered.reply, Translated)


KEEPS_ITS_LENGTH = _clause(
    14,
    "UseHvaCache",
    title="A cache keeps the length it was given",
    must=(
        "A use inside the range that the cache was initialised with MUST NOT be "
        "refused while the range is backed."
    ),
    source="commit a7c42bb6da6b",
    premise=uses_a_backed_range,
    holds=reaches_memory,
    expected=expects_uncached,
)


def uses_beyond_the_end(facts: Facts, answered: Answered) -> bool:
    """The part ends beyond the cached range, which is backed in every table."""
    used = _used(facts, answered)
    return (
        used is not None
        and not used[0].holds(used[1])
        and _is_backed(answered, used[0]) == ALL
    )


def is_invalid(facts: Facts, answered: Answered) -> bool:
    """It was refused with EINVAL."""
    return same_reply(Refused(Errno.EINVAL), answered.reply)


BEYOND_THE_END = _clause(
    15,
    "UseHvaCache",
    title="A use ends inside its range",
    must="A use that ends beyond the cached range MUST be refused with EINVAL.",
    source=f"{USE}, its WARN_ON_ONCE()",
    premise=uses_beyond_the_end,
    holds=is_invalid,
    expected=expects_uncached,
)


CLAUSES: tuple[AnyClause, ...] = (
    REACHES_ITS_PAGE,
    NOT_AN_OLD_TABLES,
    EACH_PAGE_ITS_SLOT,
    WRAPPING_RANGE,
    UNBACKED_RANGE,
    BACKED_RANGE,
    WRAPPING_STAYS_UNUSABLE,
    HOLE_IS_SEEN,
    KEEPS_ITS_LENGTH,
    BEYOND_THE_END,
)
