"""Every kind of operation that is drawn, in one table: how, how often, for what.

An operation is added by one entry of `KINDS`. All that draws and counts reads it from
there: sequences, races, what is put before a race, and what met.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from memslot_conformance.scenarios.drawn import (
    accesses,
    caches,
    copies,
    dirty,
    host,
    pfn_caches,
    ranges,
    touches,
)
from memslot_conformance.scenarios.drawn.regions import draw_set_region
from memslot_conformance.scenarios.drawn.situation import Situation
from memslot_conformance.scenarios.drawn.touches import Left, Touches, Touching
from memslot_spec.model.operations import (
    ActivatePfnCache,
    AddRange,
    AgeHva,
    AllocateRoot,
    ChangePte,
    ClearDirtyLog,
    CountRmaps,
    DeactivatePfnCache,
    EnableManualProtect,
    GetDirtyLog,
    GetDirtyRange,
    GfnToHva,
    GfnToHvaProt,
    GfnToMemslot,
    GuestAccess,
    Halt,
    InitHvaCache,
    InvalidateRange,
    IsVisibleGfn,
    MemslotId,
    MmuPages,
    Operation,
    PreFault,
    ReadGuest,
    RefreshPfnCache,
    ReleaseNotifier,
    RemoveRange,
    ReplaceTable,
    SetRegion,
    TssBase,
    UnmapHva,
    UseHvaCache,
    UsePfnCache,
    VcpuGfnToMemslot,
    WriteGuest,
    WriteProtectGfn,
)

Draw = Callable[[Situation], Operation]


@dataclass(frozen=True, slots=True)
class DrawnKind:
    """How operations of a kind are drawn and what they touch.

    `weight` is how often, beside the others. `needs` are what a race can need before
    such an operation: `mapping` of the page in view, `log` of the slot, `itself` (the
    same operation, which leaves something remembered), `range` (a cache that was
    resolved), or `page` (a cache of a host page that was looked up).
    """

    weight: int
    draw: Draw
    touching: Touching
    needs: tuple[str, ...] = ()

    @property
    def about(self) -> frozenset[str]:
        """What it is about, beside the table: `mapping`, `log`, or `remembered`."""
        remembers = {"itself", "range", "page"}.intersection(self.needs)
        return frozenset((*self.needs, *(("remembered",) if remembers else ())))


def _plain(make: Callable[[], Operation]) -> Draw:
    """How an operation is drawn that is about nothing in particular."""

    def draw(_: Situation) -> Operation:
        return make()

    return draw


KINDS: Mapping[type[Operation], DrawnKind] = {
    SetRegion: DrawnKind(16, draw_set_region, touches.by_request, ("mapping",)),
    GfnToMemslot: DrawnKind(2, accesses.draw_slot_lookup, touches.at_a_frame),
    GfnToHva: DrawnKind(2, accesses.draw_address_lookup, touches.at_a_frame),
    GfnToHvaProt: DrawnKind(2, host.draw_host_page, touches.at_a_frame),
    IsVisibleGfn: DrawnKind(2, accesses.draw_visible, touches.at_a_frame),
    MemslotId: DrawnKind(2, accesses.draw_id, touches.at_a_frame),
    VcpuGfnToMemslot: DrawnKind(
        3, caches.draw_vcpu_lookup, touches.at_a_frame, ("itself",)
    ),
    TssBase: DrawnKind(6, _plain(TssBase), touches.everything),
    MmuPages: DrawnKind(2, _plain(MmuPages), touches.everything),
    GuestAccess: DrawnKind(
        12, accesses.draw_access, touches.at_a_frame, ("mapping", "log")
    ),
    AllocateRoot: DrawnKind(1, accesses.draw_root, touches.at_a_frame, ("mapping",)),
    CountRmaps: DrawnKind(2, _plain(CountRmaps), touches.everything, ("mapping",)),
    InitHvaCache: DrawnKind(4, caches.draw_init, touches.by_cache, ("range",)),
    UseHvaCache: DrawnKind(6, caches.draw_use, touches.by_cache, ("range", "log")),
    UnmapHva: DrawnKind(6, host.draw_unmap, touches.at_host_bytes, ("mapping",)),
    InvalidateRange: DrawnKind(4, host.draw_range, touches.at_host_bytes, ("mapping",)),
    ChangePte: DrawnKind(4, host.draw_change, touches.at_host_bytes, ("mapping",)),
    AgeHva: DrawnKind(3, host.draw_age, touches.at_host_bytes, ("mapping",)),
    ReleaseNotifier: DrawnKind(
        1, _plain(ReleaseNotifier), touches.everything, ("mapping",)
    ),
    WriteProtectGfn: DrawnKind(
        3, host.draw_protection, touches.at_a_frame, ("mapping", "log")
    ),
    ReadGuest: DrawnKind(3, copies.draw_read, touches.by_copy),
    WriteGuest: DrawnKind(4, copies.draw_write, touches.by_copy, ("mapping", "log")),
    PreFault: DrawnKind(3, copies.draw_prefault, touches.ahead, ("mapping", "log")),
    ActivatePfnCache: DrawnKind(
        3, pfn_caches.draw_activation, touches.by_pfn_cache, ("page",)
    ),
    RefreshPfnCache: DrawnKind(
        3, pfn_caches.draw_refresh, touches.by_pfn_cache, ("page",)
    ),
    UsePfnCache: DrawnKind(
        5, pfn_caches.draw_page_use, touches.by_pfn_cache, ("page",)
    ),
    DeactivatePfnCache: DrawnKind(
        1, pfn_caches.draw_deactivation, touches.by_pfn_cache, ("page",)
    ),
    GetDirtyLog: DrawnKind(6, dirty.draw_get, touches.by_log, ("log", "mapping")),
    ClearDirtyLog: DrawnKind(4, dirty.draw_clear, touches.by_log, ("log", "mapping")),
    EnableManualProtect: DrawnKind(2, dirty.draw_options, touches.everything, ("log",)),
    Halt: DrawnKind(1, _plain(Halt), touches.everything),
    AddRange: DrawnKind(8, ranges.draw_add, ranges.by_ranges),
    RemoveRange: DrawnKind(8, ranges.draw_remove, ranges.by_ranges),
    ReplaceTable: DrawnKind(4, ranges.draw_replace, ranges.by_ranges),
    GetDirtyRange: DrawnKind(5, ranges.draw_get_range, ranges.by_ranges),
}
"""`DestroyVm` is drawn by nobody, for nothing may be asked after it: the fixed
scenarios have it."""

MADE_BY = {"range": InitHvaCache.__name__, "page": ActivatePfnCache.__name__}
"""Which kind makes what others need that remembers it."""

BY_NAME = {kind.__name__: entry for kind, entry in KINDS.items()}


def touched_by(known: Left, operation: Operation) -> Touches:
    """What an operation touches on what is known of the VM."""
    entry = KINDS.get(type(operation))
    if entry is None or entry.touching is touches.everything:
        return Touches(whole=True)
    return Touches(tuple(entry.touching(known, operation)))
