"""What is announced is held against what was asked, and against itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest

from memslot_spec.clauses import clause_by_id
from memslot_spec.history.events import Call, Event, Finished, Return
from memslot_spec.history.header import (
    Capabilities,
    Domain,
    Header,
    History,
    Interleaving,
)
from memslot_spec.history.points.caches import (
    GenerationSet,
    MmioCached,
    MmioHit,
    MmioPlace,
)
from memslot_spec.history.points.dirty import BitmapAllocated, DirtyBitsCleared
from memslot_spec.history.points.host import HostPageFound, MetadataAllocated
from memslot_spec.history.points.mmu import (
    Flushed,
    MmuLocked,
    RmapAdded,
    RmapIndexed,
    RmapRemoved,
    RmapsCounted,
    RmapUse,
    ShadowPageCreated,
    SlotBitSet,
    SpteMapped,
    SpteUpdated,
)
from memslot_spec.history.points.tables import (
    ArchLocked,
    ArchUnlocked,
    Attached,
    TableLoaded,
    TablePublished,
    TableRead,
    TableWritten,
)
from memslot_spec.judging.announced.rules import UNTRUE
from memslot_spec.judging.judge import judge
from memslot_spec.model.operations import (
    ChangePte,
    CountRmaps,
    GetDirtyLog,
    GfnToHva,
    GuestAccess,
    Operation,
    SetRegion,
    UnmapHva,
)
from memslot_spec.model.profile import LINUX, Limits
from memslot_spec.model.replies import DirtyLog, Done, FoundHva, Number
from memslot_spec.model.values import Gfn, Hva, MemoryRegion, Slot, table_of

A = Slot(0, Gfn(16), 4, Hva(0x10_0000))
LOGS = replace(A, log_dirty=True)
PUT_A = SetRegion(MemoryRegion(0, 16 << 12, 4 << 12, 0x10_0000))
READ = GuestAccess(17)
GET = GetDirtyLog(0)
UNMAP = UnmapHva(0x10_1000)
ONE = TablePublished(1, 1, table_of(A))
PAGE = ShadowPageCreated(1, page=1, gfn=0, direct=True, capacity=33)
MAPPED = SpteMapped(1, 1, 17, 17, 1, writable=False, hva=0x10_1000, table=1)
CACHED = MmioCached(1, MmioPlace.SPTE, 17, 0, 0, 1)
WALK = RmapIndexed(1, RmapUse.HVA_WALK, 0, 16, 1, 17, 1)
UPDATED = SpteUpdated(1, 1, 17, writable=False, other_page=True)
CLEARED = DirtyBitsCleared(1, 7, (1, 2))
BITMAP = BitmapAllocated(1, 7, 0, 0, 4)
ON = RmapAdded(1, 1, 17, 0, 1, 1)
OFF = RmapRemoved(1, 1, 17, 0, 1, 1)
END = Finished(0, ())


def header_of(*announces: str) -> Header:
    return Header(
        target="by hand",
        profile=LINUX.name,
        limits=Limits(user_slots=8),
        capabilities=Capabilities(
            operations=("GfnToHva", "UnmapHva"),
            interleaving=Interleaving.POINTS,
            announces=announces,
        ),
        domain=Domain(exact_dirty_log=True),
    )


def untrue(*events: Event) -> str | None:
    """What the judge says of these, where it is asked no clause."""
    kinds = {type(e).__name__ for e in events} - {"Call", "Return", "Finished"}
    promised = {"TableWritten", "RmapIndexed", "HostPageFound", "MmioCached"}
    others = {"TableLoaded", "TableRead", "DirtyBitsCleared"}
    header = header_of(*sorted(kinds | promised | others))
    judgement = judge(History(header, events), ())
    assert not judgement.findings
    told = judgement.contradiction
    return None if told is None else told.removeprefix(UNTRUE)


def asked(operation: Operation, *events: Event) -> tuple[Event, ...]:
    return (Call(1, operation), *events)


WRONG: dict[str, tuple[Event, ...]] = {
    "MmioCached names gfn": asked(READ, replace(CACHED, gfn=18)),
    "does not hold mmu_lock": (MmuLocked(2), *asked(READ, CACHED)),
    "is of address space": asked(READ, replace(PAGE, as_id=1)),
    "paging is off": asked(READ, replace(PAGE, direct=False)),
    "no page of a tree": asked(READ, replace(PAGE, npages=513)),
    "which is of 512 frames": (PAGE, replace(MAPPED, gfn=600)),
    "which is a root": (replace(PAGE, root=True), MAPPED),
    "nobody has created": (PAGE, SlotBitSet(1, 2, 0)),
    "SlotBitSet names slot 5": (ONE, PAGE, SlotBitSet(1, 1, 5)),
    "maps another page": asked(UNMAP, UPDATED),
    "is for HVA_WALK": asked(READ, WALK),
    "RmapIndexed is in slot 5": (ONE, *asked(UNMAP, replace(WALK, slot_id=5))),
    "for the second time": (ON, OFF, OFF),
    "RmapsCounted says 2": (
        *asked(CountRmaps(), RmapsCounted(1, 2)),
        Return(1, Number(1)),
    ),
    "was left": (PAGE, MAPPED, *asked(PUT_A, Flushed(1, None))),
    "MetadataAllocated is for slot 1": asked(
        PUT_A, MetadataAllocated(1, 3, 0, 1, 16, 4)
    ),
    "BitmapAllocated is for slot 1": asked(PUT_A, replace(BITMAP, slot_id=1)),
    "which no table has had": (ONE, *asked(READ, MetadataAllocated(1, 3, 0, 1, 16, 4))),
    "has 5 pages": asked(PUT_A, replace(BITMAP, npages=5)),
    "which nobody can ask for": asked(PUT_A, replace(BITMAP, all_set=True)),
    "but the request is of 0": asked(
        PUT_A, GenerationSet(1, 1, 1, 2, in_progress=True)
    ),
    "holds the lock": (ArchLocked(1), ArchLocked(1)),
    "none of its fields": (TableWritten(1, 1, "slots_"),),
    "nobody has written": (TableWritten(1, 2), ONE),
    "told of that slot before": (
        replace(ONE, attached=(Attached(0, 0, 7), Attached(0, 0, 7))),
    ),
    "no such slot": (replace(ONE, attached=(Attached(0, 3, 7),)),),
    "no bitmap": asked(
        PUT_A,
        BITMAP,
        TablePublished(1, 1, table_of(LOGS), attached=(Attached(0, 0, None, 3),)),
    ),
    "names a page twice": (replace(CLEARED, pages=(1, 1)),),
    "names bitmap 8": (BITMAP, *asked(GET, replace(CLEARED, bitmap=8))),
    "is of slot 0": (BITMAP, *asked(GetDirtyLog(1), CLEARED)),
    "was answered alone": (*asked(GET, CLEARED), Return(1, DirtyLog((14,)))),
    "was cleared alone": (*asked(GET, CLEARED), Return(1, DirtyLog((2,)))),
    "promises TableWritten": (ONE, END),
    "promises TableLoaded": (
        *asked(GfnToHva(17), TableRead(1, 1, "slots")),
        Return(1, FoundHva(None)),
        END,
    ),
    "promises TableRead": (
        *asked(GfnToHva(17), TableLoaded(1, 1)),
        Return(1, FoundHva(0x10_1000)),
        END,
    ),
    "promises RmapIndexed": (ON, END),
    "promises HostPageFound": (*asked(READ, MAPPED), Return(1, Number(0)), END),
    "promises MmioCached": (MmioHit(1, MmioPlace.SPTE, 17, 0, 1), END),
    "promises DirtyBitsCleared": (*asked(GET), Return(1, DirtyLog((2,))), END),
}
"""By words of what is said: what cannot be true of any kernel."""

RIGHT: dict[str, tuple[Event, ...]] = {
    "a frame is cached under the lock": (
        MmuLocked(1),
        *asked(READ, CACHED),
    ),
    "a direct page holds the frame": asked(READ, PAGE, HostPageFound(1, 0, 1), MAPPED),
    "a root covers everything": (replace(PAGE, root=True, npages=1 << 27),),
    "a paged guest has direct pages": asked(replace(READ, direct=False), PAGE),
    "a bit of a slot is set": (ONE, PAGE, SlotBitSet(1, 1, 0)),
    "the host puts another page": asked(ChangePte(0x10_1000), UPDATED),
    "the host walks": (ONE, *asked(UNMAP, WALK)),
    "an spte is put on a map again": (ON, OFF, ON, OFF),
    "the count is the answer": (
        *asked(CountRmaps(), RmapsCounted(1, 2)),
        Return(1, Number(2)),
    ),
    "what is mapped meanwhile stays": (PAGE, *asked(PUT_A, MAPPED, Flushed(1, None))),
    "a slot has arrays late": (ONE, *asked(READ, MetadataAllocated(1, 3, 0, 0, 16, 4))),
    "a bitmap is of whole bytes": asked(PUT_A, replace(BITMAP, npages=8)),
    "the space is the request's": asked(
        PUT_A, GenerationSet(1, 1, 0, 2, in_progress=True)
    ),
    "a lock is taken again": (ArchLocked(1), ArchUnlocked(1), ArchLocked(1)),
    "a table is written first": (TableWritten(1, 1), ONE, END),
    "a copy is published as it is": (
        TableWritten(1, 1),
        ONE,
        replace(ONE, table=2),
        END,
    ),
    "who tells only of what leaves a map": (OFF, OFF),
    "what is attached is told": (replace(ONE, attached=(Attached(0, 0, 7),)),),
    "an INVALID slot has no bitmap": asked(
        PUT_A,
        BITMAP,
        TablePublished(1, 1, table_of(LOGS.as_invalid()), attached=(Attached(0, 0),)),
    ),
    "what is cleared is answered": (
        BITMAP,
        *asked(GET, CLEARED),
        Return(1, DirtyLog((6,))),
        END,
    ),
    "a log is swapped": (*asked(GET, BITMAP), Return(1, DirtyLog((2,))), END),
}


@pytest.mark.parametrize("words", WRONG)
def test_what_cannot_be_true_is_said_in_words(words: str) -> None:
    assert words in (untrue(*WRONG[words]) or "nothing")


@pytest.mark.parametrize("name", RIGHT)
def test_what_may_be_true_is_left_alone(name: str) -> None:
    assert untrue(*RIGHT[name]) is None


def test_nothing_is_held_against_a_target_that_announces_nothing() -> None:
    history = History(header_of(), (*asked(GET), Return(1, DirtyLog((2,))), END))
    assert judge(history, ()).contradiction is None


@pytest.mark.parametrize(
    ("asked_of", "withheld"), [(("RMAP-3",), {"RMAP-3"}), ((), {})]
)
def test_clauses_that_do_not_read_it_are_judged_on(
    asked_of: tuple[str, ...], withheld: Collection[str]
) -> None:
    kinds = ("TablePublished", "TableLoaded", "SpteMapped", "RmapIndexed")
    wrong = (*asked(UNMAP, replace(WALK, slot_id=5)), Return(1, Done()))
    missed = asked(GfnToHva(17), TableLoaded(1, 1), Return(1, FoundHva(None)))
    clauses = [*map(clause_by_id, (*asked_of, "LOOK-4"))]
    judgement = judge(History(header_of(*kinds), (ONE, *wrong, *missed)), clauses)
    assert [finding.clause for finding in judgement.findings] == ["LOOK-4"]
    assert judgement.withheld == frozenset(withheld)
