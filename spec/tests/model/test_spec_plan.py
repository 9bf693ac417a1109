"""The plan of a request: what may come of it, row by row and as properties."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.model.plan import Outcome, plan
from memslot_spec.model.profile import LINUX, PROFILES, V2_6_34, Limits, Profile
from memslot_spec.model.replies import Done, Refused
from memslot_spec.model.updates import (
    Change,
    Objection,
    change_of,
    malformed,
    objections,
    target_of,
)
from memslot_spec.model.values import (
    BIT_1,
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

LIMITS = Limits(
    largest_gfn=0xFFF, address_spaces=2, hva_end=Hva(0x8000_0000), user_slots=4
)
U64 = 1 << 64
BIT_16 = 1 << 16
"""INVALID inside today's kernel; never a flag of a request."""

A = Slot(0, Gfn(16), 4, Hva(0x10_0000))
B = Slot(1, Gfn(32), 8, Hva(0x20_0000), log_dirty=True)
A_GOING = Slot(0, Gfn(16), 4, Hva(0x10_0000), invalid=True)
B_GOING = Slot(1, Gfn(32), 8, Hva(0x20_0000), log_dirty=True, invalid=True)
A_LOGGED = Slot(0, Gfn(16), 4, Hva(0x10_0000), log_dirty=True)
READONLY = Slot(2, Gfn(64), 1, Hva(0x30_0000), readonly=True)
PRIVATE = Slot(4, Gfn(80), 1, Hva(0x40_0000))
OTHER_SPACE = Slot(0, Gfn(16), 4, Hva(0x50_0000), as_id=1)
TWO = table_of(A, B)
ONE = table_of(A)

EINVAL = Outcome(Refused(Errno.EINVAL))
EEXIST = Outcome(Refused(Errno.EEXIST))
ENOMEM = Outcome(Refused(Errno.ENOMEM))
DONE = Outcome(Done())


def done(*versions: SlotTable) -> Outcome:
    """Success, and what was published before it."""
    return Outcome(Done(), versions)


def undone(errno: Errno, *versions: SlotTable) -> Outcome:
    """A refusal after something had been published already."""
    return Outcome(Refused(errno), versions)


def ask(
    slot: int,
    gfn: int,
    npages: int,
    hva: int,
    flags: int = 0,
    *,
    off: int = 0,
) -> MemoryRegion:
    """A request in pages, the guest address `off` bytes past its page."""
    return MemoryRegion(slot, (gfn << 12) + off, npages << 12, hva, flags)


Row = tuple[str, SlotTable, MemoryRegion, tuple[Outcome, ...]]

NEW = ask(2, 40, 2, 0x60_0000)
NEW_SLOT = Slot(2, Gfn(40), 2, Hva(0x60_0000))
WITH_NEW = table_of(A, B, NEW_SLOT)

