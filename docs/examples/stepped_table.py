"""A slot table that is swapped by pointer, and tells the suite where it is.

Each version is a `DictTable` that nobody changes once it is published. Readers
look into one version inside a read section; an update copies, changes the copy,
swaps it in, waits for the readers and clears what they have left.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass, field

from dict_table import LOG_WRITES, PAGE, READ_ONLY, DictTable

from memslot_spec import Done, Errno, Limits, MemoryRegion, Refused, Slot
from memslot_spec.history.header import Domain, Interleaving
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.srcu import (
    GracePeriodBegun,
    GracePeriodEnded,
    SectionEntered,
    SectionLeft,
)
from memslot_spec.history.points.tables import (
    TableLoaded,
    TablePublished,
    TableRead,
    TableReclaimed,
    UpdateLocked,
    UpdateUnlocked,
)
from memslot_spec.model.replies import Reply
from memslot_spec.model.values import Gfn, Hva, SlotTable, table_of

ANNOUNCED = (
    *(SectionEntered, SectionLeft, TableLoaded, TableRead, TablePublished),
    *(TableReclaimed, GracePeriodBegun, GracePeriodEnded, UpdateLocked, UpdateUnlocked),
)


@dataclass(eq=False)
class Version:
    """One published table; `going` is the id of the slot on its way out."""

    handle: int
    table: DictTable = field(default_factory=DictTable)
    going: int | None = None

    def slot(self, number: int) -> Slot:
        """The slot of this id as a value of the specification."""
        entry = self.table.entries[number]
        return Slot(
            number,
            Gfn(entry.guest // PAGE),
            entry.size // PAGE,
            Hva(entry.host),
            log_dirty=bool(entry.flags & LOG_WRITES),
            readonly=bool(entry.flags & READ_ONLY),
            invalid=number == self.going,
        )

    def slots(self) -> SlotTable:
        """The whole table as a value of the specification."""
        return table_of(*map(self.slot, self.table.entries))


class SteppedTable:
    """Updates and two lookups, stepped from point to point."""

    profile = "linux"
    interleaving = Interleaving.POINTS
    announces = tuple(kind.__name__ for kind in ANNOUNCED)
    largest_gfn = DictTable.guest_end // PAGE - 1
    limits = Limits(largest_gfn=largest_gfn, user_slots=DictTable.ids)
    domain = Domain(largest_gfn=largest_gfn)

    def __init__(self, hook: Hook) -> None:
        self.hook = hook
        self.current = Version(0)
        self.versions = 1
        self.readers = 0
        self.locked = False

    def enter(self) -> None:
        """`srcu_read_lock`: the counter first, then the point that tells of it."""
        self.readers += 1
        self.hook.point(SectionEntered, 0)

    def leave(self) -> None:
        """`srcu_read_unlock`."""
        self.readers -= 1
        self.hook.point(SectionLeft, 0)

    def load(self) -> Version:
        """`rcu_dereference`: from here on only this version is looked at."""
        version = self.current
        self.hook.point(TableLoaded, version.handle)
        return version

    def find(self, version: Version, gfn: int) -> Slot | None:
        """The slot of a frame in one version, on its way out or not."""
        self.hook.point(TableRead, version.handle, "slots")
        found = version.table.entry_at(gfn * PAGE)
        return None if found is None else version.slot(found[0])

    def gfn_to_memslot(self, gfn: Gfn) -> Slot | None:
        """The slot that covers the frame."""
        self.enter()
        slot = self.find(self.load(), gfn)
        self.leave()
        return slot

    def gfn_to_hva(self, gfn: Gfn) -> Hva | None:
        """Where a write to the frame goes; nowhere in an INVALID slot."""
        self.enter()
        slot = self.find(self.load(), gfn)
        self.leave()
        if slot is None or slot.invalid or slot.readonly:
            return None
        return slot.hva_of(gfn)

    def set_region(self, region: MemoryRegion) -> Reply:
        """One update at a time."""
        self.hook.wait(lambda: not self.locked, "the update lock")
        self.locked = True
        self.hook.point(UpdateLocked)
        reply = self.update(region)
        self.locked = False
        self.hook.point(UpdateUnlocked)
        return reply

    def update(self, region: MemoryRegion) -> Reply:
        """Copy, change the copy, publish; a slot to be deleted is INVALID first."""
        current = self.load()
        self.hook.point(TableRead, current.handle, "slots")
        draft = DictTable()
        draft.entries = dict(current.table.entries)
        word, gpa = region.slot, region.guest_phys_addr
        size, hva = region.memory_size, region.userspace_addr
        try:
            draft.assign(word, gpa, size, hva, region.flags)
        except OSError as refusal:
            return Refused(Errno(errno.errorcode[refusal.errno or 0]))
        old, new = current.table.entries.get(word), draft.entries.get(word)
        if old == new:
            return Done()
        if old is not None and (new is None or new.guest != old.guest):
            window = DictTable()
            window.entries = dict(current.table.entries)
            self.replace(window, going=word)
        self.replace(draft)
        return Done()

    def replace(self, table: DictTable, going: int | None = None) -> None:
        """Swap the next version in, wait, and clear the one before."""
        old, new = self.current, Version(self.versions, table, going)
        self.versions += 1
        self.current = new
        self.hook.point(TablePublished, new.handle, new.slots())
        self.hook.point(GracePeriodBegun)
        self.wait_for_readers()
        self.hook.point(GracePeriodEnded)
        old.table.entries.clear()
        self.hook.point(TableReclaimed, old.handle)

    def wait_for_readers(self) -> None:
        """One counter: it waits for readers who came later, too."""
        self.hook.wait(lambda: self.readers == 0, "the readers")


make = SteppedTable
