"""How a page writes a small scenario down: a line for each operation.

    before  set 0 gfn 0x10 pages 4 host 0x1000
    T1      delete 0
    T2      read 0x11
    after   count-rmaps

`before` and `after` are what thread 0 asks while nobody else runs. Threads are
numbered from 1. Frames and host pages count pages of 4 KiB; numbers are decimal,
or hexadecimal with `0x`. `FORMS` has a form for every operation; what stands in
brackets may be left out.
"""

from __future__ import annotations

from collections.abc import Callable

from interleaving_words import NotationError, Words

from memslot_conformance.scenarios.scenario import Scenario
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE
from memslot_spec.model.operations import (
    ActivatePfnCache,
    AgeHva,
    AllocateRoot,
    ChangePte,
    ClearDirtyLog,
    CountRmaps,
    DeactivatePfnCache,
    DestroyVm,
    EnableManualProtect,
    GetDirtyLog,
    GfnToHva,
    GfnToMemslot,
    GuestAccess,
    Halt,
    InitHvaCache,
    InvalidateRange,
    IsVisibleGfn,
    MemslotId,
    MmuPages,
    Operation,
    Origin,
    PreFault,
    ReadGuest,
    RefreshPfnCache,
    ReleaseNotifier,
    SetRegion,
    TssBase,
    UnmapHva,
    UseHvaCache,
    UsePfnCache,
    VcpuGfnToMemslot,
    WriteGuest,
    WriteProtectGfn,
)
from memslot_spec.model.values import BIT_1, LOG_DIRTY_PAGES, Failure, MemoryRegion

FORMS = {
    "set": "set ID gfn FRAME pages COUNT host PAGE [log] [bit1] [fails WHERE]",
    "delete": "delete ID [fails WHERE]",
    "slot": "slot FRAME [vcpu NUMBER]",
    "hva": "hva FRAME",
    "visible": "visible FRAME",
    "id": "id FRAME",
    "tss": "tss",
    "budget": "budget",
    "read": "read FRAME",
    "write": "write FRAME",
    "emulate": "emulate FRAME [write]",
    "copy": "copy FRAME length BYTES [write]",
    "prefault": "prefault FRAME pages COUNT",
    "root": "root FRAME",
    "unmap": "unmap PAGE",
    "range": "range PAGE COUNT",
    "age": "age PAGE",
    "change": "change PAGE [writable]",
    "protect": "protect FRAME",
    "get-log": "get-log ID",
    "clear-log": "clear-log ID from PAGE pages COUNT",
    "manual-protect": "manual-protect OPTIONS",
    "resolve": "resolve CACHE frame FRAME length BYTES",
    "use": "use CACHE length BYTES [write]",
    "activate": "activate CACHE frame FRAME length BYTES",
    "refresh": "refresh CACHE",
    "use-page": "use-page CACHE",
    "deactivate": "deactivate CACHE",
    "count-rmaps": "count-rmaps",
    "halt": "halt",
    "release": "release",
    "destroy": "destroy",
}
"""The form of each operation, by the word that it begins with."""


def parse(text: str) -> Scenario:
    """The scenario that the lines describe; empty ones and `#` lines are skipped.

    Errors: `NotationError` for the first line that is not understood.
    """
    places: dict[str, list[Operation]] = {"before": [], "after": []}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        rest = Words(number, words[1:])
        if words[0] not in places:
            places[_thread(rest, words[0], len(places) - 2)] = []
        places[words[0]].append(_operation(rest))
    before, after = places.pop("before"), places.pop("after")
    threads = tuple(tuple(operations) for operations in places.values())
    return Scenario(tuple(before), threads, tuple(after))


def _thread(words: Words, place: str, threads: int) -> str:
    """The next thread's name. Errors: it is another one, or no place at all."""
    expected = f"T{threads + 1}"
    if place != expected:
        message = (
            f"{place!r} is no place; a line begins with 'before', 'after', or a "
            f"thread, and the next new thread is {expected}"
        )
        raise words.error(message)
    return place


def _operation(words: Words) -> Operation:
    verb = words.word("an operation")
    make = _MAKERS.get(verb)
    if make is None:
        message = f"no operation {verb!r}; there are {', '.join(FORMS)}"
        raise words.error(message)
    try:
        operation = make(words)
    except NotationError as error:
        message = f"{error}; the form is: {FORMS[verb]}"
        raise NotationError(message) from None
    words.end(FORMS[verb])
    return operation


