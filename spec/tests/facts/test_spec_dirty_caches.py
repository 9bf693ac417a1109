"""The ranges a cache may have, and what a reply tells of them."""

from __future__ import annotations

from memslot_spec.arithmetic.ranges import PAGE_SHIFT, U64
from memslot_spec.facts.dirty_caches import (
    LARGEST_FOLLOWED,
    CachedRanges,
    Guess,
    after_init,
    frames_of_any,
    frames_used,
)
from memslot_spec.model.hva_caches import HvaRange
from memslot_spec.model.operations import InitHvaCache, UseHvaCache
from memslot_spec.model.replies import Done, Refused, Translated
from memslot_spec.model.values import Errno, Gfn, Hva, Slot, SlotTable

HVA = 0x100_0000
OLD, NEW = HvaRange(0x10000, 16), HvaRange(0x20000, 16)
FAULT = Refused(Errno.EFAULT)
USE = UseHvaCache(0, 8, 8, write=True)


def init(cached: HvaRange) -> InitHvaCache:
    return InitHvaCache(0, cached.gpa, cached.length)


def table(*slots: tuple[int, int]) -> SlotTable:
    return SlotTable(
        tuple(Slot(n, Gfn(base), 1, Hva(hva)) for n, (base, hva) in enumerate(slots))
    )


def test_a_range_that_was_resolved_is_the_only_one() -> None:
    known = after_init(None, init(OLD), Done())
    assert known == CachedRanges((OLD,), certain=True)
    assert after_init(known, init(NEW), Done()) == CachedRanges((NEW,), certain=True)


def test_a_refusal_leaves_the_old_range_possible() -> None:
    known = after_init(None, init(OLD), Done())
    refused = after_init(known, init(NEW), FAULT)
    assert refused == CachedRanges((OLD, NEW), certain=False)
    assert after_init(refused, init(NEW), FAULT) == refused


def test_a_range_that_wraps_is_never_had() -> None:
    known = after_init(None, init(OLD), Done())
    refused = after_init(known, InitHvaCache(0, U64 - 8, 16), Refused(Errno.EINVAL))
    assert refused == CachedRanges((OLD,), certain=False)


def test_frames_are_those_of_the_bytes_that_are_used() -> None:
    across = HvaRange((17 << PAGE_SHIFT) - 8, 16)
    assert frames_used(across, UseHvaCache(0, 0, 16, write=True)) == ((0, 16), (0, 17))
    assert frames_used(across, USE) == ((0, 17),)
    assert frames_used(across, UseHvaCache(0, 8, 0, write=True)) == ()
    far = UseHvaCache(0, 0, 1 << 40, write=True)
    assert len(frames_used(across, far)) == LARGEST_FOLLOWED
    assert frames_of_any((OLD, NEW, OLD), USE) == ((0, 16), (0, 32))


def test_the_reply_tells_which_range_was_used() -> None:
    guess, tables = Guess(USE, (OLD, NEW)), table((16, HVA), (32, HVA + 0x1000))
    assert guess.reached(tables, Translated((HVA + 8,))) == ((0, 16),)
    assert guess.reached(tables, Translated((HVA + 0x1008,))) == ((0, 32),)


def test_a_reply_that_can_mean_two_ranges_tells_nothing() -> None:
    guess = Guess(USE, (OLD, NEW))
    assert guess.reached(table((16, HVA), (32, HVA)), Translated((HVA + 8,))) == ()


def test_a_reply_that_no_range_explains_tells_nothing() -> None:
    guess = Guess(USE, (OLD, NEW))
    assert guess.reached(table((16, HVA)), Translated((HVA + 0x1008,))) == ()
