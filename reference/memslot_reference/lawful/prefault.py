"""Variants that map ahead in another way than the reference, as they may."""

from __future__ import annotations

from memslot_reference.lawful.variant import Variant, variant
from memslot_reference.linux import LinuxKvm
from memslot_spec.model.replies import PreFaulted, Refused, Reply
from memslot_spec.model.values import Errno, Gfn


class OnePageAtATime(LinuxKvm):
    """A prefault ends after its first page: a signal is always pending."""

    def pre_fault(self, gfn: Gfn, npages: int) -> Reply:
        """Hand the rest back."""
        if self.is_no_range(gfn, npages):
            return Refused(Errno.EINVAL)
        return super().pre_fault(gfn, 1)


class WaitsOutside(LinuxKvm):
    """A prefault of an INVALID slot waits for its update, having left its section."""

    def pre_fault(self, gfn: Gfn, npages: int) -> Reply:
        """Begin anew when the slot is gone, or has come back."""
        while True:
            reply = super().pre_fault(gfn, npages)
            if reply != Refused(Errno.EAGAIN):
                return reply
            self.hook.wait(lambda: not self.is_going(gfn, 0), "RET_PF_RETRY")


class SectionForEachPrefault(LinuxKvm):
    """A prefault leaves its section after every page."""

    def pre_fault(self, gfn: Gfn, npages: int) -> Reply:
        """Take the section anew for each."""
        if self.is_no_range(gfn, npages):
            return Refused(Errno.EINVAL)
        mapped = 0
        while mapped < npages:
            section = self.srcu.read_lock()
            step = self.map_ahead(gfn + mapped)
            self.srcu.read_unlock(section)
            if isinstance(step, Refused):
                return self.cut_short(mapped, step)
            mapped = self.counted(mapped + step, npages)
        return PreFaulted(mapped)


class RunsOutOfMemory(LinuxKvm):
    """There is no memory for the page tables of a prefault."""

    def map_ahead(self, gfn: int) -> int | Refused:
        """`mmu_topup_memory_caches`, once the slot is found and before it is tested."""
        self.search_memslots(self.load_table(), gfn)
        return Refused(Errno.ENOMEM)


THE_BOOK = "api.rst, KVM_PRE_FAULT_MEMORY: 0 if at least one page is processed"

VARIANTS: tuple[Variant, ...] = (
    variant(
        "prefaults-one-page",
        OnePageAtATime,
        "ERR-9",
        "ERR-10",
        "ERR-11",
        source=THE_BOOK,
        tag="[R]",
    ),
    variant(
        "prefault-waits-outside",
        WaitsOutside,
        "DEL-18",
        source="commit 3ccbf6f47098, which names this way, and why it was not taken",
        tag="[R]",
    ),
    variant(
        "prefaults-in-sections",
        SectionForEachPrefault,
        "ERR-9",
        "ERR-11",
        source="each page is looked up by itself",
        tag="argued",
    ),
    variant(
        "prefault-without-memory",
        RunsOutOfMemory,
        "DEL-18",
        "ERR-8",
        "ERR-10",
        source="6.1 arch/x86/kvm/mmu/mmu.c:4256, direct_page_fault(): "
        "mmu_topup_memory_caches()",
        tag="[R]",
    ),
)
