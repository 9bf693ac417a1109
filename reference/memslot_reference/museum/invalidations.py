"""Mutants whose invalidations do at their end what their start is for."""

from __future__ import annotations

from memslot_reference.kvm import Kvm
from memslot_reference.museum.mutant import Mutant, planted
from memslot_spec.history.points.host import InvalidationBegun


class UnmapsAtTheEnd(Kvm):
    """An invalidation removes its mappings at its end, and not at its start."""

    def invalidate_range_start(self, start: int, end: int) -> None:
        """Stop new mappings, and leave those that are there."""
        self.lock_mmu()
        self.open_ranges.append((start, end))
        self.hook.point(InvalidationBegun, start, end)
        self.unlock_mmu()

    def invalidate_range_end(self, start: int, end: int) -> None:
        """Say that it is over, and remove them."""
        super().invalidate_range_end(start, end)
        section = self.srcu.read_lock()
        self.lock_mmu()
        if self.handle_hva_range(start, end, self.unmap_spte):
            self.flush_tlbs()
        self.unlock_mmu()
        self.srcu.read_unlock(section)


class FlushesAtTheEnd(Kvm):
    """An invalidation flushes what it has removed at its end, and not at its start."""

    def invalidate_range_start(self, start: int, end: int) -> None:
        """Remove the mappings, and leave the TLBs."""
        section = self.srcu.read_lock()
        self.lock_mmu()
        self.open_ranges.append((start, end))
        self.hook.point(InvalidationBegun, start, end)
        self.handle_hva_range(start, end, self.unmap_spte)
        self.unlock_mmu()
        self.srcu.read_unlock(section)

    def invalidate_range_end(self, start: int, end: int) -> None:
        """Say that it is over, and flush."""
        super().invalidate_range_end(start, end)
        self.flush_tlbs()


MUTANTS: tuple[Mutant, ...] = (
    planted("unmaps-at-the-end", UnmapsAtTheEnd, "MMU-18"),
    planted("flushes-at-the-end", FlushesAtTheEnd, "MMU-19"),
)
