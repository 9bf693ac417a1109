"""The plan of a request that fails on its way, and of a private one."""

from __future__ import annotations

import pytest

from memslot_spec.model.plan import Outcome, plan
from memslot_spec.model.profile import LINUX, PROFILES, V2_6_34, Limits, Profile
from memslot_spec.model.replies import Refused
from memslot_spec.model.values import (
    EMPTY,
    LOG_DIRTY_PAGES,
    Errno,
    Failure,
    Gfn,
    Hva,
    MemoryRegion,
    Slot,
    SlotTable,
    table_of,
)
from plan_requests import (
    A_GOING,
    A_LOGGED,
    DONE,
    EEXIST,
    EINVAL,
    ENOMEM,
    LIMITS,
    ONE,
    PRIVATE,
    TWO,
    A,
    B,
    Row,
    ask,
    done,
    undone,
)

FAILING: tuple[Row, ...] = (
    ("create", EMPTY, ask(0, 16, 4, 0x10_0000), (done(ONE), ENOMEM)),
    (
        "flags",
        ONE,
        ask(0, 16, 4, 0x10_0000, LOG_DIRTY_PAGES),
        (done(table_of(A_LOGGED)), ENOMEM),
    ),
    ("no-op", ONE, ask(0, 16, 4, 0x10_0000), (DONE, ENOMEM)),
    (
        "delete: nothing published, or put back",
        TWO,
        ask(0, 0, 0, 0),
        (
            done(table_of(A_GOING, B), table_of(B)),
            ENOMEM,
            undone(Errno.ENOMEM, table_of(A_GOING, B), TWO),
        ),
    ),
    (
        "move: nothing published, or put back",
        ONE,
        ask(0, 64, 4, 0x10_0000),
        (
            done(table_of(A_GOING), table_of(Slot(0, Gfn(64), 4, A.hva))),
            ENOMEM,
            undone(Errno.ENOMEM, table_of(A_GOING), ONE),
        ),
    ),
    ("refused before it can fail", TWO, ask(2, 16, 4, 0), (EEXIST,)),
    ("malformed", TWO, ask(2, 16, 4, 8), (EINVAL,)),
)


@pytest.mark.parametrize("failure", Failure)
@pytest.mark.parametrize("profile", PROFILES, ids=lambda p: p.name)
@pytest.mark.parametrize(
    ("table", "request_", "outcomes"),
    [pytest.param(*row[1:], id=row[0]) for row in FAILING],
)
def test_an_injected_failure_may_be_met_and_is_undone(
    profile: Profile,
    failure: Failure,
    table: SlotTable,
    request_: MemoryRegion,
    outcomes: tuple[Outcome, ...],
) -> None:
    assert plan(table, request_, profile, LIMITS, failure=failure) == outcomes


def test_a_move_past_the_end_that_also_fails_may_say_either_errno() -> None:
    beyond = ask(0, 0xFFE, 4, 0x10_0000)
    assert plan(ONE, beyond, LINUX, LIMITS, failure=Failure.PREPARE) == (
        EINVAL,
        undone(Errno.EINVAL, table_of(A_GOING), ONE),
        ENOMEM,
        undone(Errno.ENOMEM, table_of(A_GOING), ONE),
    )


PRIVATE_ROWS = (
    (LINUX, EMPTY, ask(4, 80, 1, 0x40_0000), (done(table_of(PRIVATE)),)),
    (V2_6_34, EMPTY, ask(4, 80, 1, 0x40_0000), (done(table_of(PRIVATE)),)),
    (LINUX, EMPTY, ask(3, 80, 1, 0), (EINVAL,)),
    (V2_6_34, EMPTY, ask(3, 80, 1, 0), (EINVAL,)),
    (
        LINUX,
        EMPTY,
        ask(6, 80, 1, 0),
        (done(table_of(Slot(6, Gfn(80), 1, Hva(0)))),),
    ),
    (LINUX, EMPTY, ask(7, 80, 1, 0), (EINVAL,)),
    (
        V2_6_34,
        EMPTY,
        ask(7, 80, 1, 0),
        (done(table_of(Slot(7, Gfn(80), 1, Hva(0)))),),
    ),
    (V2_6_34, EMPTY, ask(8, 80, 1, 0), (EINVAL,)),
    (LINUX, ONE, ask(4, 17, 1, 0), (EEXIST,)),
    (
        LINUX,
        table_of(A, PRIVATE),
        ask(4, 0, 0, 0),
        (
            done(
                table_of(A, Slot(4, Gfn(80), 1, Hva(0x40_0000), invalid=True)),
                ONE,
            ),
        ),
    ),
)


@pytest.mark.parametrize(("profile", "table", "request_", "outcomes"), PRIVATE_ROWS)
def test_a_private_request_has_these_outcomes(
    profile: Profile,
    table: SlotTable,
    request_: MemoryRegion,
    outcomes: tuple[Outcome, ...],
) -> None:
    assert plan(table, request_, profile, LIMITS, private=True) == outcomes


@pytest.mark.parametrize("failure", Failure)
def test_an_injected_failure_may_come_before_the_largest_frame_is_looked_at(
    failure: Failure,
) -> None:
    limits = Limits(largest_gfn=0xFF)
    region = MemoryRegion(1, 0x100000, 0x1000, 0)
    outcomes = plan(EMPTY, region, LINUX, limits, failure=failure)
    assert {o.reply for o in outcomes} == {
        Refused(Errno.EINVAL),
        Refused(Errno.ENOMEM),
    }
    assert all(o.versions == () for o in outcomes)
