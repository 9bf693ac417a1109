"""Mutants that map too much, protect too little, or rely on a TLB for it."""

from __future__ import annotations

from memslot_reference.kvm import Kvm
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot
from memslot_reference.mmu import HUGE
from memslot_reference.museum.mutant import Mutant, exhibit, planted
from memslot_reference.shadow import PAGES_AT_LEVEL, ShadowPage, Spte
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.model.profile import LINUX


class MapsPastTheSlot(Kvm):
    """A large page is mapped where the slot ends in the middle of it."""

    def mapping_level(self, slot: MemorySlot, gfn: int, *, direct: bool) -> int:
        """Look where the large page begins, and at the host address."""
        pages = PAGES_AT_LEVEL[HUGE]
        first = gfn // pages * pages
        if not direct or slot.log_dirty or not slot.covers(first):
            return 1
        return HUGE if slot.hva_of(first) % (pages * PAGE_SIZE) == 0 else 1


class MapsReadonlyWritable(LinuxKvm):
    """A fault that reads from a READONLY slot makes an spte that may be written."""

    def translate(self, slot: MemorySlot, gfn: int, level: int, *, write: bool) -> Spte:
        """Ask whether the host lets it be written, and not the slot."""
        spte = super().translate(slot, gfn, level, write=write)
        spte.writable = spte.writable or slot.readonly
        return spte


class MapsUnalignedLarge(Kvm):
    """Large sptes are made whatever the host addresses of the slot."""

    def mapping_level(self, slot: MemorySlot, gfn: int, *, direct: bool) -> int:
        """Ask for a whole large page of frames, and for nothing else."""
        pages = PAGES_AT_LEVEL[HUGE]
        first = gfn // pages * pages
        is_whole = slot.covers(first) and slot.covers(first + pages - 1)
        may = direct and not slot.log_dirty and not self.limits.holes
        return HUGE if may and is_whole else 1


class ProtectsSmallSptes(Kvm):
    """A write protection of a frame does not look at large sptes."""

    def leaves_of(
        self, slot: MemorySlot, gfn: int
    ) -> tuple[tuple[ShadowPage, int], ...]:
        """Take the list of the lowest level."""
        return tuple(slot.rmaps[1].get(self.rmap_index(slot, gfn, 1), ()))


class TrustsTheWBit(LinuxKvm):
    """An spte that is not writable is taken to be writable in no TLB either.

    A GET has cleared the W bit, given the lock back and not flushed.
    """

    def has_to_flush(self, cleared: list[bool]) -> bool:
        """Flush what was cleared here."""
        return any(cleared)


class CollapsesQuietly(LinuxKvm):
    """Sptes are dropped for larger ones, and no TLB is flushed."""

    is_quiet = False

    def zap_collapsible(self, slot: MemorySlot) -> None:
        """Leave the flush to the next one who needs it."""
        self.is_quiet = True
        super().zap_collapsible(slot)
        self.is_quiet = False

    def flush_tlbs(self) -> None:
        """Not now."""
        if not self.is_quiet:
            super().flush_tlbs()


MUTANTS: tuple[Mutant, ...] = (
    exhibit(
        "maps-past-the-slot",
        MapsPastTheSlot,
        "MMU-20",
        source="commit 6794ad5443a2, of arm64",
        since="until 6794ad5443a2",
        tag="[T]",
    ),
    exhibit(
        "trusts-the-w-bit",
        TrustsTheWBit,
        "MMU-23",
        source="commit 6dbf79e7164e: GET against mmu_sync_children()",
        since="from 95d4c16ce78c until 6dbf79e7164e",
        tag="[R]",
        profile=LINUX,
    ),
    planted("maps-readonly-writable", MapsReadonlyWritable, "MMU-21", profile=LINUX),
    planted("maps-unaligned-large", MapsUnalignedLarge, "MMU-29"),
    planted("protects-small-sptes", ProtectsSmallSptes, "MMU-22"),
    planted("collapses-quietly", CollapsesQuietly, "MMU-9", profile=LINUX),
)