BOTH_ALIKE: tuple[Row, ...] = (
    ("first create", EMPTY, ask(0, 16, 4, 0x10_0000), (done(ONE),)),
    ("create that touches another", TWO, NEW, (done(WITH_NEW),)),
    (
        "create that logs",
        EMPTY,
        ask(0, 16, 4, 0x10_0000, LOG_DIRTY_PAGES),
        (done(table_of(A_LOGGED)),),
    ),
    (
        "create at host address 0",
        ONE,
        ask(3, 0, 1, 0),
        (done(table_of(A, Slot(3, Gfn(0), 1, Hva(0)))),),
    ),
    ("delete", TWO, ask(0, 0, 0, 0), (done(table_of(A_GOING, B), table_of(B)),)),
    (
        "delete whose address is another slot's first",
        TWO,
        ask(0, 32, 0, 0),
        (done(table_of(A_GOING, B), table_of(B)),),
    ),
    (
        "delete whose address is its own and inside itself",
        TWO,
        ask(0, 18, 0, 0),
        (done(table_of(A_GOING, B), table_of(B)),),
    ),
    (
        "delete with a dirty flag",
        TWO,
        ask(0, 0, 0, 0, LOG_DIRTY_PAGES),
        (done(table_of(A_GOING, B), table_of(B)),),
    ),
    (
        "delete of the last slot",
        ONE,
        ask(0, 0, 0, 0),
        (done(table_of(A_GOING), EMPTY),),
    ),
    (
        "move",
        TWO,
        ask(0, 64, 4, 0x10_0000),
        (
            done(
                table_of(A_GOING, B),
                table_of(Slot(0, Gfn(64), 4, Hva(0x10_0000)), B),
            ),
        ),
    ),
    (
        "move over its own range",
        TWO,
        ask(0, 18, 4, 0x10_0000),
        (
            done(
                table_of(A_GOING, B),
                table_of(Slot(0, Gfn(18), 4, Hva(0x10_0000)), B),
            ),
        ),
    ),
    (
        "move and flags in one request",
        TWO,
        ask(1, 64, 8, 0x20_0000),
        (done(table_of(A, B_GOING), table_of(A, Slot(1, Gfn(64), 8, B.hva))),),
    ),
    (
        "logging turned on",
        TWO,
        ask(0, 16, 4, 0x10_0000, LOG_DIRTY_PAGES),
        (done(table_of(A_LOGGED, B)),),
    ),
    (
        "logging turned off",
        TWO,
        ask(1, 32, 8, 0x20_0000),
        (done(table_of(A, Slot(1, Gfn(32), 8, Hva(0x20_0000)))),),
    ),
    ("no-op", TWO, ask(0, 16, 4, 0x10_0000), (DONE,)),
    ("no-op of a logged slot", TWO, ask(1, 32, 8, 0x20_0000, 1), (DONE,)),
    ("size not aligned", ONE, MemoryRegion(2, 0, 0x1001, 0), (EINVAL,)),
    ("size below a page", ONE, MemoryRegion(0, 0, 1, 0), (EINVAL,)),
    ("gpa not aligned", ONE, ask(2, 0, 1, 0, off=8), (EINVAL,)),
    ("delete with a gpa not aligned", ONE, ask(0, 0, 0, 0, off=1), (EINVAL,)),
    ("hva not aligned", ONE, ask(2, 0, 1, 0x200), (EINVAL,)),
    ("delete with a hva not aligned", ONE, ask(0, 0, 0, 0xFFF), (EINVAL,)),
    ("no-op with a hva not aligned", ONE, ask(0, 16, 4, 0x10_0200), (EINVAL,)),
    (
        "range that ends at 2^64",
        ONE,
        MemoryRegion(2, U64 - 0x1000, 0x1000, 0),
        (EINVAL,),
    ),
    (
        "range that ends past 2^64",
        ONE,
        MemoryRegion(2, U64 - 0x1000, 0x2000, 0),
        (EINVAL,),
    ),
    ("id at the limit", ONE, ask(4, 0, 1, 0), (EINVAL,)),
    ("delete of an id at the limit", ONE, ask(4, 0, 0, 0), (EINVAL,)),
    ("address space at the count", ONE, ask(2 << 16, 0, 1, 0), (EINVAL,)),
    ("live slot made larger", ONE, ask(0, 16, 5, 0x10_0000), (EINVAL,)),
    ("live slot made smaller", ONE, ask(0, 16, 3, 0x10_0000), (EINVAL,)),
    ("live slot moved and made smaller", ONE, ask(0, 64, 3, 0x10_0000), (EINVAL,)),
    ("larger, and over another slot", TWO, ask(0, 16, 20, 0x10_0000), (EINVAL,)),
    ("create over a slot", TWO, ask(2, 16, 4, 0), (EEXIST,)),
    ("create over a slot's last page", TWO, ask(2, 19, 4, 0), (EEXIST,)),
    ("create over a slot's first page", TWO, ask(2, 31, 2, 0), (EEXIST,)),
    ("create inside a slot", TWO, ask(2, 33, 1, 0), (EEXIST,)),
    ("create around a slot", TWO, ask(2, 12, 16, 0), (EEXIST,)),
    ("move onto a slot", TWO, ask(0, 30, 4, 0x10_0000), (EEXIST,)),
    ("unaligned, and over a slot", TWO, ask(2, 16, 4, 0, off=512), (EINVAL,)),
    ("hva unaligned, and over a slot", TWO, ask(2, 16, 4, 8), (EINVAL,)),
    ("bad id, and over a slot", TWO, ask(9, 16, 4, 0), (EINVAL,)),
)
"""Rows of section 2.2 in which the profiles agree."""

