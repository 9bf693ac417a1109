"""Where the explorer switches threads, by name and with the reason.

A point that is left out makes fewer schedules, and every verdict stays as it was:
only a list shows it. Each kind of point is here once, as one to switch at or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import get_args

import pytest

from memslot_conformance.layers.fixed import BOUNDS
from memslot_conformance.play.chance import FEW, HANDING_OVER, STAYS
from memslot_conformance.play.explore import sampled
from memslot_conformance.play.played import Played
from memslot_conformance.play.scheduler import play
from memslot_conformance.play.stepping import SWITCHING
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.resolve import resolve
from memslot_spec.history.events import Event, Point
from memslot_spec.model.operations import GuestAccess, SetRegion
from memslot_spec.model.values import MemoryRegion

SWITCHES = {
    "SectionEntering": "the index is read, the counter not yet raised",
    "SectionEntered": "from here on a grace period waits for the reader",
    "SectionLeft": "a grace period that waited may end",
    "TableLoaded": "the table may be replaced while the reader holds it",
    "TablePublished": "readers find the new table",
    "TableReclaimed": "a reader that still held it reads freed memory",
    "GracePeriodBegun": "readers may still enter under the old index",
    "IndexFlipped": "readers enter under the other index",
    "GracePeriodEnded": "nobody holds what was replaced",
    "UpdateLocked": "other updates have to wait",
    "UpdateUnlocked": "an update that waited may go on",
    "MmuLocked": "faults and flushes have to wait",
    "MmuUnlocked": "shadow state is as it was left, and others may change it",
    "GuestEntered": "the guest reaches memory by what is mapped now",
    "Retried": "the access begins anew, by the table of then",
    "SpteUpdated": "a fast page fault does it without mmu_lock, and then marks",
    "HostPageFound": "the host may remove the page before it is mapped",
    "Slept": "a thread that sleeps lets everybody run",
    "InvalidationBegun": "faults on the range have to be refused",
    "InvalidationEnded": "an update that waited for the range may go on",
    "GenerationSet": "caches compare with the new number",
    "CachesUpdated": "the caches are ready and the number is not yet seen",
}
"""After these another thread can tell the difference."""

STAYS_AT = {
    "ArchLocked": "an update that waits for it goes on after a publication",
    "ArchUnlocked": "a switch is at the grace period or section's end after it",
    "BitmapAllocated": "nobody has it before the table is published",
    "BitmapFreed": "what is freed is judged by the grace period before it",
    "DirtyBitSet": "one store: a swap before it or after it is all there is",
    "DirtyBitsCleared": "under mmu_lock",
    "DomainDestroyed": "the VM ends, and nobody else runs",
    "Flushed": "under mmu_lock",
    "HostPageDirtied": "told to the host alone",
    "MetadataAllocated": "nobody has it before the table is published",
    "MetadataFreed": "what is freed is judged by the grace period before it",
    "MmioCached": "a cache of the vCPU alone, or under mmu_lock",
    "MmioHit": "a cache of the vCPU alone, or under mmu_lock",
    "PfnCacheValid": "the lock of the cache is held",
    "RmapAdded": "under mmu_lock",
    "RmapIndexed": "under mmu_lock",
    "RootsInvalidated": "under mmu_lock",
    "RmapRemoved": "under mmu_lock",
    "RmapsCounted": "under mmu_lock",
    "RootGranted": "an answer to the one who asked",
    "ShadowPageCreated": "under mmu_lock",
    "ShadowPageZapped": "under mmu_lock",
    "SlotBitSet": "under mmu_lock",
    "SpteMapped": "under mmu_lock",
    "SpteRemoved": "under mmu_lock",
    "TableRead": "the table was loaded before, and is the reader's until it leaves",
    "TableWritten": "a store into a table that readers may hold is wrong by itself",
    "TlbFlushed": "a switch is at the lock and at the unlock about it",
}
"""After these nobody else can, or a switch follows before anybody does."""

HANDS_OVER = {
    "GracePeriodBegun": "an updater begins to wait",
    "GracePeriodEnded": "an updater goes on",
    "IndexFlipped": "readers change sides",
    "MmuLocked": "shadow state is taken",
    "MmuUnlocked": "shadow state is given back",
    "Return": "the caller knows the answer",
    "SectionEntered": "a reader is counted",
    "SectionEntering": "a reader is about to be counted",
    "TableLoaded": "a reader holds a table",
    "TablePublished": "readers find another table",
    "UpdateLocked": "the tables are taken",
    "UpdateUnlocked": "the tables are given back",
}
"""Where half of the sampled schedules switch, and nowhere else."""

KINDS = {kind.__name__: kind for kind in get_args(Point)}

RACE = Scenario(
    (SetRegion(MemoryRegion(0, 16 << 12, 4 << 12, 0x1000 << 12)), GuestAccess(17)),
    (
        (SetRegion(MemoryRegion(0, 0, 0, 0)),),
        (GuestAccess(17, write=True), GuestAccess(18)),
    ),
)


def names(kinds: frozenset[object]) -> set[str]:
    return {kind.__name__ for kind in kinds if isinstance(kind, type)}


def test_every_kind_of_point_has_a_reason_to_switch_or_not() -> None:
    assert names(SWITCHING) == set(SWITCHES)
    assert not SWITCHES.keys() & STAYS_AT.keys()
    assert SWITCHES.keys() | STAYS_AT.keys() == KINDS.keys()


def test_where_shared_state_changes_hands_is_named() -> None:
    assert names(HANDING_OVER) == set(HANDS_OVER)


@pytest.mark.parametrize("target", ["reference", "reference-linux"])
def test_the_chooser_is_asked_after_these_points_and_before_calls(target: str) -> None:
    asked: list[str] = []

    def choose(
        runnable: tuple[int, ...], current: int | None, events: Sequence[Event]
    ) -> int:
        if current is not None:
            asked.append(type(events[-1]).__name__)
        return runnable[0] if current is None else current

    played = play(resolve(target).make, RACE, choose)
    assert played.error is None
    assert set(asked) <= SWITCHES.keys() | {"Return"}
    points = [type(event).__name__ for event in raced(played)]
    switching = [name for name in points if name in SWITCHES]
    assert [name for name in asked if name != "Return"] == switching


def raced(played: Played) -> list[Event]:
    """The events of the race threads."""
    return [event for event in played.events if event.thread]


def test_sampled_schedules_stay_as_long_as_is_pinned() -> None:
    assert STAYS == (0.5, 0.9, 0.75, 0.95)


def test_of_the_sampled_schedules_some_switch_only_where_state_changes_hands() -> None:
    plays = list(sampled(resolve("reference").make, RACE, Random(1), 80))
    elsewhere = [preempted_after(played) - HANDS_OVER.keys() for played in plays]
    assert not any(elsewhere[2::4])
    assert sum(map(bool, elsewhere[::4])) >= 10
    assert {len(played.schedule) > 4 for played in plays} == {False, True}


def test_half_of_the_sampled_schedules_have_few_preemptions_anywhere() -> None:
    plays = list(sampled(resolve("reference").make, RACE, Random(2), 80))
    few = plays[1::2]
    assert {played.preemptions for played in few} <= set(range(max(FEW) + 1))
    assert sum(played.preemptions == 1 for played in few) >= 10
    assert len({kind for played in few for kind in preempted_after(played)}) >= 6


def preempted_after(played: Played) -> set[str]:
    """The kinds of events after which another thread went on, itself unfinished."""
    events = raced(played)
    last = {event.thread: step for step, event in enumerate(events)}
    return {
        type(one).__name__
        for step, (one, other) in enumerate(pairwise(events))
        if one.thread != other.thread and last[one.thread] > step
    }


def test_a_level_plays_as_many_preemptions_as_is_pinned() -> None:
    assert BOUNDS == {
        "brief": {1: 0, 2: 1, 3: 1, 4: 1},
        "quick": {1: 0, 2: 3, 3: 2, 4: 1},
        "standard": {1: 0, 2: 4, 3: 3, 4: 2},
        "deep": {1: 0, 2: 5, 3: 4, 4: 3},
    }
