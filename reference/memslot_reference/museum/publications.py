"""Mutants that publish what nobody asked for, or in more steps than they may."""

from __future__ import annotations

from dataclasses import replace

from memslot_reference.kvm import Kvm
from memslot_reference.memslots import INVALID, MemorySlot, Memslots
from memslot_reference.museum.mutant import Mutant, planted
from memslot_spec.history.views import View
from memslot_spec.model.values import Errno, Failure


class GetDropsSlots(Kvm):
    """GET publishes a table in which every other slot is gone."""

    def publish_empty_bitmap(self, table: Memslots, slot: MemorySlot) -> None:
        """Make a table of the one slot that it is about."""
        final = Memslots(self.tables_made + 1, nmemslots=table.nmemslots)
        self.tables_made += 1
        empty = self.new_bitmap(slot, all_set=False)
        final.put(replace(slot, dirty_bitmap=empty))
        self.publish(final)
        self.srcu.synchronize()
        self.reclaim(table)


class GetPublishesUnlocked(Kvm):
    """GET gives the update lock back before it publishes a table."""

    def publish_empty_bitmap(self, table: Memslots, slot: MemorySlot) -> None:
        """Make the table under the lock, and show it without."""
        final = self.copy_of(table)
        final.put(replace(slot, dirty_bitmap=self.new_bitmap(slot, all_set=False)))
        self.unlock_slots()
        self.publish(final)
        self.lock_slots()
        self.srcu.synchronize()
        self.reclaim(table)


class FlagsInTwoSteps(Kvm):
    """A change of flags publishes the slot as INVALID first, like a move."""

    def change_slot(
        self,
        table: Memslots,
        old: MemorySlot | None,
        new: MemorySlot | None,
        failure: Failure | None,
    ) -> Errno | None:
        """Take the slot away, and put it back with its new flags."""
        if old is None or new is None or self.moves(old, new):
            return super().change_slot(table, old, new, failure)
        window = self.copy_of(table)
        window.put(old.with_flags(old.flags | INVALID))
        self.publish(window)
        self.srcu.synchronize()
        self.reclaim(table)
        return super().change_slot(window, old, new, failure)


class UnlocksInTheWindow(Kvm):
    """A request that fails gives the update lock back, and then rolls back."""

    def roll_back(self, window: Memslots, old: MemorySlot) -> None:
        """Let others have a look at the INVALID slot."""
        del window
        self.unlock_slots()
        self.lock_slots()
        super().roll_back(self.load_table(), old)


class ShowsAnotherTable(Kvm):
    """What is shown of the slots is one slot short of what was published."""

    def observe(self) -> View:
        """Leave the last slot out."""
        view = super().observe()
        table = view.table
        if table is None or not table.slots:
            return view
        last = table.slots[-1]
        return replace(view, table=table.without(last.as_id, last.id))


class HidesSptes(Kvm):
    """What is shown of the sptes lacks those that may be written."""

    def observe(self) -> View:
        """Show what is read-only."""
        view = super().observe()
        sptes = tuple(spte for spte in view.sptes or () if not spte.writable)
        return replace(view, sptes=sptes)


MUTANTS: tuple[Mutant, ...] = (
    planted(
        "get-drops-slots", GetDropsSlots, "SLOT-12", "SLOT-8", "LOOK-1", "DIRTY-28"
    ),
    planted("get-publishes-unlocked", GetPublishesUnlocked, "SRCU-21"),
    planted("flags-in-two-steps", FlagsInTwoSteps, "SLOT-13"),
    planted("unlocks-in-the-window", UnlocksInTheWindow, "DEL-17"),
    planted("shows-another-table", ShowsAnotherTable, "SLOT-18", "SLOT-8", "ERR-2"),
    planted("hides-sptes", HidesSptes, "MMU-17"),
)
