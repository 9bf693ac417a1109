"""Adapters with the least that one has, and with one lookup more."""

from __future__ import annotations

from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.history.views import View
from memslot_spec.model.replies import Done
from memslot_spec.model.values import Gfn, Hva, MemoryRegion, Slot, SlotTable


class Plain:
    """At most one slot, and the one method that every adapter has."""

    def __init__(self) -> None:
        self.slots: list[Slot] = []

    def set_region(self, region: MemoryRegion) -> object:
        self.slots.clear()
        if region.memory_size:
            pages = region.memory_size // PAGE_SIZE
            hva = Hva(region.userspace_addr)
            self.slots.append(Slot(region.slot, region.base, pages, hva))
        return Done()

    def backing(self, gfn: Gfn) -> Slot | None:
        """The slot that covers the frame."""
        return next((slot for slot in self.slots if slot.covers(gfn)), None)


class FindsSlot(Plain):
    """It has one of the four lookups."""

    def gfn_to_memslot(self, gfn: Gfn) -> Slot | None:
        return self.backing(gfn)


class FindsHva(Plain):
    """It has one of the four lookups."""

    def gfn_to_hva(self, gfn: Gfn) -> Hva | None:
        slot = self.backing(gfn)
        return None if slot is None else slot.hva_of(gfn)


class FindsVisible(Plain):
    """It has one of the four lookups."""

    def is_visible_gfn(self, gfn: Gfn) -> bool:
        return self.backing(gfn) is not None


class FindsId(Plain):
    """It has one of the four lookups."""

    def memslot_id(self, gfn: Gfn) -> int | None:
        slot = self.backing(gfn)
        return None if slot is None else slot.id


class Shows(Plain):
    """It has introspection, and no lookup."""

    def observe(self) -> View:
        return View(table=SlotTable(tuple(self.slots)))