HUGE = ((1 << 31) - 1) << 12
TODAY: tuple[Row, ...] = (
    ("delete of nothing", ONE, ask(1, 0, 0, 0), (EINVAL,)),
    ("hva at the end", ONE, ask(2, 0, 1, 0x8000_0000), (EINVAL,)),
    ("hva that straddles the end", ONE, ask(2, 0, 2, 0x7FFF_F000), (EINVAL,)),
    (
        "last page of host memory",
        ONE,
        ask(2, 0, 1, 0x7FFF_F000),
        (done(table_of(A, Slot(2, Gfn(0), 1, Hva(0x7FFF_F000)))),),
    ),
    ("tagged hva", ONE, ask(2, 0, 1, 1 << 62), (EINVAL,)),
    ("delete with a tagged hva", ONE, ask(0, 0, 0, 1 << 62), (EINVAL,)),
    ("no-op but for a tag", ONE, ask(0, 16, 4, 0x10_0000 | 1 << 62), (EINVAL,)),
    ("hva that wraps", ONE, ask(2, 0, 2, U64 - 0x1000), (EINVAL,)),
    ("flag bit 2", ONE, ask(2, 0, 1, 0, 1 << 2), (EINVAL,)),
    ("flag bit 16, INVALID inside", ONE, ask(2, 0, 1, 0, BIT_16), (EINVAL,)),
    ("delete with an unknown flag", ONE, ask(0, 0, 0, 0, 1 << 31), (EINVAL,)),
    ("unknown flag, and over a slot", TWO, ask(2, 16, 4, 0, 1 << 2), (EINVAL,)),
    ("2^31 pages", ONE, MemoryRegion(2, 0, 1 << 43, 0), (EINVAL,)),
    ("2^31 pages over a slot", ONE, MemoryRegion(0, 0, 1 << 43, 0), (EINVAL,)),
    ("new hva", ONE, ask(0, 16, 4, 0x70_0000), (EINVAL,)),
    ("new hva and base", ONE, ask(0, 64, 4, 0x70_0000), (EINVAL,)),
    ("new hva, onto a slot", TWO, ask(0, 30, 4, 0x70_0000), (EINVAL,)),
    (
        "create READONLY",
        ONE,
        ask(2, 64, 1, 0x30_0000, BIT_1),
        (done(table_of(A, READONLY)),),
    ),
    ("READONLY turned on", ONE, ask(0, 16, 4, 0x10_0000, BIT_1), (EINVAL,)),
    ("READONLY turned off", table_of(READONLY), ask(2, 64, 1, 0x30_0000), (EINVAL,)),
    (
        "READONLY turned on in a move",
        ONE,
        ask(0, 64, 4, 0x10_0000, BIT_1),
        (EINVAL,),
    ),
    (
        "READONLY kept in a no-op",
        table_of(READONLY),
        ask(2, 64, 1, 0x30_0000, BIT_1),
        (DONE,),
    ),
    (
        "READONLY kept, logging turned on",
        table_of(READONLY),
        ask(2, 64, 1, 0x30_0000, BIT_1 | LOG_DIRTY_PAGES),
        (
            done(
                table_of(
                    Slot(2, Gfn(64), 1, Hva(0x30_0000), log_dirty=True, readonly=True)
                )
            ),
        ),
    ),
    (
        "delete inside another slot",
        TWO,
        ask(0, 33, 0, 0),
        (done(table_of(A_GOING, B), table_of(B)),),
    ),
    ("over a private slot", table_of(PRIVATE), ask(0, 78, 4, 0), (EEXIST,)),
    (
        "move onto a private slot",
        table_of(A, PRIVATE),
        ask(0, 78, 4, 0x10_0000),
        (EEXIST,),
    ),
    (
        "last guest frame",
        EMPTY,
        ask(0, 0xFFF, 1, 0),
        (done(table_of(Slot(0, Gfn(0xFFF), 1, Hva(0)))),),
    ),
    ("create past the last guest frame", ONE, ask(2, 0xFFF, 2, 0), (EINVAL,)),
    (
        "move past the last guest frame",
        ONE,
        ask(0, 0xFFE, 4, 0x10_0000),
        (EINVAL, undone(Errno.EINVAL, table_of(A_GOING), ONE)),
    ),
    (
        "create past the last frame, over a slot",
        table_of(A, Slot(1, Gfn(0xFFC), 4, Hva(0))),
        ask(2, 0xFFE, 4, 0),
        (EEXIST,),
    ),
    (
        "move past the last frame, onto a slot",
        table_of(A, Slot(1, Gfn(0xFFC), 4, Hva(0))),
        ask(0, 0xFFE, 4, 0x10_0000),
        (EEXIST,),
    ),
    (
        "most pages, past the last frame",
        ONE,
        MemoryRegion(2, 1 << 20 << 12, HUGE, 0),
        (EINVAL,),
    ),
    (
        "the same id and range in another address space",
        ONE,
        ask(1 << 16, 16, 4, 0x50_0000),
        (done(table_of(A, OTHER_SPACE)),),
    ),
    (
        "overlap inside the other address space",
        table_of(A, OTHER_SPACE),
        ask(1 << 16 | 1, 19, 1, 0),
        (EEXIST,),
    ),
    (
        "over a slot of the other address space alone",
        table_of(OTHER_SPACE),
        ask(1, 17, 1, 0),
        (done(table_of(Slot(1, Gfn(17), 1, Hva(0)), OTHER_SPACE)),),
    ),
    (
        "delete in the other address space",
        table_of(A, OTHER_SPACE),
        ask(1 << 16, 0, 0, 0),
        (
            done(
                table_of(A, Slot(0, Gfn(16), 4, Hva(0x50_0000), invalid=True, as_id=1)),
                ONE,
            ),
        ),
    ),
    (
        "delete of an id that only the other address space has",
        table_of(OTHER_SPACE),
        ask(0, 0, 0, 0),
        (EINVAL,),
    ),
    (
        "no-op in the other address space",
        table_of(A, OTHER_SPACE),
        ask(1 << 16, 16, 4, 0x50_0000),
        (DONE,),
    ),
    ("id at the limit in the other space", ONE, ask(1 << 16 | 4, 0, 1, 0), (EINVAL,)),
)
"""Rows of section 2.2 as today's kernels have them."""

