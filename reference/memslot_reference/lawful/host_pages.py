"""Variants that change, age or replace what the host asks about in other ways."""

from __future__ import annotations

from dataclasses import replace

from memslot_reference.kvm import Kvm
from memslot_reference.lawful.variant import Variant, variant
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.shadow import ShadowPage, Spte, index_of, key_of
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.mmu import SpteUpdated
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.replies import Accessed
from memslot_spec.model.values import Hva


class MapsWhatItChanged(LinuxKvm):
    """A page that the host has replaced is mapped at once, whatever stood there."""

    def set_spte_hva(self, hva: int, *, writable: bool) -> None:
        """`kvm_set_spte_gfn` of arm64: map the new page, for reading."""
        super().set_spte_hva(hva, writable=writable)
        section = self.srcu.read_lock()
        self.lock_mmu()
        # Whoever has another range may replace the page once more: 6bdb913f0a70.
        if sum(start <= hva < stop for start, stop in self.open_ranges) == 1:
            for table in self.load_tables():
                self.read(table, "slots")
                for slot in table.slots.values():
                    if self.walks(slot, hva) and self.may_change(slot):
                        self.map_for_reading(table, slot, hva)
        self.unlock_mmu()
        self.srcu.read_unlock(section)

    def map_for_reading(self, table: Memslots, slot: MemorySlot, hva: int) -> None:
        """Map the page that the host has there now, unless an spte stands."""
        gfn = self.hva_to_gfn(slot, hva)
        page = self.pages.get(key_of(gfn, 1, direct=True, root=0, as_id=slot.as_id))
        if page is None or index_of(gfn, 1) in page.sptes:
            return
        found = self.host_memory.now()
        spte = Spte(gfn, 1, writable=False, hva=slot.hva_of(gfn), found=found)
        self.map(table, slot, spte, direct=True, root=0)

    def may_change(self, slot: MemorySlot) -> bool:
        """No mapping is made for a slot that is INVALID."""
        return not slot.invalid


class DropsWhatIsChanged(Kvm):
    """A page that the host has replaced is not mapped again before the next fault."""

    def change_spte(self, page: ShadowPage, index: int, *, writable: bool) -> bool:
        """Whether the new page may be written does not matter then."""
        del writable
        return self.unmap_spte(page, index)


class ChangesInTwoSteps(Kvm):
    """The W bit goes first, and then the spte gets its other page."""

    def put_other_page(self, page: ShadowPage, index: int, spte: Spte) -> None:
        """Nobody comes in between: `mmu_lock` is held."""
        spte.writable = False
        self.hook.point(SpteUpdated, page.handle, index, writable=False)
        super().put_other_page(page, index, spte)


class AgesByUnmapping(LinuxKvm):
    """There are no A bits: an ageing drops the spte, and takes it for accessed."""

    def age_spte(self, page: ShadowPage, index: int) -> bool:
        """`kvm_age_rmapp` of 3.x: what is mapped was accessed since it was made."""
        return index in page.sptes and self.unmap_spte(page, index)


class HasNoAccessedBits(Kvm):
    """There are no A bits, and an ageing always answers "old"."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Say that it does not know."""
        super().__init__(hook, profile, limits)
        self.domain = replace(self.domain, tracks_accesses=False)

    def age_spte(self, page: ShadowPage, index: int) -> bool:
        """`if (!shadow_accessed_mask) return 0;`."""
        del page, index
        return False


class AgesWithoutFlush(LinuxKvm):
    """An ageing leaves the TLBs alone: what is in one is accessed and not marked."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        super().__init__(hook, profile, limits)
        self.in_tlbs: set[Spte] = set()

    def age_hva(self, hva: Hva) -> bool:
        """`kvm_mmu_notifier_clear_young`."""
        section = self.srcu.read_lock()
        self.lock_mmu()
        young = self.handle_hva(hva, self.age_spte)
        self.unlock_mmu()
        self.srcu.read_unlock(section)
        return young

    def mark_accessed(self, spte: Spte) -> None:
        """The processor walks only where its TLB has nothing."""
        if spte not in self.in_tlbs:
            super().mark_accessed(spte)

    def reached(self, spte: Spte, gfn: int) -> Accessed:
        """The translation is in a TLB from now on, unless it is of a prefetch."""
        if spte.accessed:
            self.in_tlbs.add(spte)
        return super().reached(spte, gfn)

    def flush_tlbs(self) -> None:
        """No TLB has anything."""
        self.in_tlbs.clear()
        super().flush_tlbs()


VARIANTS: tuple[Variant, ...] = (
    variant(
        "maps-what-it-changed",
        MapsWhatItChanged,
        "HVA-5",
        "HVA-11",
        source="arm64 up to 6.9: kvm_set_spte_gfn(), kvm_pgtable_stage2_map() with "
        "KVM_PGTABLE_PROT_R; INVALID slots are skipped since 2230f9e1171a",
        tag="[M]",
    ),
    variant(
        "drops-what-is-changed",
        DropsWhatIsChanged,
        "HVA-11",
        "MMU-9",
        source="v2.6.34, kvm_set_pte_rmapp(): what may be written is dropped; an spte "
        "that is dropped without need is made again",
        tag="[D]",
    ),
    variant(
        "changes-in-two-steps",
        ChangesInTwoSteps,
        "HVA-12",
        source="6.1 arch/x86/kvm/mmu/mmu.c:1434, kvm_set_pte_rmap(): clear, then set",
        tag="[D]",
    ),
    variant(
        "ages-by-unmapping",
        AgesByUnmapping,
        "HVA-14",
        "HVA-15",
        source="3.x arch/x86/kvm/mmu.c, kvm_age_rmapp() without shadow_accessed_mask: "
        "kvm_unmap_rmapp()",
        tag="[M]",
    ),
    variant(
        "has-no-accessed-bits",
        HasNoAccessedBits,
        "HVA-7",
        source='v2.6.34 arch/x86/kvm/mmu.c, kvm_age_rmapp(): "always return old for '
        'EPT"',
        tag="[R]",
    ),
    variant(
        "ages-without-flush",
        AgesWithoutFlush,
        "HVA-14",
        "HVA-15",
        source="6.1 virt/kvm/kvm_main.c:873, kvm_mmu_notifier_clear_young()",
        tag="[R]",
    ),
)
