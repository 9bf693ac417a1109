"""Memory that is mapped ahead of its first access.

After `kvm_vcpu_pre_fault_memory`, `kvm_arch_vcpu_pre_fault_memory` and
`kvm_tdp_map_page`, since Linux 6.11, and commit 3ccbf6f47098 for INVALID slots.
"""

from __future__ import annotations

from memslot_reference.pfn_caches import PfnCaches
from memslot_reference.shadow import PAGES_AT_LEVEL
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, U64
from memslot_spec.model.replies import Mmio, PreFaulted, Refused, Reply, Retry
from memslot_spec.model.values import Errno, Gfn


class Prefaults(PfnCaches):
    """A vCPU without paging that faults pages in before it runs."""

    def pre_fault(self, gfn: Gfn, npages: int) -> Reply:
        """`KVM_PRE_FAULT_MEMORY`: an error counts only where no page was mapped."""
        if self.is_no_range(gfn, npages):
            return Refused(Errno.EINVAL)
        section = self.srcu.read_lock()
        mapped = 0
        while mapped < npages:
            step = self.map_ahead(gfn + mapped)
            if isinstance(step, Refused):
                self.srcu.read_unlock(section)
                return self.cut_short(mapped, step)
            mapped = self.counted(mapped + step, npages)
        self.srcu.read_unlock(section)
        return PreFaulted(mapped)

    def is_no_range(self, gfn: int, npages: int) -> bool:
        """There is no page, or the end is no guest address any more."""
        return npages == 0 or (gfn + npages) << PAGE_SHIFT >= U64

    def counted(self, mapped: int, npages: int) -> int:
        """A large page may reach beyond the range."""
        return min(mapped, npages)

    def cut_short(self, mapped: int, error: Refused) -> Reply:
        """What was mapped before the error is the caller's gain."""
        return PreFaulted(mapped) if mapped else error

    def map_ahead(self, gfn: int) -> int | Refused:
        """How many pages from a frame on its mapping has, or why it has none.

        While the host takes pages away it is tried again, still in the section: nobody
        who does that waits for readers.
        """
        while True:
            reply = self.direct_page_fault(
                gfn, write=False, direct=True, root=0, prefetch=True
            )
            if reply is not None:
                return self.outcome_of(gfn, reply)
            self.hook.wait(self.no_range_is_open, "mmu_invalidate_in_progress")

    def outcome_of(self, gfn: int, reply: Reply) -> int | Refused:
        """What a fault without an access comes to."""
        if isinstance(reply, Refused):
            return reply
        if isinstance(reply, Retry):
            return self.slot_is_going()
        if isinstance(reply, Mmio):
            return Refused(Errno.ENOENT)
        return self.mapped_from(gfn)

    def slot_is_going(self) -> Refused:
        """Its update waits for this section, so it is left to the caller."""
        return Refused(Errno.EAGAIN)

    def mapped_from(self, gfn: int) -> int:
        """To the end of the page that maps the frame, if that still stands."""
        spte = self.walk(gfn, write=False, direct=True, root=0)
        if spte is None:
            return 1
        return spte.gfn + PAGES_AT_LEVEL[spte.level] - gfn