A_ELSEWHERE = Slot(0, Gfn(16), 4, Hva(0x70_0000))
IN_2009: tuple[Row, ...] = (
    (
        "unknown flag: taken without meaning, or refused",
        EMPTY,
        ask(0, 16, 4, 0x10_0000, 1 << 5),
        (done(ONE), EINVAL),
    ),
    (
        "bit 1: never INVALID",
        EMPTY,
        ask(0, 16, 4, 0x10_0000, BIT_1),
        (done(ONE), EINVAL),
    ),
    (
        "bit 1 on a live slot",
        TWO,
        ask(0, 16, 4, 0x10_0000, BIT_1),
        (DONE, EINVAL),
    ),
    (
        "delete with an unknown flag",
        ONE,
        ask(0, 0, 0, 0, BIT_16),
        (done(table_of(A_GOING), EMPTY), EINVAL),
    ),
    (
        "unknown flag, and over a slot",
        TWO,
        ask(2, 16, 4, 0, 1 << 5),
        (EEXIST, EINVAL),
    ),
    (
        "new hva: applied in either way, or refused",
        TWO,
        ask(0, 16, 4, 0x70_0000),
        (
            done(table_of(A_GOING, B), table_of(A_ELSEWHERE, B)),
            done(table_of(A_ELSEWHERE, B)),
            EINVAL,
        ),
    ),
    (
        "new hva and base",
        ONE,
        ask(0, 64, 4, 0x70_0000),
        (
            done(table_of(A_GOING), table_of(Slot(0, Gfn(64), 4, Hva(0x70_0000)))),
            EINVAL,
        ),
    ),
    (
        "host address beyond today's end",
        EMPTY,
        ask(0, 16, 4, 1 << 62),
        (done(table_of(Slot(0, Gfn(16), 4, Hva(1 << 62)))), EINVAL),
    ),
    (
        "2^31 pages",
        EMPTY,
        MemoryRegion(0, 0, 1 << 43, 0),
        (done(table_of(Slot(0, Gfn(0), 1 << 31, Hva(0)))), EINVAL),
    ),
    (
        "past today's last guest frame",
        EMPTY,
        ask(0, 0x1000, 1, 0),
        (done(table_of(Slot(0, Gfn(0x1000), 1, Hva(0)))),),
    ),
    ("delete strictly inside another slot", TWO, ask(0, 33, 0, 0), (EEXIST,)),
    ("delete in another's last page", TWO, ask(0, 39, 0, 0), (EEXIST,)),
    (
        "delete just after another",
        TWO,
        ask(0, 40, 0, 0),
        (done(table_of(A_GOING, B), table_of(B)),),
    ),
    (
        "over a private slot and a user slot",
        table_of(A, PRIVATE),
        ask(1, 17, 80, 0),
        (EEXIST,),
    ),
    ("the word is all id", ONE, ask(1 << 16, 64, 1, 0), (EINVAL,)),
)
"""Rows of section 2.2 as 2009 has them, with what it leaves open."""

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


