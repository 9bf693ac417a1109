"""Rows of a plan that only today's kernel has."""

from __future__ import annotations

from memslot_spec.model.values import (
    BIT_1,
    EMPTY,
    LOG_DIRTY_PAGES,
    Errno,
    Gfn,
    Hva,
    MemoryRegion,
    Slot,
    table_of,
)
from plan_requests import (
    A_GOING,
    BIT_16,
    DONE,
    EEXIST,
    EINVAL,
    ONE,
    OTHER_SPACE,
    PRIVATE,
    READONLY,
    TWO,
    U64,
    A,
    B,
    Row,
    ask,
    done,
    undone,
)

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
