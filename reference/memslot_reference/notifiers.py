"""The host at work: pages it unmaps, replaces and ages, and the end of the process.

After the MMU notifiers of `virt/kvm/kvm_main.c`, `kvm_handle_hva` of x86, and
`kvm_vcpu_block`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from memslot_reference.memslots import MemorySlot
from memslot_reference.shadow import PAGES_AT_LEVEL, ShadowPage, Spte
from memslot_reference.software_accesses import SoftwareAccesses
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.history.points.host import InvalidationBegun, InvalidationEnded
from memslot_spec.history.points.mmu import RmapUse, SpteUpdated
from memslot_spec.history.points.srcu import Slept
from memslot_spec.model.values import Hva

Handler = Callable[[ShadowPage, int], bool]
"""What is done to one spte of the walk; the answers are or-ed together."""


class Notifiers(SoftwareAccesses):
    """The MMU notifiers, and a vCPU that sleeps."""

    def unmap_hva(self, hva: Hva) -> None:
        """The host takes the page at this address away: the next one is another."""
        self.host_memory.replace_page(hva)
        self.invalidate_page(hva)

    def invalidate_page(self, hva: int) -> None:
        """`kvm_mmu_notifier_invalidate_page`: drop what maps the page."""
        section = self.srcu.read_lock()
        self.lock_mmu()
        self.mmu_notifier_seq += 1
        if self.handle_hva(hva, self.unmap_spte):
            self.flush_tlbs()
        self.unlock_mmu()
        self.srcu.read_unlock(section)

    def invalidate_range(self, start: Hva, end: Hva) -> None:
        """The host takes the bytes from start up to end away, and is done."""
        if start < end:
            replace = partial(self.host_memory.replace, start, end)
            self.invalidate_around(start, end, replace)

    def invalidate_around(
        self, start: int, end: int, replace: Callable[[], None]
    ) -> None:
        """Stop the mapping of the range while the host replaces what is behind it.

        An updater that finds one of these open waits before it publishes: the
        counts of the start and of the end are kept by walks over the same slots.
        """
        self.active_invalidations += 1
        self.invalidate_pfn_caches(start, end)
        self.invalidate_range_start(start, end)
        replace()
        self.invalidate_range_end(start, end)
        self.active_invalidations -= 1

    def invalidate_pfn_caches(self, start: int, end: int) -> None:
        """Nobody caches host pages here."""

    def invalidate_range_start(self, start: int, end: int) -> None:
        """Stop new mappings of the range, then drop those that are there."""
        section = self.srcu.read_lock()
        self.lock_mmu()
        self.open_ranges.append((start, end))
        self.hook.point(InvalidationBegun, start, end)
        if self.handle_hva_range(start, end, self.unmap_spte):
            self.flush_tlbs()
        self.unlock_mmu()
        self.srcu.read_unlock(section)

    def invalidate_range_end(self, start: int, end: int) -> None:
        """Let faults map the range again, after they have looked once more."""
        self.lock_mmu()
        self.mmu_notifier_seq += 1
        self.open_ranges.remove((start, end))
        self.hook.point(InvalidationEnded, start, end)
        self.unlock_mmu()

    def wait_for_invalidations(self) -> None:
        """Wait until no range is open, where the profile's kernels do.

        Commit 52ac8b358b0c: the table stays as it is while a range is open.
        """
        if self.promises.has_generations:
            self.hook.wait(self.no_invalidation_is_open, "mn_active_invalidate_count")

    def no_invalidation_is_open(self) -> bool:
        """No range is between its start and its end."""
        return self.active_invalidations == 0

    def change_pte(self, hva: Hva, *, writable: bool) -> None:
        """The host has put another page there, which it may share with others."""
        self.host_memory.replace_page(hva)
        self.set_spte_hva(hva, writable=writable)

    def set_spte_hva(self, hva: int, *, writable: bool) -> None:
        """`kvm_mmu_notifier_change_pte`: let no spte map the page of before."""
        section = self.srcu.read_lock()
        self.lock_mmu()
        self.mmu_notifier_seq += 1
        if self.handle_hva(hva, partial(self.change_spte, writable=writable)):
            self.flush_tlbs()
        self.unlock_mmu()
        self.srcu.read_unlock(section)

    def change_spte(self, page: ShadowPage, index: int, *, writable: bool) -> bool:
        """`kvm_set_pte_rmapp` for one spte: it is gone, or maps the page read-only.

        A large page is split before the host shares a page of it, so one that is
        mapped large goes.
        """
        spte = page.sptes.get(index)
        if spte is None:
            return False
        if writable or spte.level > 1:
            self.drop_spte(page, index)
            return True
        if spte.writable:
            self.set_pfn_dirty(spte)
        self.put_other_page(page, index, spte)
        return True

    def put_other_page(self, page: ShadowPage, index: int, spte: Spte) -> None:
        """Let an spte map what the host has there now, and nobody write to it."""
        spte.writable, spte.found = False, self.host_memory.now()
        self.hook.point(
            SpteUpdated, page.handle, index, writable=False, other_page=True
        )

    def age_hva(self, hva: Hva) -> bool:
        """Whether the page was touched since it was last asked."""
        section = self.srcu.read_lock()
        self.lock_mmu()
        young = self.handle_hva(hva, self.age_spte)
        if young:
            self.flush_tlbs()
        self.unlock_mmu()
        self.srcu.read_unlock(section)
        return young

    def release_notifier(self) -> None:
        """The process dies: every mapping is removed, inside a read section.

        Dropping an spte looks its slot up; commit eda2beda8356 added the section.
        """
        section = self.srcu.read_lock()
        self.lock_mmu()
        self.zap_all()
        self.unlock_mmu()
        self.srcu.read_unlock(section)

    def handle_hva(self, hva: int, handler: Handler) -> bool:
        """Hand every spte that maps a host address to the handler.

        The address may lie in several slots. INVALID ones are walked, for their
        sptes are there until the flush; address 0 is like any other.
        """
        answer = False
        for table in self.load_tables():
            self.read(table, "slots")
            for slot in table.slots.values():
                if self.walks(slot, hva):
                    gfn = slot.base_gfn + (hva - slot.userspace_addr) // PAGE_SIZE
                    answer |= self.handle_gfn(slot, gfn, handler)
        return answer

    def handle_hva_range(self, start: int, end: int, handler: Handler) -> bool:
        """Hand every spte that maps some byte of the range to the handler."""
        answer = False
        for table in self.load_tables():
            self.read(table, "slots")
            for slot in table.slots.values():
                first, stop = self.clip(slot, start, end)
                if first < stop:
                    answer |= self.handle_gfn_range(slot, first, stop, handler)
        return answer

    def clip(self, slot: MemorySlot, start: int, end: int) -> tuple[int, int]:
        """The slot's frames in a range of bytes: the first, and the one after.

        A page that is only partly in the range is in it.
        """
        first = max(start, slot.userspace_addr)
        stop = min(end, slot.userspace_addr + slot.npages * PAGE_SIZE)
        return self.hva_to_gfn(slot, first), self.hva_to_gfn(slot, stop + PAGE_SIZE - 1)

    def hva_to_gfn(self, slot: MemorySlot, hva: int) -> int:
        """`hva_to_gfn_memslot`, which takes addresses beside the slot as well."""
        return slot.base_gfn + (hva - slot.userspace_addr) // PAGE_SIZE

    def handle_gfn_range(
        self, slot: MemorySlot, first: int, stop: int, handler: Handler
    ) -> bool:
        """Hand every spte of a slot's frames to the handler, level by level."""
        answer = False
        for level in PAGES_AT_LEVEL:
            low = self.hva_walk_index(slot, first, level)
            high = self.hva_walk_index(slot, stop - 1, level)
            self.index_rmap(RmapUse.HVA_WALK, slot, first, level, low)
            self.index_rmap(RmapUse.HVA_WALK, slot, stop - 1, level, high)
            heads = slot.rmaps[level]
            for place in sorted(place for place in heads if low <= place <= high):
                for page, index in tuple(heads[place]):
                    answer |= handler(page, index)
        return answer

    def walks(self, slot: MemorySlot, hva: int) -> bool:
        """Whether the slot has the host address in it."""
        return 0 <= hva - slot.userspace_addr < slot.npages * PAGE_SIZE

    def handle_gfn(self, slot: MemorySlot, gfn: int, handler: Handler) -> bool:
        """Hand every spte of a slot's frame to the handler, level by level."""
        answer = False
        for level in PAGES_AT_LEVEL:
            place = self.hva_walk_index(slot, gfn, level)
            self.index_rmap(RmapUse.HVA_WALK, slot, gfn, level, place)
            for page, index in tuple(slot.rmaps[level].get(place, ())):
                answer |= handler(page, index)
        return answer

    def unmap_spte(self, page: ShadowPage, index: int) -> bool:
        """`kvm_unmap_rmapp` for one spte; it is gone if a flawed update lost it."""
        if index in page.sptes:
            self.drop_spte(page, index)
        return True

    def age_spte(self, page: ShadowPage, index: int) -> bool:
        """`kvm_age_rmapp` for one spte; it is gone if a flawed update lost it."""
        spte = page.sptes.get(index)
        if spte is None:
            return False
        young = spte.accessed
        spte.accessed = False
        return young

    def halt(self) -> None:
        """The vCPU leaves its run loop's read section to sleep, then goes on."""
        section = self.srcu.read_lock()
        self.srcu.read_unlock(section)
        self.hook.point(Slept)
        section = self.srcu.read_lock()
        self.srcu.read_unlock(section)
