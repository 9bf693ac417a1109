"""A variant that tracks writes by D bits, as Intel's page-modification logging does."""

from __future__ import annotations

from dataclasses import replace

from memslot_reference.lawful.variant import Variant, variant
from memslot_reference.linux import LinuxKvm
from memslot_reference.shadow import ShadowPage, Spte, index_of, key_of
from memslot_spec.history.header import DirtyTracking
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.mmu import SpteUpdated
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.replies import Reply
from memslot_spec.model.values import Gfn


class LogsByDirtyBits(LinuxKvm):
    """Small pages stay writable: D bits are cleared, and the processor logs writes."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        super().__init__(hook, profile, limits)
        self.domain = replace(self.domain, dirty_tracking=DirtyTracking.DIRTY_BIT)
        self.d_clear: set[Spte] = set()
        self.logged: list[tuple[int, int]] = []

    def protect_spte(self, page: ShadowPage, index: int) -> None:
        """Clear the D bit of a small spte; a large one is write-protected still.

        6.1 arch/x86/kvm/mmu/mmu.c:1231, `__rmap_clear_dirty()`.
        """
        spte = page.sptes[index]
        if spte.level > 1:
            super().protect_spte(page, index)
        elif spte not in self.d_clear:
            self.set_pfn_dirty(spte)
            self.d_clear.add(spte)
            self.hook.point(SpteUpdated, page.handle, index, writable=True, dirty=False)

    def walk(
        self, gfn: int, *, write: bool, direct: bool, root: int, as_id: int = 0
    ) -> Spte | None:
        """What the processor finds; where it writes with D clear it logs the page."""
        spte = super().walk(gfn, write=write, direct=direct, root=root, as_id=as_id)
        if spte is None or not write or spte not in self.d_clear:
            return spte
        key = key_of(gfn, spte.level, direct=direct, root=root, as_id=as_id)
        self.d_clear.discard(spte)
        self.logged.append((as_id, gfn))
        page, index = self.pages[key], index_of(gfn, spte.level)
        self.hook.point(SpteUpdated, page.handle, index, writable=True)
        return spte

    def access(
        self, gfn: Gfn, *, write: bool, direct: bool, root: int, as_id: int = 0
    ) -> Reply:
        """One guest access; when the guest exits, what was logged of it is marked."""
        reply = super().access(gfn, write=write, direct=direct, root=root, as_id=as_id)
        if (as_id, gfn) in self.logged:
            self.logged.remove((as_id, gfn))
            self.flush_pml_buffer(gfn, as_id)
        return reply

    def flush_pml_buffer(self, gfn: int, as_id: int) -> None:
        """`vmx_flush_pml_buffer`, for the one page of this access."""
        section = self.srcu.read_lock()
        slot = self.search_memslots(self.load_table(as_id), gfn)
        if slot is not None:
            self.mark_page_dirty(slot, gfn)
        self.srcu.read_unlock(section)


VARIANTS: tuple[Variant, ...] = (
    variant(
        "pml",
        LogsByDirtyBits,
        "DIRTY-1",
        "DIRTY-2",
        "DIRTY-20",
        "DIRTY-30",
        "MMU-6",
        "MMU-7",
        "MMU-8",
        source="6.1 arch/x86/kvm/mmu/mmu.c:1352, arch/x86/kvm/x86.c:12964; api.rst "
        '4.117: "or by clearing the dirty bit in a page table entry"',
        tag="[R]",
    ),
)
