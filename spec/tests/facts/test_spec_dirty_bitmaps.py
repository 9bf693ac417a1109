"""Facts about dirty bitmaps from points, and what they excuse: histories by hand."""

from __future__ import annotations

import pytest

from memslot_spec.clauses import CLAUSES
from memslot_spec.facts.bitmaps import Bitmap, DirtyBitmaps, OpenLogCall, undirtied
from memslot_spec.facts.mmu import Shadow, Spte
from memslot_spec.history.events import Call, Event, Return
from memslot_spec.history.header import Capabilities, Header, History, Interleaving
from memslot_spec.history.points.dirty import (
    BitmapAllocated,
    BitmapFreed,
    DirtyBitsCleared,
    DirtyBitSet,
)
from memslot_spec.history.points.host import HostPageDirtied
from memslot_spec.history.points.mmu import (
    MmuLocked,
    MmuUnlocked,
    SpteMapped,
    SpteRemoved,
)
from memslot_spec.history.points.srcu import GracePeriodEnded
from memslot_spec.history.points.tables import Attached, TableLoaded, TablePublished
from memslot_spec.judging.judge import judge
from memslot_spec.model.operations import (
    ClearDirtyLog,
    GetDirtyLog,
    GuestAccess,
    SetRegion,
)
from memslot_spec.model.profile import LINUX, Limits
from memslot_spec.model.replies import DirtyLog, Done
from memslot_spec.model.values import Gfn, Hva, Slot, table_of

SLOT = Slot(0, Gfn(16), 4, Hva(0x100000), log_dirty=True)
LARGE = Spte(0, 512, 2, 0, SLOT, 1, writable=True)
ANNOUNCED = (
    BitmapAllocated,
    BitmapFreed,
    DirtyBitSet,
    DirtyBitsCleared,
    TablePublished,
    TableLoaded,
    SpteMapped,
    SpteRemoved,
    MmuLocked,
    HostPageDirtied,
    GracePeriodEnded,
)
TABLE = table_of(SLOT)
WITH_1 = TablePublished(0, 1, TABLE, attached=(Attached(0, 0, bitmap=1),))
WITH_2 = TablePublished(1, 2, TABLE, attached=(Attached(0, 0, bitmap=2),))
BEGUN: tuple[Event, ...] = (BitmapAllocated(0, 1, 0, 0, 4), WITH_1)
MAPPED = SpteMapped(0, 1, 17, 17, 1, writable=True, hva=0x101000, table=1)
GET = Call(1, GetDirtyLog(0))
GOT = Return(1, DirtyLog((0b10,)))
CLEAR = Call(1, ClearDirtyLog(0, 0, 4, (0b10,)))


def under_lock(*events: Event) -> tuple[Event, ...]:
    return (MmuLocked(0), *events, MmuUnlocked(0))


FAULTED = under_lock(DirtyBitSet(0, 1, 1), MAPPED)


def found(*events: Event) -> set[str]:
    """The clauses about dirty bitmaps that the history breaks."""
    kinds = (SetRegion, GuestAccess, GetDirtyLog, ClearDirtyLog)
    header = Header(
        target="by hand",
        profile=LINUX.name,
        limits=Limits(user_slots=8),
        capabilities=Capabilities(
            operations=tuple(kind.__name__ for kind in kinds),
            interleaving=Interleaving.POINTS,
            announces=tuple(kind.__name__ for kind in ANNOUNCED),
        ),
    )
    mine = tuple(clause for clause in CLAUSES if clause.id.startswith("DIRTY"))
    return {f.clause for f in judge(History(header, events), mine).findings}


def test_a_bitmap_that_begins_set_counts_what_was_cleared() -> None:
    bitmap = Bitmap(4, all_set=True)
    bitmap.put(1, dirty=False)
    assert [page for page in range(4) if bitmap.is_dirty(page)] == [0, 2, 3]
    bitmap.put(1, dirty=True)
    assert all(bitmap.is_dirty(page) for page in range(4))


def test_a_large_spte_is_looked_at_page_by_page_inside_the_slot() -> None:
    bitmaps = DirtyBitmaps()
    bitmaps.live[1] = Bitmap(4, all_set=False)
    bitmaps.publish(TABLE, WITH_1.attached, None)
    bitmaps.live[1].put(2, dirty=True)
    assert undirtied(bitmaps, Shadow(), SLOT, LARGE) == (0, 1, 3)


def test_what_a_get_took_is_dirty_for_its_own_slot() -> None:
    bitmaps = DirtyBitmaps()
    bitmaps.live[1] = Bitmap(4, all_set=False)
    bitmaps.publish(TABLE, WITH_1.attached, None)
    bitmaps.taken[3] = OpenLogCall((0, 0), pages={(1, 2)})
    bitmaps.taken[4] = OpenLogCall((0, 1), pages={(1, 3)})
    assert bitmaps.is_dirty(SLOT, 2)
    assert not bitmaps.is_dirty(SLOT, 3)


@pytest.mark.parametrize(
    "events",
    [
        FAULTED,
        under_lock(MAPPED, DirtyBitSet(0, 1, 1)),
        # The fault marks the bitmap that a GET has swapped out already.
        (
            GET,
            BitmapAllocated(1, 2, 0, 0, 4),
            WITH_2,
            *FAULTED,
            *under_lock(HostPageDirtied(0, 0x101000), SpteRemoved(0, 1, 17)),
            GOT,
        ),
        # A bit is taken out before the page is protected.
        (
            *FAULTED,
            CLEAR,
            DirtyBitsCleared(1, 1, (1,)),
            *under_lock(MAPPED),
            *under_lock(HostPageDirtied(0, 0x101000), SpteRemoved(0, 1, 17)),
            Return(1, Done()),
        ),
    ],
)
def test_no_write_goes_unnoticed(events: tuple[Event, ...]) -> None:
    assert not found(*BEGUN, *events)


@pytest.mark.parametrize(
    ("clause", "events"),
    [
        ("DIRTY-1", under_lock(MAPPED)),
        (
            "DIRTY-2",
            (GET, BitmapAllocated(1, 2, 0, 0, 4), *FAULTED, WITH_2, GOT),
        ),
        ("DIRTY-3", (*FAULTED, *under_lock(SpteRemoved(0, 1, 17)))),
        (
            "DIRTY-20",
            (*FAULTED, CLEAR, DirtyBitsCleared(1, 1, (1,)), Return(1, Done())),
        ),
        (
            "DIRTY-27",
            (BitmapAllocated(0, 2, 0, 0, 3), WITH_2),
        ),
        ("DIRTY-29", (BitmapAllocated(0, 2, 0, 0, 4), WITH_2, BitmapFreed(0, 1))),
    ],
)
def test_what_is_left_writable_or_untold(
    clause: str, events: tuple[Event, ...]
) -> None:
    assert found(*BEGUN, *events) == {clause}
