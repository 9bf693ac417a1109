"""What is wrong with a request: the checks of `__kvm_set_memory_region`.

In the kernel's order, as far as a caller can tell: every EINVAL before EEXIST,
and that before anything that is published.
"""

from __future__ import annotations

from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.notifiers import Notifiers
from memslot_spec.arithmetic.ranges import is_page_aligned, wraps
from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.model.values import BIT_1, Errno, MemoryRegion


class SlotRequests(Notifiers):
    """The checks of a request, each one a question with a yes for what is good."""

    def names_slot(self, word: int, *, private: bool) -> bool:
        """The word names a slot that this caller may set."""
        if private:
            first = self.limits.user_slots
            count = self.promises.private_slots
        else:
            first, count = 0, self.limits.user_slots
        if not self.promises.strict_flags:
            return first <= word < first + count
        if as_id_of(word) >= self.limits.address_spaces:
            return False
        return first <= id_of(word) < first + count

    def is_well_formed(self, region: MemoryRegion) -> bool:
        """Sizes and addresses that mean something, whatever slots there are."""
        return (
            is_page_aligned(region.memory_size)
            and is_page_aligned(region.guest_phys_addr)
            and is_page_aligned(region.userspace_addr)
            and not wraps(region.guest_phys_addr, region.memory_size)
            and self.is_users_hva(region)
            and self.has_room(region.npages)
        )

    def is_users_hva(self, region: MemoryRegion) -> bool:
        """`access_ok`, where the profile has it."""
        if not self.promises.checks_hva:
            return True
        return region.userspace_addr + region.memory_size <= self.limits.hva_end

    def has_room(self, npages: int) -> bool:
        """`KVM_MEM_MAX_NR_PAGES`, where the profile has it."""
        return self.promises.max_pages is None or npages <= self.promises.max_pages

    def accepted_flags(self, flags: int) -> int | None:
        """The flags to keep in the slot; None where they are refused.

        v2.6.34 need not refuse the bits that it does not know. It must not take
        bit 1 for its own INVALID, so here it refuses them all.
        """
        return None if flags & ~self.promises.known_flags else flags

    def host_address(self, old: MemorySlot | None, region: MemoryRegion) -> int | None:
        """Where the slot will be on the host; None: a live one would move there."""
        if old is not None and old.userspace_addr != region.userspace_addr:
            return None
        return region.userspace_addr

    def conflict(
        self,
        table: Memslots,
        old: MemorySlot | None,
        region: MemoryRegion,
        flags: int,
    ) -> Errno | None:
        """Why a well-formed request cannot be carried out on this table."""
        if not self.keeps_its_shape(old, region, flags):
            return Errno.EINVAL
        if old is None and region.npages == 0 and not self.promises.deletes_absent:
            return Errno.EINVAL
        if self.is_tested_for_overlap(old, region) and self.overlaps(table, region):
            return Errno.EEXIST
        return None

    def keeps_its_shape(
        self, old: MemorySlot | None, region: MemoryRegion, flags: int
    ) -> bool:
        """A live slot keeps its size, its host address and READONLY."""
        if old is None or region.npages == 0:
            return True
        return (
            old.npages == region.npages
            and self.host_address(old, region) is not None
            and not (old.flags ^ flags) & BIT_1
        )

    def is_no_op(
        self, old: MemorySlot | None, region: MemoryRegion, flags: int
    ) -> bool:
        """A request for what is there already, where the profile skips it."""
        return (
            self.promises.skips_no_op
            and old is not None
            and region.npages == old.npages
            and region.base == old.base_gfn
            and flags == old.flags
        )

    def is_tested_for_overlap(
        self, old: MemorySlot | None, region: MemoryRegion
    ) -> bool:
        """Every request in v2.6.34, a delete too; today CREATE and MOVE only."""
        if self.promises.overlap_on_every_request:
            return True
        if region.npages == 0:
            return False
        return old is None or old.base_gfn != region.base

    def overlaps(self, table: Memslots, region: MemoryRegion) -> bool:
        """The range meets another slot of its address space.

        A delete has no pages: it meets a slot that its address is strictly in.
        """
        return any(
            self.is_scanned(slot)
            and slot.as_id == as_id_of(region.slot)
            and slot.word != region.slot
            and region.base + region.npages > slot.base_gfn
            and region.base < slot.base_gfn + slot.npages
            for slot in table.slots.values()
        )

    def is_scanned(self, slot: MemorySlot) -> bool:
        """The overlap test looks at this slot: it looks at private ones too."""
        del slot
        return True
