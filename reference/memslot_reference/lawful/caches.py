"""Variants that remember less than they might, or under other numbers."""

from __future__ import annotations

from memslot_reference.hva_caches import HvaCache
from memslot_reference.lawful.variant import Variant, variant
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.slot_hints import VcpuHint
from memslot_spec.history.points.caches import CachesUpdated
from memslot_spec.model.replies import Mmio, Reply


class RemembersNothing(LinuxKvm):
    """Nothing is cached, but that the last initialisation of a cache was refused."""

    def search_memslots(self, table: Memslots, gfn: int) -> MemorySlot | None:
        """Search, whatever was found before."""
        self.read(table, "slots")
        return self.search_sorted(table, gfn)

    def is_hint_of(self, hint: VcpuHint, table: Memslots) -> bool:
        """No hint is good for anything."""
        del hint, table
        return False

    def access_unbacked(self, table: Memslots, gfn: int) -> Reply:
        """Exit, and store nothing."""
        del table, gfn
        return Mmio()

    def is_of(self, cached: HvaCache, table: Memslots) -> bool:
        """Resolve anew on each use, but where the last time was refused."""
        return super().is_of(cached, table) and cached.hva is None


class VcpusRememberNothing(LinuxKvm):
    """MMIO is cached in sptes and not with the vCPU."""

    def vcpu_may_remember(self, table: Memslots) -> bool:
        """It never does."""
        del table
        return False


class SptesRememberNothing(LinuxKvm):
    """MMIO is cached with the vCPU and not in sptes."""

    def mark_mmio_spte(self, table: Memslots, gfn: int) -> None:
        """Store no spte."""
        del table, gfn


class DropsOnEveryUpdate(LinuxKvm):
    """What is cached of MMIO is dropped at each new generation, wrap or not."""

    def memslots_updated(self, generation: int) -> None:
        """Zap the MMIO sptes, and let the vCPU forget."""
        self.lock_mmu()
        self.mmio_sptes.clear()
        self.vcpu_mmio = None
        self.unlock_mmu()
        self.hook.point(CachesUpdated, generation, dropped=True)


class SkipsGenerations(LinuxKvm):
    """Every second generation is left out."""

    def next_generation(self, table: Memslots) -> int:
        """Two steps, so that numbers are as different as they would be."""
        return table.generation + 2 * self.limits.address_spaces


class MarksEarly(LinuxKvm):
    """A set is marked in progress when it is written, long before it is shown."""

    def edit(self, as_id: int, old: MemorySlot | None, new: MemorySlot | None) -> None:
        """Mark it under the number that it has."""
        super().edit(as_id, old, new)
        table = self.inactive[as_id]
        self.set_generation(table, self.active[as_id].generation, in_progress=True)


KEEPS = "what is not cached is looked up"

VARIANTS: tuple[Variant, ...] = (
    variant(
        "remembers-nothing",
        RemembersNothing,
        "CACHE-1",
        "CACHE-12",
        "CACHE-13",
        source=KEEPS,
        tag="argued",
    ),
    variant(
        "vcpus-remember-nothing",
        VcpusRememberNothing,
        "CACHE-2",
        "CACHE-3",
        source=KEEPS,
        tag="argued",
    ),
    variant(
        "sptes-remember-nothing",
        SptesRememberNothing,
        "CACHE-2",
        "CACHE-3",
        source="6.1 arch/x86/kvm/mmu/mmu.c:3205, where enable_mmio_caching is off",
        tag="[R]",
    ),
    variant(
        "drops-on-every-update",
        DropsOnEveryUpdate,
        "GEN-4",
        "CACHE-2",
        source=KEEPS,
        tag="argued",
    ),
    variant(
        "skips-generations",
        SkipsGenerations,
        "GEN-1",
        source="a generation is a number that no table had before, whichever it is",
        tag="argued",
    ),
    variant(
        "marks-early",
        MarksEarly,
        "GEN-2",
        source="a set that nobody can read has any mark",
        tag="argued",
    ),
)
