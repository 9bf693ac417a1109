"""What a prefault may answer, by the tables that it may have met."""

from __future__ import annotations

import pytest

from memslot_spec.arithmetic.ranges import PAGE_SHIFT, U64
from memslot_spec.model.operations import PreFault
from memslot_spec.model.prefaults import is_no_range, prefault_explained
from memslot_spec.model.profile import HostHole, Limits
from memslot_spec.model.replies import Done, PreFaulted, Refused, Reply
from memslot_spec.model.values import Errno, Gfn, Hva, Slot, SlotTable

S0 = Slot(0, Gfn(16), 4, Hva(0x100000))
GOING = Slot(0, Gfn(16), 4, Hva(0x100000), invalid=True)
PRIVATE = Slot(8, Gfn(16), 1, Hva(0x100000))
LIMITS = Limits(user_slots=8)
TABLE, WINDOW, EMPTY = SlotTable((S0,)), SlotTable((GOING,)), SlotTable(())
END = U64 >> PAGE_SHIFT
AT_18 = PreFault(18, 4)


@pytest.mark.parametrize(
    ("prefault", "is_none"),
    [
        (PreFault(16, 0), True),
        (PreFault(END - 2, 1), False),
        (PreFault(END - 2, 2), True),
        (PreFault(END - 1, 1), True),
    ],
)
def test_a_range_has_a_page_and_an_end(prefault: PreFault, *, is_none: bool) -> None:
    assert is_no_range(prefault) is is_none
    explained = prefault_explained((TABLE,), prefault, Refused(Errno.EINVAL), LIMITS)
    assert explained is is_none


@pytest.mark.parametrize(
    ("table", "reply", "explained"),
    [
        (TABLE, PreFaulted(2), True),
        (TABLE, PreFaulted(1), True),
        (TABLE, PreFaulted(0), False),
        (TABLE, PreFaulted(3), False),
        (TABLE, Refused(Errno.ENOENT), False),
        (TABLE, Refused(Errno.EAGAIN), False),
        (TABLE, Refused(Errno.EFAULT), False),
        (TABLE, Refused(Errno.ENOMEM), True),
        (TABLE, Done(), False),
        (WINDOW, Refused(Errno.EAGAIN), True),
        (WINDOW, Refused(Errno.ENOENT), False),
        (WINDOW, PreFaulted(1), False),
        (EMPTY, Refused(Errno.ENOENT), True),
        (EMPTY, Refused(Errno.EAGAIN), False),
    ],
)
def test_a_prefault_says_how_far_it_came_or_why_it_did_not(
    table: SlotTable, reply: Reply, *, explained: bool
) -> None:
    assert prefault_explained((table,), AT_18, reply, LIMITS) is explained


def test_no_more_is_counted_than_was_asked_for() -> None:
    assert prefault_explained((TABLE,), PreFault(16, 2), PreFaulted(2), LIMITS)
    assert not prefault_explained((TABLE,), PreFault(16, 2), PreFaulted(3), LIMITS)


def test_pages_may_be_mapped_by_different_tables() -> None:
    beside = SlotTable((Slot(1, Gfn(20), 2, Hva(0x200000)),))
    assert prefault_explained((TABLE, beside), AT_18, PreFaulted(4), LIMITS)
    assert not prefault_explained((beside,), AT_18, PreFaulted(4), LIMITS)


def test_a_private_slot_may_be_emulated() -> None:
    table = SlotTable((PRIVATE,))
    enoent = Refused(Errno.ENOENT)
    assert prefault_explained((table,), PreFault(16, 1), enoent, LIMITS)
    assert prefault_explained((table,), PreFault(16, 1), PreFaulted(1), LIMITS)


def test_where_the_host_has_no_page_it_is_efault() -> None:
    holes = Limits(user_slots=8, holes=(HostHole(0x102000, 0x103000),))
    efault = Refused(Errno.EFAULT)
    assert prefault_explained((TABLE,), AT_18, efault, holes)
    assert not prefault_explained((TABLE,), PreFault(16, 1), efault, holes)
