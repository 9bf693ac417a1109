"""Rows of a plan that both profiles have, and those of 2009 alone."""

from __future__ import annotations

from memslot_spec.model.values import (
    BIT_1,
    EMPTY,
    LOG_DIRTY_PAGES,
    Gfn,
    Hva,
    MemoryRegion,
    Slot,
    table_of,
)
from plan_requests import (
    A_GOING,
    A_LOGGED,
    B_GOING,
    BIT_16,
    DONE,
    EEXIST,
    EINVAL,
    NEW,
    ONE,
    PRIVATE,
    TWO,
    U64,
    WITH_NEW,
    A,
    B,
    Row,
    ask,
    done,
)

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
