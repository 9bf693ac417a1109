"""The threaded table of the book with seven bugs, for a race or a refusal to meet.

Targets such as `py:planted_threads:NoReadLock`, where this folder and `docs/examples`
are on `PYTHONPATH`.
"""

from __future__ import annotations

import errno
from collections.abc import Generator
from contextlib import contextmanager

from threaded_table import ThreadedTable, Version

from memslot_spec import Done, Errno, MemoryRegion, Refused, Slot
from memslot_spec.model.replies import Accessed, Mmio, Reply, Retry
from memslot_spec.model.values import Gfn, Hva


class NoReadLock(ThreadedTable):
    """Readers are not counted, so nobody waits for them."""

    @contextmanager
    def section(self) -> Generator[Version]:
        """The current version, and nobody knows."""
        yield self.current


class EditsInPlace(ThreadedTable):
    """An update changes the published table, under readers who look into it."""

    def update(self, region: MemoryRegion) -> None:
        """All that is asked is checked on a copy, and then done where readers are."""
        word, gpa = region.slot, region.guest_phys_addr
        size, hva = region.memory_size, region.userspace_addr
        draft, version = self.copied(), self.current
        draft.assign(word, gpa, size, hva, region.flags)
        new = draft.entries.get(word)
        if word in version.table.entries:
            version.going = word
            with self.translating:
                self.translations.clear()
            del version.table.entries[word]
        if new is not None:
            version.table.entries[word] = new
        version.going = None


class NoWait(ThreadedTable):
    """An update does not wait for the readers of what it clears."""

    def wait_for_readers(self, old: Version) -> None:
        """At once."""


class NoUpdateLock(ThreadedTable):
    """Two updates at once copy the same table, and one of them is lost."""

    def set_region(self, region: MemoryRegion) -> Reply:
        """As many updates at a time as come."""
        try:
            self.update(region)
        except OSError as refusal:
            return refused(refusal)
        return Done()


class TornPair(ThreadedTable):
    """A lookup finds in one table and translates by the next; a move is one step."""

    def gfn_to_hva(self, gfn: Gfn) -> Hva | None:
        """Two sections, where there should be one."""
        with self.section() as version:
            found = version.find(gfn)
        if found is None or found.readonly:
            return None
        with self.section() as version:
            if found.id not in version.table.entries:
                return None
            return version.slot(found.id).hva_of(gfn)

    def update(self, region: MemoryRegion) -> None:
        """One step, whatever it is: no slot is INVALID on its way out."""
        draft = self.copied()
        size, hva = region.memory_size, region.userspace_addr
        draft.assign(region.slot, region.guest_phys_addr, size, hva, region.flags)
        self.publish(Version(draft))
        with self.translating:
            self.translations.clear()


class FillsOutside(ThreadedTable):
    """A translation is kept after the section, when who flushes has gone by."""

    def access(self, gfn: Gfn, *, write: bool, direct: bool, root: int) -> Reply:  # noqa: ARG002
        """As in the book, but for the place of the last step."""
        with self.translating:
            known = self.translations.get(gfn)
        if known is not None:
            return Accessed(known)
        with self.section() as version:
            slot = version.find(gfn)
        return self.filled(slot, gfn, write=write)

    def filled(self, slot: Slot | None, gfn: Gfn, *, write: bool) -> Reply:
        """The answer by this slot, which is kept."""
        if slot is None or (write and slot.readonly):
            return Mmio()
        if slot.invalid:
            return Retry()
        hva = slot.hva_of(gfn)
        if not slot.readonly:
            self.translated(gfn, hva)
        return Accessed(hva)


class KeepsLock(ThreadedTable):
    """A refused update does not give back the lock: the next one waits for ever."""

    def set_region(self, region: MemoryRegion) -> Reply:
        """Given back at the end, and not where it is left before."""
        self.updating.acquire()
        try:
            self.update(region)
        except OSError as refusal:
            return refused(refusal)
        self.updating.release()
        return Done()


def refused(refusal: OSError) -> Refused:
    """The refusal as a reply."""
    return Refused(Errno(errno.errorcode[refusal.errno or 0]))


PLANTED = (
    *(NoReadLock, EditsInPlace, NoWait, NoUpdateLock),
    *(TornPair, FillsOutside, KeepsLock),
)
"""Each bug with a name of its own."""
