"""Variants that map more, or smaller, or keep less mapped than they could."""

from __future__ import annotations

from memslot_reference.kvm import Kvm
from memslot_reference.lawful.variant import Variant, variant
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.mmu import ShadowMmu
from memslot_reference.shadow import PageKey, ShadowPage, Spte, index_of
from memslot_spec.history.points.host import HostPageFound


class SmallPagesOnly(Kvm):
    """No spte maps a large page."""

    def mapping_level(self, slot: MemorySlot, gfn: int, *, direct: bool) -> int:
        """Level 1, whatever would fit."""
        del slot, gfn, direct
        return 1


class SmallPagesOnlyLinux(LinuxKvm):
    """No spte maps a large page."""

    def mapping_level(self, slot: MemorySlot, gfn: int, *, direct: bool) -> int:
        """Level 1, whatever would fit."""
        del slot, gfn, direct
        return 1


def prefetched(
    vm: ShadowMmu, slot: MemorySlot, page: ShadowPage, spte: Spte
) -> Spte | None:
    """The spte of the frame after one that was just mapped, if it may be made.

    Not for a slot that logs, and not while the host is taking pages away.
    """
    gfn = spte.gfn + 1
    if spte.level > 1 or not page.direct or vm.open_ranges or slot.log_dirty:
        return None
    if not slot.covers(gfn) or not index_of(gfn, 1) or index_of(gfn, 1) in page.sptes:
        return None
    found = vm.host_memory.now()
    return Spte(gfn, 1, not slot.readonly, slot.hva_of(gfn), found=found)


class Prefetches(Kvm):
    """A fault maps the frame behind the one that it is for as well."""

    def set_spte(
        self, table: Memslots, slot: MemorySlot, page: ShadowPage, spte: Spte
    ) -> None:
        """`direct_pte_prefetch`, under the lock that the fault holds."""
        super().set_spte(table, slot, page, spte)
        more = prefetched(self, slot, page, spte)
        if more is not None:
            self.hook.point(HostPageFound, more.hva, 1)
            super().set_spte(table, slot, page, more)


class PrefetchesLinux(LinuxKvm):
    """A fault maps the frame behind the one that it is for as well."""

    def set_spte(
        self, table: Memslots, slot: MemorySlot, page: ShadowPage, spte: Spte
    ) -> None:
        """`direct_pte_prefetch`, under the lock that the fault holds."""
        super().set_spte(table, slot, page, spte)
        more = prefetched(self, slot, page, spte)
        if more is not None:
            self.hook.point(HostPageFound, more.hva, 1)
            super().set_spte(table, slot, page, more)


class EvictsPages(Kvm):
    """There is room for one shadow page: a new one drives out the others."""

    def new_page(self, key: PageKey) -> ShadowPage:
        """`make_mmu_pages_available`, with a flush before anything is mapped."""
        if self.pages:
            self.zap_all()
        return super().new_page(key)


class EvictsPagesLinux(LinuxKvm):
    """There is room for one shadow page: a new one drives out the others."""

    def new_page(self, key: PageKey) -> ShadowPage:
        """`make_mmu_pages_available`, with a flush before anything is mapped."""
        if self.pages:
            self.zap_all()
        return super().new_page(key)


class FlushesEachSpte(Kvm):
    """The TLBs are flushed for every spte that is dropped."""

    def drop_spte(self, page: ShadowPage, index: int) -> None:
        """Let no processor keep what was dropped, not even until the lock is free."""
        super().drop_spte(page, index)
        self.flush_tlbs()


class FlushesEachSpteLinux(LinuxKvm):
    """The TLBs are flushed for every spte that is dropped."""

    def drop_spte(self, page: ShadowPage, index: int) -> None:
        """Let no processor keep what was dropped, not even until the lock is free."""
        super().drop_spte(page, index)
        self.flush_tlbs()


class WiderBitmaps(Kvm):
    """A slot bitmap has room for more ids than there can be."""

    def slot_bitmap_capacity(self) -> int:
        """Whole words."""
        return (super().slot_bitmap_capacity() // 64 + 1) * 64


class SetsBitsTwice(Kvm):
    """The bit of a slot is set in a shadow page twice."""

    def set_slot_bit(self, page: ShadowPage, slot_id: int) -> None:
        """`__set_bit`, again."""
        super().set_slot_bit(page, slot_id)
        super().set_slot_bit(page, slot_id)


SMALL = (
    "6.1 arch/x86/kvm/mmu/mmu.c:61, nx_huge_pages: pages that are executed are mapped "
    "small"
)
PREFETCH = (
    "6.1 arch/x86/kvm/mmu/mmu.c:2924, direct_pte_prefetch(): no logging slots, not "
    "while mmu_invalidate_in_progress"
)
EVICT = "6.1 arch/x86/kvm/mmu/mmu.c:2594, make_mmu_pages_available()"
FLUSH = "a flush too many costs time"

VARIANTS: tuple[Variant, ...] = (
    variant("small-pages-only", SmallPagesOnly, "RMAP-3", source=SMALL, tag="[R]"),
    variant(
        "small-pages-only-linux", SmallPagesOnlyLinux, "RMAP-3", source=SMALL, tag="[R]"
    ),
    variant(
        "prefetches",
        Prefetches,
        "RMAP-1",
        "HVA-8",
        "DEL-5",
        "MMU-2",
        source=PREFETCH,
        tag="[R]",
    ),
    variant(
        "prefetches-linux",
        PrefetchesLinux,
        "RMAP-1",
        "HVA-8",
        source=PREFETCH,
        tag="[R]",
    ),
    variant("evicts-pages", EvictsPages, "MMU-11", "RMAP-4", source=EVICT, tag="[R]"),
    variant("evicts-pages-linux", EvictsPagesLinux, "MMU-11", source=EVICT, tag="[R]"),
    variant("flushes-each-spte", FlushesEachSpte, "MMU-9", source=FLUSH, tag="argued"),
    variant(
        "flushes-each-spte-linux",
        FlushesEachSpteLinux,
        "MMU-9",
        "MMU-10",
        source=FLUSH,
        tag="argued",
    ),
    variant(
        "wider-bitmaps",
        WiderBitmaps,
        "MMU-3",
        source="6.1 include/linux/bitmap.h: a bitmap is whole words",
        tag="[D]",
    ),
    variant(
        "sets-bits-twice",
        SetsBitsTwice,
        "MMU-2",
        source="a bit that is set stays set",
        tag="argued",
    ),
)
