"""What the judge says of the locks beside the update lock, and where it cannot tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from judged_histories import A_GOING, BLIND, LIMITS, POINTS, PUT_A, A, header
from memslot_spec.clauses.readers.arch_lock import CLAUSES
from memslot_spec.history.events import Call, Event, Return
from memslot_spec.history.header import Header, History
from memslot_spec.history.points.host import MetadataAllocated, MetadataFreed
from memslot_spec.history.points.mmu import MmuLocked, MmuUnlocked
from memslot_spec.history.points.srcu import GracePeriodBegun
from memslot_spec.history.points.tables import (
    ArchLocked,
    ArchUnlocked,
    Attached,
    TablePublished,
    TableWritten,
    UpdateLocked,
)
from memslot_spec.judging.applies import not_applicable
from memslot_spec.judging.judge import judge
from memslot_spec.model.operations import (
    GuestAccess,
    InvalidateRange,
    Operation,
    ReleaseNotifier,
    UnmapHva,
)
from memslot_spec.model.profile import LINUX
from memslot_spec.model.replies import Accessed, Done
from memslot_spec.model.values import Gfn, Hva, Slot, table_of


def linux(announces: Iterable[str] = POINTS) -> Header:
    """A target of today that announces these points."""
    return replace(
        header(announces=tuple(announces)), profile=LINUX.name, limits=LIMITS
    )


def broken(*events: Event, head: Header | None = None) -> list[str]:
    """Which of the clauses on these locks a history breaks."""
    judgement = judge(History(head or linux(), events), CLAUSES)
    assert judgement.contradiction is None
    return [finding.clause for finding in judgement.findings]


def published(handle: int, *slots: Slot, arrays: tuple[int, ...] = ()) -> Event:
    """A table of thread 0, and the slots with arrays in it."""
    attached = tuple(Attached(0, slot_id, metadata=7 + slot_id) for slot_id in arrays)
    return TablePublished(0, handle, table_of(*slots), 0, attached)


B = Slot(1, Gfn(32), 4, Hva(0x20_0000))
REQUEST = Call(0, PUT_A)
LOCKED = (ArchLocked(0), TableWritten(0, 1))
ALLOCATED = MetadataAllocated(0, 7, 0, 0, 16, 4)
LATE = MetadataAllocated(1, 7, 0, 0, 16, 4)
FAULT = (Call(1, GuestAccess(17)), LATE, Return(1, Accessed(0x10_1000)))


@pytest.mark.parametrize(
    "operation",
    [UnmapHva(0), InvalidateRange(0, 0x1000), ReleaseNotifier()],
    ids=lambda one: type(one).__name__,
)
def test_a_notifier_takes_neither_lock_of_the_updates(operation: Operation) -> None:
    assert broken(Call(0, operation), UpdateLocked(0)) == ["SRCU-24"]
    assert broken(Call(0, operation), ArchLocked(0)) == ["SRCU-25"]


def test_a_request_and_a_fault_may_take_them() -> None:
    assert broken(REQUEST, UpdateLocked(0), ArchLocked(0)) == []
    assert broken(Call(0, GuestAccess(17)), ArchLocked(0)) == []


def test_one_lock_for_everything_is_not_judged() -> None:
    one_lock = linux(p for p in POINTS if not p.startswith(("Mmu", "Arch")))
    judged = {c.id for c in CLAUSES if not_applicable(c, one_lock) is None}
    assert judged == {"SRCU-29"}
    assert not [c for c in CLAUSES if not_applicable(c, BLIND) is None]


def test_the_lock_is_held_from_the_last_write_to_the_publication() -> None:
    table = published(1, A)
    assert broken(REQUEST, *LOCKED, table) == []
    assert broken(REQUEST, TableWritten(0, 1), table) == ["SRCU-26"]
    assert broken(REQUEST, *LOCKED, ArchUnlocked(0), table) == ["SRCU-26"]
    assert broken(REQUEST, TableWritten(0, 1), ArchLocked(0), table) == ["SRCU-26"]
    again = (ArchUnlocked(0), *LOCKED)
    assert broken(REQUEST, *LOCKED, *again, table) == []


def test_a_table_that_an_earlier_request_wrote_may_be_put_back() -> None:
    earlier = (REQUEST, TableWritten(0, 1), Return(0, Done()))
    assert broken(*earlier, REQUEST, ArchLocked(0), published(1, A)) == []
    assert broken(*earlier, REQUEST, published(1, A)) == ["SRCU-26"]


def test_nobody_waits_for_readers_with_a_lock_that_they_take() -> None:
    wait = GracePeriodBegun(0)
    assert broken(REQUEST, ArchLocked(0), wait) == ["SRCU-27"]
    assert broken(REQUEST, ArchLocked(0), ArchUnlocked(0), wait) == []
    assert broken(REQUEST, MmuLocked(0), wait) == ["SRCU-28"]
    assert broken(REQUEST, MmuLocked(0), MmuUnlocked(0), wait) == []
    assert broken(REQUEST, MmuLocked(1), wait) == []


SILENT = linux(p for p in POINTS if not p.startswith("Arch"))
"""Who does not tell of the lock is held to what comes of it alone."""

CREATED = (REQUEST, ALLOCATED, published(1, A, arrays=(0,)), Return(0, Done()))


def test_a_slot_that_stays_keeps_its_arrays() -> None:
    kept = published(2, A_GOING, arrays=(0,))
    assert broken(*CREATED, REQUEST, kept, head=SILENT) == []
    lost = published(2, A_GOING)
    assert broken(*CREATED, REQUEST, lost, head=SILENT) == ["SRCU-29"]


def test_a_slot_that_moves_needs_others() -> None:
    elsewhere = replace(A, base=Gfn(64))
    assert broken(*CREATED, REQUEST, published(2, elsewhere), head=SILENT) == []


BARE = (REQUEST, published(1, A, B), Return(0, Done()))


def test_arrays_that_a_fault_allocated_are_in_the_next_table() -> None:
    request = (*BARE, *FAULT, REQUEST)
    assert broken(*request, published(2, A, B, arrays=(0, 1)), head=SILENT) == []
    lost = published(2, A, B, arrays=(1,))
    assert broken(*request, lost, head=SILENT) == ["SRCU-29"]


def test_who_tells_of_no_arrays_with_a_table_is_not_judged() -> None:
    request = (*BARE, *FAULT, REQUEST)
    assert broken(*request, published(2, A, B), head=SILENT) == []


def test_arrays_that_were_freed_again_are_not_missed() -> None:
    freed = (*BARE, *FAULT, MetadataFreed(1, 7), REQUEST)
    assert broken(*freed, published(2, A, B, arrays=(1,)), head=SILENT) == []
