"""What calls tell of a cached host page, and when the judge knows nothing of it."""

from __future__ import annotations

import pytest

from memslot_spec.facts.calls import CallFacts
from memslot_spec.facts.pfn_caches import KEPT, PfnCacheFacts, bytes_taken
from memslot_spec.model.operations import (
    ActivatePfnCache,
    DeactivatePfnCache,
    GfnToHva,
    InvalidateRange,
    Operation,
    RefreshPfnCache,
    UnmapHva,
    UsePfnCache,
)
from memslot_spec.model.pfn_caches import (
    NEVER_ACTIVE,
    CacheState,
    KnownCache,
    PfnRange,
    pfn_cache_explained,
)
from memslot_spec.model.profile import HostHole, Limits
from memslot_spec.model.replies import Accessed, Done, Refused, Reply, Retry
from memslot_spec.model.values import Errno, Gfn, Hva, Slot, SlotTable

AT_17 = ActivatePfnCache(1, 0x11010, 8)
SPLIT = ActivatePfnCache(1, 0x11FFC, 8)
REFRESH, USE, OFF = RefreshPfnCache(1), UsePfnCache(1), DeactivatePfnCache(1)
EINVAL, EFAULT = Refused(Errno.EINVAL), Refused(Errno.EFAULT)
RANGE = PfnRange(0x11010, 8)
TABLE = SlotTable((Slot(0, Gfn(16), 4, Hva(0x100000)),))
LIMITS = Limits(user_slots=8)
Calls = tuple[tuple[Operation, Reply], ...]


def after(calls: Calls) -> PfnCacheFacts:
    """The facts after these calls, one after the other."""
    facts = PfnCacheFacts()
    for number, (operation, reply) in enumerate(calls):
        call = opened(facts, operation, step=10 * number)
        facts.returned(call, reply, 10 * number + 5)
    return facts


def opened(
    facts: PfnCacheFacts, operation: Operation, *others: CallFacts, step: int = 0
) -> CallFacts:
    call = CallFacts(operation, step, 0, 0, 0, [], {})
    facts.called(call, others)
    return call


def left(*calls: tuple[Operation, Reply]) -> KnownCache | None:
    return opened(after(calls), USE).pfn_cache


@pytest.mark.parametrize(
    ("calls", "state"),
    [
        ((), CacheState.INACTIVE),
        (((AT_17, Done()),), CacheState.RESOLVED),
        (((AT_17, EFAULT),), CacheState.REFUSED),
        (((SPLIT, EINVAL),), CacheState.INACTIVE),
        (((SPLIT, Refused(None)),), CacheState.INACTIVE),
        (((AT_17, Done()), (REFRESH, EFAULT)), CacheState.UNRESOLVED),
        (((AT_17, Done()), (REFRESH, EFAULT), (REFRESH, Done())), CacheState.RESOLVED),
        (((AT_17, EFAULT), (REFRESH, Done())), CacheState.RESOLVED),
        (((AT_17, EFAULT), (REFRESH, EFAULT)), CacheState.REFUSED),
        (((AT_17, Done()), (OFF, Done())), CacheState.INACTIVE),
        (((AT_17, Done()), (OFF, Done()), (REFRESH, EINVAL)), CacheState.INACTIVE),
        (((AT_17, Done()), (USE, Retry())), CacheState.RESOLVED),
    ],
)
def test_each_call_leaves_a_cache_in_a_state(calls: Calls, state: CacheState) -> None:
    known = left(*calls)
    assert known is not None
    assert known.state is state


@pytest.mark.parametrize(
    "calls",
    [
        ((AT_17, Done()), (SPLIT, EINVAL)),
        ((AT_17, Done()), (AT_17, EFAULT)),
        ((REFRESH, Done()),),
    ],
)
def test_what_may_have_kept_or_lost_a_range_leaves_nothing_known(calls: Calls) -> None:
    assert left(*calls) is None


