"""Variants of dirty logging: how writes are noticed, and when bits and sptes change."""

from __future__ import annotations

from dataclasses import replace

from memslot_reference.kvm import Kvm
from memslot_reference.lawful.variant import Variant, variant
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.shadow import ShadowPage, Spte, index_of, key_of
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.dirty import DirtyBitsCleared
from memslot_spec.history.points.mmu import SpteUpdated
from memslot_spec.model.operations import Origin
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.replies import DirtyLog, Reply


class FixesFaultsWithoutTheLock(LinuxKvm):
    """A write to a protected page makes its spte writable without `mmu_lock`."""

    def page_fault(
        self, gfn: int, *, write: bool, direct: bool, root: int, as_id: int = 0
    ) -> Reply | None:
        """`fast_page_fault`: set the W bit, and mark the page then."""
        if write and direct:
            table = self.load_table(as_id)
            slot = self.search_memslots(table, gfn)
            if slot is not None and not slot.readonly:
                fixed = self.fix_spte(slot, gfn)
                if fixed is not None:
                    return fixed
        return super().page_fault(
            gfn, write=write, direct=direct, root=root, as_id=as_id
        )

    def fix_spte(self, slot: MemorySlot, gfn: int) -> Reply | None:
        """The compare-and-exchange; a large spte is left to the slow path.

        The spte may have been opened by another vCPU meanwhile (`RET_PF_SPURIOUS`).
        """
        page = self.pages.get(key_of(gfn, 1, direct=True, root=0, as_id=slot.as_id))
        index = index_of(gfn, 1)
        spte = None if page is None else page.sptes.get(index)
        if page is None or spte is None or spte.gfn != gfn:
            return None
        if spte.writable:
            spte.accessed = True
            return self.reached(spte, gfn)
        spte.writable = spte.accessed = True
        self.hook.point(SpteUpdated, page.handle, index, writable=True)
        self.mark_opened(slot, gfn)
        return self.reached(spte, gfn)

    def mark_opened(self, slot: MemorySlot, gfn: int) -> None:
        """Mark the page of the spte that anybody can write through by now."""
        self.mark_page_dirty(slot, gfn)


class TellsAtCreation(LinuxKvm):
    """The host is told of a writable spte when it is made, and never again."""

    def set_spte(
        self, table: Memslots, slot: MemorySlot, page: ShadowPage, spte: Spte
    ) -> None:
        """Install it, and mark the folio dirty."""
        super().set_spte(table, slot, page, spte)
        if spte.writable:
            super().set_pfn_dirty(spte)

    def set_pfn_dirty(self, spte: Spte) -> None:
        """The folio cannot be clean before the host has taken the spte away."""


class MissesKvmsOwnWrites(LinuxKvm):
    """What KVM writes itself is not logged: no vCPU runs meanwhile."""

    def mark_written(self, slot: MemorySlot, gfn: int, origin: Origin) -> None:
        """Return where there is no running vCPU."""
        if origin is not Origin.KVM:
            super().mark_written(slot, gfn, origin)


class MapsReadsWritable(LinuxKvm):
    """A read maps its page writable where it may, and marks it dirty for that."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        super().__init__(hook, profile, limits)
        self.domain = replace(self.domain, exact_dirty_log=False)

    def translate(self, slot: MemorySlot, gfn: int, level: int, *, write: bool) -> Spte:
        """`map_writable`: the host's page can be written, so map it so."""
        del write
        return super().translate(slot, gfn, level, write=True)


class DropsWhatItProtects(LinuxKvm):
    """Write protection removes sptes, and flushes before `mmu_lock` is given back."""

    def protect_spte(self, page: ShadowPage, index: int) -> None:
        """Let it go: the next access maps the page again."""
        self.drop_spte(page, index)

    def unlock_and_flush(self, cleared: tuple[int, ...]) -> None:
        """Flush first: nobody finds sptes gone that a TLB still has."""
        if cleared:
            self.flush_tlbs()
        self.unlock_mmu()

    def protect_slot(self, slot: MemorySlot) -> None:
        """Remove everything."""
        self.flush_shadow(slot)


