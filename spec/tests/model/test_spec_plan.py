"""The plan of a request: what may come of it, row by row."""

from __future__ import annotations

import pytest

from memslot_spec.model.plan import Outcome, plan
from memslot_spec.model.profile import LINUX, PROFILES, V2_6_34, Limits, Profile
from memslot_spec.model.updates import (
    Change,
    Objection,
    change_of,
    malformed,
    objections,
)
from memslot_spec.model.values import (
    BIT_1,
    EMPTY,
    LOG_DIRTY_PAGES,
    Gfn,
    Hva,
    MemoryRegion,
    Slot,
    SlotTable,
    table_of,
)
from plan_requests import (
    DONE,
    EEXIST,
    EINVAL,
    LIMITS,
    ONE,
    PRIVATE,
    TWO,
    A,
    B,
    ask,
    done,
)
from plan_rows_of_both import BOTH_ALIKE, IN_2009
from plan_rows_of_today import TODAY

ROWS = (
    *((profile, row) for profile in PROFILES for row in BOTH_ALIKE),
    *((LINUX, row) for row in TODAY),
    *((V2_6_34, row) for row in IN_2009),
)


@pytest.mark.parametrize(
    ("profile", "table", "request_", "outcomes"),
    [
        pytest.param(profile, *row[1:], id=f"{profile.name}: {row[0]}")
        for profile, row in ROWS
    ],
)
def test_a_request_has_these_outcomes(
    profile: Profile,
    table: SlotTable,
    request_: MemoryRegion,
    outcomes: tuple[Outcome, ...],
) -> None:
    assert plan(table, request_, profile, LIMITS) == outcomes


@pytest.mark.parametrize(
    ("table", "request_", "outcomes"),
    [
        pytest.param(ONE, ask(1, 0, 0, 0), (DONE,), id="delete of nothing"),
        pytest.param(
            ONE, ask(1, 17, 0, 0), (EEXIST,), id="delete of nothing inside a slot"
        ),
        pytest.param(
            table_of(PRIVATE),
            ask(0, 80, 1, 0),
            (done(table_of(Slot(0, Gfn(80), 1, Hva(0)), PRIVATE)), EEXIST),
            id="over a private slot",
        ),
        pytest.param(
            ONE,
            ask(4, 17, 1, 0),
            (done(table_of(A, Slot(4, Gfn(17), 1, Hva(0)))), EEXIST),
            id="private slot over a user slot",
        ),
    ],
)
def test_2009_never_says_einval_to_what_it_may_overlook(
    table: SlotTable, request_: MemoryRegion, outcomes: tuple[Outcome, ...]
) -> None:
    private = request_.slot >= LIMITS.user_slots
    assert plan(table, request_, V2_6_34, LIMITS, private=private) == outcomes


def test_a_slot_may_have_all_of_2_to_the_31_pages_but_one() -> None:
    most = (1 << 31) - 1
    too_many = (Objection.TOO_MANY_PAGES,)
    assert objections(EMPTY, ask(0, 0, most, 0), LINUX, Limits()) == ()
    assert objections(EMPTY, ask(0, 0, most + 1, 0), LINUX, Limits()) == too_many
    assert malformed(ask(0, 0, most, 0), LINUX, Limits()) == ()
    assert malformed(ask(0, 0, most + 1, 0), LINUX, Limits()) == too_many


def test_a_refusal_for_either_of_two_reasons_is_one_outcome() -> None:
    request = ask(2, 40, 2, 0x9000_0000, BIT_1)
    added = table_of(A, B, Slot(2, Gfn(40), 2, Hva(0x9000_0000)))
    assert len(objections(TWO, request, V2_6_34, LIMITS)) == 2
    assert plan(TWO, request, V2_6_34, LIMITS) == (done(added), EINVAL)


CHANGES = (
    (ask(2, 0, 1, 0), Change.CREATE),
    (ask(0, 0, 0, 0), Change.DELETE),
    (ask(2, 0, 0, 0), Change.DELETE),
    (ask(0, 17, 4, 0x10_0000), Change.MOVE),
    (ask(0, 17, 4, 0x10_0000, LOG_DIRTY_PAGES), Change.MOVE),
    (ask(0, 16, 4, 0x10_0000, LOG_DIRTY_PAGES), Change.FLAGS),
    (ask(0, 16, 4, 0x10_0000), Change.NO_OP),
    (ask(1 << 16, 16, 4, 0x10_0000), Change.CREATE),
)


@pytest.mark.parametrize(("request_", "change"), CHANGES)
def test_a_request_is_this_change_of_two_slots(
    request_: MemoryRegion, change: Change
) -> None:
    assert change_of(TWO, request_) is change
