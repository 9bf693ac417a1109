"""Mutants of arming without write protection: fast page faults, and D bits."""

from __future__ import annotations

from memslot_reference.lawful.dirty import FixesFaultsWithoutTheLock
from memslot_reference.lawful.dirty_bits import LogsByDirtyBits
from memslot_reference.memslots import MemorySlot
from memslot_reference.museum.mutant import Mutant, planted
from memslot_reference.shadow import ShadowPage
from memslot_spec.model.profile import LINUX


class FastFaultNeverMarks(FixesFaultsWithoutTheLock):
    """A fast page fault makes its spte writable, and marks no page."""

    def mark_opened(self, slot: MemorySlot, gfn: int) -> None:
        """Leave it to whoever writes next."""


class LeavesDirtyBits(LogsByDirtyBits):
    """Bits are taken out of the log, and the D bits of their sptes are left set."""

    def protect_spte(self, page: ShadowPage, index: int) -> None:
        """Take an spte that may stay writable for one that needs nothing."""
        if page.sptes[index].level > 1:
            super().protect_spte(page, index)


MUTANTS: tuple[Mutant, ...] = (
    planted(
        "fast-fault-never-marks",
        FastFaultNeverMarks,
        "DIRTY-1",
        "DIRTY-2",
        "DIRTY-4",
        "DIRTY-19",
        "DIRTY-20",
        profile=LINUX,
    ),
    planted(
        "leaves-dirty-bits",
        LeavesDirtyBits,
        "DIRTY-2",
        "DIRTY-1",
        "DIRTY-4",
        "DIRTY-19",
        "DIRTY-20",
        "DIRTY-30",
        "MMU-7",
        profile=LINUX,
    ),
)
