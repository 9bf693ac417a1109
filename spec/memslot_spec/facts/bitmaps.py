"""Facts about dirty bitmaps from the points: whose they are, what is set in them.

A GET may take a bitmap out of sight, or pages out of a bitmap, before it answers;
what it took counts as dirty until then.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from memslot_spec.facts.mmu import Spte
from memslot_spec.history.points.tables import Attached
from memslot_spec.model.values import Slot, SlotTable

Word = tuple[int, int]
"""A slot's address space and id."""


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
class Taken:
    """What an open GET or CLEAR of a slot took, and has not answered from yet."""

    word: Word
    bitmaps: set[int] = field(default_factory=set[int])
    pages: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])


@dataclass(slots=True)
class DirtyBitmaps:
    """Every live bitmap, and which slots of the published tables have which.

    `attached` has an entry for each version of the table. `gone` are the writable
    sptes that went since `mmu_lock` was taken, `told` the host addresses that the
    host was told of since then.
    """

    live: dict[int, Bitmap] = field(default_factory=dict[int, Bitmap])
    attached: list[dict[Word, int]] = field(default_factory=lambda: [{}])
    taken: dict[int, Taken] = field(default_factory=dict[int, Taken])
    gone: list[Spte] = field(default_factory=list[Spte])
    told: set[int] = field(default_factory=set[int])

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
        word, handle = (slot.as_id, slot.id), self.handle_of(slot)
        for taken in self.taken.values():
            if taken.word != word:
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
        self, slots: SlotTable, attached: tuple[Attached, ...], taken: Taken | None
    ) -> None:
        """The slots have these bitmaps now; whoever drains took those of before."""
        before = self.attached[-1]
        now = {
            (one.as_id, one.slot_id): one.bitmap
            for one in attached
            if one.bitmap is not None and slots.find(one.as_id, one.slot_id)
        }
        self.attached.append(now)
        if taken is None or taken.word not in before:
            return
        if before[taken.word] != now.get(taken.word):
            taken.bitmaps.add(before[taken.word])

    def can_be_read(self, handle: int, grace_floor: int) -> bool:
        """A table that some reader may be using has the bitmap."""
        return any(handle in has.values() for has in self.attached[grace_floor:])

    def untold(self) -> tuple[Spte, ...]:
        """The writable sptes that went without the host being told."""
        return tuple(
            spte for spte in self.gone if not any(map(spte.maps_hva, self.told))
        )


def undirtied(bitmaps: DirtyBitmaps, slot: Slot, spte: Spte) -> tuple[int, ...]:
    """The pages of a slot that an spte lets the guest write to unnoticed.

    Only an spte that was translated through the slot, where it is now.
    """
    made = spte.slot
    if not spte.writable or made is None or made.base != slot.base:
        return ()
    if (made.as_id, made.id) != (slot.as_id, slot.id):
        return ()
    first = max(spte.gfn - slot.base, 0)
    last = min(spte.gfn - slot.base + spte.npages, slot.npages)
    return tuple(
        page for page in range(first, last) if not bitmaps.is_dirty(slot, page)
    )
