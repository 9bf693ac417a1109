"""Variants with fewer locks than the kernel, or that use one where it may be used."""

from __future__ import annotations

from memslot_reference.late_arrays import LateArrays
from memslot_reference.lawful.locks import LocksForReading
from memslot_reference.lawful.variant import Variant, variant
from memslot_spec.history.points.host import InvalidationBegun, InvalidationEnded
from memslot_spec.history.points.mmu import MmuLocked, MmuUnlocked
from memslot_spec.model.profile import LINUX
from memslot_spec.model.values import Hva

ONE_LOCK = frozenset({MmuLocked.__name__, MmuUnlocked.__name__})
"""What is not announced where shadow state has no lock of its own."""


class OneGlobalLock(LocksForReading):
    """One lock covers updates, readers, shadow state and the host's events."""

    def announced(self) -> tuple[str, ...]:
        """There is no `mmu_lock` to tell of."""
        return tuple(name for name in super().announced() if name not in ONE_LOCK)

    def lock_mmu(self) -> None:
        """Whoever comes here has the lock."""

    def unlock_mmu(self) -> None:
        """It is given back with the rest."""

    def invalidate_range(self, start: Hva, end: Hva) -> None:
        """Hold the lock from the start to the end: no update finds a range open."""
        if end <= start:
            return
        self.lock_slots()
        self.hook.point(InvalidationBegun, start, end)
        self.mmu_notifier_seq += 1
        if self.handle_hva_range(start, end, self.unmap_spte):
            self.flush_tlbs()
        self.host_memory.replace(start, end)
        self.hook.point(InvalidationEnded, start, end)
        self.unlock_slots()


VARIANTS: tuple[Variant, ...] = (
    variant(
        "one-global-lock",
        OneGlobalLock,
        "SRCU-8",
        "SRCU-24",
        "PROG-1",
        source="one lock keeps apart whatever several would",
        tag="argued",
        profile=LINUX,
    ),
    variant(
        "late-arrays",
        LateArrays,
        "SRCU-25",
        "SRCU-26",
        "SRCU-27",
        "SRCU-29",
        source="6.1 arch/x86/kvm/mmu/mmu.c:3603, mmu_first_shadow_root_alloc()",
        tag="[R]",
    ),
)