class FlushesBeforeTheUnlock(LinuxKvm):
    """Write protection flushes the TLBs while it has `mmu_lock`."""

    def unlock_and_flush(self, cleared: tuple[int, ...]) -> None:
        """As commit 6dbf79e7164e has it; 6.1 flushes after the unlock again."""
        if cleared:
            self.flush_tlbs()
        self.unlock_mmu()


class FlushesAfterTheUnlock(Kvm):
    """Write protection clears W bits, gives `mmu_lock` back, and flushes then."""

    def slot_remove_write_access(self, slot_id: int) -> None:
        """Nobody takes a protected spte for gone, so nobody relies on the flush."""
        self.lock_mmu()
        for page in tuple(self.pages.values()):
            if slot_id in page.slot_bitmap:
                self.write_protect(page)
        self.unlock_mmu()
        self.flush_tlbs()


class ArmsWhatIsStillClean(LinuxKvm):
    """GET clears all bits first, and later protects what is not dirty again."""

    def take_log(self, slot: MemorySlot) -> Reply:
        """Clear under one hold of `mmu_lock`, and protect under the next."""
        bitmap = slot.dirty_bitmap
        if bitmap is None:
            return DirtyLog(())
        self.lock_mmu()
        words, pages = bitmap.words(), bitmap.pages()
        for page in pages:
            bitmap.clear(page)
        if pages:
            self.hook.point(DirtyBitsCleared, bitmap.handle, pages)
        self.unlock_mmu()
        self.lock_mmu()
        clean = tuple(page for page in pages if not bitmap.is_dirty(page))
        self.protect_pages(slot, clean)
        self.unlock_and_flush(clean)
        return DirtyLog(words)


VARIANTS: tuple[Variant, ...] = (
    variant(
        "fast-fault",
        FixesFaultsWithoutTheLock,
        "DIRTY-1",
        "DIRTY-4",
        "DIRTY-20",
        "DEL-10",
        "DEL-11",
        source="6.1 arch/x86/kvm/mmu/mmu.c:3254, fast_pf_fix_direct_spte(); 4252, "
        "direct_page_fault(): before the slot is seen to be INVALID; locking.rst",
        tag="[R]",
    ),
    variant(
        "dirty-at-creation",
        TellsAtCreation,
        "DIRTY-3",
        source='commit aa85986e7150, "Mark folio dirty when creating SPTE, not when '
        'zapping/modifying"',
        tag="[T]",
    ),
    variant(
        "misses-kvms-own-writes",
        MissesKvmsOwnWrites,
        "DIRTY-4",
        source="6.1 virt/kvm/kvm_main.c:3317, mark_page_dirty_in_slot(), with "
        "CONFIG_HAVE_KVM_DIRTY_RING",
        tag="[R]",
    ),
    variant(
        "maps-reads-writable",
        MapsReadsWritable,
        "DIRTY-1",
        "DIRTY-4",
        source="6.1 arch/x86/kvm/mmu/spte.c:228, make_spte(), after map_writable; seen "
        "on a running 6.18, where a read set a bit",
        tag="[R]",
    ),
    variant(
        "drops-what-it-protects",
        DropsWhatItProtects,
        "DIRTY-2",
        "DIRTY-30",
        "MMU-6",
        "MMU-8",
        source="an spte that is gone lets nothing through; the page is mapped again",
        tag="argued",
    ),
    variant(
        "flushes-before-the-unlock",
        FlushesBeforeTheUnlock,
        "MMU-6",
        source="commit 6dbf79e7164e",
        tag="[R]",
    ),
    variant(
        "flushes-after-the-unlock",
        FlushesAfterTheUnlock,
        "MMU-6",
        "MMU-8",
        "MMU-9",
        source='6.1 arch/x86/kvm/x86.c:12976, kvm_mmu_slot_apply_flags(): "Do the '
        'flush outside of mmu_lock"',
        tag="[R]",
    ),
    variant(
        "arms-what-is-still-clean",
        ArmsWhatIsStillClean,
        "DIRTY-1",
        "DIRTY-2",
        "MMU-7",
        source="a dirty page need not be armed, as where a log begins all dirty: 6.1 "
        "arch/x86/kvm/x86.c:12955",
        tag="argued",
    ),
)
