"""Which events of different threads depend on each other.

Two histories that differ only in the order of events that do not depend on each other
are one partial order: the target did the same, and the judge says the same of both. A
search needs to play one of them.

Each event *touches* things: what it read or changed in the target, and what the facts
that clauses ask keep of it. Two events of different threads depend on each other if
they touch the same thing and one of them touches it `ALONE`, or each in another way.
The things are coarse where threads are kept apart anyway (all shadow state is one,
for its lock orders most of it), and fine where they are not (sections, tables,
replies). What one thread does is always in its order.

The relation knows what a target announces, and what the operations name. State of
which a target tells nothing is not in it, so what a search leaves out by it is to be
played as well, only later.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from memslot_spec.history.events import Call, Event, Finished, Observed, Return
from memslot_spec.history.points import caches, dirty, host, mmu, srcu, tables
from memslot_spec.model.operations import (
    ChangePte,
    ClearDirtyLog,
    DestroyVm,
    GetDirtyLog,
    GetDirtyRange,
    GfnToHva,
    GfnToHvaProt,
    GfnToMemslot,
    GuestAccess,
    InitHvaCache,
    InvalidateRange,
    IsVisibleGfn,
    MemslotId,
    MmuPages,
    Operation,
    PfnCacheOperation,
    PreFault,
    TableRequest,
    TssBase,
    UnmapHva,
    UseHvaCache,
    VcpuGfnToMemslot,
)

SharedThing = tuple[str | int, ...]
"""What can be touched: a kind of thing, and which one where there are several."""

Touch = tuple[SharedThing, str]
"""A thing, and the way in which it is touched."""

Footprint = dict[SharedThing, str]
"""All that a piece of a thread touches, each thing in one way."""

ALONE = "alone"
"""The way that agrees with none, not even with itself; any other with itself."""

READS = "reads"

CALLS: SharedThing = ("calls",)
UPDATES: SharedThing = ("updates",)
TABLES: SharedThing = ("tables",)
SECTIONS: SharedThing = ("sections",)
INDEX: SharedThing = ("index",)
GRACE: SharedThing = ("grace periods over",)
UPDATE_LOCK: SharedThing = ("update lock",)
ARCH_LOCK: SharedThing = ("arch lock",)
SHADOW: SharedThing = ("shadow",)
HOST: SharedThing = ("host pages",)
ARRAYS: SharedThing = ("arrays",)
GENERATIONS: SharedThing = ("generations",)
WAITS: SharedThing = ("waits",)

WAITING: Touch = (WAITS, "waits")
"""What a thread touches by stopping to wait: whoever may wake it does not commute."""

_WAKING: Touch = (WAITS, "wakes")
_READS_TABLES: Touch = (TABLES, READS)
_IN_SHADOW: Touch = (SHADOW, ALONE)
_READS_SHADOW: Touch = (SHADOW, READS)
_READS_GRACE: Touch = (GRACE, READS)

TOUCHES: dict[type, tuple[Touch, ...]] = {
    Call: ((CALLS, "calls"), _READS_TABLES),
    Return: ((CALLS, "returns"), _READS_TABLES, _WAKING),
    # Nothing runs beside these.
    Observed: (),
    Finished: (),
    tables.TableLoaded: (_READS_TABLES,),
    tables.TableRead: (_READS_TABLES,),
    tables.TableWritten: (_READS_TABLES,),
    tables.TablePublished: (
        (TABLES, ALONE),
        (GENERATIONS, ALONE),
        (ARRAYS, READS),
        _READS_SHADOW,
    ),
    tables.TableReclaimed: ((TABLES, ALONE), (SECTIONS, ALONE), _READS_GRACE, _WAKING),
    tables.UpdateLocked: ((UPDATE_LOCK, ALONE), _READS_TABLES, _WAKING),
    tables.UpdateUnlocked: ((UPDATE_LOCK, ALONE), _WAKING),
    tables.ArchLocked: ((ARCH_LOCK, ALONE), _WAKING),
    tables.ArchUnlocked: ((ARCH_LOCK, ALONE), _WAKING),
    srcu.SectionEntering: ((INDEX, READS),),
    srcu.SectionEntered: ((SECTIONS, "reads"), _WAKING),
    srcu.SectionLeft: ((SECTIONS, "reads"), _WAKING),
    srcu.GracePeriodBegun: ((SECTIONS, ALONE), _READS_TABLES, _WAKING),
    srcu.IndexFlipped: ((SECTIONS, ALONE), (INDEX, ALONE), _WAKING),
    srcu.GracePeriodEnded: ((SECTIONS, ALONE), (GRACE, ALONE), _WAKING),
    srcu.DomainDestroyed: ((SECTIONS, ALONE),),
    # These are about the thread's own section.
    srcu.Slept: (),
    srcu.GuestEntered: (),
    srcu.Retried: (),
    mmu.MmuLocked: (_IN_SHADOW, _WAKING),
    mmu.MmuUnlocked: (_IN_SHADOW, _WAKING),
    mmu.ShadowPageCreated: (_IN_SHADOW,),
    mmu.ShadowPageZapped: (_IN_SHADOW,),
    mmu.SlotBitSet: (_IN_SHADOW,),
    mmu.SpteMapped: (_IN_SHADOW, _READS_TABLES, _READS_GRACE, (HOST, READS)),
    mmu.SpteRemoved: (_IN_SHADOW,),
    mmu.SpteUpdated: (_IN_SHADOW,),
    mmu.RmapIndexed: (_IN_SHADOW, _READS_TABLES, _READS_GRACE),
    mmu.RmapAdded: (_IN_SHADOW,),
    mmu.RmapRemoved: (_IN_SHADOW,),
    mmu.RmapsCounted: (_IN_SHADOW,),
    mmu.Flushed: (_IN_SHADOW,),
    mmu.RootsInvalidated: (_IN_SHADOW,),
    mmu.RootGranted: (_IN_SHADOW, _READS_TABLES),
    # The host: its invalidations against what faults find, and what TLBs hold.
    host.InvalidationBegun: ((HOST, ALONE), _READS_TABLES, _READS_SHADOW, _WAKING),
    host.InvalidationEnded: ((HOST, ALONE), _READS_TABLES, _READS_SHADOW, _WAKING),
    host.TlbFlushed: (_IN_SHADOW,),
    host.HostPageFound: ((HOST, READS),),
    host.HostPageDirtied: (_IN_SHADOW,),
    host.MetadataAllocated: ((ARRAYS, ALONE), _READS_GRACE),
    host.MetadataFreed: ((ARRAYS, ALONE), _READS_GRACE),
    # Whether a page may be written is asked of sptes and bitmaps together.
    dirty.BitmapAllocated: (_IN_SHADOW, (ARRAYS, ALONE)),
    dirty.BitmapFreed: (_IN_SHADOW, (ARRAYS, ALONE), _READS_GRACE),
    dirty.DirtyBitSet: (_IN_SHADOW,),
    dirty.DirtyBitsCleared: (_IN_SHADOW,),
    caches.GenerationSet: ((GENERATIONS, ALONE),),
    caches.CachesUpdated: ((GENERATIONS, ALONE), _READS_TABLES),
    caches.MmioCached: ((GENERATIONS, ALONE), _READS_TABLES),
    caches.MmioHit: ((GENERATIONS, READS), _READS_TABLES),
    caches.PfnCacheValid: ((HOST, READS),),
}
"""What each kind of event touches, whatever it says."""

WITHOUT_SHADOW = (
    GfnToHva,
    GfnToHvaProt,
    GfnToMemslot,
    InitHvaCache,
    IsVisibleGfn,
    MemslotId,
    MmuPages,
    TssBase,
    UseHvaCache,
    VcpuGfnToMemslot,
    PfnCacheOperation,
)
"""Operations whose calls and replies are not asked about shadow state."""


def touched(event: Event, operation: Operation | None) -> tuple[Touch, ...]:
    """What an event touches, of a thread that is in the operation, if in any."""
    if isinstance(event, Call):
        operation = event.operation
    touches = _touched(event, operation)
    return touches if operation is None else touches + _within(operation)


def _touched(event: Event, operation: Operation | None) -> tuple[Touch, ...]:
    kind = type(event)
    touches = TOUCHES[kind]
    return touches if kind not in _SAYING else touches + _said(event, operation)


def _said(event: Event, operation: Operation | None) -> tuple[Touch, ...]:
    """What an event touches for what it says, or for whose it is."""
    said: tuple[Touch, ...] = ()
    match event:
        case tables.TableRead():
            said = ((("table", event.table, event.field), READS),)
        case tables.TableWritten():
            said = ((("table", event.table, event.field), ALONE),)
        case tables.TableLoaded():
            said = ((("table", event.table, "slots"), READS),)
        case caches.GenerationSet():
            said = ((("table", event.table, "generation"), ALONE),)
        case Call():
            said = _of_call(event.operation)
        case Return() if operation is not None:
            said = _of_return(operation)
        case srcu.SectionEntering() | srcu.SectionEntered():
            # The processor has found no spte, or a fault would not be here.
            said = (_READS_SHADOW,) if isinstance(operation, GuestAccess) else ()
        case _:
            pass
    return said


_SAYING = frozenset(
    {
        Call,
        caches.GenerationSet,
        Return,
        srcu.SectionEntered,
        srcu.SectionEntering,
        tables.TableLoaded,
        tables.TableRead,
        tables.TableWritten,
    }
)
"""The kinds of which it matters what they say, or whose they are."""


def _of_call(operation: Operation) -> tuple[Touch, ...]:
    if isinstance(operation, TableRequest):
        return ((UPDATES, ALONE),)
    if isinstance(operation, WITHOUT_SHADOW):
        return ()
    grace = (_READS_GRACE,) if isinstance(operation, GuestAccess) else ()
    return (_READS_SHADOW, *grace)


def _of_return(operation: Operation) -> tuple[Touch, ...]:
    if isinstance(operation, TableRequest):
        return (_READS_SHADOW, (UPDATES, ALONE), (ARRAYS, READS))
    return _of_call(operation)


@cache
def _within(operation: Operation) -> tuple[Touch, ...]:
    """What all events of an operation touch: what it uses without announcing it."""
    touches: tuple[Touch, ...] = ()
    match operation:
        case UnmapHva() | ChangePte() | InvalidateRange():
            # The count of what the host has taken, which faults compare.
            touches = ((HOST, ALONE),)
        case GuestAccess() | PreFault():
            # That count, before and after it finds the page.
            touches = ((HOST, READS),)
        case GetDirtyLog() | ClearDirtyLog() | GetDirtyRange():
            # The bits, which decide what it does.
            touches = (_READS_SHADOW,)
        case VcpuGfnToMemslot():
            touches = ((("vCPU", operation.vcpu), ALONE),)
        case InitHvaCache() | UseHvaCache():
            touches = ((("cache of addresses", operation.cache), ALONE),)
        case DestroyVm():
            touches = ((CALLS, ALONE),)
        case _ if isinstance(operation, PfnCacheOperation):
            touches = ((("cache of a page", operation.cache), ALONE), (HOST, READS))
        case _:
            pass
    return touches


def both(one: str | None, other: str) -> str:
    """The way in which a thing is touched that is touched in two ways, or in one."""
    return other if one is None or one == other else ALONE


def footprint(events: Iterable[Event], operation: Operation | None) -> Footprint:
    """What these events of one thread touch together, in this operation at first."""
    found: Footprint = {} if operation is None else dict(_within(operation))
    for event in events:
        if isinstance(event, Call):
            operation = event.operation
            found |= _within(operation)
        for thing, how in _touched(event, operation):
            found[thing] = both(found.get(thing), how)
    return found


def depend(one: Footprint, other: Footprint) -> bool:
    """Two pieces of different threads depend on each other."""
    for thing, how in one.items():
        there = other.get(thing)
        if there is not None and both(how, there) == ALONE:
            return True
    return False
