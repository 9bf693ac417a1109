"""The patch as it was published: the same code with its own defects put back.

*Published* means the patch and its series as they went into v2.6.34: some of
the defects could not be reached at the commit of the patch itself, where the vCPUs
still held `slots_lock`. Each docstring has the defect's number in `semantics.md`
section 1.5 and how it is known: [R] read at the source, [D] derived from it.

Not here: what the profile promised (deleting nothing succeeds, a delete is
tested for overlap), and the defects whose fixes the series already had.
"""

from __future__ import annotations

from dataclasses import replace

from memslot_reference.kvm import Kvm
from memslot_reference.memslots import INVALID, MemorySlot, Memslots
from memslot_reference.reference import default_limits
from memslot_reference.shadow import PAGES_AT_LEVEL, ShadowPage
from memslot_spec.arithmetic.bitmaps import words_for
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, U64
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.host import InvalidationBegun
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.values import BIT_1, MemoryRegion


class PublishedPatch(Kvm):
    """Commit bc6678a33d9b, "KVM: introduce kvm->srcu and convert ...".

    One method for each defect, two for S6 and for the notifiers' flush.
    """

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Say that a user slot may lie over a private one."""
        super().__init__(hook, profile, limits)
        self.domain = replace(self.domain, overlaps_private=True)

    def rmode_tss_base(self) -> int:
        """Load a table, ignore it, load two more and take one number of each.

        S1 [R]: the base of one table plus the pages of another.
        """
        self.load_table()
        base_gfn = self.read_base_gfn(self.load_table())
        npages = self.read_npages(self.load_table())
        return ((base_gfn + npages - 3) << PAGE_SHIFT) % U64

    def find_memslot_id(self, gfn: int) -> int | None:
        """Name the last slot where the scan falls off the end.

        S6 [R]: with no slots at all it is `NULL` less the first slot; the answer
        here stands for that garbage.
        """
        table = self.load_table()
        slot = self.search_memslots(table, gfn)
        return table.nmemslots - 1 if slot is None else slot.id

    def page_header_update_slot(
        self, table: Memslots, slot: MemorySlot, page: ShadowPage, gfn: int
    ) -> None:
        """Look the id up again, in whatever table is there by now.

        S6 [R]: not the table that the fault was translated through.
        """
        del table, slot
        slot_id = self.find_memslot_id(gfn)
        if slot_id is not None:
            self.set_slot_bit(page, slot_id)

    def accepted_flags(self, flags: int) -> int | None:
        """Take every bit, and bit 1 for INVALID.

        S7 [R]: the flag was in the public header, and nothing looked at it.
        """
        if self.promises.has_readonly:
            return super().accepted_flags(flags)
        return flags | INVALID if flags & BIT_1 else flags & ~INVALID

    def roll_back(self, window: Memslots, old: MemorySlot) -> None:
        """Leave the slot INVALID in the table that everyone reads.

        S8 [R]: nothing is put back when the second step fails.
        """

    def moves(self, old: MemorySlot, new: MemorySlot) -> bool:
        """Treat a move like a change of flags.

        S9 [D]: one step, no flush, and the reverse maps of the old base.
        """
        del old, new
        return False

    def host_address(self, old: MemorySlot | None, region: MemoryRegion) -> int | None:
        """Keep a live slot where it is, and say that the request was done.

        S10 [R]: the address was taken over only with new reverse maps.
        """
        return region.userspace_addr if old is None else old.userspace_addr

    def hva_walk_index(self, slot: MemorySlot, gfn: int, level: int) -> int:
        """Count large pages from the slot's first frame.

        S16 [R]: off by one where the base is not aligned; commit 6e3e243c3b6e.
        """
        return (gfn - slot.base_gfn) // PAGES_AT_LEVEL[level]

    def bitmap_pages(self, slot: MemorySlot) -> int:
        """Count the bytes of a bitmap in 32 bits.

        S15 [R]: a slot of 2^35 pages would get a bitmap for none.
        """
        return words_for(slot.npages) * 8 % (1 << 32) * 8

    def swap_bitmap(self, table: Memslots, slot: MemorySlot) -> None:
        """Write-protect first, swap the bitmap then.

        S17 [R]: a fault in between marks the old bitmap, and leaves the page
        writable; commit b050b015abbe, repaired by edde99ce0529.
        """
        self.slot_remove_write_access(slot.id)
        self.publish_empty_bitmap(table, slot)

    def is_scanned(self, slot: MemorySlot) -> bool:
        """Scan the user's ids only.

        S19 [T]: a user slot may lie over a private one.
        """
        return slot.id < self.limits.user_slots

    def invalidate_page(self, hva: int) -> None:
        """Flush after the lock is given back, and only if an spte was removed.

        [R], without a number: of two unmaps of one page the second finds nothing,
        and returns before the first has flushed.
        """
        section = self.srcu.read_lock()
        self.lock_mmu()
        self.mmu_notifier_seq += 1
        removed = self.handle_hva(hva, self.unmap_spte)
        self.unlock_mmu()
        self.srcu.read_unlock(section)
        if removed:
            self.flush_tlbs()

    def invalidate_range_start(self, start: int, end: int) -> None:
        """Flush where `invalidate_page` does."""
        section = self.srcu.read_lock()
        self.lock_mmu()
        self.open_ranges.append((start, end))
        self.hook.point(InvalidationBegun, start, end)
        removed = self.handle_hva_range(start, end, self.unmap_spte)
        self.unlock_mmu()
        self.srcu.read_unlock(section)
        if removed:
            self.flush_tlbs()

    def delete_absent(self, table: Memslots) -> None:
        """Take both steps for a slot that is not there.

        S11 [R]: v2.6.34 promised the success; that it costs every mapping is
        how it was done.
        """
        window = self.copy_of(table)
        self.publish(window)
        self.srcu.synchronize()
        self.flush_all()
        self.reclaim(table)
        final = self.copy_of(window)
        self.publish(final)
        self.srcu.synchronize()
        self.reclaim(window)


def patch(hook: Hook, profile: Profile, limits: Limits | None = None) -> Kvm:
    """The published patch, judged by the promises of a profile."""
    return PublishedPatch(hook, profile, limits or default_limits(profile))
