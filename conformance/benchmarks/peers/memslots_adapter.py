"""The slot table under memslots: its adapter, which translates and nothing else.

`memslots check py:memslots_adapter:sound`, in this folder, or the name of a bug in
place of `sound`.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import cast

import slot_table
from memslot_spec import Done, Errno, Limits, MemoryRegion, Refused, Slot
from memslot_spec.history.header import Domain, Interleaving
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.mmu import Flushed, MmuLocked, MmuUnlocked
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
from memslot_spec.history.views import View
from memslot_spec.model.replies import Accessed, DirtyLog, Mmio, Reply, Retry
from memslot_spec.model.values import Gfn, Hva, table_of
from slot_table import BUGS, FRAMES, LOG, READONLY, SLOTS, SlotTable

Plain = (
    UpdateLocked
    | UpdateUnlocked
    | MmuLocked
    | MmuUnlocked
    | GracePeriodBegun
    | GracePeriodEnded
)

POINTS: dict[str, type[Plain]] = {
    "update locked": UpdateLocked,
    "update unlocked": UpdateUnlocked,
    "mmu locked": MmuLocked,
    "mmu unlocked": MmuUnlocked,
    "grace period begun": GracePeriodBegun,
    "grace period ended": GracePeriodEnded,
}
"""The kinds that have no fields."""


class Hooked:
    """The machine of the table, which tells memslots of every step."""

    def __init__(self, hook: Hook) -> None:
        self.hook = hook

    def wait(self, until: Callable[[], bool]) -> None:
        """Other threads run meanwhile."""
        self.hook.wait(until, "the slot table")

    def step(self, what: str, *facts: object) -> None:
        """The point of this step."""
        match what, facts:
            case "section entered", ():
                self.hook.point(SectionEntered, 0)
            case "section left", ():
                self.hook.point(SectionLeft, 0)
            case "table loaded", (int(name),):
                self.hook.point(TableLoaded, name)
            case "table read", (int(name),):
                self.hook.point(TableRead, name, "slots")
            case "table reclaimed", (int(name),):
                self.hook.point(TableReclaimed, name)
            case "flushed", (int(number),):
                self.hook.point(Flushed, number)
            case "table published", (int(name), slots):
                told = cast("dict[int, slot_table.Slot]", slots)
                shown = table_of(*map(slot_of, told.values()))
                self.hook.point(TablePublished, name, shown)
            case _:
                self.hook.point(POINTS[what])


def slot_of(slot: slot_table.Slot) -> Slot:
    """A slot of the table as a value of the specification."""
    return Slot(
        slot.number,
        Gfn(slot.base),
        slot.npages,
        Hva(slot.host),
        log_dirty=bool(slot.flags & LOG),
        readonly=bool(slot.flags & READONLY),
        invalid=slot.invalid,
    )


def refused(refusal: OSError) -> Refused:
    """A refusal by its name."""
    return Refused(Errno(errno.errorcode[refusal.errno or 0]))


class SlotTableAdapter:
    """Requests, lookups, accesses, dirty logs and introspection, stepped."""

    profile = "linux"
    interleaving = Interleaving.POINTS
    limits = Limits(largest_gfn=FRAMES - 1, user_slots=SLOTS)
    domain = Domain(largest_gfn=FRAMES - 1, slots=SLOTS)
    announces = (
        *(kind.__name__ for kind in POINTS.values()),
        *("SectionEntered", "SectionLeft", "TableLoaded", "TableRead"),
        *("TablePublished", "TableReclaimed", "Flushed"),
    )

    def __init__(self, hook: Hook, bug: str | None = None) -> None:
        self.table = SlotTable(Hooked(hook), bug)

    def set_region(self, region: MemoryRegion) -> Reply:
        """A refusal is a reply."""
        word, gpa = region.slot, region.guest_phys_addr
        size, hva = region.memory_size, region.userspace_addr
        try:
            self.table.set_region(word, gpa, size, hva, region.flags)
        except OSError as refusal:
            return refused(refusal)
        return Done()

    def get_dirty_log(self, slot: int) -> Reply:
        """In u64 words, as many as the slot needs."""
        try:
            npages, dirty = self.table.get_dirty_log(slot)
        except OSError as refusal:
            return refused(refusal)
        words = [0] * ((npages + 63) // 64)
        for page in dirty:
            words[page // 64] |= 1 << page % 64
        return DirtyLog(tuple(words))

    def gfn_to_memslot(self, gfn: Gfn) -> Slot | None:
        """The slot of a frame."""
        slot = self.table.gfn_to_memslot(gfn)
        return None if slot is None else slot_of(slot)

    def vcpu_gfn_to_memslot(self, vcpu: int, gfn: Gfn) -> Slot | None:
        """The slot of a frame, by a vCPU."""
        slot = self.table.vcpu_gfn_to_memslot(vcpu, gfn)
        return None if slot is None else slot_of(slot)

    def gfn_to_hva(self, gfn: Gfn) -> Hva | None:
        """Where a write to a frame goes."""
        host = self.table.gfn_to_hva(gfn)
        return None if host is None else Hva(host)

    def access(self, gfn: Gfn, *, write: bool, direct: bool, root: int) -> Reply:  # noqa: ARG002
        """A guest access; the table has one kind of mapping."""
        reached = self.table.access(gfn, write=write)
        if isinstance(reached, int):
            return Accessed(reached)
        return Mmio() if reached == "mmio" else Retry()

    def observe(self) -> View:
        """The whole table, as it stands."""
        return View(table=table_of(*map(slot_of, self.table.current.slots.values())))


def _factory(bug: str | None) -> Callable[[Hook], SlotTableAdapter]:
    def make(hook: Hook) -> SlotTableAdapter:
        return SlotTableAdapter(hook, bug)

    return make


sound = _factory(None)


def __getattr__(name: str) -> Callable[[Hook], SlotTableAdapter]:
    """The factory of a table with this bug."""
    if name not in BUGS:
        raise AttributeError(name)
    return _factory(name)
