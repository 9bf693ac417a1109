"""The guest at work: accesses, the faults that come of them, and roots.

A vCPU runs the guest outside any read section, as `vcpu_enter_guest` does, and
takes one for the fault. After `tdp_page_fault`, `nonpaging_map`,
`paging64_page_fault` and `mmu_check_root`.
"""

from __future__ import annotations

from memslot_reference.host_memory import HostMemory
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.shadow import PAGES_AT_LEVEL, Spte, index_of, key_of
from memslot_reference.shadow_pages import ShadowPages
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.host import HostPageFound
from memslot_spec.history.points.mmu import RootGranted
from memslot_spec.history.points.srcu import GuestEntered
from memslot_spec.model.profile import Limits, Profile, WindowAccess
from memslot_spec.model.replies import Accessed, Mmio, Refused, Reply, Retry
from memslot_spec.model.values import Errno, Gfn

HUGE = 2


class ShadowMmu(ShadowPages):
    """The vCPU's side of the shadow MMU."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM that the host has not taken a page from."""
        super().__init__(hook, profile, limits)
        self.mmu_notifier_seq: int = 0
        self.active_invalidations: int = 0
        self.open_ranges: list[tuple[int, int]] = []
        self.host_memory = HostMemory()

    def access(
        self, gfn: Gfn, *, write: bool, direct: bool, root: int, as_id: int = 0
    ) -> Reply:
        """One guest access: through an spte that is there, or by way of a fault."""
        self.hook.point(GuestEntered)
        spte = self.walk(gfn, write=write, direct=direct, root=root, as_id=as_id)
        if spte is not None:
            self.mark_accessed(spte)
            return self.reached(spte, gfn)
        while True:
            section = self.srcu.read_lock()
            reply = self.page_fault(
                gfn, write=write, direct=direct, root=root, as_id=as_id
            )
            self.srcu.read_unlock(section)
            if reply is not None:
                return reply
            # The kernel faults again until the host is done. Nothing else can end
            # that, so here it waits, and outside its section.
            self.hook.wait(self.no_range_is_open, "mmu_invalidate_in_progress")

    def mark_accessed(self, spte: Spte) -> None:
        """The processor has walked to the spte, and sets its A bit."""
        spte.accessed = True

    def reached(self, spte: Spte, gfn: int) -> Accessed:
        """The page that an spte maps at a frame."""
        hva = spte.hva_of(gfn)
        return Accessed(hva, self.host_memory.page_at(hva, spte.found))

    def walk(
        self, gfn: int, *, write: bool, direct: bool, root: int, as_id: int = 0
    ) -> Spte | None:
        """What the processor finds: a present spte that permits the access."""
        for level in PAGES_AT_LEVEL:
            key = key_of(gfn, level, direct=direct, root=root, as_id=as_id)
            page = self.pages.get(key)
            if page is None:
                continue
            spte = page.sptes.get(index_of(gfn, level))
            if spte is not None and spte.reaches(gfn, write=write):
                return spte
        return None

    def page_fault(
        self, gfn: int, *, write: bool, direct: bool, root: int, as_id: int = 0
    ) -> Reply | None:
        """A fault of the guest's, which counts as an access through its spte."""
        return self.direct_page_fault(
            gfn, write=write, direct=direct, root=root, as_id=as_id
        )

    def direct_page_fault(
        self,
        gfn: int,
        *,
        write: bool,
        direct: bool,
        root: int,
        as_id: int = 0,
        prefetch: bool = False,
    ) -> Reply | None:
        """How the access ends, the frame mapped where it can be; None: once more.

        A prefetch is nobody's access: it leaves no accessed bit, and caches no MMIO.
        The host may take the page away between the translation and the lock.
        The count of that is read before the one and again after the other.
        """
        seq = self.mmu_notifier_seq
        table = self.load_table(as_id)
        slot = self.search_memslots(table, gfn)
        if slot is None:
            return Mmio() if prefetch else self.access_unbacked(table, gfn)
        if not self.may_map(slot):
            return self.invalid_reply()
        if write and slot.readonly:
            return Mmio()
        if self.limits.may_fault(slot.hva_of(gfn)):
            return Refused(Errno.EFAULT)
        level = self.mapping_level(slot, gfn, direct=direct)
        spte = self.translate(slot, gfn, level, write=write)
        spte.accessed = not prefetch
        self.hook.point(HostPageFound, spte.hva, PAGES_AT_LEVEL[level])
        self.lock_mmu()
        current = not self.notifier_came(seq) and not self.is_being_taken(spte, gfn)
        if current:
            self.map(table, slot, spte, direct=direct, root=root)
        self.unlock_mmu()
        return self.reached(spte, gfn) if current else None

    def access_unbacked(self, table: Memslots, gfn: int) -> Reply:
        """How an access ends whose frame has no slot in the table loaded for it."""
        del table, gfn
        return Mmio()

    def may_map(self, slot: MemorySlot) -> bool:
        """A fault may make a mapping for the slot: not while it is INVALID."""
        return not slot.invalid

    def invalid_reply(self) -> Reply:
        """How an access ends whose slot is being deleted or moved."""
        if self.promises.window_access is WindowAccess.RETRY:
            return Retry()
        return Mmio()

    def notifier_came(self, seq: int) -> bool:
        """`mmu_notifier_retry`: the translation may be of a page that is gone."""
        return self.mmu_notifier_seq != seq

    def is_being_taken(self, spte: Spte, gfn: int) -> bool:
        """`mmu_notifier_retry`: the host is about to take some page of it.

        Today's kernel asks about the page of the access alone. Here nobody splits
        large pages, as the host does before it takes a part of one.
        """
        del gfn
        end = spte.hva + PAGES_AT_LEVEL[spte.level] * PAGE_SIZE
        return any(start < end and spte.hva < stop for start, stop in self.open_ranges)

    def no_range_is_open(self) -> bool:
        """The host is not in the middle of taking pages away."""
        return not self.open_ranges

    def mapping_level(self, slot: MemorySlot, gfn: int, *, direct: bool) -> int:
        """Level 2 where one spte can map the whole large page around a frame.

        The slot must hold all of it, at a host address with the same offset,
        and must not log: a log is kept by 4 KiB page.
        """
        pages = PAGES_AT_LEVEL[HUGE]
        first = gfn // pages * pages
        if not direct or slot.log_dirty or self.limits.holes:
            return 1
        if not slot.covers(first) or not slot.covers(first + pages - 1):
            return 1
        return HUGE if slot.hva_of(first) % (pages * PAGE_SIZE) == 0 else 1

    def translate(self, slot: MemorySlot, gfn: int, level: int, *, write: bool) -> Spte:
        """The spte that maps a frame of a slot at a level, not yet installed.

        A page of a logging slot stays write-protected until it is written. The
        access that it is made for counts as made through it.
        """
        first = gfn - gfn % PAGES_AT_LEVEL[level]
        writable = not slot.readonly and (write or not slot.log_dirty)
        hva, found = slot.hva_of(first), self.host_memory.now()
        return Spte(first, level, writable, hva, accessed=True, found=found)

    def map(
        self, table: Memslots, slot: MemorySlot, spte: Spte, *, direct: bool, root: int
    ) -> None:
        """Install an spte where the walk will look for it (`__direct_map`)."""
        as_id = table.as_id
        if direct:
            self.drop_other_size(spte, as_id)
        key = key_of(spte.gfn, spte.level, direct=direct, root=root, as_id=as_id)
        page = self.get_page(key)
        self.set_spte(table, slot, page, spte)

    def drop_other_size(self, spte: Spte, as_id: int) -> None:
        """Let what maps the same frames directly at the other level go."""
        other = 1 if spte.level == HUGE else HUGE
        key = key_of(spte.gfn, other, direct=True, root=0, as_id=as_id)
        page = self.pages.get(key)
        if page is None:
            return
        if other == 1:
            self.zap_page(page)
            self.flush_tlbs()
        elif index_of(spte.gfn, other) in page.sptes:
            self.drop_spte(page, index_of(spte.gfn, other))
            self.flush_tlbs()

    def allocate_root(self, gfn: Gfn) -> bool:
        """Make a shadow root for the guest page table at a visible frame."""
        section = self.srcu.read_lock()
        table = self.load_table()
        granted = self.check_root(table, gfn)
        if granted:
            self.lock_mmu()
            self.get_page(key_of(gfn, 1, direct=False, root=gfn))
            self.hook.point(RootGranted, gfn, table.handle)
            self.unlock_mmu()
        self.srcu.read_unlock(section)
        return granted

    def check_root(self, table: Memslots, gfn: int) -> bool:
        """`mmu_check_root`: whether a guest page table can be at a frame."""
        return self.sees_gfn(table, gfn)
