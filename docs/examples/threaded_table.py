"""A slot table for many threads: it is called, and announces nothing.

Each version is a `DictTable` that nobody changes once it is published. Readers are
counted in and out of the version that they look into; an update copies, changes the
copy, swaps it in, waits until nobody is in the old one, and clears it. Guest accesses
keep what they have translated until the slot goes.
"""

from __future__ import annotations

import errno
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition, Lock

from dict_table import LOG_WRITES, PAGE, READ_ONLY, DictTable

from memslot_spec import Done, Errno, Limits, MemoryRegion, Refused, Slot
from memslot_spec.history.header import Domain, Interleaving
from memslot_spec.history.views import View
from memslot_spec.model.replies import Accessed, Mmio, Reply, Retry
from memslot_spec.model.values import Gfn, Hva, table_of


@dataclass(eq=False)
class Version:
    """One published table; `going` is the id of the slot on its way out."""

    table: DictTable = field(default_factory=DictTable)
    going: int | None = None
    readers: int = 0

    def find(self, gfn: int) -> Slot | None:
        """The slot of a frame, on its way out or not."""
        found = self.table.entry_at(gfn * PAGE)
        return None if found is None else self.slot(found[0])

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


class ThreadedTable:
    """Updates, two lookups and guest accesses, from any number of threads."""

    profile = "linux"
    interleaving = Interleaving.THREADS
    largest_gfn = DictTable.guest_end // PAGE - 1
    limits = Limits(largest_gfn=largest_gfn, user_slots=DictTable.ids)
    domain = Domain(largest_gfn=largest_gfn)

    def __init__(self) -> None:
        self.current = Version()
        self.updating = Lock()
        self.reading = Condition()
        self.translating = Lock()
        self.translations: dict[int, Hva] = {}

    @contextmanager
    def section(self) -> Generator[Version]:
        """The current version, which nobody clears in here."""
        with self.reading:
            version = self.current
            version.readers += 1
        try:
            yield version
        finally:
            with self.reading:
                version.readers -= 1
                self.reading.notify_all()

    def gfn_to_memslot(self, gfn: Gfn) -> Slot | None:
        """The slot that covers the frame."""
        with self.section() as version:
            return version.find(gfn)

    def gfn_to_hva(self, gfn: Gfn) -> Hva | None:
        """Where a write to the frame goes; nowhere in an INVALID slot."""
        with self.section() as version:
            slot = version.find(gfn)
            if slot is None or slot.invalid or slot.readonly:
                return None
            return slot.hva_of(gfn)

    def access(self, gfn: Gfn, *, write: bool, direct: bool, root: int) -> Reply:  # noqa: ARG002
        """A guest access: by what was translated before, or by the slot."""
        with self.translating:
            known = self.translations.get(gfn)
        if known is not None:
            return Accessed(known)
        with self.section() as version:
            slot = version.find(gfn)
            if slot is None or (write and slot.readonly):
                return Mmio()
            if slot.invalid:
                return Retry()
            hva = slot.hva_of(gfn)
            if not slot.readonly:
                self.translated(gfn, hva)
            return Accessed(hva)

    def translated(self, gfn: Gfn, hva: Hva) -> None:
        """Keep a translation: in the section, so that who flushes waits for it."""
        with self.translating:
            self.translations[gfn] = hva

    def set_region(self, region: MemoryRegion) -> Reply:
        """One update at a time; a refusal is a reply."""
        with self.updating:
            try:
                self.update(region)
            except OSError as refusal:
                return Refused(Errno(errno.errorcode[refusal.errno or 0]))
            return Done()

    def update(self, region: MemoryRegion) -> None:
        """Copy, change the copy, publish; a slot that goes is INVALID first."""
        word, gpa = region.slot, region.guest_phys_addr
        size, hva = region.memory_size, region.userspace_addr
        before, draft = self.current.table.entries, self.copied()
        draft.assign(word, gpa, size, hva, region.flags)
        old, new = before.get(word), draft.entries.get(word)
        if old == new:
            return
        if old is not None and (new is None or new.guest != old.guest):
            self.publish(Version(self.copied(), going=word))
            with self.translating:
                self.translations.clear()
        self.publish(Version(draft))

    def copied(self) -> DictTable:
        """A table of its own, which is like the current one."""
        table = DictTable()
        table.entries = dict(self.current.table.entries)
        return table

    def publish(self, version: Version) -> None:
        """Swap the version in, wait until nobody is in the old one, and clear it."""
        with self.reading:
            old, self.current = self.current, version
        self.wait_for_readers(old)
        old.table.entries.clear()

    def wait_for_readers(self, old: Version) -> None:
        """Nobody can come into it any more, so it gets empty."""
        with self.reading:
            self.reading.wait_for(lambda: old.readers == 0)

    def observe(self) -> View:
        """The whole table, as it stands."""
        with self.section() as version:
            slots = [version.slot(number) for number in version.table.entries]
        return View(table=table_of(*slots))


make = ThreadedTable