def _set(words: Words) -> Operation:
    slot = words.number("ID")
    gfn = words.after("gfn", "FRAME")
    npages = words.after("pages", "COUNT")
    host = words.after("host", "PAGE")
    flags = LOG_DIRTY_PAGES if words.has("log") else 0
    flags |= BIT_1 if words.has("bit1") else 0
    region = MemoryRegion(
        slot, gfn << PAGE_SHIFT, npages << PAGE_SHIFT, host << PAGE_SHIFT, flags
    )
    return SetRegion(region, failure=_failure(words))


def _delete(words: Words) -> Operation:
    region = MemoryRegion(words.number("ID"), 0, 0, 0)
    return SetRegion(region, failure=_failure(words))


def _failure(words: Words) -> Failure | None:
    if not words.has("fails"):
        return None
    where = words.word("WHERE")
    for failure in Failure:
        if failure.name.lower() == where:
            return failure
    known = ", ".join(failure.name.lower() for failure in Failure)
    message = f"WHERE has to be one of {known}, not {where!r}"
    raise words.error(message)


def _slot(words: Words) -> Operation:
    gfn = words.number("FRAME")
    if words.has("vcpu"):
        return VcpuGfnToMemslot(words.number("NUMBER"), gfn)
    return GfnToMemslot(gfn)


def _range(words: Words) -> Operation:
    start = words.number("PAGE") * PAGE_SIZE
    return InvalidateRange(start, start + words.number("COUNT") * PAGE_SIZE)


def _change(words: Words) -> Operation:
    hva = words.number("PAGE") * PAGE_SIZE
    return ChangePte(hva, writable=words.has("writable"))


def _clear(words: Words) -> Operation:
    slot = words.number("ID")
    first = words.after("from", "PAGE")
    count = words.after("pages", "COUNT")
    all_set = (1 << 64) - 1
    return ClearDirtyLog(slot, first, count, (all_set,) * ((count + 63) // 64))


def _resolve(words: Words) -> Operation:
    cache = words.number("CACHE")
    gpa = words.after("frame", "FRAME") * PAGE_SIZE
    return InitHvaCache(cache, gpa, words.after("length", "BYTES"))


def _use(words: Words) -> Operation:
    cache = words.number("CACHE")
    length = words.after("length", "BYTES")
    return UseHvaCache(cache, 0, length, write=words.has("write"))


def _emulate(words: Words) -> Operation:
    gfn = words.number("FRAME")
    return GuestAccess(gfn, words.has("write"), origin=Origin.EMULATOR)


def _copy(words: Words) -> Operation:
    gpa = words.number("FRAME") * PAGE_SIZE
    length = words.after("length", "BYTES")
    return (WriteGuest if words.has("write") else ReadGuest)(gpa, length)


def _activate(words: Words) -> Operation:
    cache = words.number("CACHE")
    gpa = words.after("frame", "FRAME") * PAGE_SIZE
    return ActivatePfnCache(cache, gpa, words.after("length", "BYTES"))


def _prefault(words: Words) -> Operation:
    return PreFault(words.number("FRAME"), words.after("pages", "COUNT"))


_MAKERS: dict[str, Callable[[Words], Operation]] = {
    "set": _set,
    "delete": _delete,
    "slot": _slot,
    "hva": lambda words: GfnToHva(words.number("FRAME")),
    "visible": lambda words: IsVisibleGfn(words.number("FRAME")),
    "id": lambda words: MemslotId(words.number("FRAME")),
    "tss": lambda _: TssBase(),
    "budget": lambda _: MmuPages(),
    "read": lambda words: GuestAccess(words.number("FRAME")),
    "write": lambda words: GuestAccess(words.number("FRAME"), write=True),
    "emulate": _emulate,
    "copy": _copy,
    "prefault": _prefault,
    "root": lambda words: AllocateRoot(words.number("FRAME")),
    "unmap": lambda words: UnmapHva(words.number("PAGE") * PAGE_SIZE),
    "range": _range,
    "age": lambda words: AgeHva(words.number("PAGE") * PAGE_SIZE),
    "change": _change,
    "protect": lambda words: WriteProtectGfn(words.number("FRAME")),
    "get-log": lambda words: GetDirtyLog(words.number("ID")),
    "clear-log": _clear,
    "manual-protect": lambda words: EnableManualProtect(words.number("OPTIONS")),
    "resolve": _resolve,
    "use": _use,
    "activate": _activate,
    "refresh": lambda words: RefreshPfnCache(words.number("CACHE")),
    "use-page": lambda words: UsePfnCache(words.number("CACHE")),
    "deactivate": lambda words: DeactivatePfnCache(words.number("CACHE")),
    "count-rmaps": lambda _: CountRmaps(),
    "halt": lambda _: Halt(),
    "release": lambda _: ReleaseNotifier(),
    "destroy": lambda _: DestroyVm(),
}
