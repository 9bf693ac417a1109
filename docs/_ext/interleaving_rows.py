"""What a picture of a history shows: rows of steps, and bars beside them.

A whole history has more steps than a reader can use. A picture has calls,
replies, and the families of points that the page asks for. What holds for a
while, such as a read section, is a bar beside the lane and takes no rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from interleaving_search import Found

from memslot_spec.history import events
from memslot_spec.history.events import Call, Event, Observed, Return
from memslot_spec.history.points import caches as cache_points
from memslot_spec.history.points import dirty as dirty_points
from memslot_spec.history.points import host as host_points
from memslot_spec.history.points import mmu as mmu_points
from memslot_spec.history.points import srcu as srcu_points
from memslot_spec.history.points import tables as tables_points
from memslot_spec.history.points.tables import TablePublished

FAMILIES: dict[str, frozenset[type]] = {
    "calls": frozenset({events.Call, events.Return}),
    "sections": frozenset({srcu_points.SectionEntered, srcu_points.SectionLeft}),
    "srcu": frozenset({srcu_points.SectionEntering, srcu_points.IndexFlipped}),
    "loads": frozenset({tables_points.TableLoaded}),
    "reads": frozenset({tables_points.TableRead}),
    "writes": frozenset({tables_points.TableWritten}),
    "publish": frozenset({tables_points.TablePublished}),
    "grace": frozenset({srcu_points.GracePeriodBegun, srcu_points.GracePeriodEnded}),
    "reclaim": frozenset({tables_points.TableReclaimed}),
    "locks": frozenset({tables_points.UpdateLocked, tables_points.UpdateUnlocked}),
    "arch-lock": frozenset({tables_points.ArchLocked, tables_points.ArchUnlocked}),
    "mmu": frozenset({mmu_points.MmuLocked, mmu_points.MmuUnlocked}),
    "guest": frozenset({srcu_points.GuestEntered}),
    "waits": frozenset({srcu_points.Retried, srcu_points.Slept}),
    "maps": frozenset(
        {mmu_points.SpteMapped, mmu_points.SpteRemoved, mmu_points.SpteUpdated}
    ),
    "pages": frozenset({mmu_points.ShadowPageCreated, mmu_points.ShadowPageZapped}),
    "bits": frozenset({mmu_points.SlotBitSet}),
    "rmaps": frozenset({mmu_points.RmapAdded, mmu_points.RmapRemoved}),
    "indices": frozenset({mmu_points.RmapIndexed}),
    "flush": frozenset(
        {mmu_points.Flushed, mmu_points.RootGranted, mmu_points.RmapsCounted}
    ),
    "tlb": frozenset({host_points.TlbFlushed, mmu_points.RootsInvalidated}),
    "host": frozenset({host_points.InvalidationBegun, host_points.InvalidationEnded}),
    "host-pages": frozenset({host_points.HostPageFound, host_points.HostPageDirtied}),
    "arrays": frozenset({host_points.MetadataAllocated, host_points.MetadataFreed}),
    "dirty": frozenset({dirty_points.DirtyBitSet, dirty_points.DirtyBitsCleared}),
    "bitmaps": frozenset({dirty_points.BitmapAllocated, dirty_points.BitmapFreed}),
    "generations": frozenset({cache_points.GenerationSet, cache_points.CachesUpdated}),
    "cached": frozenset(
        {
            cache_points.MmioCached,
            cache_points.MmioHit,
            cache_points.PfnCacheValid,
        }
    ),
    "end": frozenset({srcu_points.DomainDestroyed}),
}
"""The kinds of events that go together, by the names that a page uses."""

USUAL = ("calls", "loads", "publish", "grace", "reclaim", "waits", "maps", "flush")
"""What is shown unless the page says otherwise."""

BARS: tuple[tuple[str, type, type], ...] = (
    ("read section", srcu_points.SectionEntered, srcu_points.SectionLeft),
    ("grace period", srcu_points.GracePeriodBegun, srcu_points.GracePeriodEnded),
    ("mmu_lock", mmu_points.MmuLocked, mmu_points.MmuUnlocked),
    ("host range", host_points.InvalidationBegun, host_points.InvalidationEnded),
)
"""What holds for a while: its name, what begins it, and what ends it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: of a thread's lane, or across all of them where `thread` is None.

    `first` is the index of its first event. A `broken` row is where the clause
    was broken; one with a `version` makes that version the current one.
    """

    first: int
    thread: int | None
    text: str
    kind: str
    broken: bool = False
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """Something that holds on a thread from one event to another."""

    name: str
    thread: int
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Shown:
    """What a picture has to draw, and how many steps it leaves out."""

    threads: tuple[int, ...]
    rows: tuple[Row, ...]
    bars: tuple[Bar, ...]
    left_out: int


def shown(found: Found, families: Iterable[str]) -> Shown:
    """What to draw of a history."""
    kinds = frozenset[type]().union(*(FAMILIES[name] for name in families))
    first, last = _race(found.events)
    broken = -1 if found.finding is None else found.finding.step
    rows = _alone(found, 0, first, broken)
    lanes = [
        _row(found, index, broken)
        for index in range(first, last)
        if type(found.events[index]) in kinds or index == broken
    ]
    told = found.events[-1]
    ends: list[Row] = []
    if isinstance(told, events.Finished) and told.stuck:
        end = len(found.events) - 1
        ends = [Row(end, None, found.words[-1], "stuck", broken=broken == end)]
    after = _alone(found, last, len(found.events) - 1, broken)
    threads = tuple(sorted({e.thread for e in found.events[first:last]}))
    drawn = [row.first for row in lanes]
    bars = tuple(
        bar
        for bar in _bars(found.events, first, last)
        if any(bar.begin <= index <= bar.end for index in drawn)
    )
    left_out = sum(
        not isinstance(found.events[index], Observed) for index in range(first, last)
    ) - len(lanes)
    return Shown(threads, (*rows, *lanes, *after, *ends), bars, left_out)


def _race(history: Sequence[Event]) -> tuple[int, int]:
    """Where the race begins and ends: the first and last event not of thread 0."""
    racing = [index for index, event in enumerate(history) if event.thread]
    return (racing[0], racing[-1] + 1) if racing else (len(history), len(history))


def _row(found: Found, index: int, broken: int) -> Row:
    event = found.events[index]
    version = None
    if isinstance(event, TablePublished):
        version = version_at(found.events, index)
    return Row(
        index,
        event.thread,
        found.words[index],
        type(event).__name__,
        broken=index == broken,
        version=version,
    )


def version_at(history: Sequence[Event], index: int) -> int:
    """The newest version when the event at the index has happened."""
    return sum(isinstance(event, TablePublished) for event in history[: index + 1])


def _alone(found: Found, start: int, stop: int, broken: int) -> list[Row]:
    """A row for each operation of thread 0, from its call to its reply."""
    history = found.events
    calls = [i for i in range(start, stop) if isinstance(history[i], Call)]
    rows: list[Row] = []
    for begin, end in pairwise([*calls, stop]):
        said = [
            found.words[i]
            for i in range(begin, end)
            if isinstance(history[i], Call | Return)
        ]
        versions = published(history, range(begin, end))
        text = " ".join(said) + (f" (publishes {versions})" if versions else "")
        is_broken = begin <= broken < end
        rows.append(Row(begin, None, text, "alone", broken=is_broken))
    return rows


def published(history: Sequence[Event], indices: Iterable[int]) -> str:
    """The versions that these events publish."""
    return ", ".join(
        f"v{version_at(history, index)}"
        for index in indices
        if isinstance(history[index], TablePublished)
    )


def _bars(history: Sequence[Event], first: int, last: int) -> Iterable[Bar]:
    for name, begins, ends in BARS:
        open_since: dict[int, int] = {}
        for index in range(first, last):
            event = history[index]
            if isinstance(event, begins):
                open_since.setdefault(event.thread, index)
            elif isinstance(event, ends) and event.thread in open_since:
                yield Bar(name, event.thread, open_since.pop(event.thread), index)
        for thread, begin in open_since.items():
            yield Bar(name, thread, begin, last)
