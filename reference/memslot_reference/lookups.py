"""The readers of the slot table: each loads it once and answers from that load.

SRCU keeps a loaded table alive; it does not keep the pointer still. A second
load in the same section may see the next table, so an answer is made of one.
The public methods open a read section; the others expect the caller to be in
one, or to hold the lock of the updaters.
"""

from __future__ import annotations

from memslot_reference.memslots import MemorySlot, Memslots, ReadAfterReclaim
from memslot_reference.srcu import Srcu
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, U64
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.tables import TableLoaded, TableRead
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.replies import FoundHostPage
from memslot_spec.model.values import Gfn, Hva, HvaError, Slot

MIN_ALLOC_MMU_PAGES = 64
PERMILLE_MMU_PAGES = 20
MEMSLOT_PAGES_TO_MMU_PAGES_RATIO = 50


class SlotReaders:
    """The lookups of `virt/kvm/kvm_main.c`, and two readers of x86."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM with no slots; its first table has the handle 0."""
        self.hook = hook
        self.promises = profile
        self.limits = limits
        self.srcu = Srcu(hook)
        self.memslots = Memslots(0)

    def load_table(self, as_id: int = 0) -> Memslots:
        """`rcu_dereference(kvm->memslots)`; here one table is all there is."""
        del as_id
        table = self.memslots
        self.hook.point(TableLoaded, table.handle)
        return table

    def load_tables(self) -> tuple[Memslots, ...]:
        """The tables of all address spaces, for one who looks at every slot."""
        return (self.load_table(),)

    def read(self, table: Memslots, field: str) -> None:
        """Announce what is read of a table next. Errors: it is reclaimed."""
        self.hook.point(TableRead, table.handle, field)
        if table.reclaimed:
            raise ReadAfterReclaim(table.handle, field)

    def search_memslots(self, table: Memslots, gfn: int) -> MemorySlot | None:
        """The slot that covers a frame, INVALID or not; the lowest id first.

        An INVALID slot has to be found: `rmap_remove` comes through here when
        the slot that is being deleted is flushed.
        """
        self.read(table, "slots")
        for slot in table.slots.values():
            if slot.as_id == table.as_id and slot.covers(gfn):
                return slot
        return None

    def find_slot(self, gfn: int) -> Slot | None:
        """The covering slot in a table loaded for this."""
        slot = self.search_memslots(self.load_table(), gfn)
        return None if slot is None else slot.to_spec()

    def find_hva(self, gfn: int) -> Hva | None:
        """The host address for writing, in a table loaded for this."""
        slot = self.search_memslots(self.load_table(), gfn)
        if slot is None or slot.invalid or slot.readonly:
            return None
        return Hva(slot.hva_of(gfn))

    def find_page(self, gfn: int, *, write: bool) -> FoundHostPage:
        """The host page for an access, in a table loaded for this.

        INVALID comes before READONLY: an INVALID slot has no address of any kind.
        """
        slot = self.search_memslots(self.load_table(), gfn)
        if slot is None or slot.invalid:
            return FoundHostPage(None, error=HvaError.BAD)
        if write and slot.readonly:
            return FoundHostPage(None, error=HvaError.RO_BAD)
        return FoundHostPage(slot.hva_of(gfn), writable=not slot.readonly)

    def sees_gfn(self, table: Memslots, gfn: int) -> bool:
        """A user slot of the table, not INVALID, covers the frame."""
        self.read(table, "slots")
        for slot in table.slots.values():
            if slot.as_id != 0 or slot.id >= self.limits.user_slots or slot.invalid:
                continue
            if slot.covers(gfn):
                return True
        return False

    def find_memslot_id(self, gfn: int) -> int | None:
        """The covering slot's id, in a table loaded for this."""
        slot = self.search_memslots(self.load_table(), gfn)
        return None if slot is None else slot.id

    def rmode_tss_base(self) -> int:
        """Three pages below the end of slot 0; absent, it is empty and at 0."""
        table = self.load_table()
        base_gfn = self.read_base_gfn(table)
        npages = self.read_npages(table)
        return ((base_gfn + npages - 3) << PAGE_SHIFT) % U64

    def read_base_gfn(self, table: Memslots) -> int:
        """`slots->memslots[0].base_gfn`."""
        self.read(table, "base_gfn")
        return table.slots[0].base_gfn if 0 in table.slots else 0

    def read_npages(self, table: Memslots) -> int:
        """`slots->memslots[0].npages`."""
        self.read(table, "npages")
        return table.slots[0].npages if 0 in table.slots else 0

    def calculate_mmu_pages(self, table: Memslots) -> int:
        """The page budget of a table: private and INVALID slots count."""
        return self.budget_of((table,))

    def budget_of(self, tables: tuple[Memslots, ...]) -> int:
        """The page budget of the tables of several address spaces."""
        total = 0
        for table in tables:
            self.read(table, "slots")
            total += sum(slot.npages for slot in table.slots.values())
        if self.promises.budget_is_permille:
            return max(MIN_ALLOC_MMU_PAGES, total * PERMILLE_MMU_PAGES // 1000)
        return max(MIN_ALLOC_MMU_PAGES, total // MEMSLOT_PAGES_TO_MMU_PAGES_RATIO)

    def gfn_to_memslot(self, gfn: Gfn) -> Slot | None:
        """The slot that covers a frame, INVALID or not."""
        index = self.srcu.read_lock()
        slot = self.find_slot(gfn)
        self.srcu.read_unlock(index)
        return slot

    def gfn_to_hva(self, gfn: Gfn) -> Hva | None:
        """The host address behind a frame; None is the error address."""
        index = self.srcu.read_lock()
        hva = self.find_hva(gfn)
        self.srcu.read_unlock(index)
        return hva

    def gfn_to_hva_prot(self, gfn: Gfn, *, write: bool) -> FoundHostPage:
        """The host page behind a frame for reading or writing, or which error."""
        index = self.srcu.read_lock()
        page = self.find_page(gfn, write=write)
        self.srcu.read_unlock(index)
        return page

    def is_visible_gfn(self, gfn: Gfn) -> bool:
        """Whether a frame is ordinary guest memory."""
        index = self.srcu.read_lock()
        visible = self.sees_gfn(self.load_table(), gfn)
        self.srcu.read_unlock(index)
        return visible

    def memslot_id(self, gfn: Gfn) -> int | None:
        """The id of the slot that covers a frame; None where there is none."""
        index = self.srcu.read_lock()
        slot_id = self.find_memslot_id(gfn)
        self.srcu.read_unlock(index)
        return slot_id

    def tss_base(self) -> int:
        """Guest byte address of the real-mode TSS."""
        index = self.srcu.read_lock()
        base = self.rmode_tss_base()
        self.srcu.read_unlock(index)
        return base

    def mmu_pages(self) -> int:
        """The shadow page budget with no limit requested."""
        index = self.srcu.read_lock()
        budget = self.calculate_mmu_pages(self.load_table())
        self.srcu.read_unlock(index)
        return budget