WORDS = (0, 0, 1, 2, 3, 4, 5, 7, 8, 1 << 16, 1 << 16 | 1, 2 << 16)
GPAS = (0, 0x1000, 0x2000, 0x3000, 0x4000, 0xFFD000, 0x10_00000, 0x1200, U64 - 0x1000)
BYTES = (0, 0, 0x1000, 0x1000, 0x2000, 0x3000, 0x1200, 1 << 43, U64 - 0x1000)
HVAS = (0, 0x1000, 0x1000, 0x7FFF_F000, 0x8000_0000, 0x1200, 1 << 62)
FLAGS = (0, 0, 0, LOG_DIRTY_PAGES, BIT_1, BIT_1 | LOG_DIRTY_PAGES, 1 << 5, BIT_16)

regions = st.builds(
    MemoryRegion,
    st.sampled_from(WORDS),
    st.sampled_from(GPAS),
    st.sampled_from(BYTES),
    st.sampled_from(HVAS),
    st.sampled_from(FLAGS),
)
sound_regions = st.builds(
    MemoryRegion,
    st.sampled_from((0, 1, 2, 1 << 16)),
    st.sampled_from((0, 0x1000, 0x2000, 0x3000, 0x5000)),
    st.sampled_from((0, 0x1000, 0x2000, 0x3000)),
    st.sampled_from((0, 0x1000)),
    st.sampled_from((0, 0, LOG_DIRTY_PAGES, BIT_1)),
)
profiles = st.sampled_from(PROFILES)
failures = st.sampled_from((None, None, *Failure))


@st.composite
def reachable(draw: st.DrawFn, profile: Profile) -> SlotTable:
    """A table that requests can lead to, private slots among them."""
    table = EMPTY
    for region in draw(st.lists(sound_regions, max_size=5)):
        private = draw(st.booleans()) and draw(st.booleans())
        word = region.slot + (4 if private else 0)
        moved = MemoryRegion(
            word,
            region.guest_phys_addr,
            region.memory_size,
            region.userspace_addr,
            region.flags,
        )
        outcomes = plan(table, moved, profile, LIMITS, private=private)
        table = draw(st.sampled_from(outcomes)).leaves(table)
    return table


@st.composite
def cases(
    draw: st.DrawFn,
) -> tuple[Profile, SlotTable, MemoryRegion, bool, Failure | None]:
    """A profile, a table of it, and any request, private or not, to fail or not."""
    profile = draw(profiles)
    table = draw(reachable(profile))
    region = draw(regions | sound_regions)
    return profile, table, region, draw(st.booleans()), draw(failures)


Case = tuple[Profile, SlotTable, MemoryRegion, bool, Failure | None]


def outcomes_of(case: Case) -> tuple[Outcome, ...]:
    profile, table, region, private, failure = case
    return plan(table, region, profile, LIMITS, private=private, failure=failure)


def frames_of_users(table: SlotTable, as_id: int) -> list[set[int]]:
    """The frames of each user slot; the huge ones cut short, bases kept."""
    return [
        set(range(s.base, s.base + min(s.npages, 0x2000)))
        for s in table
        if s.id < LIMITS.user_slots and s.as_id == as_id
    ]


@given(cases())
def test_a_plan_is_never_empty_and_repeats_nothing(case: Case) -> None:
    outcomes = outcomes_of(case)
    assert outcomes
    assert len(set(outcomes)) == len(outcomes)


