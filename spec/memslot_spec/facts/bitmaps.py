"""Facts about dirty bitmaps from the points: whose they are, what is set in them.

A GET may replace a slot's bitmap, or clear its bits, before it answers; the pages
it took so count as dirty until then.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from memslot_spec.facts.mmu import Shadow, Spte
from memslot_spec.history.points.tables import Attached
from memslot_spec.model.dirty_log import SlotKey
from memslot_spec.model.values import Slot, SlotTable


@dataclass(slots=True)
class Bitmap:
    """A bitmap that was made and not freed: `others` differ from how it began."""

    npages: int
    all_set: bool
    others: set[int] = field(default_factory=set[int])

    def is_dirty(self, page: int) -> bool:
        """Whether the page's bit is set."""
        return (page in self.others) is not self.all_set

    def put(self, page: int, *, dirty: bool) -> None:
        """Set or clear the page's bit."""
        if dirty is self.all_set:
            self.others.discard(page)
        else:
            self.others.add(page)


@dataclass(slots=True)
class OpenLogCall:
    """An open GET or CLEAR of a slot, and what it cleared without an answer so far."""

    key: SlotKey
    bitmaps: set[int] = field(default_factory=set[int])
    pages: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])


@dataclass(slots=True)
class DirtyBitmaps:
    """Every live bitmap, and which slots of the published tables have which.

    `attached` has an entry for each version of the table, which is empty where nobody
    can ask about it any more; `ever` are all that slots ever had. `removed` are the
    sptes, not armed at some time, that were removed since `mmu_lock` was taken, `told`
    the host addresses that the host was told of since then, and `told_of` the serials
    of the sptes of whose pages it was told while they were there.
    """

    live: dict[int, Bitmap] = field(default_factory=dict[int, Bitmap])
    attached: list[dict[SlotKey, int]] = field(default_factory=lambda: [{}])
    ever: set[int] = field(default_factory=set[int])
    taken: dict[int, OpenLogCall] = field(default_factory=dict[int, OpenLogCall])
    removed: list[Spte] = field(default_factory=list[Spte])
    told: set[int] = field(default_factory=set[int])
    told_of: set[int] = field(default_factory=set[int])

    def handle_of(self, slot: Slot) -> int | None:
        """The handle of the bitmap that a slot of the current table has."""
        return self.attached[-1].get((slot.as_id, slot.id))

    def of(self, slot: Slot) -> Bitmap | None:
        """The bitmap that a slot of the current table has."""
        handle = self.handle_of(slot)
        return None if handle is None else self.live.get(handle)

    def is_dirty(self, slot: Slot, page: int) -> bool:
        """The page is dirty in the slot's bitmap, or in what was taken of it."""
        bitmap = self.of(slot)
        if bitmap is not None and bitmap.is_dirty(page):
            return True
        key, handle = (slot.as_id, slot.id), self.handle_of(slot)
        for taken in self.taken.values():
            if taken.key != key:
                continue
            if (handle, page) in taken.pages:
                return True
            if any(self._has(other, page) for other in taken.bitmaps):
                return True
        return False

    def _has(self, handle: int, page: int) -> bool:
        bitmap = self.live.get(handle)
        return bitmap is not None and bitmap.is_dirty(page)

    def publish(
        self,
        slots: SlotTable,
        attached: tuple[Attached, ...],
        taken: OpenLogCall | None,
    ) -> None:
        """The slots have these bitmaps now; a GET that publishes took the old one."""
        before = self.attached[-1]
        now = {
            (one.as_id, one.slot_id): one.bitmap
            for one in attached
            if one.bitmap is not None and slots.find(one.as_id, one.slot_id)
        }
        self.attached.append(now)
        self.ever.update(now.values())
        if taken is None or taken.key not in before:
            return
        if before[taken.key] != now.get(taken.key):
            taken.bitmaps.add(before[taken.key])

    def can_be_read(self, handle: int, grace_floor: int) -> bool:
        """A table that some reader may be using has the bitmap."""
        return any(handle in has.values() for has in self.attached[grace_floor:])

    def was_attached(self, handle: int) -> bool:
        """Some published table had the bitmap."""
        return handle in self.ever

    def mapped(self, spte: Spte) -> None:
        """The host may have been told just before the spte was made."""
        if any(map(spte.maps_hva, self.told)):
            self.told_of.add(spte.serial)

    def tell(self, hva: int, sptes: Iterable[Spte]) -> None:
        """The host was told: it cannot have the page clean before these are gone."""
        self.told.add(hva)
        self.told_of.update(spte.serial for spte in sptes if spte.maps_hva(hva))

    def untold(self) -> tuple[Spte, ...]:
        """The writable sptes that were removed without the host being told."""
        return tuple(
            spte
            for spte in self.removed
            if spte.serial not in self.told_of
            and not any(map(spte.maps_hva, self.told))
        )


def undirtied(
    bitmaps: DirtyBitmaps, shadow: Shadow, slot: Slot, spte: Spte
) -> tuple[int, ...]:
    """The pages of a slot that are neither dirty nor armed as to an spte.

    Only an spte that was translated through the slot, where it is now, counts, and only
    if it is known which bitmap the slot has. A page that a fast page fault is about to
    mark is as good as dirty.
    """
    made = spte.slot
    if bitmaps.of(slot) is None:
        return ()
    if spte.armed or made is None or made.base != slot.base:
        return ()
    if (made.as_id, made.id) != (slot.as_id, slot.id):
        return ()
    first = max(spte.gfn - slot.base, 0)
    last = min(spte.gfn - slot.base + spte.npages, slot.npages)
    unmarked = shadow.unmarked.get(spte.opened)
    marked_next = None if unmarked is None else unmarked.gfn - slot.base
    return tuple(
        page
        for page in range(first, last)
        if page != marked_next and not bitmaps.is_dirty(slot, page)
    )
