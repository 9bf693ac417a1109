"""Variants that find, drop and flush sptes in other ways, or reach no page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from memslot_reference.kvm import Kvm
from memslot_reference.lawful.variant import Variant, variant
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot
from memslot_reference.notifiers import Handler
from memslot_reference.shadow import PAGES_AT_LEVEL, ShadowPage
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.mmu import (
    Flushed,
    RmapsCounted,
    RootsInvalidated,
    ShadowPageZapped,
    SpteRemoved,
)
from memslot_spec.model.profile import LINUX, HostHole, Limits, Profile
from memslot_spec.model.replies import Mmio, Reply


class ClearsFirst(LinuxKvm):
    """An spte is cleared first, and then taken off its reverse map."""

    def drop_spte(self, page: ShadowPage, index: int) -> None:
        """`drop_spte`: `mmu_spte_clear_track_bits()` hands on what was there."""
        spte = page.sptes.pop(index)
        self.hook.point(SpteRemoved, page.handle, index)
        if spte.writable:
            self.set_pfn_dirty(spte)
        self.rmap_remove(page, index, spte)


class AuditsUserPages(Kvm):
    """The audit counts 4 KiB pages of user slots, and nothing else."""

    def count_rmaps(self) -> int:
        """`count_rmaps`: slots 0 to KVM_MEMORY_SLOTS - 1, `m->rmap[j]`."""
        section = self.srcu.read_lock()
        self.lock_mmu()
        table = self.load_table()
        self.read(table, "rmap")
        count = sum(
            len(head)
            for slot in table.slots.values()
            if slot.id < self.limits.user_slots
            for head in slot.rmaps[1].values()
        )
        self.hook.point(RmapsCounted, count)
        self.unlock_mmu()
        self.srcu.read_unlock(section)
        return count


class StepsByPage(Kvm):
    """A range is unmapped page by page from its first byte on."""

    def clip(self, slot: MemorySlot, start: int, end: int) -> tuple[int, int]:
        """`for (; start < end; start += PAGE_SIZE) kvm_unmap_hva(kvm, start)`.

        Of a range that is not aligned this may miss the last page, of which the
        range has a part. Nobody promised that one: callers pass whole pages.
        """
        base = slot.userspace_addr
        first = max(start, base + (start - base) % PAGE_SIZE)
        last = start + (end - 1 - start) // PAGE_SIZE * PAGE_SIZE
        last = min(last, base + slot.npages * PAGE_SIZE - 1)
        if last < first:
            return 0, 0
        return self.hva_to_gfn(slot, first), self.hva_to_gfn(slot, last) + 1


class TakesNewRoots(LinuxKvm):
    """A flush of a slot makes every vCPU take a new root, and flushes no TLB."""

    def announced(self) -> tuple[str, ...]:
        """The reference's points, and one more."""
        return (*super().announced(), RootsInvalidated.__name__)

    def flush_shadow(self, slot: MemorySlot) -> None:
        """`kvm_mmu_zap_all_fast`: no fault finds the old pages, which then go.

        A vCPU that comes back loads a new root, and `kvm_mmu_load()` flushes its
        TLB. Between two pages the zap may yield.
        """
        del slot
        self.lock_mmu()
        obsolete = tuple(self.pages.values())
        self.pages.clear()
        self.hook.point(RootsInvalidated)
        for page in obsolete:
            for index in tuple(page.sptes):
                self.drop_spte(page, index)
            self.hook.point(ShadowPageZapped, page.handle)
            self.unlock_mmu()
            self.lock_mmu()
        self.hook.point(Flushed, None)
        self.unlock_mmu()