def test_a_call_beside_another_tells_nothing_until_the_next_activation() -> None:
    facts = after(((AT_17, Done()),))
    refresh = opened(facts, REFRESH)
    use = opened(facts, USE, refresh)
    assert use.overlapped
    assert use.pfn_cache is None
    facts.returned(refresh, Done(), 100)
    assert opened(facts, USE).pfn_cache is None
    facts.returned(opened(facts, AT_17), Done(), 110)
    assert opened(facts, USE).pfn_cache == KnownCache(CacheState.RESOLVED, RANGE, 110)


def test_two_uses_and_other_caches_do_not_disturb_each_other() -> None:
    facts = after(((AT_17, Done()),))
    first = opened(facts, USE)
    beside = opened(facts, RefreshPfnCache(2), first)
    second = opened(facts, USE, first, beside, opened(facts, GfnToHva(3)))
    assert not first.overlapped
    assert not second.overlapped
    assert first.pfn_cache is not None
    assert beside.pfn_cache == NEVER_ACTIVE


def test_what_the_host_takes_is_remembered_by_whole_pages() -> None:
    assert bytes_taken(UnmapHva(0x101234)) == (0x101000, 0x102000)
    assert bytes_taken(InvalidateRange(3, 5)) == (3, 5)
    assert bytes_taken(USE) is None
    facts = after(((AT_17, Done()), (InvalidateRange(0x101000, 0x102000), Done())))
    cache = KnownCache(CacheState.RESOLVED, RANGE, 5)
    assert facts.taken_since(cache, 0x101010, 20)
    assert not facts.taken_since(cache, 0x101010, 15)
    assert not facts.taken_since(cache, 0x102000, 20)
    assert not facts.taken_since(cache, 0x100FFF, 20)
    late = KnownCache(CacheState.RESOLVED, RANGE, 10)
    assert not facts.taken_since(late, 0x101010, 20)


def test_a_part_of_a_page_is_no_page() -> None:
    facts = after(((AT_17, Done()), (InvalidateRange(0x101001, 0x102000), Done())))
    cache = KnownCache(CacheState.RESOLVED, RANGE, 5)
    assert not facts.taken_since(cache, 0x101010, 20)


def test_no_more_is_remembered_than_some() -> None:
    facts = after(((UnmapHva(0), Done()),) * (KEPT + 3))
    assert len(facts.taken) == KEPT


@pytest.mark.parametrize(
    ("operation", "reply", "explained"),
    [
        (AT_17, Done(), True),
        (AT_17, EFAULT, False),
        (SPLIT, EINVAL, True),
        (SPLIT, Done(), False),
        (ActivatePfnCache(1, 0x11FF8, 8), Done(), True),
        (ActivatePfnCache(1, 0x20000, 8), EFAULT, True),
        (ActivatePfnCache(1, 0x20000, 8), Done(), False),
        (REFRESH, Done(), True),
        (REFRESH, EINVAL, False),
        (USE, Retry(), True),
        (USE, Accessed(0x101010), True),
        (USE, Accessed(0x101000), False),
        (OFF, Done(), True),
    ],
)
def test_a_table_explains_what_a_cache_answers(
    operation: Operation, reply: Reply, *, explained: bool
) -> None:
    assert isinstance(
        operation, ActivatePfnCache | RefreshPfnCache | UsePfnCache | DeactivatePfnCache
    )
    known = KnownCache(CacheState.RESOLVED, RANGE, 5)
    assert pfn_cache_explained(TABLE, known, operation, reply, LIMITS) is explained
    assert pfn_cache_explained(TABLE, None, REFRESH, reply, LIMITS)


def test_where_the_host_may_lack_the_page_both_are_explained() -> None:
    holes = Limits(user_slots=8, holes=(HostHole(0x101000, 0x102000),))
    for reply in (Done(), EFAULT):
        assert pfn_cache_explained(TABLE, None, AT_17, reply, holes)
