"""What a request to a table by ranges may leave, by the rules that are declared."""

from __future__ import annotations

import pytest

from memslot_spec.model.operations import (
    AddRange,
    RangeRequest,
    RemoveRange,
    ReplaceTable,
)
from memslot_spec.model.outcomes import promised_of
from memslot_spec.model.plan import Outcome
from memslot_spec.model.range_rules import RangeRules, Removal
from memslot_spec.model.range_table import (
    REFUSED,
    RangeObjection,
    range_plan,
    range_table_of,
    wrong_with,
)
from memslot_spec.model.replies import Done, Refused
from memslot_spec.model.values import Errno, MemoryRange, SlotTable

LOW = MemoryRange(16, 4, 0x10000)
NEXT = MemoryRange(20, 4, 0x20000)
FAR = MemoryRange(32, 4, 0x30000)
TABLE = range_table_of((LOW, NEXT, FAR))

EXACT, COVERING, CUTTING = (RangeRules(removal=removal) for removal in Removal)


def done(*tables: SlotTable) -> Outcome:
    return Outcome(Done(), tables)


def of(*ranges: MemoryRange) -> SlotTable:
    return range_table_of(ranges)


@pytest.mark.parametrize(
    ("rules", "request_", "wrong"),
    [
        (EXACT, RemoveRange(16, 4), None),
        (EXACT, RemoveRange(16, 3), RangeObjection.INEXACT),
        (EXACT, RemoveRange(16, 8), RangeObjection.INEXACT),
        (EXACT, RemoveRange(24, 8), RangeObjection.INEXACT),
        (COVERING, RemoveRange(16, 8), None),
        (COVERING, RemoveRange(0, 64), None),
        (COVERING, RemoveRange(16, 7), RangeObjection.CUTS),
        (COVERING, RemoveRange(17, 19), RangeObjection.CUTS),
        (COVERING, RemoveRange(24, 8), RangeObjection.NOTHING),
        (CUTTING, RemoveRange(17, 6), None),
        (CUTTING, RemoveRange(23, 2), RangeObjection.HOLE),
        (CUTTING, RemoveRange(24, 8), RangeObjection.NOTHING),
        (EXACT, RemoveRange(16, 0), RangeObjection.EMPTY),
        (EXACT, AddRange(24, 8, 0), None),
        (EXACT, AddRange(24, 9, 0), RangeObjection.MEETS),
        (EXACT, AddRange(24, 0, 0), RangeObjection.EMPTY),
        (EXACT, ReplaceTable(()), None),
        (EXACT, ReplaceTable((NEXT, LOW)), None),
        (EXACT, ReplaceTable((LOW, LOW)), RangeObjection.MEETS_ITSELF),
        (EXACT, ReplaceTable((MemoryRange(0, 0, 0),)), RangeObjection.EMPTY),
    ],
)
def test_what_is_wrong_with_a_request(
    rules: RangeRules, request_: RangeRequest, wrong: RangeObjection | None
) -> None:
    assert wrong_with(TABLE, request_, rules) is wrong


def test_what_is_not_wrong_has_to_be_done_and_what_is_wrong_refused() -> None:
    assert range_plan(TABLE, RemoveRange(16, 4), EXACT) == (done(of(NEXT, FAR)),)
    assert range_plan(TABLE, RemoveRange(16, 2), EXACT) == (REFUSED,)
    assert range_plan(TABLE, ReplaceTable((LOW,)), EXACT) == (done(of(LOW)),)
    assert range_plan(of(LOW), ReplaceTable((LOW,)), EXACT) == (done(),)


def test_a_removal_that_cuts_leaves_both_ends_with_their_memory() -> None:
    (outcome,) = range_plan(of(LOW), RemoveRange(17, 2), CUTTING)
    ends = MemoryRange(16, 1, 0x10000), MemoryRange(19, 1, 0x13000)
    assert outcome == done(of(*ends))


def test_several_ranges_go_at_once_or_from_either_end() -> None:
    one_step = done(of())
    upwards = done(of(FAR), of())
    downwards = done(of(LOW), of())
    request = RemoveRange(16, 20)
    table = of(LOW, FAR)
    assert range_plan(table, request, COVERING) == (one_step, upwards, downwards)
    at_once = RangeRules(removal=Removal.COVERING, removes_at_once=True)
    assert range_plan(table, request, at_once) == (one_step,)


@pytest.mark.parametrize(
    ("rules", "request_"),
    [
        (COVERING, RemoveRange(24, 8)),
        (CUTTING, RemoveRange(23, 2)),
        (RangeRules(removal=Removal.EXACT, refuses_overlap=False), AddRange(18, 4, 0)),
    ],
)
def test_what_nobody_promises_may_be_refused_or_done(
    rules: RangeRules, request_: RangeRequest
) -> None:
    first, *others = range_plan(TABLE, request_, rules)
    assert first == REFUSED
    assert {outcome.reply for outcome in others} == {Done()}


def test_no_errno_is_promised() -> None:
    refused = Refused(Errno.EEXIST)
    assert promised_of(AddRange(0, 1, 0), refused) == Refused(None)
    assert promised_of(AddRange(0, 1, 0), Done()) == Done()
