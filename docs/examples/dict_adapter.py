"""The adapter of `dict_table`: it translates, and nothing else."""

from __future__ import annotations

import errno

from dict_table import LOG_WRITES, PAGE, READ_ONLY, DictTable

from memslot_spec import Done, Errno, Limits, MemoryRegion, Refused, Slot
from memslot_spec.history.header import Domain
from memslot_spec.history.views import View
from memslot_spec.model.replies import Reply
from memslot_spec.model.values import Gfn, Hva, table_of


class DictAdapter:
    """Requests, two lookups and introspection; one call at a time."""

    profile = "linux"
    largest_gfn = DictTable.guest_end // PAGE - 1
    limits = Limits(largest_gfn=largest_gfn, user_slots=DictTable.ids)
    domain = Domain(largest_gfn=largest_gfn)

    def __init__(self) -> None:
        self.table = DictTable()

    def set_region(self, region: MemoryRegion) -> Reply:
        """A refusal is a reply; any other exception is the table's own."""
        word, gpa = region.slot, region.guest_phys_addr
        size, hva = region.memory_size, region.userspace_addr
        try:
            self.table.assign(word, gpa, size, hva, region.flags)
        except OSError as refusal:
            return Refused(Errno(errno.errorcode[refusal.errno or 0]))
        return Done()

    def gfn_to_memslot(self, gfn: Gfn) -> Slot | None:
        """The slot that holds the frame."""
        found = self.table.entry_at(gfn * PAGE)
        return None if found is None else self._slot(found[0])

    def gfn_to_hva(self, gfn: Gfn) -> Hva | None:
        """Where a write to the frame goes, so not into READONLY slots."""
        slot = self.gfn_to_memslot(gfn)
        return None if slot is None or slot.readonly else slot.hva_of(gfn)

    def observe(self) -> View:
        """The whole table, as it stands."""
        return View(table=table_of(*map(self._slot, self.table.entries)))

    def _slot(self, number: int) -> Slot:
        entry = self.table.entries[number]
        base, npages = Gfn(entry.guest // PAGE), entry.size // PAGE
        log, readonly = bool(entry.flags & LOG_WRITES), bool(entry.flags & READ_ONLY)
        return Slot(number, base, npages, Hva(entry.host), log, readonly)


make = DictAdapter
