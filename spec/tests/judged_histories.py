"""Histories of a slot that is put, read and deleted, for tests of the judge."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

from memslot_spec.clause import Clause
from memslot_spec.clauses import CLAUSES
from memslot_spec.facts.facts import Facts
from memslot_spec.history.events import Call, Event, Point, Return
from memslot_spec.history.header import (
    Capabilities,
    Domain,
    Header,
    History,
    Interleaving,
)
from memslot_spec.history.points.tables import TablePublished
from memslot_spec.judging.judge import judge
from memslot_spec.known import Known
from memslot_spec.model.operations import Operation, SetRegion
from memslot_spec.model.profile import BOTH, V2_6_34, Limits
from memslot_spec.model.replies import Done, FoundHva, Reply
from memslot_spec.model.values import Gfn, Hva, MemoryRegion, Slot, SlotTable, table_of
from memslot_spec.moments.replies import Answered

POINTS = tuple(kind.__name__ for kind in get_args(Point))
OPERATIONS = tuple(kind.__name__ for kind in get_args(Operation))
LIMITS = Limits(user_slots=32)

A = Slot(0, Gfn(16), 4, Hva(0x10_0000))
A_GOING = A.as_invalid()
B = Slot(1, Gfn(32), 4, Hva(0x20_0000))
ONE, GOING, TWO = table_of(A), table_of(A_GOING), table_of(A, B)
PUT_A = SetRegion(MemoryRegion(0, 16 << 12, 4 << 12, 0x10_0000))
PUT_B = SetRegion(MemoryRegion(1, 32 << 12, 4 << 12, 0x20_0000))
DELETE_A = SetRegion(MemoryRegion(0, 0, 0, 0))
DELETE_B = SetRegion(MemoryRegion(1, 0, 0, 0))
AT_17, AT_33 = FoundHva(0x10_1000), FoundHva(0x20_1000)
NOWHERE = FoundHva(None)


def header(*, announces: tuple[str, ...] = ()) -> Header:
    """A target that can do everything and announces these points."""
    return Header(
        target="by hand",
        profile=V2_6_34.name,
        limits=LIMITS,
        capabilities=Capabilities(
            operations=OPERATIONS,
            interleaving=Interleaving.POINTS,
            announces=announces,
            shows=("table", "sptes", "pages"),
        ),
        domain=Domain(private_slots=4),
    )


SIGHTED, BLIND = header(announces=POINTS), header()
TABLES_ONLY = header(announces=("TableLoaded", "TablePublished"))


def asked(thread: int, operation: Operation, reply: Reply) -> tuple[Event, Event]:
    """A call with its reply, and nothing between them."""
    return Call(thread, operation), Return(thread, reply)


def done(operation: SetRegion, *tables: tuple[int, SlotTable]) -> tuple[Event, ...]:
    """An accepted request of thread 0 that publishes these tables."""
    published = [TablePublished(0, handle, table) for handle, table in tables]
    return (Call(0, operation), *published, Return(0, Done()))


def found(head: Header, *events: Event) -> list[tuple[str, int]]:
    """The clauses broken, each with its step."""
    judgement = judge(History(head, events), CLAUSES)
    assert judgement.contradiction is None
    return [(finding.clause, finding.step) for finding in judgement.findings]


HAVE_A = asked(0, PUT_A, Done())
HAVE_TWO = (*HAVE_A, *asked(0, PUT_B, Done()))


def expects_nothing(facts: Facts, answered: Answered) -> str:
    del facts, answered
    return ""


def spy(look: Callable[[Facts, Answered], bool]) -> Clause[Answered]:
    """A clause that looks at every answer and is about none."""
    return Clause(
        id="SPY-1",
        title="A look at every answer",
        must="",
        known=Known(derived="it asks nothing"),
        rows=(),
        profiles=BOTH,
        on=Answered,
        premise=look,
        holds=look,
        expected=expects_nothing,
    )
