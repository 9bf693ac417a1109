"""Facts and clauses of ranges that have a part of a large page."""

from __future__ import annotations

from host_histories import holds, published, put
from memslot_spec.history.events import Call, Event, Return
from memslot_spec.history.points.host import (
    HostPageFound,
    InvalidationBegun,
    InvalidationEnded,
)
from memslot_spec.history.points.mmu import (
    MmuLocked,
    MmuUnlocked,
    SpteMapped,
    SpteRemoved,
)
from memslot_spec.history.points.tables import TableLoaded, UpdateLocked
from memslot_spec.model.operations import GuestAccess, InvalidateRange
from memslot_spec.model.replies import Done
from memslot_spec.model.values import Gfn, Hva, Slot, table_of

LARGE = Slot(0, Gfn(512), 512, Hva(512 << 12))
FIRST_PAGE = InvalidateRange(512 << 12, 513 << 12)


def large(access: int, *after: Event) -> list[Event]:
    """An access maps the large page while a range of its first page is open."""
    opened = InvalidationBegun(2, FIRST_PAGE.start, FIRST_PAGE.end)
    found = (TableLoaded(1, 1), HostPageFound(1, 512 << 12, 512))
    spte = SpteMapped(1, 1, 0, 512, 2, writable=True, hva=512 << 12, table=1)
    return [
        *(Call(0, put(512, 512)), UpdateLocked(0), published(table_of(LARGE))),
        *(Return(0, Done()), Call(1, GuestAccess(access)), *found),
        *(Call(2, FIRST_PAGE), opened, MmuLocked(1), spte, MmuUnlocked(1), *after),
    ]


def test_a_large_page_is_mapped_beside_a_range_and_is_gone_at_its_end() -> None:
    ended = InvalidationEnded(2, FIRST_PAGE.start, FIRST_PAGE.end)
    whole = SpteRemoved(2, 1, 0)
    done = (ended, Return(2, Done()))
    for clause in ("HVA-5", "HVA-8"):
        assert holds(clause, *large(513))
        assert not holds(clause, *large(512))
    assert holds("HVA-3", *large(513, whole, *done))
    assert not holds("HVA-3", *large(513, *done))


def test_a_large_page_of_which_a_part_was_taken_is_looked_up_again() -> None:
    ended = InvalidationEnded(2, FIRST_PAGE.start, FIRST_PAGE.end)
    events = large(513)
    mapped_at = next(i for i, e in enumerate(events) if isinstance(e, MmuLocked))
    events.insert(mapped_at, ended)
    assert not holds("HVA-8", *events)
