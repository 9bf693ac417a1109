"""What a race needs before it: a mapping, a log, a cache that was resolved.

A race without it shows nothing: a flush beside no mapping, a GET of no log. Each part
is left out now and then, for what is not there can be wrong as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from memslot_conformance.scenarios.drawn import shapes
from memslot_conformance.scenarios.drawn.caches import owned
from memslot_conformance.scenarios.drawn.deck import LOG_OFF, LOG_ON, MAPS, Hand
from memslot_conformance.scenarios.drawn.kinds import KINDS
from memslot_conformance.scenarios.drawn.scenario_weights import (
    LOGGED_AS_WELL,
    PREPARED,
    READ_LOG,
    WRITTEN,
)
from memslot_conformance.scenarios.drawn.situation import Situation
from memslot_conformance.scenarios.drawn.weights import (
    DIRECT,
    EVEN,
    LARGEST_LOGGED,
    ROOTS,
)
from memslot_conformance.scenarios.scenario import Operations
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE
from memslot_spec.arithmetic.slot_word import pack
from memslot_spec.model.operations import (
    ActivatePfnCache,
    EnableManualProtect,
    GetDirtyLog,
    GuestAccess,
    InitHvaCache,
    Operation,
    RefreshPfnCache,
    SetRegion,
    UnmapHva,
    UseHvaCache,
)
from memslot_spec.model.values import LOG_DIRTY_PAGES, Slot


def log_first(
    draw: Situation, threads: list[Operations], dealt: Hand | None = None
) -> Iterator[Operation]:
    """That the slot in view logs, where a thread asks for a log or ends it.

    Where one begins it, that it does not.
    """
    slot = _slot_in_view(draw)
    if slot is None or slot.npages > LARGEST_LOGGED:
        return
    region = shapes.same(slot)
    ways = dealt.ways if dealt is not None else frozenset[str]()
    if LOG_ON in ways:
        if slot.log_dirty:
            yield SetRegion(replace(region, flags=region.flags & ~LOG_DIRTY_PAGES))
        return
    is_asked = LOG_OFF in ways or "log" in _needs(threads)
    share = PREPARED if LOG_OFF in ways or _is_for_a_log(threads) else LOGGED_AS_WELL
    if slot.log_dirty or not is_asked or not draw.rng.chance(share):
        return
    changes = any(isinstance(one, SetRegion) for ops in threads for one in ops)
    if (
        not ways & {LOG_ON, LOG_OFF}
        and changes
        and draw.is_about_logs
        and draw.rng.chance(EVEN)
    ):
        # That it begins while they race is as good.
        return
    if _asked(draw, EnableManualProtect) and draw.rng.chance(EVEN):
        yield EnableManualProtect(draw.rng.choice((1, 3)))
    yield SetRegion(replace(region, flags=region.flags | LOG_DIRTY_PAGES))


def rest_first(draw: Situation, threads: list[Operations]) -> Iterator[Operation]:
    """Mappings of the page in view, logs that were read, ranges and hints."""
    yield from mapped(draw, threads)
    if "log" in _needs(threads) and _asked(draw, GetDirtyLog):
        slot = _slot_in_view(draw)
        has_log = slot is not None and slot.npages <= LARGEST_LOGGED
        if slot is not None and has_log and draw.rng.chance(READ_LOG):
            yield GetDirtyLog(pack(slot.as_id, slot.id))
    for thread, operations in enumerate(threads, 1):
        if _lacks_a_page(draw, operations) and _prepared(draw):
            gfn = draw.frame()[0] if draw.view is None else draw.view.gfn
            yield ActivatePfnCache(thread, gfn << PAGE_SHIFT, 8)
            yield from _taken(draw, operations)
        if _prepared(draw):
            yield from owned(tuple(_remembered(draw, operations)), thread)


def mapped(draw: Situation, threads: list[Operations]) -> Iterator[Operation]:
    """Mappings of the page in view, where a thread needs one.

    Where one maps it, it is mapped already half of the time.
    """
    if "mapping" not in _needs(threads) or not _asked(draw, GuestAccess):
        return
    kinds = {type(one).__name__ for operations in threads for one in operations}
    maps = bool(kinds & MAPS)
    if draw.rng.chance(EVEN if maps else PREPARED):
        yield from _accesses(draw)


def _is_for_a_log(threads: list[Operations]) -> bool:
    """Some operation is nothing without a log: that is the first thing it needs."""
    every = (KINDS[type(one)].needs[:1] for operations in threads for one in operations)
    return ("log",) in every


def _lacks_a_page(draw: Situation, operations: Operations) -> bool:
    """What looks a page up itself needs none before it, but may have one."""
    looked_up = any(isinstance(one, ActivatePfnCache) for one in operations)
    needs = "page" in _needs([operations])
    return needs and not (looked_up and draw.rng.chance(EVEN))


def _taken(draw: Situation, operations: Operations) -> Iterator[Operation]:
    """The host takes the page in view: who only looks it up again has to."""
    slot = _slot_in_view(draw)
    refreshes = any(isinstance(one, RefreshPfnCache) for one in operations)
    if not refreshes or slot is None or draw.view is None or not draw.rng.chance(EVEN):
        return
    if _asked(draw, UnmapHva):
        yield UnmapHva(slot.hva_of(draw.view.gfn))


def _accesses(draw: Situation) -> Iterator[Operation]:
    """One to three accesses: to the page in view, and to one elsewhere.

    Where no slot is yet, they are remembered to be MMIO.
    """
    rng, view = draw.rng, draw.view
    gfn, as_id = draw.frame() if view is None else (view.gfn, view.as_id)
    direct = rng.chance(DIRECT)
    root = 0 if direct else rng.choice(ROOTS)
    access = GuestAccess(gfn, rng.chance(WRITTEN), direct, root, as_id)
    yield access
    if rng.chance(EVEN):
        elsewhere, space = draw.frame()
        yield replace(access, gfn=elsewhere, as_id=space)
        if rng.chance(EVEN):
            yield replace(access, write=rng.chance(EVEN))


def _remembered(draw: Situation, operations: Operations) -> Iterator[Operation]:
    """What a thread's caches and its vCPU have to have done before."""
    for operation in operations:
        needs = KINDS[type(operation)].needs
        if "itself" in needs:
            yield operation
            return
        if "range" in needs:
            yield _range(draw)
            if draw.rng.chance(EVEN):
                yield UseHvaCache(0, 0, 8)
            return


def _range(draw: Situation) -> Operation:
    """A range at the page in view, that can be resolved most often."""
    rng = draw.rng
    gfn = draw.frame()[0] if draw.view is None else draw.view.gfn
    length = rng.choice((16, 16, 16, PAGE_SIZE, 2 * PAGE_SIZE))
    return InitHvaCache(0, (gfn << PAGE_SHIFT) + rng.choice((0, 0, 8)), length)


def _slot_in_view(draw: Situation) -> Slot | None:
    view = draw.view
    if view is None or view.slot_id is None:
        return None
    return draw.table.find(view.as_id, view.slot_id)


def _needs(threads: list[Operations]) -> frozenset[str]:
    every = (operation for operations in threads for operation in operations)
    return frozenset(need for one in every for need in KINDS[type(one)].needs)


def _asked(draw: Situation, kind: type[Operation]) -> bool:
    return kind.__name__ in draw.header.capabilities.operations


def _prepared(draw: Situation) -> bool:
    return draw.rng.chance(PREPARED)