@given(cases())
def test_a_refusal_leaves_the_table(case: Case) -> None:
    _, table, *_ = case
    for outcome in outcomes_of(case):
        if isinstance(outcome.reply, Refused):
            assert outcome.leaves(table) == table


@given(cases())
def test_success_leaves_the_table_asked_for(case: Case) -> None:
    profile, table, region, *_ = case
    key = as_id_of(region.slot), id_of(region.slot)
    others = tuple(s for s in table if (s.as_id, s.id) != key)
    asked = Slot(
        key[1],
        Gfn(region.guest_phys_addr // 4096),
        region.memory_size // 4096,
        Hva(region.userspace_addr),
        log_dirty=region.flags % 2 == 1,
        readonly=profile is LINUX and region.flags & BIT_1 != 0,
        as_id=key[0],
    )
    expected = others if region.memory_size == 0 else (*others, asked)
    for outcome in outcomes_of(case):
        if outcome.reply == Done():
            assert set(outcome.leaves(table)) == set(expected)


@given(cases())
def test_user_slots_are_disjoint_in_every_version(case: Case) -> None:
    for outcome in outcomes_of(case):
        for version in outcome.versions:
            for as_id in (0, 1):
                frames = frames_of_users(version, as_id)
                assert not any(a & b for a, b in combinations(frames, 2))


@given(cases())
def test_a_delete_or_move_publishes_exactly_the_window_and_the_end(case: Case) -> None:
    _, table, region, *_ = case
    old = target_of(table, region)
    if old is None or change_of(table, region) not in {Change.DELETE, Change.MOVE}:
        return
    going = Slot(
        old.id,
        old.base,
        old.npages,
        old.hva,
        log_dirty=old.log_dirty,
        readonly=old.readonly,
        invalid=True,
        as_id=old.as_id,
    )
    window = table_of(*(going if s == old else s for s in table))
    for outcome in outcomes_of(case):
        if outcome.reply == Done():
            assert outcome.versions == (window, outcome.leaves(table))
            assert len(outcome.versions) == 2
        else:
            assert outcome.versions in {(), (window, table)}


@given(cases())
def test_every_version_differs_from_the_one_before(case: Case) -> None:
    _, table, *_ = case
    for outcome in outcomes_of(case):
        for before, after in pairwise((table, *outcome.versions)):
            assert before != after


@given(cases())
def test_at_most_the_slot_asked_for_is_invalid_and_never_at_the_end(case: Case) -> None:
    _, table, region, *_ = case
    key = as_id_of(region.slot), id_of(region.slot)
    for outcome in outcomes_of(case):
        for version in outcome.versions:
            invalid = [(s.as_id, s.id) for s in version if s.invalid]
            assert invalid in ([], [key])
        assert not any(s.invalid for s in outcome.leaves(table))


@given(cases())
def test_other_slots_are_the_same_in_every_version(case: Case) -> None:
    _, table, region, *_ = case
    key = as_id_of(region.slot), id_of(region.slot)
    for outcome in outcomes_of(case):
        for version in outcome.versions:
            assert version.without(*key) == table.without(*key)


@given(cases())
def test_enomem_only_where_a_failure_was_injected(case: Case) -> None:
    *_, failure = case
    replies = {outcome.reply for outcome in outcomes_of(case)}
    assert failure is not None or Refused(Errno.ENOMEM) not in replies


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


@given(cases())
def test_a_request_with_nothing_wrong_succeeds(case: Case) -> None:
    profile, table, region, private, failure = case
    if objections(table, region, profile, LIMITS, private=private):
        return
    replies = {outcome.reply for outcome in outcomes_of(case)}
    assert Done() in replies
    assert failure is not None or replies == {Done()}


@given(st.data())
def test_address_spaces_do_not_see_each_other(data: st.DataObject) -> None:
    table = data.draw(reachable(LINUX))
    region = data.draw(regions | sound_regions)
    as_id = as_id_of(region.slot)
    alone = table_of(*(s for s in table if s.as_id == as_id))
    others = tuple(s for s in table if s.as_id != as_id)
    assert plan(table, region, LINUX, LIMITS) == tuple(
        Outcome(o.reply, tuple(table_of(*v, *others) for v in o.versions))
        for o in plan(alone, region, LINUX, LIMITS)
    )
