"""Facts about shadow pages: sptes, slot bitmaps and reverse maps.

Kept from the points alone; the clauses compare the three with each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from memslot_spec.arithmetic.ranges import PAGE_SHIFT, touches
from memslot_spec.history.points.mmu import (
    RmapAdded,
    RmapRemoved,
    ShadowPageCreated,
    ShadowPageZapped,
    SlotBitSet,
    SpteMapped,
    SpteRemoved,
    SpteUpdated,
)
from memslot_spec.model.operations import GuestAccess
from memslot_spec.model.values import PAGES_PER_HUGE_PAGE, Slot

Place = tuple[int, int]
"""An spte's shadow page and its index there."""

RmapKey = tuple[int, int, int, int]
"""A reverse map: address space, slot id, level, index."""


@dataclass(frozen=True, slots=True)
class Spte:
    """A present leaf spte, and the slot through which it was translated.

    `serial` tells apart sptes that stood at one place after each other, `opened` says
    how many there had been when the guest could last begin to write through it
    unnoticed, which it could at some time if it `was_open`. `dirty` is its D bit, set
    where writes are not noticed by D bits.
    """

    gfn: int
    npages: int
    level: int
    hva: int
    slot: Slot | None
    serial: int
    as_id: int = 0
    writable: bool = False
    dirty: bool = True
    opened: int = 0
    was_open: bool = False

    @property
    def armed(self) -> bool:
        """A write by it is noticed: it faults, or the processor logs it with the D bit.

        Source: 6.1 `__rmap_clear_dirty()`, arch/x86/kvm/mmu/mmu.c:1231.
        """
        return not (self.writable and self.dirty)

    def permits(self, old: Spte) -> bool:
        """It maps the same frames to the same pages, and lets through as much."""
        same = (self.gfn, self.level, self.hva) == (old.gfn, old.level, old.hva)
        return same and (old.armed or not self.armed)

    def lets_through(self, access: GuestAccess) -> bool:
        """The access needs no lookup: the spte maps its frame and permits it."""
        return (
            access.may_use_spte
            and access.as_id == self.as_id
            and self.gfn <= access.gfn < self.gfn + self.npages
            and (self.writable or not access.write)
        )

    def hva_of(self, gfn: int) -> int:
        """The host address behind a frame that it maps."""
        return self.hva + ((gfn - self.gfn) << PAGE_SHIFT)

    def maps_hva(self, hva: int) -> bool:
        """The host page of this byte address is among those mapped."""
        return self.hva <= hva < self.hva + (self.npages << PAGE_SHIFT)

    def maps_gfn(self, gfn: int, as_id: int) -> bool:
        """The frame of this address space is among those mapped."""
        return self.as_id == as_id and self.gfn <= gfn < self.gfn + self.npages

    def meets_hvas(self, start: int, end: int) -> bool:
        """Some byte from start up to end is in a host page that is mapped."""
        return touches(self.hva, self.npages, start, end)

    def meets(self, slot: Slot) -> bool:
        """Some frame of the slot is among those mapped."""
        return slot.as_id == self.as_id and slot.meets(self.gfn, self.npages)


@dataclass(slots=True)
class Page:
    """A live shadow page."""

    gfn: int
    direct: bool
    capacity: int
    slot_ids: set[int]
    as_id: int = 0


def pages_at(level: int) -> int:
    """4 KiB pages that one leaf spte of this level maps."""
    return 1 if level == 1 else PAGES_PER_HUGE_PAGE


@dataclass(frozen=True, slots=True)
class Unmarked:
    """A fast page fault made the spte at this place writable, and marks the gfn next.

    It does so outside `mmu_lock`. Source: 6.1 `fast_pf_fix_direct_spte()`,
    arch/x86/kvm/mmu/mmu.c:3254; locking.rst, "Exception".
    """

    thread: int
    place: Place
    gfn: int