class WalksPageTables(LinuxKvm):
    """There are no reverse maps: sptes are found by walking the page tables."""

    def announced(self) -> tuple[str, ...]:
        """The reference's points, but for those of reverse maps."""
        return tuple(k for k in super().announced() if not k.startswith("Rmap"))

    def places_of(
        self, slot: MemorySlot, first: int, stop: int
    ) -> list[tuple[ShadowPage, int]]:
        """Where sptes map the slot's frames from first up to stop."""
        return [
            (page, index)
            for page in self.pages.values()
            if page.as_id == slot.as_id
            for index, spte in page.sptes.items()
            if spte.gfn < stop and first < spte.gfn + PAGES_AT_LEVEL[spte.level]
        ]

    def rmap_add(
        self, table: object, slot: MemorySlot, page: ShadowPage, index: int
    ) -> None:
        """List nothing."""

    def rmap_remove(self, page: ShadowPage, index: int, spte: object) -> None:
        """Nothing is listed."""

    def handle_gfn(self, slot: MemorySlot, gfn: int, handler: Handler) -> bool:
        """`kvm_tdp_mmu_handle_gfn` for one frame."""
        return self.handle_gfn_range(slot, gfn, gfn + 1, handler)

    def handle_gfn_range(
        self, slot: MemorySlot, first: int, stop: int, handler: Handler
    ) -> bool:
        """`kvm_tdp_mmu_handle_gfn`, `for_each_tdp_pte_min_level`."""
        answer = False
        for page, index in self.places_of(slot, first, stop):
            answer |= handler(page, index)
        return answer

    def leaves_of(
        self, slot: MemorySlot, gfn: int
    ) -> tuple[tuple[ShadowPage, int], ...]:
        """The places of the sptes that map the frame."""
        return tuple(self.places_of(slot, gfn, gfn + 1))

    def mapped_by(self, slot: MemorySlot) -> tuple[tuple[ShadowPage, int], ...]:
        """The places of the sptes of the slot's frames."""
        end = slot.base_gfn + slot.npages
        return tuple(self.places_of(slot, slot.base_gfn, end))

    def protect_pages(self, slot: MemorySlot, pages: Iterable[int]) -> None:
        """`kvm_tdp_mmu_clear_dirty_pt_masked`: leave no writable spte of these.

        The caller flushes if there is a page.
        """
        for number in pages:
            gfn = slot.base_gfn + number
            for page, index in self.places_of(slot, gfn, gfn + 1):
                if page.sptes[index].writable:
                    self.protect_spte(page, index)


HOLE = HostHole(0x2000 * PAGE_SIZE, 0x2003 * PAGE_SIZE)
"""Host memory behind slots of many races, but for one page of it."""


class HasHoles(Kvm):
    """User space has unmapped host memory that slots lie over."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM on a machine that says where its holes are."""
        super().__init__(hook, profile, replace(limits, holes=(HOLE,)))


class EmulatesPrivate(Kvm):
    """An access to a frame of a private slot is emulated."""

    def page_fault(
        self, gfn: int, *, write: bool, direct: bool, root: int, as_id: int = 0
    ) -> Reply | None:
        """Look whose slot it is first, as for the APIC access page."""
        slot = self.search_memslots(self.load_table(as_id), gfn)
        if slot is not None and slot.id >= self.limits.user_slots:
            return Mmio()
        return super().page_fault(
            gfn, write=write, direct=direct, root=root, as_id=as_id
        )


VARIANTS: tuple[Variant, ...] = (
    variant(
        "clears-first",
        ClearsFirst,
        "RMAP-1",
        source="6.1 arch/x86/kvm/mmu/mmu.c:1153, drop_spte()",
        tag="[R]",
    ),
    variant(
        "audits-user-pages",
        AuditsUserPages,
        "RMAP-4",
        source="patch, count_rmaps(), with 805d32dea4df",
        tag="[R]",
    ),
    variant(
        "steps-by-page",
        StepsByPage,
        "HVA-3",
        "HVA-4",
        source="v2.6.34, kvm_mmu_notifier_invalidate_range_start()",
        tag="[R]",
    ),
    variant(
        "takes-new-roots",
        TakesNewRoots,
        "MMU-8",
        "MMU-9",
        "MMU-10",
        "MMU-12",
        source="6.1 arch/x86/kvm/mmu/mmu.c:5933, kvm_mmu_zap_all_fast(), and :5345, "
        "kvm_mmu_load(); tdp_mmu.c:956, kvm_tdp_mmu_zap_invalidated_roots()",
        tag="[R]",
    ),
    variant(
        "walks-page-tables",
        WalksPageTables,
        "HVA-1",
        "HVA-3",
        "HVA-10",
        "DEL-9",
        source="6.1 arch/x86/kvm/mmu.h:262, kvm_memslots_have_rmaps(): the TDP MMU",
        tag="[R]",
    ),
    variant(
        "has-holes",
        HasHoles,
        "MMU-1",
        source="6.1 arch/x86/kvm/mmu/mmu.c:3165, kvm_handle_bad_page(): -EFAULT",
        tag="[R]",
    ),
    variant(
        "has-holes-today",
        HasHoles,
        "MMU-1",
        source="6.1 arch/x86/kvm/mmu/mmu.c:3165, kvm_handle_bad_page(): -EFAULT",
        tag="[R]",
        profile=LINUX,
    ),
    variant(
        "emulates-private",
        EmulatesPrivate,
        "MMU-1",
        source="6.1 arch/x86/kvm/mmu/mmu.c:4180, kvm_faultin_pfn(): RET_PF_EMULATE",
        tag="[R]",
    ),
)
