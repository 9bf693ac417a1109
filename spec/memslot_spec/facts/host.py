"""Facts about the host's side: open invalidations, TLBs, and what slots own.

Kept from the points alone. A processor may use a translation whose spte was
removed or replaced until the TLBs are flushed, or every vCPU has to take another
root; until then it is *stale*.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from memslot_spec.arithmetic.ranges import PAGE_SIZE, touches
from memslot_spec.facts.calls import CallFacts
from memslot_spec.facts.mmu import Place, Spte, pages_at
from memslot_spec.history.points.host import MetadataAllocated
from memslot_spec.history.points.mmu import SpteMapped
from memslot_spec.history.points.tables import Attached
from memslot_spec.model.dirty_log import SlotKey
from memslot_spec.model.operations import GuestAccess
from memslot_spec.model.values import SlotTable

Range = tuple[int, int, int]
"""A range being invalidated: by which thread, its first byte, and the one after."""

METADATA = "metadata"
BITMAP = "bitmap"
Resource = tuple[str, int]
"""Arrays or a bitmap, by handle."""


def tells_arrays(attached: tuple[Attached, ...]) -> bool:
    """Some slot is told of with its arrays."""
    return any(entry.metadata is not None for entry in attached)


@dataclass(frozen=True, slots=True)
class Stale:
    """A translation that a TLB may still hold: who removed its spte, and when."""

    spte: Spte
    place: Place
    thread: int
    step: int


@dataclass(frozen=True, slots=True)
class Cleared:
    """Pages that a thread took out of a slot's log; None: all that it reports.

    `serial` is that of the youngest spte at the time. `again` are pages whose bits
    have been set since, in the bitmap that the slot has from then on.
    """

    serial: int
    bitmap: int | None
    pages: tuple[int, ...] | None
    again: set[int] = field(default_factory=set[int])


@dataclass(slots=True)
class HostPages:
    """Host pages that a fault looked up; `is_stale` once the host unmapped one.

    `faulted` is the address of the one that it faulted on, None where nobody tells.
    """

    hva: int
    npages: int
    is_stale: bool = False
    faulted: int | None = None


def pages_faulted(mapped: SpteMapped, call: CallFacts | None) -> tuple[int, int]:
    """The host pages that must not be going for the spte to be mapped, and how many.

    The page of the access, by its byte address, where the thread makes one; all that
    the spte maps where nobody tells.
    Source: 6.1 include/linux/kvm_host.h:1954, mmu_invalidate_retry_hva(): `hva` is
    the fault's.
    """
    npages = pages_at(mapped.level)
    if call is not None and isinstance(call.operation, GuestAccess):
        at = call.operation.gfn - mapped.gfn
        if 0 <= at < npages:
            return mapped.hva + at * PAGE_SIZE, 1
    return mapped.hva, npages


@dataclass(slots=True)
class Host:
    """What is known of the host's side.

    `stale` are translations by the serial of their spte, and whether a write by it
    goes unnoticed: an spte may be protected first and removed later.
    `open` gives the version of the table that was current when an invalidation
    began, `looked_up` the pages that a thread's fault last looked up. `removed_at`
    and `unlocked_at` are the steps at which a thread last removed an spte, and last
    released `mmu_lock`. `made` and `freed` are what a thread allocated and
    freed during its call, `of_refused` what refused requests had allocated and had
    not freed when they answered, `refused_some` that one had allocated something.
    `late` are arrays that a slot was given outside any request and that no table has
    been published with yet, `tells_arrays` says that the target has told of arrays
    with a table.
    Sptes with serials up to `unreachable` are of roots that no vCPU uses any more.
    """

    open: dict[Range, int] = field(default_factory=dict[Range, int])
    looked_up: dict[int, HostPages] = field(default_factory=dict[int, HostPages])
    stale: dict[tuple[int, bool], Stale] = field(
        default_factory=dict[tuple[int, bool], Stale]
    )
    unreachable: int = 0
    removed_at: dict[int, int] = field(default_factory=dict[int, int])
    unlocked_at: dict[int, int] = field(default_factory=dict[int, int])
    cleared: dict[int, Cleared] = field(default_factory=dict[int, Cleared])
    metadata: dict[int, MetadataAllocated] = field(
        default_factory=dict[int, MetadataAllocated]
    )
    bitmaps: set[int] = field(default_factory=set[int])
    made: dict[int, list[Resource]] = field(default_factory=dict[int, list[Resource]])
    freed: dict[int, list[Resource]] = field(default_factory=dict[int, list[Resource]])
    attached: dict[SlotKey, Attached] = field(default_factory=dict[SlotKey, Attached])
    of_refused: set[Resource] = field(default_factory=set[Resource])
    refused_some: bool = False
    late: dict[SlotKey, int] = field(default_factory=dict[SlotKey, int])
    tells_arrays: bool = False

    def unmapped(self, start: int, end: int) -> None:
        """The host unmaps these bytes: pages looked up there may not be mapped."""
        for pages in self.looked_up.values():
            if touches(pages.hva, pages.npages, start, end):
                pages.is_stale = True

    def unmaps(self, start: int, end: int) -> None:
        """The host begins to unmap these bytes: no fault on one of them may go on.

        One that has looked up a large page for another part of it may.
        """
        for pages in self.looked_up.values():
            hva, npages = pages.hva, pages.npages
            if pages.faulted is not None:
                hva, npages = pages.faulted, 1
            if touches(hva, npages, start, end):
                pages.is_stale = True

    def called(self, thread: int) -> None:
        """A call begins: what the thread did in its last one no longer counts."""
        self.looked_up.pop(thread, None)
        self.cleared.pop(thread, None)
        self.made.pop(thread, None)
        self.freed.pop(thread, None)

    def removed(self, spte: Spte, place: Place, thread: int, step: int) -> None:
        """The spte permits less, or is gone; a TLB may still hold its translation."""
        if spte.serial > self.unreachable:
            self.stale[spte.serial, spte.armed] = Stale(spte, place, thread, step)

    def roots_invalidated(self, serial: int) -> None:
        """No processor can use what was mapped so far; the last has this serial."""
        self.stale.clear()
        self.unreachable = serial

    def permitted(self, place: Place, spte: Spte) -> None:
        """A stale translation is harmless once an spte permits as much again."""
        for key, stale in tuple(self.stale.items()):
            if stale.place == place and spte.permits(stale.spte):
                del self.stale[key]

    def stale_at_unlock(self, thread: int) -> tuple[Spte, ...]:
        """What was stale when the thread last released `mmu_lock`, and still is.

        Sptes that others removed after that are none of its business.
        """
        until = self.unlocked_at.get(thread, -1)
        return tuple(one.spte for one in self.stale.values() if one.step <= until)

    def stale_since(self, step: int, thread: int) -> tuple[Spte, ...]:
        """What the thread has removed or replaced after a step, and is stale."""
        return tuple(
            one.spte
            for one in self.stale.values()
            if one.thread == thread and one.step > step
        )

    def is_live(self, resource: Resource) -> bool:
        """It was allocated, and has not been freed."""
        kind, handle = resource
        return handle in (self.metadata if kind == METADATA else self.bitmaps)

    def refused(self, thread: int) -> None:
        """The thread's request is refused: what it allocated serves nobody."""
        made = self.made.get(thread, ())
        self.refused_some |= bool(made)
        self.of_refused.update(one for one in made if self.is_live(one))

    def allocated(self, thread: int, resource: Resource) -> None:
        """The thread allocated it during its call."""
        self.made.setdefault(thread, []).append(resource)

    def publish(self, slots: SlotTable, attached: tuple[Attached, ...]) -> None:
        """The slots own these now; slots that were removed own nothing."""
        for key in self.attached.keys() - slots.by_key().keys():
            del self.attached[key]
        self.attached.update({(one.as_id, one.slot_id): one for one in attached})
        if tells_arrays(attached):
            self.tells_arrays = True
            self.late.clear()

    def has_arrays(self, key: SlotKey) -> bool:
        """The slot was published with arrays, or was given some later."""
        entry = self.attached.get(key)
        return key in self.late or (entry is not None and entry.metadata is not None)

    def deallocated(self, thread: int, resource: Resource) -> None:
        """The thread freed it during its call."""
        self.freed.setdefault(thread, []).append(resource)