@dataclass(slots=True)
class Shadow:
    """Every live shadow page, spte and reverse map, and what was touched.

    `unmarked` are the faults that have made an spte writable outside `mmu_lock` and
    have not returned, by the `opened` of the spte.
    """

    pages: dict[int, Page] = field(default_factory=dict[int, Page])
    sptes: dict[Place, Spte] = field(default_factory=dict[Place, Spte])
    rmaps: dict[RmapKey, set[Place]] = field(default_factory=dict[RmapKey, set[Place]])
    held_by: dict[Place, list[RmapKey]] = field(
        default_factory=dict[Place, list[RmapKey]]
    )
    touched: dict[Place, None] = field(default_factory=dict[Place, None])
    unmarked: dict[int, Unmarked] = field(default_factory=dict[int, Unmarked])
    zapped: set[int] = field(default_factory=set[int])
    roots: set[int] = field(default_factory=set[int])
    serial: int = 0

    def page_created(self, event: ShadowPageCreated) -> None:
        """A page exists, with what its slot bitmap already holds."""
        self.pages[event.page] = Page(
            event.gfn, event.direct, event.capacity, set(event.slot_ids), event.as_id
        )
        self.zapped.discard(event.page)
        self.roots.discard(event.page)
        if event.root:
            self.roots.add(event.page)

    def page_zapped(self, event: ShadowPageZapped) -> None:
        """The page and its slot bitmap are gone."""
        self.pages.pop(event.page, None)
        self.zapped.add(event.page)

    def bit_set(self, event: SlotBitSet) -> None:
        """The id is in the page's slot bitmap until the page is zapped."""
        page = self.pages.get(event.page)
        if page is not None:
            page.slot_ids.add(event.slot_id)

    def mapped(self, event: SpteMapped, slot: Slot | None) -> None:
        """An spte is present, translated through this slot."""
        self.serial += 1
        place = (event.page, event.index)
        self.touched[place] = None
        self.sptes[place] = Spte(
            event.gfn,
            pages_at(event.level),
            event.level,
            event.hva,
            slot,
            self.serial,
            event.as_id,
            event.writable,
            opened=self.serial,
            was_open=event.writable,
        )

    def updated(self, event: SpteUpdated, *, dirty: bool) -> None:
        """A present spte has other bits; what it maps stays, and its serial with it.

        The host may have put another page there: then it is another mapping.
        """
        place = (event.page, event.index)
        old = self.sptes.get(place)
        if old is None:
            return
        self.touched[place] = None
        new = replace(
            old,
            writable=event.writable,
            dirty=dirty,
        )
        if event.other_page:
            self.serial += 1
            new = replace(new, serial=self.serial, was_open=not new.armed)
        if old.armed and not new.armed:
            self.serial += 1
            new = replace(new, opened=self.serial, was_open=True)
        self.sptes[place] = new

    def returned(self, thread: int) -> None:
        """A fast page fault of the thread is over: what it opened is looked at next."""
        for opened, unmarked in tuple(self.unmarked.items()):
            if unmarked.thread == thread:
                del self.unmarked[opened]
                self.touched[unmarked.place] = None

    def removed(self, event: SpteRemoved) -> None:
        """The spte is cleared."""
        place = (event.page, event.index)
        self.touched[place] = None
        self.sptes.pop(place, None)

    def rmap_added(self, event: RmapAdded) -> None:
        """The place is on one more reverse map."""
        place = (event.page, event.index)
        as_id = self._space_of(place) if event.as_id is None else event.as_id
        key = (as_id, event.slot_id, event.level, event.rmap_index)
        self.rmaps.setdefault(key, set()).add(place)
        self.held_by.setdefault(place, []).append(key)
        self.touched[place] = None

    def rmap_removed(self, event: RmapRemoved) -> None:
        """The place is on that reverse map no more."""
        place = (event.page, event.index)
        as_id = self._space_of(place) if event.as_id is None else event.as_id
        key = (as_id, event.slot_id, event.level, event.rmap_index)
        places = self.rmaps.get(key)
        if places is not None:
            places.discard(place)
            if not places:
                del self.rmaps[key]
        keys = self.held_by.get(place, [])
        if key in keys:
            keys.remove(key)
        if not keys:
            self.held_by.pop(place, None)
        self.touched[place] = None

    def _space_of(self, place: Place) -> int:
        """The address space of an spte, or else of its shadow page."""
        holder = self.sptes.get(place) or self.pages.get(place[0])
        return 0 if holder is None else holder.as_id

    def rest(self) -> tuple[Place, ...]:
        """The places touched since `mmu_lock` was last released; none are now."""
        touched = tuple(self.touched)
        self.touched.clear()
        return touched

    def serials(self) -> frozenset[int]:
        """Every spte that is present."""
        return frozenset(spte.serial for spte in self.sptes.values())

    def serials_at_hva(self, hva: int) -> frozenset[int]:
        """The sptes that map the host page of this byte address."""
        return frozenset(s.serial for s in self.sptes.values() if s.maps_hva(hva))

    def serials_in(self, start: int, end: int) -> frozenset[int]:
        """The sptes that map a host page with some byte of the range."""
        return frozenset(
            s.serial for s in self.sptes.values() if s.meets_hvas(start, end)
        )

    def present(self, serials: frozenset[int]) -> tuple[Spte, ...]:
        """Those of these sptes that are present still."""
        return tuple(s for s in self.sptes.values() if s.serial in serials)

    def of_slot(self, slot: Slot) -> tuple[Spte, ...]:
        """The sptes that map a frame of the slot."""
        return tuple(s for s in self.sptes.values() if s.meets(slot))

    def entries(self) -> int:
        """How many places all reverse maps hold together."""
        return sum(len(places) for places in self.rmaps.values())

    def small_entries(self, user_slots: int) -> int:
        """How many the reverse maps of 4 KiB pages of user slots hold."""
        return sum(
            len(places)
            for (_, slot_id, level, _), places in self.rmaps.items()
            if level == 1 and slot_id < user_slots
        )
